"""Causes put into time: since when, by which change, until when; outages that are over; and the timeline of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.causes import Diagnosis, as_causes
from oidc_doctor.history.attempt_groups import AttemptGroup, tenant_of
from oidc_doctor.history.diffs import change_view
from oidc_doctor.history.outage_search import ExplainedOutage
from oidc_doctor.history.outages import LAG, Verdict, index_at, turn
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.attempts.columns import session_number
from oidc_doctor.model.report import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oidc_doctor.checkkit import Check, Words
    from oidc_doctor.model.events import SessionDenial
    from oidc_doctor.model.kinds import Kind
from oidc_doctor.history.replayed_logs import ReplayedLogs

MOST_PAST = 20


# AWS steps whose refusals CloudTrail usually does not hold [re:Post on InvalidIdentityToken; see logs/silence.py].
_UNLOGGED = {"aws": ("token", "provider", "audience", "keys"), "gcp": ("target", "token")}


def date(causes: Iterable[Cause], diagnosis: Diagnosis, past: ReplayedLogs) -> None:
    """Say of the exchange's active causes since when they are, and which change brought them."""
    token = diagnosis.case.token
    for cause in causes:
        if cause.step in {"obtain", "configure", "permission"}:
            continue
        step = "impersonate" if past.cloud == "gcp" and cause.step == "impersonate" else "exchange"
        vector = _vector(diagnosis, past, step)
        strands = past.strands_like(token, step, tuple(one.decision for one in vector))
        current = [one for one in past.told.outages if any(one.group is strand for strand in strands) and not one.over]
        if current and cause.step not in _UNLOGGED[past.cloud]:
            _from_outage(cause, vector, current[-1], past)
        else:
            _from_configuration(cause, vector, strands, past)


def date_use(causes: Iterable[Cause], used: SessionDenial, past: ReplayedLogs) -> None:
    """Tie the refused calls of a session to the attempt that gave it out."""
    row = past.attempts.by_session(session_number(used.session)) if used.cloud == "aws" else None
    attempt = past.attempts.attempt(row) if row is not None else None
    if attempt is None:
        samples = (one.sample for one in past.replayer.signatures if one.sample.outcome == "accepted")
        attempt = next((one for one in samples if used.session and one.mapped_principal == used.session), None)
    for cause in causes:
        if cause.step != "permission":
            continue
        cause.since, cause.since_basis = rfc3339(used.first_seen), "first-failure"
        cause.refused_since = used.count
        cause.confirmed_by = list(used.event_ids)
        cause.boundary = _permissions_written(used, past)
        cause.session = {
            "service": used.service,
            "action": used.action,
            "resource": used.resource,
            "error": ": ".join(text for text in (used.error_code, used.error_message) if text),
            "count": used.count,
            "first_seen": rfc3339(used.first_seen),
            "last_seen": rfc3339(used.time),
            "event_ids": list(used.event_ids),
            "attempt": attempt.event_id if attempt else None,
            "subject": attempt.subject if attempt else None,
        }


def _permissions_written(used: SessionDenial, past: ReplayedLogs) -> dict[str, Any]:
    """The writes of the role's permissions before its sessions' calls were refused, the newest first."""
    earlier = [one for one in past.told.history.other if one.time <= used.first_seen]
    return {
        "last_success": None,
        "first_failure": rfc3339(used.first_seen),
        "changes": [
            {"event_id": one.event_id, "time": rfc3339(one.time), "what": one.what, "by": one.by, "flips": False}
            for one in earlier[::-1][:MOST_PAST]
        ],
        "token": None,
        "note": "What the session may do is not replayed: these writes lie before the first refused call."
        if earlier
        else "",
    }


