"""The sentences of a report, shared by text and Markdown. They are visible text, unless a docstring says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.model.kinds import Kind
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import ago, days, moment, parse, period, span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, Exchange, NamedRefusal, Report

CLOUDS = {"aws": "AWS", "gcp": "Google Cloud"}
POLICIES = {  # of AWS by the kind that decides a call, of Google Cloud by the resource
    "PRINCIPAL": "role policy",
    "RESOURCE": "resource policy",
    "PERMISSIONS_BOUNDARY": "permissions boundary",
    "SESSION": "session policy",
    "SCP": "service control policy",
    "RCP": "resource control policy",
    "VPC_ENDPOINT": "endpoint policy",
    "organization": "organisation",
}
STATES = {  # sign, word, style
    "passed": ("✓", "passed", "green"),
    "passed-by-error": ("=", "implied", "green"),
    "assumed": ("~", "assumed", "dim"),
    "refused": ("✗", "refused", "bad"),
    "unknown": ("?", "unknown", "yellow"),
    "not-reached": ("–", "not reached", "dim"),
}
SIGN_STYLES = {"✗": "bad", "✓": "good", "?": "yellow", "!": "yellow", "–": "dim", "◆": "bold", "◇": "dim"}


# The meaning of `since`, if it is not the time of a logged failure.
_BASES = {"change": "the time of the change", "last-success": "the last logged success"}
# What the logs have of a refusal at a step whose refusals the vendor does not log.
_LEFT = {
    "aws": "refusals like this one usually leave no event",
    "gcp": "refusals like this one probably leave no entry",
}

_NEWEST = 300  # seconds; a window that ends this near the examined instant ends "now"
_LONG_WINDOW = 172_800  # seconds; of a longer one the hours are omitted
_FEW = 4
_NAME = 40  # characters of an untrusted name
_PLACE = 160  # characters of a file, a principal, an event


# How a sentence begins where no cloud has refused: certain, and uncertain.
_NO_ANSWER = ("No answer came", "Perhaps no answer came")
_NEVER_REACHED = ("The exchange was never reached", "The exchange may never have been reached")
# Refusals of a write: the document that the cloud did not store.
_WRITTEN = {Kind.TRUST_POLICY_WRITE_REFUSED: "the trust policy", Kind.PROVIDER_WRITE_REFUSED: "the provider"}


def refusal_sentence(named: NamedRefusal) -> str:
    """Return a refusal as a sentence: "AWS refuses this token: the trust policy expects another team." Not escaped."""
    return f"{_refusal_subject(named)}: {named.headline}."


def summary(cause: Cause) -> str:
    """Return the cause as a sentence, with the change that introduced it if it is known. Not escaped."""
    return f"{_refusal_subject(cause.named)}: {cause.named.headline}{_brought_by(cause)}."


def _refusal_subject(named: NamedRefusal) -> str:
    refusal = named.refusal
    refuses = f"{CLOUDS[refusal.cloud]} {'refuses' if refusal.certain else 'may refuse'}"
    if refusal.kind is Kind.REFUSED_UNEXPLAINED:
        return "A refusal was seen"
    if refusal.kind in _WRITTEN:
        return f"{refuses} {_WRITTEN[refusal.kind]}"
    if refusal.kind is Kind.ENDPOINT_UNREACHABLE:
        return _NO_ANSWER[not refusal.certain]
    if refusal.step == "obtain":
        return _NEVER_REACHED[not refusal.certain]
    if refusal.step == "configure":
        return f"{refuses} the set-up"
    if refusal.step == "permission":
        return f"{refuses} the workload's own request"
    return f"{refuses} this token"


def _brought_by(cause: Cause) -> str:
    change, token_change = cause.timing.change, cause.timing.token_change
    if change is not None:
        others = [f" {word} {_written(other)}" for word in ("or", "with") for other in change.get(word) or ()]
        since = f"since {_written(change)}{''.join(others)}"
        then = "".join(f", and for this reason since {_written(other)}" for other in change.get("then") or ())
        return f"; refused {since}{then}" if then else f", {since}"
    if token_change is not None:
        text = token_change.get("text", "")
        if is_new_kind(token_change):
            return f"; {new_kind(token_change)}, first seen at {token_change.get('first_seen')}: {text}"
        return f", since the {_side_of(token_change)} changed: {text}"
    return ""


def _written(change: dict[str, Any]) -> str:
    by = str(change.get("by") or "an unknown caller").rpartition("/")[2]
    return f"{change.get('what')} by {by} at {change.get('time')}"


def is_new_kind(token_change: dict[str, Any]) -> bool:
    """Return whether the difference is that of two workloads: neither changed."""
    return token_change.get("kind") == "new-kind"


def new_kind(token_change: dict[str, Any]) -> str:
    """Return the name of what appeared beside the tokens that were seen before."""
    return f"a new kind of {_side_of(token_change)}"


def _side_of(token_change: dict[str, Any]) -> str:
    return "request" if token_change.get("what") == "request" else "token"


def reason(cause: Cause) -> str:
    """Return the reason as half a sentence: "the trust policy expects another team"."""
    return visible(cause.named.headline).rstrip(". ")


def title(exchange: Exchange, step: str | None) -> str:
    """Return the title of a step."""
    from oidc_doctor.model.steps import STEPS  # late: import only when a report is rendered

    titles = {entry.id: entry.title for entry in STEPS[exchange.cloud]}
    return titles.get(step or "", clip(visible(step or "?"), _NAME))


def causes_of(report: Report, exchange: Exchange) -> list[Cause]:
    """Return the active causes of an exchange, in the order of the report."""
    return [cause for cause in report.causes if cause.exchange == exchange.id and cause.status == "active"]


def in_order(report: Report) -> list[Exchange]:
    """Return the exchanges in display order: first that of the first cause, then refused, unknown, accepted."""
    first = [cause.exchange for cause in report.causes if cause.status == "active"]
    weight = {"refused": 0, "unknown": 1, "accepted": 2}

    def place(exchange: Exchange) -> tuple[int, int]:
        has_cause = exchange.id in first
        return (first.index(exchange.id) if has_cause else len(first), weight.get(exchange.prediction, 1))

    return sorted(report.exchanges, key=place)


def attempts_on(report: Report, exchange: Exchange, step: str = "") -> list[AttemptRow]:
    """Return the logged attempts on the exchange's target; for impersonations, on the service account."""
    target = exchange.resource
    if step == "impersonate":
        view = next(
            (target_row.get("gcp") for target_row in report.target if target_row.get("name") == exchange.target_name),
            None,
        )
        target = (view.get("service_account") if isinstance(view, dict) else None) or target
    return [row for row in report.attempts if row.cloud == exchange.cloud and row.target == target]


