"""The history as the report shows it: a row for each signature of attempts, and the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.history.attempt_groups import AttemptGroup
from oidc_doctor.history.diffs import change_view
from oidc_doctor.history.outages import Verdict
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.report import AttemptRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from oidc_doctor.logs.attempts.signatures import OutcomeRun
    from oidc_doctor.model.events import Change, Signature
from oidc_doctor.history.replayed_logs import ReplayedLogs
from oidc_doctor.history.timings import MOST_PAST, ids

_MOST_ENTRIES = 400


_MOST_RUNS = 40  # of one strand in the timeline


def attempt_row(found: Signature, past: ReplayedLogs | None) -> AttemptRow:
    """One signature, with the decision of the configuration that was in force at its newest attempt."""
    sample = found.sample
    error = ": ".join(text for text in (sample.error_code, sample.error_message) if text) or None
    replay, cause = None, None
    if past is not None and found.number in past.told.verdicts:
        verdict, index = past.told.verdicts[found.number]
        decision = "unknown" if verdict.decision == "doubtful" else verdict.decision
        replay = {"decision": decision, "revision": _revision(past, index)}
        if found.sample.outcome == "refused":
            cause = _why(verdict, past, found)
    return AttemptRow(
        cloud=sample.cloud,
        target=sample.target,
        provider=sample.provider,
        subject=sample.subject,
        audience=sample.audience,
        outcome=sample.outcome,
        error=error,
        count=found.count,
        first_seen=rfc3339(found.first_seen),
        last_seen=rfc3339(found.last_seen),
        replay=replay,
        cause=cause,
        event_ids=list(found.event_ids),
        family=found.family,
        step=sample.step,
        subjects=list(found.subjects),
        callers=[{"address": name, "count": times} for name, times in found.callers],
        regions=[{"region": name, "count": times} for name, times in found.regions],
        rate_per_hour=_rate(found),
        counts=list(found.counts),
        inferred_from=sample.inferred_from,
    )


def _why(verdict: Verdict, past: ReplayedLogs, found: Signature) -> str | None:
    """The cause's name for a refused signature."""
    if verdict.first is not None:
        return next((kind for step, kind in sorted(verdict.refusals) if step == verdict.first), None)
    if verdict.decision != "accepted":
        return None
    revisions = past.told.history.revisions
    if len(revisions) > 1 and revisions[-1].change is None:  # a write that is in no log: what is read may tell
        now = past.replayer.verdict(found.sample, len(revisions) - 1)
        if now.stands_against:
            return next((kind for step, kind in sorted(now.refusals) if step == now.first), None)
    if past.age_of_change(found) is not None:
        return "propagation-delay"
    return "outside-the-trust-policy" if past.cloud == "aws" else "outside-the-allow-policy"


def _rate(found: Signature) -> float | None:
    """Attempts an hour between the first and the last; None for fewer than two."""
    span = found.last_seen - found.first_seen
    return round((found.count - 1) * 3600 / span, 2) if span > 0 else None


def _revision(past: ReplayedLogs, index: int) -> str:
    """A revision's name: the event that made it, or the reading."""
    revisions = past.told.history.revisions
    if index == len(revisions) - 1 and (len(revisions) == 1 or revisions[index].change is None):
        return "as read"
    change = revisions[index].change
    if change is not None:
        return f"event {change.event_id}"
    following = revisions[index + 1].change
    return f"before event {following.event_id}" if following is not None else "before the reading"


def timeline(pasts: Iterable[ReplayedLogs]) -> list[dict[str, Any]]:
    """Attempts that ended alike and writes of configuration, in order of time."""
    out: list[dict[str, Any]] = []
    for past in pasts:
        flips = {one.appears for one in past.told.outages} | {one.ended for one in past.told.outages}
        for strand in past.told.groups:
            out += [_run_entry(past, strand, run) for run in strand.runs[-_MOST_RUNS:]]
        for index, revision in enumerate(past.told.history.revisions):
            if revision.change is not None:
                out.append(_change_entry(past, revision.change, "change", index, flips=index in flips))
        out += [_change_entry(past, one, "failed-change", None, flips=False) for one in past.told.history.refused]
        out += [_change_entry(past, one, "change", None, flips=False) for one in past.told.history.other]
    unique = {
        (one["kind"], one.get("event_id"), one["time"], one.get("subject"), one.get("outcome")): one for one in out
    }
    return sorted(unique.values(), key=lambda one: (one["time"], one["kind"]))[-_MOST_ENTRIES:]


def _run_entry(past: ReplayedLogs, strand: AttemptGroup, run: OutcomeRun) -> dict[str, Any]:
    first = past.attempts.attempt(run.first)
    outcome = "accepted" if run.accepted else "refused"
    what = "impersonation" if strand.step == "impersonate" else "exchange"
    return {
        "time": rfc3339(run.begin),
        "until": rfc3339(run.end),
        "kind": "attempts",
        "cloud": past.cloud,
        "resource": first.target,
        "text": f"{run.times:,} {what}{'' if run.times == 1 else 's'} {outcome}: {strand.name}",
        "outcome": outcome,
        "count": run.times,
        "subject": first.subject,
        "families": sorted(one for one in strand.families if one)[:MOST_PAST],
        "event_ids": ids(past, strand, run.begin, run.end, accepted=run.accepted)[:3],
    }


def _change_entry(past: ReplayedLogs, change: Change, kind: str, index: int | None, *, flips: bool) -> dict[str, Any]:
    view = change_view(past.told.history, index) if index is not None else None
    failed = f", refused: {change.error_code}" if change.error_code else ""
    return {
        "time": rfc3339(change.time),
        "until": None,
        "kind": kind,
        "cloud": past.cloud,
        "resource": change.resource,
        "text": f"{change.what} by {change.by or 'an unknown caller'}{failed}",
        "event_id": change.event_id,
        "by": change.by,
        "what": change.what,
        "diff": view["diff"] if view else "",
        "error": ": ".join(text for text in (change.error_code, change.error_message) if text) or None,
        "flips": flips,
    }


def contradictions(pasts: Mapping[Any, ReplayedLogs]) -> list[str]:
    """Attempts that were accepted in fact and refused by the reading, each once."""
    return list(dict.fromkeys(line for past in pasts.values() for line in past.told.contradictions))
