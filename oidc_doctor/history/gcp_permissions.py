"""Permission fields of a Google Cloud principal, from the evidence and from logged writes of allow policies.

project-bindings, bucket-bindings and repository-bindings. A write of Cloud Storage logs the members that it added and
removed (Cloud Storage documentation, audit logs), one of Artifact Registry the whole policy (inferred from IAM's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.history.config_fields import allow_policy, bindings_of, differs
from oidc_doctor.history.gcp_writes import policy_kind, policy_writes
from oidc_doctor.logs.records.gcp_writes import SET_POLICY

if TYPE_CHECKING:
    from oidc_doctor.history.config_fields import SourcedFields
    from oidc_doctor.history.writes import FieldWrite
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence


def permission_writes(change: Change, evidence: TargetEvidence, resources: frozenset[str]) -> list[FieldWrite] | None:
    """Return the effects of a written allow policy; None for another resource's. `resources` are full names."""
    if change.what != SET_POLICY:
        return None
    if change.resource in resources:
        return policy_writes(change, "bucket" if "/buckets/" in change.resource else "repository")
    return policy_writes(change, "project") if policy_kind(change, evidence) == "project" else None


def permission_fields(evidence: TargetEvidence) -> dict[str, Json]:
    """Return the fields that the evidence shows."""
    gcp = evidence.gcp
    if gcp is None:
        return {}
    policies = {"project": gcp.project_policy, "bucket": gcp.bucket_policy, "repository": gcp.repository_policy}
    return bindings_of(policies)


def with_permissions(evidence: TargetEvidence, fields: SourcedFields, present: dict[str, Json]) -> TargetEvidence:
    """Return the evidence as it would have been read with these field values."""
    gcp = evidence.gcp
    if gcp is None:
        return evidence
    if differs(fields, present, ("project-bindings",)):
        gcp = gcp._replace(project_policy=allow_policy(fields, "project-bindings", "project"))
    if differs(fields, present, ("bucket-bindings",)):
        gcp = gcp._replace(bucket_policy=allow_policy(fields, "bucket-bindings", "bucket"))
    if differs(fields, present, ("repository-bindings",)):
        gcp = gcp._replace(repository_policy=allow_policy(fields, "repository-bindings", "repository"))
    return evidence._replace(gcp=gcp)