def call_of(step: str | None) -> str:
    """Return the call that a logged step counts."""
    return "impersonation" if step == "impersonate" else "exchange"


def steps_of(step: str | None, times: int = 0) -> str:
    """Return the calls that a logged step counts; in the singular for one."""
    return call_of(step) + ("" if times == 1 else "s")


def of_kind(rows: list[AttemptRow], exchange: Exchange) -> list[AttemptRow]:
    """Return the rows of the exchange's own kind of token, and those whose events name no subject.

    Where the token's subject is not known, its event tells; without one, every row may be its own.
    """
    if exchange.subject is None:
        families = {row.family for row in rows if exchange.claims_from in row.event_ids} - {None}
        return [row for row in rows if row.family is None or row.family in families] if families else rows
    families = {row.family for row in rows if exchange.subject in (row.subject, *row.subjects)}
    families |= {row.family for row in rows if (row.principal or "").endswith(f"/subject/{exchange.subject}")}
    return [
        row
        for row in rows
        if row.family in families or row.subject == exchange.subject or (row.subject is None and not families)
    ]


def seen_refused(report: Report, exchange: Exchange) -> bool:
    """Return whether a refusal of the exchange was observed: its token's newest logged attempt, or a given error."""
    if _refused_last(exchange):
        return True
    return any(entry.get("reading") != "unknown" for entry in observed_of(report, exchange))


