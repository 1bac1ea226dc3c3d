"""Find the logged write that caused a workload's denied calls, by judging the permission step on earlier policies.

Earlier policies are judged as the present ones are. A write with an unknown earlier state is reported as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.history import aws_permissions, gcp_permissions
from oidc_doctor.history.diffs import change_view, write_view
from oidc_doctor.history.revisions import changed_fields, rebuilt, with_writes
from oidc_doctor.history.writes import UNSEEN
from oidc_doctor.judge import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.history.config_fields import SourcedFields
    from oidc_doctor.history.revisions import Effects, FieldValue, History
    from oidc_doctor.model.access import Decision, Need
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.refusal import Refusal, Trace

_MOST_REVISIONS = 200
_GRANTS = ("PutRolePolicy", "AttachRolePolicy")


class PermissionChange(NamedTuple):
    """The view of the write after which the calls are denied; without such a write, the candidates.

    The view's `replay` has the decision before and after. The candidates are the newest first.
    """

    view: dict[str, Any] | None
    candidates: list[dict[str, Any]]


def permission_change(
    case: Case, trace: Trace, refusal: Refusal, changes: Sequence[Change], read_at: float
) -> PermissionChange | None:
    """Return the write that caused the denied calls; None if no logged write did.

    `read_at` is when the evidence was collected, epoch seconds.
    """
    needs = _denied(trace, refusal)
    if not needs:
        return None
    earlier = [change for change in changes if change.time <= read_at]  # the evidence cannot show later writes
    history = _history(case, needs, earlier, read_at)
    last = len(history.revisions) - 1
    named: int | None = None
    candidates: list[int] = []  # writes of a policy whose earlier text is unknown, and may have allowed the calls
    for index in range(last, max(0, last - _MOST_REVISIONS), -1):
        if _decision(_as_if_only_known_writes(case, history, index - 1), needs) == "allowed":
            named = index
            break
        if _may_have_allowed(case, history, index, needs):
            candidates.append(index)
    view = change_view(history, named) if named is not None else None
    if view is not None:
        return PermissionChange({**view, "replay": {"before": "allowed", "after": "denied"}}, [])
    entries = [_entry(change) for index in candidates if (change := history.revisions[index].change) is not None]
    return PermissionChange(None, entries) if entries else None


def allowed_after(
    case: Case, trace: Trace, refusal: Refusal, changes: Sequence[Change], write: Change, read_at: float
) -> tuple[bool | None, bool]:
    """Return whether a write allows the refused calls (None: unknown), and whether it concerns their policies.

    The write failed, so no revision contains it: it is applied to the revision effective at its time.
    """
    needs = _denied(trace, refusal)
    if not needs:
        return None, False
    effects = _effects(case, needs, changes)(write)
    if effects is None:
        return None, False
    history = _history(case, needs, changes, read_at)
    index = history.index_at(write.time)
    if _decision(_as_if_only_known_writes(case, history, index), needs) == "allowed":
        return None, False  # there was nothing to repair
    written = with_writes(_known_fields(history, index), effects, write) if effects else None
    if written is None:
        return None, write.what in _GRANTS  # CloudTrail usually logs no request for a denied write
    decision = _decision(_on_policies(case, history, written), needs)
    return {"allowed": True, "denied": False, "unknown": None}[decision], True


def _as_if_only_known_writes(case: Case, history: History, index: int) -> Case:
    """Return the case on a revision, with unknown fields taken from the next revision that knows them.

    So a write counts by its known changes, and a write of another policy does not hide it.
    """
    sourced = {
        name: (value.value, None if value.by is None else f"event {value.by.event_id}")
        for name, value in _known_fields(history, index).items()
    }
    return _on_policies(case, history, sourced)


def _known_fields(history: History, index: int) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {}
    for revision in reversed(history.revisions[index:]):
        fields |= revision.fields
    return fields


def _on_policies(case: Case, history: History, sourced: SourcedFields) -> Case:
    """Return the case with other policies."""
    build = gcp_permissions.with_permissions if case.cloud == "gcp" else aws_permissions.with_permissions
    for name in [name for name in sourced if name.startswith("attached:")]:
        if f"version:{name.partition(':')[2]}" not in sourced:  # a policy with unknown text is ignored
            sourced[name] = (False, None)
    present = {name: value.value for name, value in history.revisions[-1].fields.items()}
    return case._replace(evidence=build(case.evidence, sourced, present))


def _may_have_allowed(case: Case, history: History, index: int, needs: list[Need]) -> bool:
    """Whether a revision's write changed a policy whose earlier text is unknown and may have allowed the calls."""
    changed = changed_fields(history, index)
    is_open = any(before is UNSEEN or name.startswith("attached:") for name, (before, _) in changed.items())
    evidence = history.revisions[index - 1].evidence
    return is_open and _decision(case._replace(evidence=evidence), needs) == "unknown"


def _entry(change: Change) -> dict[str, Any]:
    return {**write_view(change), "flips": False}


def _denied(trace: Trace, refusal: Refusal) -> list[Need]:
    """Return the calls that the refusal is about."""
    calls = refusal.fact("calls").split()
    return [row.need for row in trace.accesses if row.decision == "denied" and row.need.action in calls]


def _effects(case: Case, needs: list[Need], changes: Sequence[Change]) -> Effects:
    """Return a write's effects on the policies that the calls depend on."""
    evidence = case.evidence
    if case.cloud == "gcp":
        full_names = frozenset(need.resource for need in needs)
        return lambda change: gcp_permissions.permission_writes(change, evidence, full_names)
    managed = aws_permissions.managed_policies(evidence, changes)
    return lambda change: aws_permissions.permission_writes(change, evidence, needs, managed)


def _history(case: Case, needs: list[Need], changes: Sequence[Change], read_at: float) -> History:
    """Return the history of the role's or the resource's policies."""
    evidence, cloud = case.evidence, case.cloud
    effects = _effects(case, needs, changes)
    if cloud == "gcp":
        return rebuilt(
            cloud,
            evidence,
            changes,
            effects,
            lambda _: gcp_permissions.permission_fields(evidence),
            gcp_permissions.with_permissions,
            read_at=read_at,
        )
    return rebuilt(
        cloud,
        evidence,
        changes,
        effects,
        lambda written: aws_permissions.permission_fields(evidence, written),
        aws_permissions.with_permissions,
        read_at=read_at,
    )


def _decision(case: Case, needs: list[Need]) -> Decision:
    """Whether the calls are all allowed by the case's policies."""
    trace = evaluate(case)
    wanted = {(need.action, str(need.resource)) for need in needs}
    rows = [row.decision for row in trace.accesses if (row.need.action, str(row.need.resource)) in wanted]
    if "denied" in rows:
        return "denied"
    return "unknown" if len(rows) < len(wanted) or "unknown" in rows else "allowed"
