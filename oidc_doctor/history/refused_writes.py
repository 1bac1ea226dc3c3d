"""Find refused writes of a target's configuration that no later write repeated with success."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.documents.setup_output import reason_of
from oidc_doctor.history.aws_writes import aws_field_writes, provider_path
from oidc_doctor.history.gcp_writes import gcp_field_writes, joined_operations
from oidc_doctor.logs.records.gcp_writes import SET_POLICY
from oidc_doctor.model.placeholder import account_is_redacted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.events import Change, Signature
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.steps import Cloud

# Writes that achieve what another refused write attempted.
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


def refused_writes(
    cloud: Cloud, changes: Sequence[Change], evidence: TargetEvidence, signatures: Sequence[Signature] = ()
) -> tuple[Change, ...]:
    """Return this target's refused writes, the oldest first, except those that a later write made up for.

    `signatures` are the target's attempts: a write of a resource that had already served an attempt is no part of a
    set-up.
    """
    served = {
        step: min(
            (
                signature.first_seen
                for signature in signatures
                if signature.sample.step == step and signature.sample.outcome == "accepted"
            ),
            default=float("inf"),
        )
        for step in ("exchange", "impersonate")
    }
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
        and not is_made_good(write, writes[index + 1 :])
        and is_of_target(write)
        and not write.time > served.get(_call_of(write), float("inf"))
    )


def is_made_good(write: Change, later: Sequence[Change]) -> bool:
    """Whether a later write did what this refused write attempted."""
    return any(_makes_good(later_write, write) for later_write in later)


def _call_of(write: Change) -> str:
    """Return the call that depends on what a write creates; "" for session permissions."""
    if write.cloud == "aws":
        return "exchange" if "Policy" not in write.what or "AssumeRole" in write.what else ""
    if "WorkloadIdentityPool" in write.what:
        return "exchange"
    return "" if write.what == SET_POLICY and not _is_account(write) else "impersonate"


def _is_account(write: Change) -> bool:
    return "@" in write.resource or write.resource.isdigit()


def _is_harmless(write: Change) -> bool:
    """Whether the write failed because the provider exists, which serves every role of the account: no failure."""
    exists = reason_of(write.error_code or "", write.error_message or "") == "exists"
    return exists and write.what == "CreateOpenIDConnectProvider"


def _makes_good(later: Change, refused: Change) -> bool:
    same = later.resource.rpartition("/")[2] == refused.resource.rpartition("/")[2] and not _in_other_accounts(
        later.account, refused.account
    )
    return later.error_code is None and same and later.what in _INSTEAD.get(refused.what, (refused.what,))


def _in_other_accounts(one: str | None, other: str | None) -> bool:
    """Whether two writes are known to be of two accounts, which may have resources of one name."""
    return bool(one and other) and one != other and not any(map(account_is_redacted, (one or "", other or "")))


def _issuer(evidence: TargetEvidence) -> str | None:
    issuers = (token.claims.get("iss") for token in evidence.tokens)
    return next((issuer for issuer in issuers if isinstance(issuer, str)), None)
