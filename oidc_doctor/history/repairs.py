"""Find refused repairs: failed writes that would have made the cloud accept the token or call.

Each is judged as if it had succeeded. CloudTrail usually logs no request for a denied write (published events of denied
IAM calls): its effect is then unknown, and reported as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.history.aws_writes import aws_field_writes
from oidc_doctor.history.config_fields import aws_fields, gcp_fields, with_aws, with_gcp
from oidc_doctor.history.diffs import write_view
from oidc_doctor.history.gcp_writes import gcp_field_writes, joined_operations
from oidc_doctor.history.outage_search import fields_of_steps
from oidc_doctor.history.permission_changes import allowed_after
from oidc_doctor.history.refused_writes import is_made_good
from oidc_doctor.history.replay import issuers_of
from oidc_doctor.history.revisions import with_writes
from oidc_doctor.history.verdicts import verdict_of
from oidc_doctor.judge import evaluate
from oidc_doctor.model.events import error_of
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.refusal import Refusal, Trace

_MOST = 5  # the newest, per cause

# Writes without a request, by the step that depends on what they would have written.
_OF_STEP = {
    "provider": ("CreateOpenIDConnectProvider",),
    "audience": ("AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider"),
    "authorise": ("UpdateAssumeRolePolicy", "CreateRole"),
}


def refused_repairs(
    replayed: ReplayedLogs, evidence: TargetEvidence, case: Case, trace: Trace, refusal: Refusal
) -> tuple[dict[str, Any], ...]:
    """Return the refused writes shown with a cause, the newest first; `right` is None if unknown.

    Excluded are writes that a later write made up for, and writes that would not have helped.
    """
    changes = sorted((change for change in replayed.changes if change.cloud == case.cloud), key=lambda one: one.time)
    changes = joined_operations(changes) if case.cloud == "gcp" else changes
    repairs = []
    for index, write in reversed(list(enumerate(changes))):
        if write.error_code is None or is_made_good(write, changes[index + 1 :]):
            continue
        if refusal.step == "permission":
            is_right, concerns = allowed_after(case, trace, refusal, changes, write, replayed.read_at)
        else:
            is_right, concerns = _passes_after(replayed, evidence, case, refusal, write)
        if concerns and is_right is not False:
            repairs.append(_view(write, is_right=is_right))
        if len(repairs) == _MOST:
            break
    return tuple(repairs)


def _passes_after(
    replayed: ReplayedLogs, evidence: TargetEvidence, case: Case, refusal: Refusal, write: Change
) -> tuple[bool | None, bool]:
    """Return whether the refused step passes with the write (None: unknown), and whether it depends on the write."""
    is_aws = case.cloud == "aws"
    issuers = issuers_of(evidence, replayed.replayer.signatures)
    effects = aws_field_writes(write, evidence, issuers) if is_aws else gcp_field_writes(write, evidence)
    fields = fields_of_steps(case.cloud, [refusal.step])
    of_step = [effect for effect in effects or () if effect.field in fields]
    if not of_step:
        return None, effects is not None and write.what in _OF_STEP.get(refusal.step, ())
    history = replayed.target_history.history
    revision = history.revisions[history.index_at(write.time)]
    written = with_writes(revision.fields, effects or (), write)
    if written is None:
        return None, True
    present, build = (aws_fields(evidence), with_aws) if is_aws else (gcp_fields(evidence), with_gcp)
    before, after = (
        _state(case, then, refusal.step) for then in (revision.evidence, build(evidence, written, present))
    )
    if before == PASSED:
        return None, False  # there was nothing to repair
    return (True if after == PASSED else False if after == REFUSED else None), True


def _state(case: Case, then: TargetEvidence, step: str) -> str | None:
    """Return a step's state on another configuration."""
    then = then._replace(target=case.evidence.target)
    trace = evaluate(case._replace(evidence=then, readings=(), since_change=None, asks_access=False, refused_writes=()))
    call = "impersonate" if case.cloud == "gcp" and step == "impersonate" else "exchange"
    return dict(verdict_of(trace, call).states).get(step)


def _view(write: Change, *, is_right: bool | None) -> dict[str, Any]:
    return {**write_view(write), "resource": write.resource, "error": error_of(write), "right": is_right}