def _from_outage(cause: Cause, vector: Sequence[Verdict], found: ExplainedOutage, past: ReplayedLogs) -> None:
    """The logs hold the refusals themselves."""
    outage = found.outage
    begin = outage.begin
    if found.turned is None:  # what no revision explains began with the first of the like
        begin = min(begin, *(one.outage.begin for one in past.told.outages if _like(one, found, past)))
    cause.since, cause.since_basis = rfc3339(begin), "first-failure"
    cause.refused_since = outage.times
    cause.accepted_before = outage.before.times if outage.before else 0
    cause.boundary = _boundary(found, past)
    cause.confirmed_by = ids(past, found.group, outage.begin, outage.end, accepted=False) or cause.confirmed_by
    mark = (cause.step, cause.name)
    if found.turned is not None and not vector[-1].refusals and not found.group.vector[-1].refusals:
        cause.change = change_view(past.told.history, found.turned)  # it cannot be replayed, and nothing else changed
        return
    if mark not in vector[-1].refusals:
        return
    if found.turned is not None:
        appears = _appears(vector, mark, found.turned)
        cause.change = change_view(past.told.history, appears)
        if cause.change is not None:
            cause.change["replay"] = {"before": found.group.vector[found.turned - 1].decision, "after": "refused"}
        flips = found.group.vector[found.turned - 1].decision == "accepted" and outage.before is not None
        if flips and vector[-1].sole and cause.confidence == "predicted":
            cause.confidence = "proven"
    elif found.token is not None:
        cause.token_change = found.token.view()


def _like(one: ExplainedOutage, other: ExplainedOutage, past: ReplayedLogs) -> bool:
    """Whether two outages go on for the same reason, in tokens of the same tenant."""
    return (
        not one.over
        and (one.why, one.group.step) == (other.why, other.group.step)
        and one.group.vector[-1].refusals == other.group.vector[-1].refusals
        and tenant_of(one.group.sample.subject, past.profile) == tenant_of(other.group.sample.subject, past.profile)
        and (one.token.text if one.token else None) == (other.token.text if other.token else None)
    )


def _from_configuration(
    cause: Cause, vector: Sequence[Verdict], strands: Sequence[AttemptGroup], past: ReplayedLogs
) -> None:
    """The failures leave no event: the change's time, else the last success."""
    runs = [run for strand in strands for run in strand.runs]
    good = [run for run in runs if run.accepted]
    last_success = max((run.end for run in good), default=None)
    mark = (cause.step, cause.name)
    lag = LAG[past.cloud]
    low = 0 if last_success is None else index_at(past.told.starts, last_success - lag)
    witnessed = None if last_success is None else (min(run.begin for run in good), last_success)
    _, turned = turn(vector, len(vector) - 1, low, witnessed=witnessed, starts=past.told.starts, lag=lag)
    if turned is not None and mark in vector[-1].refusals:
        appears = _appears(vector, mark, turned)
        change = change_view(past.told.history, appears)
        if change is not None:
            cause.change, cause.since, cause.since_basis = change, change["time"], "change"
            cause.accepted_before = sum(run.times for run in good)
            return  # when the outcome flipped is in no log, so this proves nothing
    failed = [run for run in runs if not run.accepted and (last_success is None or run.begin > last_success)]
    if failed and cause.step not in _UNLOGGED[past.cloud]:
        cause.since, cause.since_basis = rfc3339(failed[0].begin), "first-failure"
    elif last_success is not None and cause.since is None:
        cause.since, cause.since_basis = rfc3339(last_success), "last-success"


def _vector(diagnosis: Diagnosis, past: ReplayedLogs, step: str) -> list[Verdict]:
    """The exchange's own token on each revision."""
    return [past.replayer.verdict_of_case(diagnosis.case, index, step) for index in range(len(past.told.starts))]


def _appears(vector: Sequence[Verdict], mark: tuple[str, str], turned: int) -> int:
    """The revision from which on this refusal stands, not before the one in which accepting ended."""
    place = len(vector) - 1
    while place > turned and mark in vector[place - 1].refusals:
        place -= 1
    return place


def _boundary(found: ExplainedOutage, past: ReplayedLogs) -> dict[str, Any]:
    """What lies between the last success and the first failure, ranked; or what would have to be logged to know."""
    outage, history = found.outage, past.told.history
    low = outage.before.end if outage.before else None
    begin = (low if low is not None else 0.0) - LAG[past.cloud]
    inside = [
        {
            "event_id": one.change.event_id,
            "time": rfc3339(one.change.time),
            "what": one.change.what,
            "by": one.change.by,
            "flips": index in {found.appears, found.turned},
        }
        for index, one in enumerate(history.revisions)
        if one.change is not None and begin <= one.start <= outage.begin
    ]
    inside.sort(key=lambda one: not one["flips"])
    view: dict[str, Any] = {
        "last_success": rfc3339(low) if low is not None else None,
        "first_failure": rfc3339(outage.begin),
        "changes": inside[:MOST_PAST],
        "token": found.token.view() if found.token else None,
        "note": _NOTES.get(found.why, ""),
    }
    return view


