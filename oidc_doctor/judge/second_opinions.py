"""Results of the clouds' own simulators for a needed call: shown next to the decision, which never uses them.

IAM's SimulatePrincipalPolicy judges the identity policies and the boundary of a role, without resource policies and
without a session (IAM API Reference). Policy Troubleshooter judges a service account, without ACLs of buckets and
without perimeters (discovery document of policytroubleshooter v3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.model.access import Decision, SecondOpinion
from oidc_doctor.model.document import Missing
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.placeholder import has_placeholder

if TYPE_CHECKING:
    from oidc_doctor.model.access import Need
    from oidc_doctor.model.document import Document, Json

SIMULATION, TROUBLESHOOTING = "aws/simulation.json", "gcp/troubleshooting.json"
_BY_AWS: dict[Json, Decision] = {"allowed": "allowed", "explicitDeny": "denied", "implicitDeny": "denied"}
_BY_GOOGLE: dict[Json, Decision] = {"CAN_ACCESS": "allowed", "CANNOT_ACCESS": "denied"}


def of_simulator(read: tuple[Document, ...] | Missing, need: Need) -> SecondOpinion | None:
    """Return the policy simulator's decision on a call; None if this action and resource were not simulated."""
    for document, index, row in _rows(read, "EvaluationResults"):
        action, resource = row.get("EvalActionName"), row.get("EvalResourceName")
        if not isinstance(action, str) or action.casefold() != need.action.casefold():
            continue
        if resource == _simulated(str(need.resource)):
            decision = _BY_AWS.get(row.get("EvalDecision"), "unknown")
            at = document.at(f"/EvaluationResults{pointer_segment(index)}")
            return SecondOpinion("iam:SimulatePrincipalPolicy", decision, at)
    return None


def _simulated(resource: str) -> str:
    """Return the ARN for simulating access to any object: BUCKET/*."""
    return f"{resource.partition('/')[0]}/*" if has_placeholder(resource) else resource


def of_troubleshooter(read: tuple[Document, ...] | Missing, need: Need, principal: str) -> SecondOpinion | None:
    """Return Policy Troubleshooter's result for this principal; None if there is none."""
    for document, index, row in _rows(read, "answers"):
        asked = row.get("accessTuple")
        if not isinstance(asked, dict) or (asked.get("permission"), asked.get("principal")) != (need.action, principal):
            continue
        if asked.get("fullResourceName") == full_name(need):
            decision = _BY_GOOGLE.get(row.get("overallAccessState"), "unknown")
            at = document.at(f"/answers{pointer_segment(index)}")
            return SecondOpinion("policytroubleshooter iam:troubleshoot", decision, at)
    return None


def full_name(need: Need) -> str:
    """Return the full resource name that Policy Troubleshooter expects."""
    return f"//{need.service}.googleapis.com/{need.resource}"


def _rows(read: tuple[Document, ...] | Missing, member: str) -> list[tuple[Document, int, dict[str, Json]]]:
    documents = () if isinstance(read, Missing) else read
    rows_read = []
    for document in documents:
        listed = document.value.get(member) if isinstance(document.value, dict) else None
        rows = listed if isinstance(listed, list) and not document.duplicates else []
        rows_read += [(document, index, row) for index, row in enumerate(rows) if isinstance(row, dict)]
    return rows_read