def _refused_last(exchange: Exchange) -> bool:
    """Return whether the newest logged attempt of the token was refused, by what may be in force still."""
    last = exchange.last_attempt
    return last is not None and last.get("outcome") == "refused" and not last.get("over")


def observed_of(report: Report, exchange: Exchange) -> list[dict[str, str]]:
    """Return the observed errors of the exchange; an error of no known exchange belongs to the first one."""
    first = in_order(report)[0].id
    return [entry for entry in report.observed if entry.get("exchange", first) == exchange.id]


def verdict(report: Report, exchange: Exchange) -> tuple[str, str]:
    """Return the sign and the sentence for an exchange. A suspicion is never worded as a fact."""
    cause = next(iter(causes_of(report, exchange)), None)
    if cause is not None:
        return _because(report, exchange, cause)
    cloud, request, refuses, accepts = _parties(exchange)
    if exchange.prediction == "refused":
        return "✗", f"{cloud} {refuses} {request} at the step {title(exchange, exchange.step)}."
    if exchange.prediction == "unknown":
        accepted = [row for row in attempts_on(report, exchange) if exchange.claims_from in row.event_ids]
        if any(row.outcome == "accepted" for row in accepted):
            last = moment(max(row.last_seen for row in accepted), report.evaluated_at)
            return "?", f"{cloud} accepted {request} ({last}). Not enough was read to say whether it still does."
        return "?", f"Not enough was read to say whether {cloud} {accepts} {request}."
    if any(entry.get("reading") == "unknown" for entry in observed_of(report, exchange)):
        return "?", f"Nothing that was read refuses {request}, and the error text that was seen is not known."
    return _accepted(report, exchange)


def _accepted(report: Report, exchange: Exchange) -> tuple[str, str]:
    """Return the sign and the sentence for a token that passes."""
    cloud, request, _, accepts = _parties(exchange)
    is_over = exchange.last_attempt is not None and exchange.last_attempt.get("over")
    sentence = _over(report, exchange) if is_over else f"{cloud} {accepts} {request}"
    return "✓", f"{sentence}{_too_wide(report, exchange)}."


def _over(report: Report, exchange: Exchange) -> str:
    """Return the sentence on a token that was refused at last, by a configuration that is no longer in force."""
    past = (cause for cause in report.causes if cause.exchange == exchange.id and cause.status == "past")
    until = next((cause.timing.until for cause in past if cause.timing.until), None)
    when = f" until {moment(until, report.evaluated_at)}" if until else ""
    since = "by what is in force since then it passes" if until else "by what is in force now it passes"
    return f"{CLOUDS[exchange.cloud]} refused this token{when}; {since}, and no later attempt is logged"


def _too_wide(report: Report, exchange: Exchange) -> str:
    """Return the second half of the sentence on an accepted token if the trust accepts others as well."""
    for row in report.checks:
        for finding in row.findings if row.opens_trust else ():
            about = finding.cloud == exchange.cloud and finding.target == (exchange.resource or "")
            if about and finding.opens_to:
                return f", and would accept {visible(finding.opens_to)}'s"
    return ""


def _parties(exchange: Exchange) -> tuple[str, str, str, str]:
    """Return subject, object and verbs of a verdict. The verbs are conditional for a hypothetical token."""
    cloud = CLOUDS[exchange.cloud]
    if exchange.claims_from == "hypothetical":
        return cloud, "a token with this subject", "would refuse", "would accept"
    return cloud, "this token", "refuses", "accepts"


