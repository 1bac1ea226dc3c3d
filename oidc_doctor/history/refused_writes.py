"""The logged writes of a target's configuration that were refused, and that no later write made good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.documents.setup_output import reason_of
from oidc_doctor.history.aws_writes import aws_field_writes, provider_path
from oidc_doctor.history.gcp_writes import gcp_field_writes, joined_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.steps import Cloud

# Writes that make good what another one was refused.
_INSTEAD = {
    "CreateRole": ("CreateRole", "UpdateAssumeRolePolicy"),
    "UpdateAssumeRolePolicy": ("CreateRole", "UpdateAssumeRolePolicy"),
    "PutRolePolicy": ("PutRolePolicy", "AttachRolePolicy"),
    "AttachRolePolicy": ("PutRolePolicy", "AttachRolePolicy"),
    "CreateWorkloadIdentityPool": ("CreateWorkloadIdentityPool", "UndeleteWorkloadIdentityPool"),
    "CreateWorkloadIdentityPoolProvider": (
        *("CreateWorkloadIdentityPoolProvider", "UndeleteWorkloadIdentityPoolProvider"),
        "UpdateWorkloadIdentityPoolProvider",
    ),
}


def refused_writes(cloud: Cloud, changes: Sequence[Change], evidence: TargetEvidence) -> tuple[Change, ...]:
    """The refused writes of this target, the oldest first, without those that a later write made good."""
    of_cloud = sorted((change for change in changes if change.cloud == cloud), key=lambda change: change.time)
    writes = joined_operations(of_cloud) if cloud == "gcp" else of_cloud
    issuers = frozenset(provider_path(issuer) for issuer in (evidence.target.issuer, _issuer(evidence)) if issuer)

    def is_of_target(write: Change) -> bool:
        if cloud == "gcp":
            return gcp_field_writes(write, evidence) is not None
        return aws_field_writes(write, evidence, issuers) is not None

    return tuple(
        write
        for index, write in enumerate(writes)
        if write.error_code
        and not _is_harmless(write)
        and not any(_makes_good(later, write) for later in writes[index + 1 :])
        and is_of_target(write)
    )


def _is_harmless(write: Change) -> bool:
    """Whether it found a provider that was there: it serves every role of the account, so that is no failure."""
    exists = reason_of(write.error_code or "", write.error_message or "") == "exists"
    return exists and write.what == "CreateOpenIDConnectProvider"


def _makes_good(later: Change, refused: Change) -> bool:
    same = later.resource.rpartition("/")[2] == refused.resource.rpartition("/")[2]
    return later.error_code is None and same and later.what in _INSTEAD.get(refused.what, (refused.what,))


def _issuer(evidence: TargetEvidence) -> str | None:
    issuers = (token.claims.get("iss") for token in evidence.tokens)
    return next((issuer for issuer in issuers if isinstance(issuer, str)), None)
