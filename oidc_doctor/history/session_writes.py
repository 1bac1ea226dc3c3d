"""Find logged writes that may have caused denied calls of sessions: writes to the policies that the denial names.

A denial of an AWS service names the type of the policy that denies, and often its ARN [IAM User Guide, Troubleshoot
access denied error messages]: a write to another type of policy did not cause it, however recent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.history.aws_permissions import managed_policies, permission_writes
from oidc_doctor.history.boundary import MOST_PAST
from oidc_doctor.history.diffs import MOST_NAMED, write_view, written
from oidc_doctor.history.writes import UNSEEN
from oidc_doctor.judge.readings import reading_of_denial
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.records.cloudtrail_writes import OF_POLICY, OF_RESOURCE, Members
from oidc_doctor.logs.records.gcp_writes import SET_POLICY
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.google_names import project_of_account
from oidc_doctor.model.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change, SessionDenial
    from oidc_doctor.model.evidence import TargetEvidence

# Writes that can cause a denial by this type of policy. Attaching a policy can add Allows or Denies, detaching can
# remove them; DeletePolicyVersion cannot delete the default version [IAM API reference].
_VERSIONS = frozenset({"CreatePolicyVersion", "SetDefaultPolicyVersion"})
_BY_KIND: dict[Kind, tuple[str, frozenset[str]]] = {
    Kind.ACCESS_DENIED_BY_RESOURCE_POLICY: ("the resource's policy", frozenset(OF_RESOURCE)),
    Kind.ACCESS_DENIED_BY_BOUNDARY: ("the permissions boundary", frozenset({"PutRolePermissionsBoundary"}) | _VERSIONS),
    Kind.ACCESS_DENIED_BY_IDENTITY_POLICY: (
        "the role's policies",
        frozenset({"PutRolePolicy", "AttachRolePolicy"}) | _VERSIONS,
    ),
    Kind.PERMISSION_MISSING: (
        "the role's policies",
        frozenset({"PutRolePolicy", "DeleteRolePolicy", "DetachRolePolicy"}) | _VERSIONS,
    ),
    # policies whose writes are not read
    Kind.ACCESS_DENIED_BY_SESSION_POLICY: ("the session policy", frozenset()),
    Kind.ACCESS_DENIED_BY_ORGANIZATION_POLICY: ("the organization's policies", frozenset()),
    Kind.ACCESS_DENIED_BY_ENDPOINT_POLICY: ("the endpoint's policy", frozenset()),
}
_POLICIES = "its policies"


def permissions_written(denial: SessionDenial, replayed: ReplayedLogs) -> dict[str, Any]:
    """Return the writes to the policies that denied a session's calls, the newest first, with each one's last write."""
    policies, writes = _of_named_policy(denial, replayed)
    return {
        "last_success": None,
        "first_failure": rfc3339(denial.first_seen),
        "changes": [{**write_view(change), "flips": False} for change in writes[::-1][:MOST_PAST]],
        "token": None,
        "note": _note(policies, _last_of_each(writes, denial, replayed)),
    }


def _note(policies: str, writes: Sequence[Change]) -> str:
    if not writes:
        return ""
    named = [written(write_view(write)) for write in writes[:MOST_NAMED]]
    intro = "The session's permissions are not replayed. The last"
    if len(named) == 1:
        return f"{intro} write of {policies} before the first refused call is {named[0]}."
    return f"{intro} writes of {policies} before the first refused call are, the newest first: {'; '.join(named)}."


def _of_named_policy(denial: SessionDenial, replayed: ReplayedLogs) -> tuple[str, list[Change]]:
    """Return a name for the policies that the denial names, and earlier writes to them, oldest first."""
    writes = [*replayed.target_history.history.other, *resource_writes(denial, replayed.changes)]
    earlier = sorted(
        (change for change in writes if change.time <= denial.first_seen and change.error_code is None),
        key=lambda change: change.time,
    )
    reading = reading_of_denial(denial)
    if denial.cloud != "aws" or reading.kind not in _BY_KIND or "policy" not in reading.facts:
        return _POLICIES, earlier
    policies, names = _BY_KIND[reading.kind]
    of_type = [change for change in earlier if change.what in names]
    if reading.kind is Kind.ACCESS_DENIED_BY_RESOURCE_POLICY:
        return policies, of_type
    if named := reading.facts.get("policy_arn"):
        return policies, [change for change in of_type if _managed_by(change) == named]
    arns = _managed(reading.kind, replayed)
    return policies, [change for change in of_type if arns is None or _managed_by(change) in {None, *arns}]


def _managed(kind: Kind, replayed: ReplayedLogs) -> frozenset[str] | None:
    """Return the ARNs of the managed policies that may have caused the denial; None if unknown."""
    evidence = replayed.target_history.history.revisions[-1].evidence
    if evidence.aws is None:
        return None
    if kind is not Kind.ACCESS_DENIED_BY_BOUNDARY:
        is_listed = not isinstance(evidence.aws.attached_policies, Missing)
        return managed_policies(evidence, replayed.changes) if is_listed else None
    role = evidence.aws.role
    if not isinstance(role, Role) or not role.raw:
        return None
    now = role.raw.get("PermissionsBoundary")
    written = (_managed_by(change) for change in replayed.changes if change.what == "PutRolePermissionsBoundary")
    arns = {*written, now.get("PermissionsBoundaryArn") if isinstance(now, dict) else None}
    return frozenset(arn for arn in arns if isinstance(arn, str))


def _managed_by(change: Change) -> str | None:
    """Return the ARN of the managed policy that was written; None for an inline or resource policy."""
    if change.what in OF_POLICY:
        return change.resource
    request = Members(change.record.get("requestParameters"))
    return request.text("permissionsBoundary" if change.what.endswith("PermissionsBoundary") else "policyArn")


def _last_of_each(writes: Sequence[Change], denial: SessionDenial, replayed: ReplayedLogs) -> list[Change]:
    """Return the last write to each policy, the newest first, ignoring writes without a change."""
    evidence = replayed.target_history.history.revisions[-1].evidence
    latest: dict[str, Change] = {}
    values: dict[str, Json] = {}
    for change in writes:
        written = _written(change, evidence, denial)
        if written is None:
            continue
        field, value = written
        if field in values and value is not UNSEEN and values[field] == value:
            continue
        values.pop(field, None)
        if value is not UNSEEN:
            values[field] = value
        latest.pop(field, None)
        latest[field] = change
    return list(latest.values())[::-1]


def _written(change: Change, evidence: TargetEvidence, denial: SessionDenial) -> tuple[str, Any] | None:
    """Return the written policy's name and value (UNSEEN if the event does not show it); None for other writes."""
    if denial.cloud != "aws":
        return change.event_id, UNSEEN
    if change.what in OF_RESOURCE:
        request = Members(change.record.get("requestParameters"))
        policy = request.get("bucketPolicy") or request.get("policyText") or request.get("policy")
        return change.resource, UNSEEN if policy is None and not change.what.startswith("Delete") else policy
    of_policies = permission_writes(change, evidence, [], frozenset({change.resource})) or []
    return next(((write.field, write.value) for write in of_policies), None)


def resource_writes(denial: SessionDenial, changes: Sequence[Change]) -> list[Change]:
    """Return the logged writes to the policy of the denied resource: a bucket, repository, key or project."""
    resource = denial.resource or ""
    if denial.cloud == "aws":
        service = denial.service.partition(".")[0]
        named = resource.removeprefix("arn:aws:s3:::").partition("/")[0] if service == "s3" else resource
        return [
            change
            for change in changes
            if change.cloud == "aws"
            and OF_RESOURCE.get(change.what) == service
            and (change.resource == named if service == "s3" else _ends_with(named, change.resource))
        ]
    project = project_of_account(denial.target or "")
    return [
        change
        for change in changes
        if change.cloud == "gcp"
        and change.what == SET_POLICY
        and (
            resource == change.resource
            or resource.startswith(f"{change.resource}/")
            or (project and change.resource.removeprefix("projects/") == project)
        )
    ]


def _ends_with(arn: str, name: str) -> bool:
    """Whether an ARN belongs to the resource with this name, or equals it."""
    return arn == name or arn.endswith((f":repository/{name}", f":key/{name}"))