def _because(report: Report, exchange: Exchange, cause: Cause) -> tuple[str, str]:
    cloud, request, refuses, accepts = _parties(exchange)
    why, sure = reason(cause), cause.confidence != "suspected"
    accepted = f"{cloud} {accepts} {request}"
    perhaps = (": ", ": ") if cause.named.refusal.kind.concludes else (", perhaps because ", ": perhaps ")
    unanswered = cause.named.refusal.kind is Kind.ENDPOINT_UNREACHABLE
    if unanswered or cause.step == "obtain":
        certain, uncertain = _NO_ANSWER if unanswered else _NEVER_REACHED
        sentence = f"{certain}:" if sure else f"{uncertain}: perhaps"
        return ("✗" if sure or seen_refused(report, exchange) else "?"), f"{sentence} {why}."
    if cause.step == "permission":
        if cause.timing.session and exchange.prediction != "refused":  # the refused call was logged
            refused = f"{cloud} refused this token's access after the exchange, {_calls(cause)}"
            perhaps_why = f"{'' if sure else 'perhaps '}{why.removeprefix('the exchange is not the fault: ')}"
            return "✗", f"{refused}: {perhaps_why}."
        if sure and exchange.prediction == "accepted":
            return "✗", f"{accepted}, but {why}."
        if cause.named.refusal.fact("shown_by") and exchange.prediction == "accepted":
            return "?", f"{accepted}, but perhaps {why}."
        request = "the workload's own request"
    elif cause.step == "configure":
        request = "the set-up"
    elif cause.named.refusal.kind in _WRITTEN:
        request = _WRITTEN[cause.named.refusal.kind]
    if sure:
        return "✗", f"{cloud} {refuses} {request}: {why}."
    if exchange.prediction == "refused":
        return "✗", f"{cloud} {refuses} {request}{perhaps[0]}{why}."
    if seen_refused(report, exchange):
        return "✗", f"{cloud} refused {request}{_at_logged_step(exchange)}{perhaps[0]}{why}."
    if exchange.prediction == "accepted":
        return _accepted(report, exchange)
    return "?", f"{cloud} may refuse {request}{perhaps[1]}{why}."


def _calls(cause: Cause) -> str:
    """Return the logged calls that the session was refused: "GetObject (s3.amazonaws.com, 4 times)"."""
    session = cause.timing.session or {}
    action, service = (clip(visible(str(session.get(key) or "")), _NAME) for key in ("action", "service"))
    count = session.get("count")
    times = f", {count:,} times" if isinstance(count, int) and count > 1 else ""
    return f"{action} ({service}{times})"


def _at_logged_step(exchange: Exchange) -> str:
    """Return where Google refused the token, by the call that the newest event names; the one Region where AWS does."""
    last = exchange.last_attempt
    if last is None or not _refused_last(exchange):
        return ""
    if exchange.cloud == "aws":
        region = clip(visible(str(last.get("region") or "")), _NAME)
        return f" in {region}" if region else ""
    if last.get("step") != "impersonate":
        return " at the exchange"
    account = clip(visible(str(last.get("service_account") or "")), _PLACE)
    return f" at the impersonation of {account}" if account else " at the impersonation"


def earlier(report: Report, cause: Cause) -> str:
    """Return the sentence of a past cause: the refusal and its end."""
    until = f"until {moment(cause.timing.until, report.evaluated_at)}" if cause.timing.until else "earlier"
    kind = cause.named.refusal.kind
    unexplained = kind in (Kind.REFUSED_UNEXPLAINED, Kind.OUTSIDE_THE_ALLOW_POLICY) and cause.cloud == "gcp"
    at = (" at the impersonation" if cause.step == "impersonate" else " at the exchange") if unexplained else ""
    return f"{CLOUDS[cause.cloud]} refused this token{at} {until}: {reason(cause)}"


def headline(report: Report) -> tuple[str, str]:
    """Return sign and sentence of the first line of a report on no exchange or on several."""
    sign = {"healthy": "✓", "refused": "✗", "unknown": "?", "broken": "!"}.get(report.verdict, "?")
    if report.headline:
        return sign, visible(report.headline).lstrip("✓✗?! ")
    if report.verdict == "broken" and len(report.exchanges) <= 1:
        return (sign, "A check of oidc-doctor itself broke, so this report may be incomplete.")
    if not report.exchanges:
        if any(entry.get("reading") == "unknown" for entry in report.observed):
            return "?", "The error text is not known, and nothing that was read names a role or provider."
        return "?", "Not enough was read to name a token and a role or provider."
    signs: dict[str, list[str]] = {"✗": [], "?": [], "✓": []}
    for exchange in in_order(report):
        signs[verdict(report, exchange)[0]].append(name(report, exchange))
    verbs = {"✗": ("refused", "refuses"), "?": ("unknown", "unknown"), "✓": ("accepted", "accepts")}
    if len(report.exchanges) <= _FEW:
        parts = [f"{verbs[key][0]}: {', '.join(names)}" for key, names in signs.items() if names]
    else:
        parts = [f"{len(names)} {verbs[key][0]}" for key, names in signs.items() if names]
    text = "; ".join(parts) + "."
    return sign, f"{len(report.exchanges)} exchanges. {text[:1].upper()}{text[1:]}"


