"""Show the history in the report: a row for each signature of attempts, and the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.history.attempt_groups import AttemptGroup
from oidc_doctor.history.boundary import MOST_PAST
from oidc_doctor.history.diffs import change_view
from oidc_doctor.history.outage_search import is_undecided
from oidc_doctor.history.outages import Verdict
from oidc_doctor.history.replayed_logs import ReplayedLogs
from oidc_doctor.history.session_writes import resource_writes
from oidc_doctor.history.timings import ids
from oidc_doctor.judge.readings import reading_of_attempt, steps_of_attempt
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.model import limits
from oidc_doctor.model.events import error_of
from oidc_doctor.model.in_words import as_value
from oidc_doctor.model.report import AttemptRow
from oidc_doctor.report.parts.attempts import steps_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from oidc_doctor.history.outage_search import ExplainedOutage
    from oidc_doctor.logs.attempts.signatures import OutcomeRun
    from oidc_doctor.model.events import Change, SessionDenial, Signature
    from oidc_doctor.model.steps import Cloud

_MOST_ENTRIES = 400
_LEAST_COMPARED = 200  # comparisons: an explanation takes as long as so many, however few values there are
_MOST_RUNS = 40  # of one group of attempts in the timeline


def attempt_rows(signatures: Sequence[tuple[Signature, ReplayedLogs | None]]) -> tuple[list[AttemptRow], list[str]]:
    """Return the signatures' rows, the newest first, and a line if the cause of some was not looked for."""
    rows, refused, explained, work = [], 0, 0, 0
    for signature, replayed in signatures:
        is_explained = work < limits.EXPLAINED.most
        if replayed is not None and signature.sample.outcome == "refused":
            refused += 1
            explained += is_explained
            work += max(_LEAST_COMPARED, replayed.replayer.values)
        rows.append(attempt_row(signature, replayed, explained=is_explained))
    if explained == refused:
        return rows, []
    line = (
        f"{refused:,} kinds of refused attempt: the cause of the newest {explained:,} was looked for; the cause of the "
        f"others is unknown ({limits.EXPLAINED.source})"
    )
    return rows, [line]


def attempt_row(signature: Signature, replayed: ReplayedLogs | None, *, explained: bool = True) -> AttemptRow:
    """Return a signature's row, with the decision of the configuration effective at its newest attempt."""
    sample = signature.sample
    error = error_of(sample) or None
    replay, cause = None, None
    if replayed is not None and signature.number in replayed.target_history.verdicts:
        verdict, index = replayed.target_history.verdicts[signature.number]
        is_open = sample.outcome == "refused" and verdict.decision == "accepted" and is_undecided(verdict, sample)
        decision = "unknown" if is_open or verdict.decision == "doubtful" else verdict.decision
        replay = {"decision": decision, "revision": _revision(replayed, index)}
        if signature.sample.outcome == "refused" and explained:
            cause = _why(verdict, replayed, signature)
    return AttemptRow(
        cloud=sample.cloud,
        target=sample.target,
        provider=sample.provider,
        subject=sample.subject,
        audience=sample.audience,
        outcome=sample.outcome,
        error=error,
        count=signature.count,
        first_seen=rfc3339(signature.first_seen),
        last_seen=rfc3339(signature.last_seen),
        replay=replay,
        cause=cause,
        event_ids=list(signature.event_ids),
        family=signature.family,
        step=sample.step,
        subjects=list(signature.subjects),
        callers=[{"address": name, "count": times} for name, times in signature.callers],
        regions=[{"region": name, "count": times} for name, times in signature.regions],
        rate_per_hour=_rate(signature),
        counts=list(signature.counts),
        inferred_from=sample.inferred_from,
        principal=sample.mapped_principal,
    )


def _why(verdict: Verdict, replayed: ReplayedLogs, signature: Signature) -> str | None:
    """Return the cause's name for a refused signature."""
    if verdict.first is not None:
        return next((kind for step, kind in sorted(verdict.refusals) if step == verdict.first), None)
    if verdict.decision != "accepted":
        return None
    revisions = replayed.target_history.history.revisions
    if len(revisions) > 1 and revisions[-1].change is None:  # a write that was not logged: the evidence may show it
        now = replayed.replayer.verdict(signature.sample, len(revisions) - 1)
        if now.stands_against:
            return next((kind for step, kind in sorted(now.refusals) if step == now.first), None)
    reading = reading_of_attempt(signature.sample)
    proves = reading is not None and reading.kind is not None and reading.proves
    named = str(reading.kind) if reading is not None and proves else None  # by its own sentence
    if is_undecided(verdict, signature.sample):
        return named
    steps = steps_of_attempt(signature.sample)
    if (young := replayed.young_change(signature, steps)) is not None:
        begin = replayed.target_history.starts[young]
        before = replayed.replayer.verdict(signature.sample, young - 1)
        if signature.first_seen < begin and before.stands_against:  # most were refused by the earlier configuration
            return next((kind for step, kind in sorted(before.refusals) if step == before.first), None)
        return "propagation-delay"
    if named is not None:
        return named
    if "authorise" in steps:
        return "outside-the-trust-policy"
    return "outside-the-allow-policy" if signature.sample.step == "impersonate" else "refused-unexplained"


