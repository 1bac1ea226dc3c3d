"""Explain the time between the last success and the first refusal: writes, tokens, and searched logs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_doctor.history import role_tags, searched
from oidc_doctor.history.diffs import MOST_NAMED, worded, write_view
from oidc_doctor.history.outages import LAG, revision_of
from oidc_doctor.history.verdicts import verdict_of
from oidc_doctor.judge.readings import steps_of_attempt
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.history.new_kinds import NewKind
    from oidc_doctor.history.outage_search import ExplainedOutage
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.refusal import Refusal

MOST_PAST = 20


def boundary(explained: ExplainedOutage, replayed: ReplayedLogs, refusal: Refusal) -> dict[str, Any]:
    """Return the ranked changes between the last success and the first failure, or what was searched for them.

    `refusal` is the refusal shown with the outage.
    """
    outage, history = explained.outage, replayed.target_history.history
    low = outage.before.end if outage.before else None
    begin = (low if low is not None else 0.0) - LAG[replayed.cloud]
    inside = [
        (index, revision.change)
        for index, revision in enumerate(history.revisions)
        if revision.change is not None and begin <= revision.start <= outage.begin
    ]
    rows = [{**write_view(change), "flips": index in {explained.appears, explained.turned}} for index, change in inside]
    rows.sort(key=lambda change: not change["flips"])
    view: dict[str, Any] = {
        "last_success": rfc3339(low) if low is not None else None,
        "first_failure": rfc3339(outage.begin),
        "changes": rows[:MOST_PAST],
        "token": explained.token.view() if explained.token else None,
        "note": _note(explained, replayed, refusal),
    }
    if explained.why == "one-of-several":
        suspects = [history.revisions[index].change for index in explained.suspects[:MOST_NAMED]]
        view["note"] += f" The writes are {'; '.join(worded(change) for change in suspects if change is not None)}."
        return view
    is_open = explained.why == "unknown" and outage.before is not None and not inside
    if explained.why in _SEARCHED or is_open:
        seen = [change for _, change in inside]
        return view | (_of_tags(explained, replayed, begin) or _searched(explained, replayed, low, seen))
    return view


def _note(explained: ExplainedOutage, replayed: ReplayedLogs, refusal: Refusal) -> str:
    if explained.why == "all-along" and explained.over:
        return _NEVER_BEFORE
    if explained.why == "ran-out":
        return _ran_out(explained, replayed)
    if explained.why == "accepted-by-reading":
        return _unseen(explained, replayed, refusal)
    return _NOTES.get(explained.why, "")


def _ran_out(explained: ExplainedOutage, replayed: ReplayedLogs) -> str:
    """Report the expiry time: the second from which the configuration refuses the attempt."""
    outage, starts = explained.outage, replayed.target_history.starts
    at = revision_of(outage, starts, explained.group.vector)
    attempt = replayed.attempts.attempt(outage.first)

    def refuses(time: int) -> bool:
        judged = replayed.replayer.judge(replace(attempt, time=float(time)), at)
        return verdict_of(judged.trace, explained.group.step).decision != "accepted"

    low, high = int(outage.before.end) if outage.before is not None else 0, math.ceil(outage.begin)
    if refuses(low) or not refuses(high):
        return _SOME_DATE
    while high - low > 1:  # accepted at `low`, refused at `high`
        middle = (low + high) // 2
        low, high = (low, middle) if refuses(middle) else (middle, high)
    return (
        f"The same configuration accepts the same attempt until {rfc3339(float(high))} and refuses it from then on: a "
        "date was reached, and no write caused the refusal."
    )


def _unseen(explained: ExplainedOutage, replayed: ReplayedLogs, refusal: Refusal) -> str:
    """Report that the evidence accepts the token despite a generic refusal, with possible causes."""
    if refusal.kind is Kind.PROPAGATION_DELAY:
        return ""  # the write is named
    if refusal.certain and refusal.kind not in _UNEXPLAINED:
        return ""
    others = list(_CONTROLS.get((replayed.cloud, explained.group.step), ()) if refusal.kind in _UNEXPLAINED else ())
    lag, begin = LAG[replayed.cloud], explained.outage.begin
    written = (
        revision.change
        for revision in reversed(replayed.target_history.history.revisions)
        if revision.change is not None and 0 <= begin - revision.start <= lag
    )
    if (young := next(written, None)) is not None:
        others.append(f"{worded(young)}, which may not have taken effect everywhere yet")
    listed = f" ({', or '.join(others)})" if others else ""
    return f"The configuration that was read accepts this token, and the refusing part is not in it{listed}."


# Other policies that may refuse and are not read: AWS resource control policies; Google Cloud IAM deny policies, whose
# supported permissions include those of impersonation.
_CONTROLS = {
    ("aws", "exchange"): ("a resource control policy",),
    ("gcp", "impersonate"): ("a deny policy",),
}
_UNEXPLAINED = frozenset({Kind.OUTSIDE_THE_TRUST_POLICY, Kind.OUTSIDE_THE_ALLOW_POLICY, Kind.REFUSED_UNEXPLAINED})


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
    entries = [{**write_view(write), "flips": False} for write in writes]
    named = [worded(write) for write in writes[:MOST_NAMED]]
    return {"changes": entries[:MOST_PAST], "note": role_tags.note(keys, named)}


def _searched(
    explained: ExplainedOutage, replayed: ReplayedLogs, low: float | None, seen: Sequence[Change]
) -> dict[str, Any]:
    """Return what was searched for a write. `seen` are the writes of that time, which did not change the decision."""
    if replayed.searched is None:
        return {}
    outage, cloud = explained.outage, replayed.cloud
    steps = [step for step, _ in explained.group.vector[-1].refusals]
    steps = steps or list(steps_of_attempt(replayed.attempts.attempt(outage.first)))
    sentences = searched.sentences(
        cloud, steps, replayed.searched, (low, outage.begin), [worded(write) for write in seen]
    )
    note = _NOTES.get(explained.why, _OPEN)
    return {"note": f"{note} {sentences}", "searched": searched.view(cloud, steps, replayed.searched)}


_SEARCHED = ("unlogged-change", "drifted")  # outages that a write brought which was not seen
_OPEN = "The same kind of token passed before, and the deciding configuration of that time was not read."
_SOME_DATE = (
    "The same configuration accepts the same attempt at the time of the last success: a date of a condition or a key "
    "was reached in between, and no write caused the refusal."
)
_NEVER_BEFORE = "No success of this kind of token is in the logs before these refusals."
_NOTES = {
    "unlogged-change": (
        "The same token passed before on a configuration that is assumed to be the same, so the configuration was "
        "changed in between (inferred; otherwise this reading of it is wrong)."
    ),
    "drifted": (
        "The last logged write left a configuration that accepts this token, and the one that was read later refuses "
        "it, so it was changed after that write."
    ),
    "not-yet": (
        "The configuration of the first success refuses the same attempt at the time of the last refusal: a date of a "
        "condition was reached in between, and no write ended the refusals."
    ),
    "undecided": (
        "This refusal depends on values that the logged attempts do not have, so they are not replayed at its step; "
        "the values that they have are accepted."
    ),
    "one-of-several": (
        "Several writes lie between the last success and the first refusal, and the state before them was not seen in "
        "the logs that were read: one of them, or all together, caused the refusal."
    ),
    "all-along": "The logs show no success for this kind of token: it may never have worked.",
}
