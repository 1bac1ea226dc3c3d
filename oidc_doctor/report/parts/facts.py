"""The block of facts about an exchange: the compared values, their place, and the history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.report.parts import attempts, links, sentences, writes
from oidc_doctor.report.parts.cut import LONG, cut_place, cut_text
from oidc_doctor.report.parts.escape import exact, forbid_tokens, visible
from oidc_doctor.report.parts.fixes import changed, edit_of
from oidc_doctor.report.parts.lines import Sheet, columns, shortened
from oidc_doctor.report.parts.pair import difference, is_cut, pair, plain
from oidc_doctor.report.parts.targets import part_of
from oidc_doctor.report.parts.times import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from oidc_doctor.model.refusal import Side
    from oidc_doctor.model.report import Cause, Exchange, Report

_FEW_LINKS = 2  # unless verbose: the document, and the write of it
_OUTSIDE = ("configure", "obtain", "permission")  # steps before and after the exchange
_OF_TOKEN = frozenset(("token", "audience", "session-claims", "authorise", "issuer", "times", "condition", "mapping"))


def describe(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause | None, *, verbose: bool) -> None:
    """Write the facts behind the verdict. `verbose` omits nothing.

    `reasons` and `context` have the rest: it is read after the fix.
    """
    if exchange.allows:
        from oidc_doctor.report.parts import asks  # late: most reports have a token

        asks.allows(sheet, exchange.allows, verbose=verbose)
    if cause is not None:
        changes(sheet, report, exchange, cause)
    resource(sheet, report, exchange)
    if cause is not None:
        clause(sheet, report, cause, verbose=verbose)
        return
    if exchange.prediction == "unknown":
        unknown(sheet, report, exchange)
    errors(sheet, report, exchange)
    _row(sheet, "logged", attempts.logged(report, exchange))


def reasons(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause, *, verbose: bool) -> None:
    """Write the grounds of a cause: its check, where both sides were read, the errors, and the logged refusals."""
    sheet.row("cause", f"{visible(cause.code)} {visible(cause.name)} ({_certainty(cause)})")
    sides_read_in(sheet, report, cause, verbose=verbose)
    errors(sheet, report, exchange)
    _remarks(sheet, report, exchange)
    confirmation(sheet, exchange, cause)
    if cause.status == "active":
        _row(sheet, "others", cut_text(attempts.others(report, exchange, cause)))


def _certainty(cause: Cause) -> str:
    """Return the legend of the word at the headline."""
    if cause.confidence == "suspected":
        return "suspected: a deciding value was not read"
    if cause.confidence == "predicted" and cause.named.refusal.fact("in_plan"):
        return "predicted: under what is assumed of the plan"
    if cause.confidence == "predicted":
        return "predicted: all deciding values were read"
    shown_by = (
        "the error names it" if cause.named.refusal.named_by_error else "the replayed decision changes at this write"
    )
    return f"proven: {shown_by}"


def _row(sheet: Sheet, label: str, text: str) -> None:
    if text:
        sheet.row(label, text)


def resource(sheet: Sheet, report: Report, exchange: Exchange) -> None:
    """Write the role or provider that was examined."""
    if sentences.several_targets(report):
        sheet.row("target", cut_text(exchange.target_name))
    label = {"aws": "role", "gcp": "provider"}[exchange.cloud]
    sheet.row(label, cut_text(exchange.resource) if exchange.resource else "not named")
    if not exchange.resource:
        from oidc_doctor.report.parts import asks  # late: most reports name the role
        from oidc_doctor.report.parts.coverage import issuer_of

        asks.resource(sheet, exchange, (issuer_of(report, exchange) or "").removeprefix("https://"))


def target(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause | None) -> None:
    """Write the examined target, and the subject unless `cause` shows it."""
    resource(sheet, report, exchange)
    _token_of(sheet, report, exchange, cause)


def context(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause | None, *, verbose: bool) -> None:
    """Write where the exchange happens and for whom: account, Region, subject, affected workloads, assumptions."""
    _row(sheet, {"aws": "account", "gcp": "project"}[exchange.cloud], cut_text(links.account_of(exchange)))
    if exchange.cloud == "aws":
        _row(sheet, "region", _regions(report, exchange))
        _row(sheet, "profile", cut_text(report.profile))
    _token_of(sheet, report, exchange, cause)
    if cause is not None:
        for index, kind in enumerate(attempts.affected(report, exchange, cause)):
            sheet.row("affects" if not index else "", kind)
    # An assumption does not weaken a refusal, unless the refused step comes after it.
    if exchange.assumed and (verbose or exchange.prediction != "refused" or _assumes(exchange)):
        sheet.row("assumed", "; ".join(map(cut_text, exchange.assumed)))


def _regions(report: Report, exchange: Exchange) -> str:
    """Return the Region of the target, and those of the logged attempts where they are others."""
    named = str(part_of(report, exchange, "aws").get("region") or "")
    logged = links.regions_of(report, exchange)
    if not named or logged in ([], [named]):
        return cut_text(named or ", ".join(logged))
    return f"{cut_text(named)}; the attempts are logged in {cut_text(', '.join(logged))}"


def addresses(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause | None, *, verbose: bool) -> None:
    """Write the pages of the consoles, and verbosely the vendor's documentation of the cause.

    Each is on one line: a broken address cannot be opened.
    """
    pages = links.links(report, exchange, cause)
    for index, link in enumerate(pages if verbose else pages[:_FEW_LINKS]):
        sheet.put("links" if not index else "", link.url)
    for index, (_, address) in enumerate(cause.named.documents if cause is not None and verbose else ()):
        sheet.put("sources" if not index else "", address)


def _token_of(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause | None) -> None:
    if exchange.cloud == "gcp" and exchange.subject is None:
        _impersonation(sheet, report, exchange)
    actual = cause.actual if cause is not None else None
    shown = actual is not None and actual.value == exchange.subject
    rows = pair(cause.expected, actual, sheet.room) if cause is not None and is_marked(cause.expected, actual) else []
    if exchange.subject is not None and not (shown and actual and not (rows and is_cut(actual, "actual", rows))):
        sheet.row("subject", cut_text(exchange.subject))
    if exchange.claims_from == "hypothetical":
        sheet.row("claims", "hypothetical, built from the subject; no token was given")
    elif exchange.claims_from != "token":
        sheet.row("claims", f"from event {cut_text(exchange.claims_from)}; no token given")


def _impersonation(sheet: Sheet, report: Report, exchange: Exchange) -> None:
    """Write the account of impersonations whose exchange is in no log, and the principal that Google wrote."""
    rows = attempts.attempts_on(report, exchange, "impersonate")
    own = [row for row in rows if exchange.claims_from in row.event_ids] or rows
    newest = max(own, key=lambda row: row.last_seen, default=None)
    if newest is not None and newest.step == "impersonate":
        _row(sheet, "account", cut_text(newest.target or ""))
        _row(sheet, "principal", cut_text(newest.principal or ""))


def _assumes(exchange: Exchange) -> bool:
    return any(step.state == "assumed" for step in exchange.steps)


def clause(sheet: Sheet, report: Report, cause: Cause, *, verbose: bool) -> None:
    """Write the deciding clause and both of its sides. Values in the clause itself are not repeated."""
    _row(sheet, "clause", clause_text(cause))
    edits = "\n".join(row.diff for row in edit_of(report, cause))
    subjects = {exchange.subject for exchange in report.exchanges if exchange.id == cause.exchange}
    full = lambda value: verbose or value not in edits  # noqa: E731 - one use, below
    sides(sheet, *shown_sides(cause), now=report.evaluated_at, full=full, known=subjects, wants=wants(cause))


def clause_text(cause: Cause) -> str:
    """Return the deciding clause without the values that are shown as its sides; "" if the headline names it."""
    parts = cause.clause.parts
    shown = {side.value for side in _sides_in(cause) if side.spans} if len(parts) > 1 else set()
    if str(cause.clause) in cause.named.headline:
        return ""
    return cut_text(" · ".join(part for part in parts if part not in shown))


def shown_sides(cause: Cause) -> tuple[Side | None, Side | None]:
    """Return the expected and the actual side; None for one that the clause itself shows."""
    values_in_clause = {side.value for side in _sides_in(cause) if not side.spans}
    expected, actual = (
        None if side is None or side.value in values_in_clause else side for side in (cause.expected, cause.actual)
    )
    return expected, actual


def _sides_in(cause: Cause) -> list[Side]:
    return [side for side in (cause.expected, cause.actual) if side is not None and side.value in cause.clause.parts]


def wants(cause: Cause) -> str:
    """Return what the clause does with its value, as a label."""
    return "excludes" if cause.named.refusal.fact("excluded") else "expects"


def sides_read_in(sheet: Sheet, report: Report, cause: Cause, *, verbose: bool) -> None:
    """Write where the deciding clause and both of its sides were read."""
    events = [] if verbose else [other.claims_from for other in report.exchanges if other.id == cause.exchange]
    read_in(sheet, cause.expected, cause.actual, cause.at, events=events, verbose=verbose)


def is_marked(expected: Side | None, actual: Side | None) -> bool:
    """Return whether carets help. If both values differ in every character, they do not."""
    return any(side is not None and side.spans not in ((), ((0, len(side.value)),)) for side in (expected, actual))


def sides(
    sheet: Sheet,
    expected: Side | None,
    actual: Side | None,
    *,
    now: str,
    full: Callable[[str], bool] = bool,
    known: Collection[str | None] = (),
    wants: str = "expects",
) -> None:
    """Write the aligned pair with its carets. `wants` is what the clause does with its value.

    `full` returns whether a shortened value is repeated in full.
    """
    label = label_of(expected, actual, now)
    if expected is not None and expected.at is not None and "earlier" in expected.at.file.split("/"):
        wants, label = "before", "now"
    labels = {"expected": wants, "actual": label, "more": ""}
    marked = is_marked(expected, actual)
    rows = pair(expected, actual, sheet.room) if marked else []
    for kind, side in (("expected", expected), ("actual", actual)):
        if side is not None and not marked:
            sheet.row(labels[kind], shortened(exact(side.value), LONG))
    for index, (kind, pieces) in enumerate(rows):
        if kind == "carets":
            last = index == len(rows) - 1
            _carets(sheet, plain(pieces), difference(expected, actual) if last else "")
            continue
        style = "green" if rows[0][0] == "expected" and kind != "actual" else "bad"
        sheet.put(labels[kind], "".join(sheet.paint(text, style) if differs else text for text, differs in pieces))
    for kind, side in (("expected", expected), ("actual", actual)):
        if side is not None and rows and side.value not in known and is_cut(side, kind, rows) and full(side.value):
            sheet.row("in full", f"{labels[kind]} {shortened(exact(side.value), LONG)}")


def label_of(expected: Side | None, actual: Side | None, now: str) -> str:
    """Return the label of the actual side."""
    if actual is not None and (_of_token(actual) or actual.value == now):
        return "now" if actual.value == now else "token"
    return "found" if expected is None else "gets"


def read_in(
    sheet: Sheet,
    expected: Side | None,
    actual: Side | None,
    at: str | None = None,
    *,
    events: Collection[str] = (),
    verbose: bool = False,
) -> None:
    """Write the place of each side. `events` were named above; their file is omitted unless `verbose`."""
    places: dict[str, list[str]] = {}
    came = "token" if actual is not None and _of_token(actual) else "found"
    for side, whose in ((expected, "expected"), (actual, came)):
        if side is not None and side.at is not None:
            event = side.at.event_id or ""
            logged = "the token's event" if event in events else f"event {event}"
            place = logged if event and not verbose else str(side.at)
            places.setdefault(cut_place(place), []).append(whose)
    if at and cut_place(at) not in places and (expected is None or expected.at is None):
        places = {cut_place(at): ["expected"], **places}
    if len(places) == 1:
        _row(sheet, "read in", next(iter(places)))
    else:
        _row(sheet, "read in", " · ".join(f"{place} ({', '.join(who)})" for place, who in places.items()))


def _of_token(side: Side) -> bool:
    return side.at is not None and bool(side.at.event_id or side.at.of_token)


def _carets(sheet: Sheet, line: str, note: str) -> None:
    """Write the carets with a note after them, before them, or on the next line, wherever it fits."""
    room, width = sheet.room, columns(note)
    start = len(line) - len(line.lstrip(" "))
    marked = " " * start + sheet.paint(line[start:], "bad")
    if not note:
        sheet.put("", marked)
    elif len(line) + 1 + width <= room:
        sheet.put("", f"{marked} {note}")
    elif width + 1 <= start:
        sheet.put("", " " * (start - 1 - width) + f"{note} {sheet.paint(line[start:], 'bad')}")
    else:
        sheet.put("", marked)
        sheet.row("", note)


def unknown(sheet: Sheet, report: Report, exchange: Exchange) -> None:
    """Write the unknown steps, and the files that would settle them."""
    label = "unknown"
    for step in exchange.steps:
        if step.state == "unknown" and step.id not in _OUTSIDE:
            note = cut_text(step.note)
            sheet.row(label, sentences.title(exchange, step.id) + (f": {note}" if note else ""))
            label = ""
    from oidc_doctor.model.report import MissingToken
    from oidc_doctor.report.parts import asks
    from oidc_doctor.report.parts.coverage import (  # late: only needed for unknown steps
        TARGET,
        TOKEN,
        planning,
        settling,
    )

    for file, ids, command in settling(report, exchange):
        steps = ", ".join(sentences.title(exchange, step) for step in ids)
        if file == TARGET:
            continue  # said below the role that is not named
        if file == TOKEN:
            asks.token(sheet, exchange.missing_token or MissingToken(), steps)
        else:
            asks.file(sheet, file, command, steps)
    for sentence, ids in planning(report, exchange).items():
        settle(sheet, f"{sentence} (decides: {', '.join(sentences.title(exchange, step) for step in ids)})")


def errors(sheet: Sheet, report: Report, exchange: Exchange) -> None:
    """Write the predicted error of the cloud, and the observed errors."""
    error, message = exchange.error, ""
    observed = sentences.observed_of(report, exchange)
    if error is not None:
        message = str(error.get("message") or "")
        answer = cut_text(": ".join(filter(None, (str(error.get("code") or ""), message))))
        places = [cut_place(entry.get("at", "")) for entry in observed if _says(entry, message)]
        probably = "" if error.get("certain", True) else "probably "
        if not places and any(_says(entry, message, _like) for entry in observed):
            answer = ""  # the same error was observed, at another time
        causes = sentences.causes_of(report, exchange)
        if causes and causes[0].step != exchange.step:
            if observed and not places:
                answer = ""  # the observed error comes from another step than the predicted one
            if any(cause.is_remark for cause in causes[1:]):
                answer = ""  # the error is that of the saved token, and not of the headline's cause
        _row(
            sheet,
            "returns",
            answer and f"{probably}{answer}" + (f" (as seen in {', '.join(places)})" if places else ""),
        )
    for entry in observed:
        if not _says(entry, message):
            place = cut_place(entry.get("at", ""))
            seen = cut_text(" ".join(forbid_tokens(entry.get("text", "")).split()))
            sheet.row("seen", seen + (f" ({place})" if place else ""))
        if entry.get("reading") == "unknown":
            from oidc_doctor.model.speakers import SPEAKERS  # late: few texts are unknown

            speaker = SPEAKERS[entry["said_by"]].name if entry.get("said_by") else ""
            wrapped = f"; its envelope is that of {speaker}" if speaker else ""
            sheet.row("", f"this text is not a known error of a cloud, so it decides nothing{wrapped}")


def _remarks(sheet: Sheet, report: Report, exchange: Exchange) -> None:
    """Write that the saved token has expired, which is no cause."""
    for cause in sentences.causes_of(report, exchange):
        if cause.is_remark:
            sheet.row("note", cut_text(sentences.reason(cause)))


def _says(entry: dict[str, str], message: str, form: Callable[[str], str] = str) -> bool:
    """Return whether an observed error contains the message, as text or as a JSON string."""
    observed_text, expected_text = (
        form(" ".join(text.replace("\\", "").split())) for text in (entry.get("text", ""), message)
    )
    return bool(expected_text) and expected_text in observed_text


def _like(text: str) -> str:
    """Return `text` without its numbers: times, sizes and counts differ between refusals."""
    return re.sub(r"\d+", "0", text)


def history(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause, *, since: bool = True) -> None:
    """Write the start of the failure, the change behind it, and the events that confirm or contradict the cause."""
    changes(sheet, report, exchange, cause, since=since)
    confirmation(sheet, exchange, cause)


def changes(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause, *, since: bool = True) -> None:
    """Write the change that brought the failure, its start unless it is shown above, and what was tried since."""
    now, timing = report.evaluated_at, cause.timing
    if timing.change:
        _row(sheet, "changed", writes.change(timing.change, now)[0])
        _changed(sheet, report, timing.change)
        _with_others(sheet, report, timing.change)
    if timing.token_change:
        _token(sheet, report, timing.token_change)
    if timing.since and since:
        sheet.row("since", attempts.since(report, exchange, cause))
    elif since:
        _row(sheet, "logged", attempts.logged(report, exchange))
    if timing.until:
        sheet.row("until", moment(timing.until, now))
    if timing.mended_by:
        _row(sheet, "fixed", writes.change(timing.mended_by, now)[0])
    _tried(sheet, report, cause)
    if timing.session and timing.session.get("attempt"):
        subject = f" as {cut_text(timing.session['subject'])}" if timing.session.get("subject") else ""
        sheet.row("session", f"issued in event {cut_place(timing.session['attempt'])}{subject}")
    if timing.boundary and timing.boundary.get("note") and not timing.change and not timing.token_change:
        sheet.row("between", cut_text(timing.boundary["note"]))


def confirmation(sheet: Sheet, exchange: Exchange, cause: Cause) -> None:
    """Write the events that confirm a cause, what contradicts it, and what would settle it."""
    events = cause.confirmed_by
    others = f" and {len(events) - 1:,} more" if len(events) > 1 else ""
    if cause.timing.refused_since > len(events):
        others += f" (--format json names {len(events):,} of the {cause.timing.refused_since:,} refusals)"
    if events[:1] == (exchange.claims_from,):
        sheet.row("confirmed", f"by the token's event{others}")
    elif events:
        sheet.row("confirmed", f"by event {cut_place(events[0])}{others}")
    if cause.contradicts_observed:
        sheet.row("but", "this does not explain the error that was seen: another cause is, or was, at work")
    if cause.settle:
        settle(sheet, cut_text(cause.settle))
    if cause.settle and exchange.missing_token is not None and cause.step in _OF_TOKEN:
        from oidc_doctor.report.parts import asks  # late: most reports have a token

        asks.token(sheet, exchange.missing_token, lead="Add ")


def _changed(sheet: Sheet, report: Report, entry: dict[str, Any]) -> None:
    changed(sheet, writes.change(entry, report.evaluated_at)[1])
    if (entry.get("replay") or {}).get("before") == "accepted":
        sheet.row("", "Replaying the token: accepted before this change, refused after.")
    if (entry.get("replay") or {}).get("before") == "allowed":
        sheet.row("", "Replaying the call: allowed before this change, denied after.")


def _with_others(sheet: Sheet, report: Report, entry: dict[str, Any]) -> None:
    """Write the changes of the same second, which cannot be separated, and the one before or after."""
    for word, why in (
        ("or", "of the same second: each alone explains the refusal, and the logs do not show which came first"),
        ("with", "of the same second: neither alone explains the refusal, and both together do"),
        ("after", "after which the token was already refused"),
        ("then", "before which the token was already refused, for another reason"),
    ):
        for other in entry.get(word) or ():
            _row(sheet, word, f"{writes.change(other, report.evaluated_at)[0]}, {why}")


def _token(sheet: Sheet, report: Report, entry: dict[str, Any]) -> None:
    """Write how a token differs from those that are accepted: it changed, or it is of another workload."""
    sentence = writes.change(entry, report.evaluated_at)[0]
    side = "request" if entry.get("what") == "request" else "token"
    if not sentences.is_new_kind(entry):
        _row(sheet, "changed", f"the {side} changed: {sentence}")
        changed(sheet, writes.change(entry, report.evaluated_at)[1])
        return
    now = report.evaluated_at
    seen = moment(entry.get("first_seen"), now)
    sheet.row("kind", f"{sentences.new_kind(entry)}, first seen {seen}: {sentence}")
    last = f"last seen {moment(entry.get('old_last_seen'), now)}"
    sheet.row("accepted", f"{cut_text(str(entry.get('from') or 'none'))}, {last}")


def _tried(sheet: Sheet, report: Report, cause: Cause) -> None:
    """Write the repairs that were refused."""
    for repair in cause.timing.repairs_refused:
        sheet.row("tried", writes.repair(repair, report.evaluated_at))


def settle(sheet: Sheet, text: str) -> None:
    """Write the evidence that would confirm what is suspected."""
    sheet.say(text, indent=sheet.indent, lead="To confirm: ")