def name(report: Report, exchange: Exchange) -> str:
    """Return the name of an exchange: its cloud, and target and token if there are several."""
    words = [CLOUDS[exchange.cloud]]
    if len({other.target_name for other in report.exchanges}) > 1:
        words.append(clip(visible(exchange.target_name), _NAME))
    same = [
        other
        for other in report.exchanges
        if (other.cloud, other.target_name) == (exchange.cloud, exchange.target_name)
    ]
    if len(same) > 1:
        words.append(clip(visible(exchange.id), _NAME))
    return " ".join(words)


def window(report: Report) -> str:
    """Return the window of the logs, "" if there is none."""
    start, end = parse(report.window.get("from")), parse(report.window.get("to"))
    if start is None or end is None:
        return clip(visible(str(report.window.get("basis") or "")), _PLACE)
    now = parse(report.evaluated_at)
    if now is not None and abs((now - end).total_seconds()) <= _NEWEST:
        return f"last {span((end - start).total_seconds())}"
    if (end - start).total_seconds() >= _LONG_WINDOW:
        return f"logs of {days(report.window['from'], report.window['to'], report.evaluated_at)}"
    return f"logs {period(report.window['from'], report.window['to'], report.evaluated_at)}"


def since(report: Report, exchange: Exchange, cause: Cause) -> str:
    """Return the start of the failure, with counts before and after it if signatures can be separated."""
    now = report.evaluated_at
    when = ", ".join(filter(None, (moment(cause.timing.since, now), ago(cause.timing.since, now))))
    if cause.timing.since_basis in _BASES and cause.timing.refused_since:
        when = f"{when}, {_BASES[cause.timing.since_basis]}"
    elif cause.timing.since_basis in _BASES:
        from oidc_doctor.model.steps import UNLOGGED  # late: import only when a report is rendered

        unlogged = cause.step in UNLOGGED[cause.cloud] and not cause.confirmed_by
        left = _LEFT[cause.cloud] if unlogged else "no refusal since was seen in the logs that were read"
        return f"{when}, {_BASES[cause.timing.since_basis]}: {left}"
    if cause.timing.refused_since:
        until = "since" if cause.status == "active" else "until then" if cause.timing.until is None else "in all"
        before = f", {cause.timing.accepted_before:,} accepted before" if cause.timing.accepted_before else ""
        of_kinds = ""
        if cause.timing.kinds > 1:
            own = f"{cause.timing.refused_of_kind:,} refused of this one"
            of_kinds = f" ({steps_of(cause.step)} of {cause.timing.kinds} kinds of token, {own})"
        return f"{when}: {cause.timing.refused_since:,} refused {until}{before}{of_kinds}"
    edge = parse(cause.timing.since)
    if edge is None:
        return when
    rows = attempts_on(report, exchange, cause.step)
    counts = _around(rows, edge)
    if counts is None:  # other subjects are unaffected, so the subject of the token is counted
        counts = _around([row for row in rows if row.subject == exchange.subject], edge)
        counts = counts and f"of this subject {counts}"
    return f"{when}: {counts}" if counts else when