def _rate(signature: Signature) -> float | None:
    """Return attempts per hour between the first and the last; None for fewer than two."""
    span = signature.last_seen - signature.first_seen
    return round((signature.count - 1) * 3600 / span, 2) if span > 0 else None


def _revision(replayed: ReplayedLogs, index: int) -> str:
    """Return a revision's name: the event that made it, or the reading."""
    revisions = replayed.target_history.history.revisions
    if index == len(revisions) - 1 and (len(revisions) == 1 or revisions[index].change is None):
        return "as read"
    change = revisions[index].change
    if change is not None:
        return f"event {change.event_id}"
    following = revisions[index + 1].change
    return f"before event {following.event_id}" if following is not None else "before the reading"


def timeline(
    replayed_logs: Iterable[ReplayedLogs],
    permission_writes: Iterable[tuple[Cloud, Mapping[str, Any]]],
    calls: Iterable[tuple[ReplayedLogs, SessionDenial]] = (),
) -> list[dict[str, Any]]:
    """Return runs of attempts with one outcome, refused calls of sessions, and writes of configuration, by time.

    `permission_writes` are the writes that causes name, as the causes show them: they do not affect the exchange, and a
    bucket policy is no part of its configuration.
    """
    entries: list[dict[str, Any]] = []
    for replayed in replayed_logs:
        target_history = replayed.target_history
        flips = _flips(target_history.outages)
        for group in target_history.groups:
            # a run of attempts that are counted elsewhere has none of its own
            runs = [run for run in group.runs[-_MOST_RUNS:] if run.times]
            keys = replayed.replayer.own_attempts.keys_of_runs(group.parts, runs)
            entries += [_run_entry(replayed, group, run, of_run) for run, of_run in zip(runs, keys, strict=True)]
        entries += [
            _unknown_entry(signature)
            for signature in replayed.replayer.signatures
            if signature.sample.outcome == "unknown" and signature.first_seen != NO_TIME
        ]
        for index, revision in enumerate(target_history.history.revisions):
            if revision.change is not None:
                entries.append(_change_entry(replayed, revision.change, "change", index, flips.get(index)))
        for kind, changes in (
            ("failed-change", target_history.history.refused),
            ("change", target_history.history.other),
        ):
            for change in changes:
                entries.append(_change_entry(replayed, change, kind))
    for replayed, denial in calls:
        entries.append(_calls_entry(replayed, denial))
        entries += [
            _change_entry(replayed, change, "failed-change" if change.error_code else "change")
            for change in resource_writes(denial, replayed.changes)
        ]
    entries += [_permission_entry(cloud, write) for cloud, write in permission_writes]
    unique = {
        tuple(entry.get(name) for name in _TELLING.get(entry["kind"], _TELLING_OF_WRITES)): entry for entry in entries
    }
    return sorted(unique.values(), key=lambda entry: (entry["time"], entry["kind"]))[-_MOST_ENTRIES:]


# Identity of an entry (write or attempt): events of a role shared by targets occur once per target.
_TELLING = {
    "attempts": ("cloud", "step", "resource", "time", "until", "subject", "outcome", "count"),
    "calls": ("kind", "cloud", "what", "resource", "time", "subject"),
}
_TELLING_OF_WRITES = ("kind", "cloud", "event_id", "time")


def _run_entry(replayed: ReplayedLogs, group: AttemptGroup, run: OutcomeRun, keys: set[int]) -> dict[str, Any]:
    """Return the entry of a run. `keys` are those of all attempts in its period."""
    first = replayed.attempts.attempt(run.first)
    families = _families(replayed, group, keys, accepted=run.accepted)
    outcome = "accepted" if run.accepted else "refused"
    return {
        "time": rfc3339(run.begin),
        "until": rfc3339(run.end),
        "kind": "attempts",
        "cloud": replayed.cloud,
        "step": group.step,
        "resource": first.target,
        "text": _counted(run.times, group.step, outcome, group.name),
        "outcome": outcome,
        "count": run.times,
        "subject": first.subject,
        "families": families[:MOST_PAST],
        "kinds": len(families),
        "event_ids": ids(replayed, group, run.begin, run.end, accepted=run.accepted)[:3],
    }