_NOTES = {
    "unlogged-change": (
        "The same token passed before on what is taken for the same configuration, so it was changed in between by a "
        "write that is in no log that was read (inferred; else this reading of the configuration is wrong). IAM's "
        "writes are in CloudTrail's us-east-1, Google's in Admin Activity."
    ),
    "all-along": "No success of this kind of token is in the logs: as far as they go, it was refused all along.",
    "accepted-by-reading": (
        "What was read accepts this token: what refused it is in no file (a resource control policy, a deny policy, a "
        "change that was not in force everywhere yet)."
    ),
}


def past_causes(
    past: ReplayedLogs,
    exchange_id: str,
    diagnosis: Diagnosis,
    kinds: dict[Kind, Check],
    say: Callable[[Diagnosis], dict[int, Words]],
) -> list[Cause]:
    """Outages of this exchange's kind of token that are over, the newest first."""
    token = diagnosis.case.token
    mine = [
        strand
        for step in (("exchange", "impersonate") if past.cloud == "gcp" else ("exchange",))
        for strand in past.strands_like(token, step, tuple(one.decision for one in _vector(diagnosis, past, step)))
    ]
    out: list[Cause] = []
    seen: set[tuple[str | None, ...]] = set()
    for one in reversed(past.told.outages):
        if not one.over or one.why not in {"configuration", "token"} or not any(one.group is my for my in mine):
            continue
        first = past.attempts.attempt(one.outage.first)
        at = index_at(past.told.starts, one.outage.begin)
        then = past.replayer.judge(first, at)
        marks = one.group.vector[at].refusals
        then.refusals = [refusal for refusal in then.refusals if (refusal.step, str(refusal.kind)) in marks][:1]
        for cause in as_causes(then, exchange_id, kinds, say(then))[:1]:
            _as_past(cause, one, past)
            key = (cause.code, cause.location, (cause.change or {}).get("event_id"), cause.until)
            if key not in seen:
                seen.add(key)
                out.append(cause)
        if len(out) >= MOST_PAST:
            break
    return out


def _as_past(cause: Cause, found: ExplainedOutage, past: ReplayedLogs) -> None:
    outage = found.outage
    cause.status, cause.position = "past", "next"
    cause.since, cause.since_basis = rfc3339(outage.begin), "first-failure"
    cause.refused_since = outage.times
    cause.accepted_before = outage.before.times if outage.before else 0
    cause.confirmed_by = ids(past, found.group, outage.begin, outage.end, accepted=False)
    end = past.told.starts[found.ended] if found.ended is not None else None
    after = outage.after.begin if outage.after is not None else None
    until = after if after is not None else end
    cause.until = rfc3339(until) if until is not None else None
    cause.mended_by = change_view(past.told.history, found.ended) if found.ended is not None else None
    cause.boundary = _boundary(found, past)
    if found.turned is not None and found.appears is not None:
        cause.change = change_view(past.told.history, found.appears)
        at = index_at(past.told.starts, outage.begin)
        flips = found.group.vector[found.turned - 1].decision == "accepted" and outage.before is not None
        if flips and found.group.vector[at].sole and cause.confidence == "predicted":
            cause.confidence = "proven"
    elif found.token is not None:
        cause.token_change = found.token.view()


def ids(past: ReplayedLogs, strand: AttemptGroup, begin: float, end: float, *, accepted: bool) -> list[str]:
    """Event ids of the strand's attempts with one outcome."""
    wanted = "accepted" if accepted else "refused"
    outcomes = {one.number: one.sample.outcome for one in past.replayer.signatures}
    return past.attempts.ids_between([key for key in strand.keys if outcomes.get(key) == wanted], begin, end)


def in_time(cause: Cause) -> str:
    """What the cause's sentence goes on with: the change that brought it. "" where none is known."""
    if cause.change is not None:
        by = (cause.change["by"] or "an unknown caller").rpartition("/")[2]
        return f", since {cause.change['what']} by {by} at {cause.change['time']}"
    if cause.token_change is not None:
        side = "request" if cause.token_change["what"] == "request" else "token"
        return f", since the {side} changed: {cause.token_change['text']}"
    return ""
