"""What lies between the last success and the first refusal: the writes, the tokens, and what was searched for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.history import role_tags, searched
from oidc_doctor.history.outages import LAG, revision_of
from oidc_doctor.judge.readings import steps_of_attempt
from oidc_doctor.judge.times import rfc3339

if TYPE_CHECKING:
    from oidc_doctor.history.new_kinds import NewKind
    from oidc_doctor.history.outage_search import ExplainedOutage
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.events import Change

MOST_PAST = 20
_MOST_NAMED = 4  # writes that a sentence lists


def boundary(explained: ExplainedOutage, replayed: ReplayedLogs) -> dict[str, Any]:
    """Return the ranked changes between the last success and the first failure, or what was searched for them."""
    outage, history = explained.outage, replayed.target_history.history
    low = outage.before.end if outage.before else None
    begin = (low if low is not None else 0.0) - LAG[replayed.cloud]
    inside = [
        {
            "event_id": revision.change.event_id,
            "time": rfc3339(revision.change.time),
            "what": revision.change.what,
            "by": revision.change.by,
            "flips": index in {explained.appears, explained.turned},
        }
        for index, revision in enumerate(history.revisions)
        if revision.change is not None and begin <= revision.start <= outage.begin
    ]
    inside.sort(key=lambda change: not change["flips"])
    view: dict[str, Any] = {
        "last_success": rfc3339(low) if low is not None else None,
        "first_failure": rfc3339(outage.begin),
        "changes": inside[:MOST_PAST],
        "token": explained.token.view() if explained.token else None,
        "note": _NEVER_BEFORE if explained.why == "all-along" and explained.over else _NOTES.get(explained.why, ""),
    }
    if explained.why == "one-of-several":
        suspects = [history.revisions[index].change for index in explained.suspects[:_MOST_NAMED]]
        view["note"] += f" They are {'; '.join(_named(change) for change in suspects if change is not None)}."
        return view
    is_open = explained.why == "unknown" and outage.before is not None and not inside
    if explained.why in _SEARCHED or is_open:
        return view | (_of_tags(explained, replayed, begin) or _searched(explained, replayed, low))
    return view


def of_new_kind(kind: NewKind, difference: dict[str, Any] | None) -> dict[str, Any]:
    """Return the boundary of a kind of token that was never accepted: its first attempt, and no write."""
    return {
        "last_success": None,
        "first_failure": rfc3339(kind.begin),
        "changes": [],
        "token": difference,
        "note": f"This kind of token is first seen at {rfc3339(kind.begin)}, in logs that begin earlier, and no "
        "success of it is in them.",
    }


def _of_tags(explained: ExplainedOutage, replayed: ReplayedLogs, begin: float) -> dict[str, Any]:
    """Return the writes of role tags that the refusing policy tests; {} without them."""
    outage, target_history = explained.outage, replayed.target_history
    at = revision_of(outage, target_history.starts, explained.group.vector)
    refusals = replayed.replayer.judge(replayed.attempts.attempt(outage.first), at).refusals
    keys = role_tags.tags_tested(refusals)
    writes = role_tags.tag_writes(target_history.history.other, keys, begin, outage.begin) if keys else []
    if not writes:
        return {}
    entries = [
        {"event_id": write.event_id, "time": rfc3339(write.time), "what": write.what, "by": write.by, "flips": False}
        for write in writes
    ]
    named = [_named(write) for write in writes[:_MOST_NAMED]]
    return {"changes": entries[:MOST_PAST], "note": role_tags.note(keys, named)}


def _searched(explained: ExplainedOutage, replayed: ReplayedLogs, low: float | None) -> dict[str, Any]:
    if replayed.searched is None:
        return {}
    outage, cloud = explained.outage, replayed.cloud
    steps = [step for step, _ in explained.group.vector[-1].refusals]
    steps = steps or list(steps_of_attempt(replayed.attempts.attempt(outage.first)))
    told = searched.sentences(cloud, steps, replayed.searched, (low, outage.begin))
    note = _NOTES.get(explained.why, _OPEN)
    return {"note": f"{note} {told}", "searched": searched.view(cloud, steps, replayed.searched)}


def _named(change: Change) -> str:
    by = (change.by or "an unknown caller").rpartition("/")[2]
    return f"{change.what} by {by} at {rfc3339(change.time)} (event {change.event_id})"


_SEARCHED = ("unlogged-change", "drifted")  # outages that a write brought which was not seen
_OPEN = "The same kind of token passed before, and what decides here was not read as it was then."
_NEVER_BEFORE = "No success of this kind of token is in the logs before these refusals."
_NOTES = {
    "unlogged-change": (
        "The same token passed before on what is taken for the same configuration, so it was changed in between "
        "(inferred; else this reading of the configuration is wrong)."
    ),
    "drifted": (
        "The last logged write left a configuration that accepts this token, and the one that was read later refuses "
        "it, so it was changed after that write."
    ),
    "ran-out": (
        "The same configuration accepts the same attempt at the time of the last success: a date of a condition or a "
        "key was reached in between, and no write brought the refusal."
    ),
    "one-of-several": (
        "Several writes lie between the last success and the first refusal, and the state before them was not seen in "
        "the logs that were read: one of them, or all together, brought the refusal."
    ),
    "all-along": "No success of this kind of token is in the logs: as far as they go, it was refused all along.",
    "accepted-by-reading": (
        "What was read accepts this token: what refused it was not seen in it (a resource control policy, a deny "
        "policy, a change that was not in force everywhere yet)."
    ),
}
