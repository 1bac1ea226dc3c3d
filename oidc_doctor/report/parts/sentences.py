"""The sentences of a report, shared by text and Markdown. They are visible text, unless a docstring says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import CLOUDS, STEPS
from oidc_doctor.report.parts.attempts import attempts_on
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import days, moment, parse, period
from oidc_doctor.report.parts.writes import author

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oidc_doctor.model.report import Cause, CheckRow, Exchange, NamedRefusal, Report

POLICIES = {  # of AWS by the kind that decides a call, of Google Cloud by the resource
    "PRINCIPAL": "role policy",
    "RESOURCE": "resource policy",
    "PERMISSIONS_BOUNDARY": "permissions boundary",
    "SESSION": "session policy",
    "SCP": "service control policy",
    "RCP": "resource control policy",
    "VPC_ENDPOINT": "endpoint policy",
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


_INSTANT = 60  # seconds; a shorter window is that of a single event
_LONG_WINDOW = 172_800  # seconds; of a longer one the hours are omitted
_FEW = 4
_NAME = 40  # characters of an untrusted name
_PLACE = 160  # characters of a file, a principal, an event


# The beginning of a sentence where no cloud has refused: certain, and uncertain.
_NO_ANSWER = ("No answer arrived", "Perhaps no answer arrived")
_NEVER_REACHED = ("The exchange was never reached", "The exchange may never have been reached")
# Refusals of a write: the document that the cloud did not store.
_REQUESTS = {  # what is refused at a step that is not about the token
    "configure": "the set-up",
    "impersonate": "the impersonation of the service account",
    "permission": "the workload's own request",
}
_WRITTEN = {Kind.TRUST_POLICY_WRITE_REFUSED: "the trust policy", Kind.PROVIDER_WRITE_REFUSED: "the provider"}


def refusal_sentence(named: NamedRefusal) -> str:
    """Return a refusal as a sentence: "AWS refuses this token: the trust policy expects another team." Not escaped."""
    return f"{_refusal_subject(named)}: {named.headline.rstrip('. ')}."


def summary(cause: Cause, now: object = None) -> str:
    """Return the cause as a sentence, with its start and the change that introduced it if they are known. Visible.

    It is that of the headline, except where the headline speaks of the exchange as well. Times lack the year of `now`.
    """
    if cause.status == "past":
        return f"{_earlier(cause, now)}{began(cause, now)}."
    return f"{visible(_refusal_subject(cause.named))}: {reason(cause)}{began(cause, now)}."


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
    if refusal.step in _REQUESTS:
        return f"{refuses} {_REQUESTS[refusal.step]}"
    return f"{refuses} this token"


def began(cause: Cause, now: object) -> str:
    """Return the end of a sentence on a cause: ", since 21 Nov 13:36 UTC, after UpdateAssumeRolePolicy by deploy".

    A start is given where something turned: a write, a token, or an outcome. The first of logged refusals alone is no
    start. Visible text.
    """
    timing = cause.timing
    turned = timing.change is not None or timing.token_change is not None or timing.accepted_before > 0
    if not timing.since or not turned:
        return ""
    when = moment(timing.since, now)
    since = f", since {when}" if cause.status == "active" else f", from {when} on"
    if timing.change is not None:
        words = ("or", "with")
        others = "".join(f" {word} {_write(other)}" for word in words for other in timing.change.get(word) or ())
        later = timing.change.get("then") or ()  # the token was refused already, for another reason
        then = "".join(
            f", and for this reason since {moment(row.get('time'), now)}, after {_write(row)}" for row in later
        )
        return f"{'; refused' if then else ','} {since.removeprefix(', ')}, after {_write(timing.change)}{others}{then}"
    if timing.token_change is not None:
        text = visible(str(timing.token_change.get("text") or ""))
        if is_new_kind(timing.token_change):
            return f"{since}, when {new_kind(timing.token_change)} first appeared: {text}"
        return f"{since}, when the {_side_of(timing.token_change)} changed: {text}"
    return since


def _write(change: dict[str, Any]) -> str:
    return f"{clip(visible(str(change.get('what'))), _NAME)} by {author(change.get('by'))}"


def is_new_kind(token_change: dict[str, Any]) -> bool:
    """Return whether the difference is that of two workloads: neither changed."""
    return token_change.get("kind") == "new-kind"


def new_kind(token_change: dict[str, Any]) -> str:
    """Return the name of a kind of token that appeared next to those seen before."""
    return f"a new kind of {_side_of(token_change)}"


def _side_of(token_change: dict[str, Any]) -> str:
    return "request" if token_change.get("what") == "request" else "token"


def reason(cause: Cause) -> str:
    """Return the reason as half a sentence: "the trust policy expects another team"."""
    return visible(cause.named.headline).rstrip(". ")


def title(exchange: Exchange, step: str | None) -> str:
    """Return the title of a step."""
    titles = {entry.id: entry.title for entry in STEPS[exchange.cloud]}
    return titles.get(step or "", clip(visible(step or "?"), _NAME))


def causes_of(report: Report, exchange: Exchange) -> list[Cause]:
    """Return the active causes of an exchange, in the order of the report."""
    return [cause for cause in report.causes if cause.exchange == exchange.id and cause.status == "active"]


def in_order(report: Report) -> list[Exchange]:
    """Return the exchanges in display order: first that of the first cause, then refused, unknown, accepted."""
    places = dict.fromkeys(cause.exchange for cause in report.causes if cause.status == "active")
    first = {name: place for place, name in enumerate(places)}
    weight = {"refused": 0, "unknown": 1, "accepted": 2}

    def place(exchange: Exchange) -> tuple[int, int]:
        return first.get(exchange.id, len(first)), weight.get(exchange.prediction, 1)

    return sorted(report.exchanges, key=place)


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
    if not report.observed:  # of most reports, which may have hundreds of exchanges to put in order
        return []
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
        return "?", f"No evidence that was read refuses {request}, and the observed error text is not known."
    return _accepted(report, exchange)


def _accepted(report: Report, exchange: Exchange) -> tuple[str, str]:
    """Return the sign and the sentence for a token that passes."""
    cloud, request, _, accepts = _parties(exchange)
    is_over = exchange.last_attempt is not None and exchange.last_attempt.get("over")
    sentence = _over(report, exchange) if is_over else f"{cloud} {accepts} {request}"
    others = _too_wide(report, exchange)
    return "!" if others else "✓", f"{sentence}{others}."


def _over(report: Report, exchange: Exchange) -> str:
    """Return the sentence on a token that was refused at last, by a configuration that is no longer in force."""
    past = (cause for cause in report.causes if cause.exchange == exchange.id and cause.status == "past")
    until = next((cause.timing.until for cause in past if cause.timing.until), None)
    when = f" until {moment(until, report.evaluated_at)}" if until else ""
    since = "the configuration since then accepts it" if until else "the present configuration accepts it"
    return f"{CLOUDS[exchange.cloud]} refused this token{when}; {since}, and no later attempt is logged"


def _too_wide(report: Report, exchange: Exchange) -> str:
    """Return the second half of the sentence on an accepted token if the trust accepts others as well."""
    row = next((row for row in opened_by(report, exchange) if row.opens_trust), None)
    return f", and would accept {visible(next(_strangers(row, exchange)))}'s" if row is not None else ""


def opened_by(report: Report, exchange: Exchange) -> list[CheckRow]:
    """Return the checks that found the trust of an exchange open to others; those open to strangers come first."""
    found = [row for row in report.checks if row.effect != "note" and any(_strangers(row, exchange))]
    return sorted(found, key=lambda row: not row.opens_trust)


def _strangers(row: CheckRow, exchange: Exchange) -> Iterator[str]:
    for finding in row.findings:
        if finding.opens_to and finding.cloud == exchange.cloud and finding.target == (exchange.resource or ""):
            yield finding.opens_to


def _parties(exchange: Exchange) -> tuple[str, str, str, str]:
    """Return subject, object and verbs of a verdict. The verbs are conditional for a hypothetical token."""
    cloud = CLOUDS[exchange.cloud]
    if exchange.claims_from == "hypothetical":
        return cloud, "a token with this subject", "would refuse", "would accept"
    return cloud, "this token", "refuses", "accepts"


def _because(report: Report, exchange: Exchange, cause: Cause) -> tuple[str, str]:
    """Return sign and sentence of an exchange with a cause. A logged or reported outcome is in the past tense."""
    cloud, request, refuses, accepts = _parties(exchange)
    why, sure = f"{reason(cause)}{began(cause, report.evaluated_at)}", cause.confidence != "suspected"
    accepted = f"{cloud} {accepts} {request}"
    perhaps = (": ", ": ") if cause.named.refusal.kind.concludes else (", perhaps because ", ": perhaps ")
    unanswered = cause.named.refusal.kind is Kind.ENDPOINT_UNREACHABLE
    if unanswered or cause.step == "obtain":
        certain, uncertain = _NO_ANSWER if unanswered else _NEVER_REACHED
        sentence = f"{certain}:" if sure else f"{uncertain}: perhaps"
        return ("✗" if sure or seen_refused(report, exchange) else "?"), f"{sentence} {why}."
    if cause.step == "permission":
        if cause.timing.session and exchange.prediction != "refused":  # the refused call was logged
            refused = f"{cloud} accepted this token and refused the call after it, {_calls(cause)}"
            return "✗", f"{refused}: {'' if sure else 'perhaps '}{why}."
        if sure and exchange.prediction == "accepted":
            return "✗", f"{accepted}, but {why}."
        if cause.named.refusal.fact("shown_by") and exchange.prediction == "accepted":
            return "?", f"{accepted}, but perhaps {why}."
    if cause.step in _REQUESTS:
        request = _REQUESTS[cause.step]
    elif cause.named.refusal.kind in _WRITTEN:
        request = _WRITTEN[cause.named.refusal.kind]
    if sure:
        return "✗", f"{cloud} {refuses} {request}: {why}."
    if exchange.prediction == "refused":
        return "✗", f"{cloud} {refuses} {request}{perhaps[0]}{why}."
    if seen_refused(report, exchange):
        at_step = _at_logged_step(exchange)
        if cause.step == "impersonate" and at_step:
            request = _parties(exchange)[1]
        return "✗", f"{cloud} refused {request}{at_step}{perhaps[0]}{why}."
    if exchange.prediction == "accepted":
        return _accepted(report, exchange)
    if exchange.claims_from == "hypothetical" and not cause.named.refusal.kind.concludes:  # nothing was refused
        return "?", f"No evidence that was read refuses {request}. Not known: whether {why}."
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
    return _earlier(cause, report.evaluated_at)


def _earlier(cause: Cause, now: object) -> str:
    until = f"until {moment(cause.timing.until, now)}" if cause.timing.until else "earlier"
    kind = cause.named.refusal.kind
    unexplained = kind in (Kind.REFUSED_UNEXPLAINED, Kind.OUTSIDE_THE_ALLOW_POLICY) and cause.cloud == "gcp"
    at = (" at the impersonation" if cause.step == "impersonate" else " at the exchange") if unexplained else ""
    return f"{CLOUDS[cause.cloud]} refused this token{at} {until}: {reason(cause)}"


def first_line(report: Report) -> tuple[str, str]:
    """Return sign and sentence of the first line of any report: of its change, of its only exchange, or of all."""
    if report.proposed is not None and report.verdict != "broken":
        return report.proposed.sign, visible(report.proposed.headline)
    return present_line(report)


def present_line(report: Report) -> tuple[str, str]:
    """Return sign and sentence on the present configuration: of the only exchange, or of all."""
    if len(report.exchanges) == 1 and report.verdict != "broken" and not report.headline:
        return verdict(report, report.exchanges[0])
    return headline(report)


def headline(report: Report) -> tuple[str, str]:
    """Return sign and sentence of the first line of a report on no exchange or on several."""
    sign = {"healthy": "✓", "refused": "✗", "unknown": "?", "broken": "!"}.get(report.verdict, "?")
    if report.headline:
        return sign, visible(report.headline).lstrip("✓✗?! ")
    if report.verdict == "broken" and len(report.exchanges) <= 1:
        return (sign, "A check of oidc-doctor itself broke, so this report may be incomplete.")
    if not report.exchanges:
        if any(entry.get("reading") == "unknown" for entry in report.observed):
            return "?", "The error text is not known, and the evidence names no role or provider."
        return "?", "Not enough evidence: a decision needs a token and a role or provider."
    signs: dict[str, list[Exchange]] = {"✗": [], "?": [], "✓": []}
    for exchange in in_order(report):
        signs[verdict(report, exchange)[0].replace("!", "✓")].append(exchange)
    verbs = {"✗": ("refused", "refuses"), "?": ("unknown", "unknown"), "✓": ("accepted", "accepts")}
    parts = []
    for key, exchanges in signs.items():
        if exchanges and len(report.exchanges) <= _FEW:
            names = ", ".join(name(report, exchange) for exchange in exchanges)
            parts.append(f"{verbs[key][0]}: {names}")
        elif exchanges:
            parts.append(f"{len(exchanges)} {verbs[key][0]}")
    text = "; ".join(parts) + "."
    return sign, f"{len(report.exchanges)} exchanges. {text[:1].upper()}{text[1:]}"


def several_targets(report: Report) -> bool:
    """Return whether the exchanges are of more than one target."""
    return any(other.target_name != report.exchanges[0].target_name for other in report.exchanges)


def name(report: Report, exchange: Exchange) -> str:
    """Return the name of an exchange: its cloud, and target and token if there are several."""
    words = [CLOUDS[exchange.cloud]]
    if several_targets(report):
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
    if (end - start).total_seconds() < _INSTANT:
        return f"logs at {moment(report.window['from'], report.evaluated_at)}"
    if (end - start).total_seconds() >= _LONG_WINDOW:
        return f"logs of {days(report.window['from'], report.window['to'], report.evaluated_at)}"
    return f"logs {period(report.window['from'], report.window['to'], report.evaluated_at)}"


def checks(rows: Iterable[CheckRow]) -> str:
    """Return the number of checks by status; a check that only has a note did not fail."""
    counts: dict[str, int] = {}
    for row in rows:
        key = "with a note" if row.status == "failed" and row.effect == "note" else row.status
        counts[key] = counts.get(key, 0) + 1
    order = ("passed", "failed", "with a note", "skipped", "broken")
    return ", ".join(f"{counts[key]} {key}" for key in order if key in counts)


def skipped(rows: Iterable[CheckRow]) -> list[tuple[str, list[str]]]:
    """Return the codes of the skipped checks by reason."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.status == "skipped":
            reasons.setdefault(visible(row.reason) or "no reason given", []).append(clip(visible(row.code), _NAME))
    return list(reasons.items())


def more(report: Report) -> str:
    """Return the commands for more information."""
    return f"{explain(report) or '-v for every step and check'} · --format markdown for a ticket"


def explain(report: Report) -> str:
    """Return the command that explains the first finding; "" without one."""
    possible = report.alone.causes if report.alone is not None else ()
    codes = [cause.code for cause in possible or report.causes] + [
        row.code for row in report.checks if row.status == "failed"
    ]
    return f"oidc-doctor explain {clip(visible(codes[0]), _NAME)}" if codes else ""