def _families(replayed: ReplayedLogs, group: AttemptGroup, keys: set[int], *, accepted: bool) -> list[str]:
    """Return the kinds of token that a run counts."""
    rows = replayed.attempts.rows
    counted = {rows.key_of(key).family for key in keys if (key in replayed.replayer.accepted) == accepted}
    return sorted(family for family in counted & group.families if family)


def _unknown_entry(signature: Signature) -> dict[str, Any]:
    sample = signature.sample
    return {
        "time": rfc3339(signature.first_seen),
        "until": rfc3339(signature.last_seen),
        "kind": "attempts",
        "cloud": sample.cloud,
        "step": sample.step,
        "resource": sample.target,
        "text": _counted(
            signature.count,
            sample.step,
            "of unknown outcome",
            as_value(sample.subject or sample.mapped_principal or "") or "no subject",
        ),
        "outcome": "unknown",
        "count": signature.count,
        "subject": sample.subject,
        "families": [signature.family] if signature.family else [],
        "kinds": 1 if signature.family else 0,
        "event_ids": list(signature.event_ids[:3]),
    }


def _counted(times: int, step: str, outcome: str, whose: str) -> str:
    return f"{times:,} {steps_of(step, times)} {outcome}: {whose}"


def _calls_entry(replayed: ReplayedLogs, denial: SessionDenial) -> dict[str, Any]:
    """Return the entry of refused session calls, with the workload that the newest session was issued to."""
    subject = replayed.subject_of_session(denial)
    calls = f"{denial.count:,} call{'' if denial.count == 1 else 's'} refused after the exchange"
    whose = subject or "of a session that no logged exchange issued"
    return {
        "time": rfc3339(denial.first_seen),
        "until": rfc3339(denial.time),
        "kind": "calls",
        "cloud": denial.cloud,
        "resource": denial.resource,
        "text": f"{calls}: {denial.action} ({denial.service}), {whose}",
        "outcome": "refused",
        "count": denial.count,
        "subject": subject,
        "what": denial.action,
        "event_ids": list(denial.event_ids[:3]),
        "error": error_of(denial) or None,
    }


def _flips(outages: Iterable[ExplainedOutage]) -> dict[int, set[tuple[str, str]]]:
    """Return the revisions that began or ended an outage, each with the replayed decisions before and after it."""
    flips: dict[int, set[tuple[str, str]]] = {}
    for outage in outages:
        vector = outage.group.vector
        for index in (outage.appears, outage.ended):
            if index is not None:
                before = vector[index - 1].decision if index else "unknown"
                flips.setdefault(index, set()).add((before, vector[index].decision))
    return flips


def _change_entry(
    replayed: ReplayedLogs,
    change: Change,
    kind: str,
    index: int | None = None,
    decisions: Collection[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """The entry of a write. `decisions`: the replayed ones before and after it, where it began or ended an outage."""
    view = change_view(replayed.target_history.history, index) if index is not None else None
    failed = f", refused: {change.error_code}" if change.error_code else ""
    entry = {
        "time": rfc3339(change.time),
        "until": None,
        "kind": kind,
        "cloud": replayed.cloud,
        "resource": change.resource,
        "text": _what_by(change.what, change.by) + failed,
        "event_id": change.event_id,
        "by": change.by,
        "what": change.what,
        "diff": view["diff"] if view else "",
        "error": error_of(change) or None,
        "flips": bool(decisions),
    }
    if decisions is not None and len(decisions) == 1:
        ((before, after),) = decisions
        entry["replay"] = {"before": before, "after": after}
    return entry


def _permission_entry(cloud: Cloud, write: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a write that a cause names; it replaces the entry from the exchange's history."""
    return {
        "time": write["time"],
        "until": None,
        "kind": "change",
        "cloud": cloud,
        "resource": write["resource"],
        "text": _what_by(write["what"], write["by"]),
        "event_id": write["event_id"],
        "by": write["by"],
        "what": write["what"],
        "diff": write["diff"],
        "error": None,
        "flips": True,
    }


def _what_by(what: str, by: str | None) -> str:
    return f"{what} by {as_value(by) if by else 'an unknown caller'}"


def contradictions(replayed_logs: Mapping[Any, ReplayedLogs]) -> list[str]:
    """Return each attempt that the cloud accepted and the replay refuses, once."""
    histories = (replayed.target_history for replayed in replayed_logs.values())
    return list(dict.fromkeys(line for history in histories for line in history.contradictions))