def _around(rows: list[AttemptRow], edge: datetime) -> str | None:
    """Return the numbers refused after `edge` and accepted before it; None if they cannot be separated."""
    after = before = 0
    for row in rows:
        first, last = parse(row.first_seen), parse(row.last_seen)
        if row.outcome == "unknown":
            continue
        if first is None or last is None or first < edge <= last:
            return None  # this signature has attempts on both sides of the edge
        after += row.count if row.outcome == "refused" and first >= edge else 0
        before += row.count if row.outcome == "accepted" and last < edge else 0
    counts = [f"{after:,} refused since"] if after else []
    counts += [f"{before:,} accepted before"] if before else []
    return ", ".join(counts)


def logged(report: Report, exchange: Exchange) -> str:
    """Return the number of logged attempts by step, kind of token and outcome, with the time of the last of each."""
    words = []
    for step in ("exchange", "impersonate"):
        rows = [row for row in attempts_on(report, exchange, step) if row.step == step]
        own = of_kind(rows, exchange)
        others = [row for row in rows if row not in own]
        calls = f"{steps_of(step)}: " if exchange.cloud == "gcp" else ""
        words += [f"{calls}{_by_outcome(own, report)}"] if own else []
        kinds = len({row.family for row in others})
        whose = f"{steps_of(step)} of {'another kind' if kinds == 1 else f'{kinds} other kinds'} of token"
        words += [f"{whose}: {_by_outcome(others, report)}"] if others else []
    return "; ".join(words)


def others(report: Report, exchange: Exchange, cause: Cause) -> str:
    """Return the refusals of other kinds of token on the same resource, which the cause does not count; "" for none."""
    rows = attempts_on(report, exchange, cause.step)
    own = of_kind(rows, exchange)
    refused = [row for row in rows if row not in own and row.outcome == "refused" and row.subject]
    kinds = list(dict.fromkeys(row.family for row in refused))
    if not exchange.subject or len(kinds) < max(cause.timing.kinds, 1):
        return ""  # the outage of this cause counts them
    newest = max(refused, key=lambda row: row.last_seen)
    what = "another kind of token" if len(kinds) == 1 else f"{len(kinds)} other kinds of token"
    calls = steps_of(cause.step)
    counted_as = _by_outcome(refused, report)
    return f"{calls} of {what}: {counted_as}, such as {visible(newest.subject or '')}; --subject SUBJECT judges it"


def _by_outcome(rows: list[AttemptRow], report: Report) -> str:
    words = []
    for outcome in ("refused", "accepted", "unknown"):
        of_it = [row for row in rows if row.outcome == outcome]
        if of_it:
            last = moment(max(row.last_seen for row in of_it), report.evaluated_at)
            ending = {"unknown": "without a recorded outcome"}.get(outcome, outcome)
            words.append(f"{sum(row.count for row in of_it):,} {ending} (last {last})")
    return ", ".join(words)


def whose(row: AttemptRow) -> str:
    """Return the subject of a signature, or the principal that Google wrote where its entries have no subject."""
    return visible(row.subject or row.principal or "no subject")


def counted(row: AttemptRow) -> str:
    """Return a signature's count with what it counts: "9 exchanges with AWS refused"."""
    calls = steps_of(row.step, row.count)
    ending = {"unknown": "of unknown outcome"}.get(row.outcome, row.outcome)
    return f"{row.count:,} {calls} with {CLOUDS[row.cloud]} {ending}"


def checks(rows: Iterable[CheckRow]) -> str:
    """Return the number of checks by status."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    return ", ".join(f"{counts[key]} {key}" for key in ("passed", "failed", "skipped", "broken") if key in counts)


def skipped(rows: Iterable[CheckRow]) -> list[tuple[str, list[str]]]:
    """Return the codes of the skipped checks by reason."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.status == "skipped":
            reasons.setdefault(visible(row.reason) or "no reason given", []).append(clip(visible(row.code), _NAME))
    return list(reasons.items())


def more(report: Report) -> str:
    """Return the commands for more information."""
    codes = [cause.code for cause in report.causes] + [row.code for row in report.checks if row.status == "failed"]
    explain = [f"oidc-doctor explain {clip(visible(codes[0]), _NAME)}"] if codes else ["-v for every step and check"]
    return " · ".join([*explain, "--format markdown for a ticket"])
