"""The logged write by which the calls of a workload came to be denied: the permission step, judged on earlier policies.

The judge is the one of the present. A write whose state before it is not known is named as that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.history import aws_permissions, gcp_permissions
from oidc_doctor.history.diffs import change_view
from oidc_doctor.history.revisions import rebuilt
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.history.revisions import History
    from oidc_doctor.model.access import Decision, Need
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.refusal import Refusal, Trace

_MOST_REVISIONS = 200


class PermissionChange(NamedTuple):
    """The write after which the calls are denied, as a report shows it; or the writes of which one may be that.

    The view's `replay` has the decision before and after. `time` is that of the write, epoch seconds.
    """

    view: dict[str, Any] | None
    time: float
    candidates: list[dict[str, Any]]


def permission_change(
    case: Case, trace: Trace, refusal: Refusal, changes: Sequence[Change], read_at: float
) -> PermissionChange | None:
    """Return the write that made the refused calls denied; None where no logged write did.

    `read_at` is when the evidence was collected, epoch seconds.
    """
    needs = _denied(trace, refusal)
    if not needs:
        return None
    history = _history(case, needs, changes, read_at)
    last = len(history.revisions) - 1
    candidates: list[int] = []  # revisions before which it is not known whether the calls were allowed
    for index in range(last, max(0, last - _MOST_REVISIONS), -1):
        decided = _decision(case, history, index - 1, needs)
        if decided == "allowed" and not candidates:
            view = change_view(history, index)
            return None if view is None else PermissionChange(_replayed(view), history.revisions[index].start, [])
        if decided == "unknown" and history.revisions[index].change is not None:
            candidates.append(index)
        elif candidates:
            break
    views = [_entry(change) for index in candidates if (change := history.revisions[index].change) is not None]
    return PermissionChange(None, history.revisions[candidates[-1]].start, views) if views else None


def _replayed(view: dict[str, Any]) -> dict[str, Any]:
    return {**view, "replay": {"before": "allowed", "after": "denied"}}


def _entry(change: Change) -> dict[str, Any]:
    names = {"event_id": change.event_id, "time": rfc3339(change.time), "what": change.what, "by": change.by}
    return {**names, "flips": False}


def _denied(trace: Trace, refusal: Refusal) -> list[Need]:
    """The calls that the refusal is about."""
    named = refusal.fact("permission")
    return [row.need for row in trace.accesses if row.decision == "denied" and row.need.action in named]


def _history(case: Case, needs: list[Need], changes: Sequence[Change], read_at: float) -> History:
    """The role's, or the resource's, policies at any time."""
    evidence, cloud = case.evidence, case.cloud
    if cloud == "gcp":
        full_names = frozenset(need.resource for need in needs)
        return rebuilt(
            cloud,
            evidence,
            changes,
            lambda change: gcp_permissions.permission_writes(change, evidence, full_names),
            lambda _: gcp_permissions.permission_fields(evidence),
            gcp_permissions.with_permissions,
            read_at=read_at,
        )
    names = frozenset(_name(need) for need in needs)
    managed = aws_permissions.managed_policies(evidence, changes)
    return rebuilt(
        cloud,
        evidence,
        changes,
        lambda change: aws_permissions.permission_writes(change, evidence, names | managed),
        lambda written: aws_permissions.permission_fields(evidence, written),
        aws_permissions.with_permissions,
        read_at=read_at,
    )


def _name(need: Need) -> str:
    """The name of the bucket, repository or key by which a write of its policy names it."""
    last = str(need.resource).rpartition(":")[2]
    return last.partition("/")[0] if need.service == "s3" else last.rpartition("/")[2]


def _decision(case: Case, history: History, index: int, needs: list[Need]) -> Decision:
    """Whether the calls were all allowed by the configuration of a revision."""
    trace = evaluate(case._replace(evidence=history.revisions[index].evidence))
    wanted = {(need.action, str(need.resource)) for need in needs}
    rows = [row.decision for row in trace.accesses if (row.need.action, str(row.need.resource)) in wanted]
    if len(rows) < len(wanted) or "unknown" in rows:
        return "denied" if "denied" in rows else "unknown"
    return "denied" if "denied" in rows else "allowed"
