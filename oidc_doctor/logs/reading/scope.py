"""The writes of configuration that a run keeps: an organization's trail has writes of thousands of other resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.logs.records.cloudtrail_writes import OF_POLICY, OF_PROVIDER, OF_RESOURCE, OF_ROLE
from oidc_doctor.logs.records.gcp_writes import SET_POLICY
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import GcpProvider, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence


class WriteScope(NamedTuple):
    """Names of the targets' resources. None: no target names one, so all writes of that kind are kept."""

    roles: frozenset[str] | None = None  # names, in lower case: IAM has no two names that differ in case alone
    account_ids: frozenset[str] = frozenset()  # accounts whose managed policies a target's role may have
    read: str | None = None  # texts that name the buckets, repositories and keys that a target reads
    pools: frozenset[str] | None = None  # POOL of …/workloadIdentityPools/POOL
    accounts: frozenset[str] | None = None  # e-mails and unique ids of service accounts, in lower case

    def includes(self, change: Change) -> bool:
        """Whether the write may concern a target. Every OIDC provider's write may: targets seldom name a provider."""
        name = change.resource
        if change.what in OF_PROVIDER:
            return True
        if change.what in OF_ROLE:
            return self.roles is None or name.rpartition("/")[2].casefold() in self.roles
        if change.what in OF_POLICY:
            return account_of(name) in self.account_ids
        if change.what in OF_RESOURCE:
            if not self.read:  # nothing names what the sessions read: the policies in the role's account may be of it
                return not self.account_ids or change.account in self.account_ids
            return name.rpartition("/")[2] in self.read
        if "workloadIdentityPools/" in name:
            return self.pools is None or name.partition("workloadIdentityPools/")[2].partition("/")[0] in self.pools
        if change.what == SET_POLICY and name.startswith(("projects/", "folders/", "organizations/")):
            return True
        if change.what == SET_POLICY and "@" not in name and not name.isdigit():
            return True  # a project by its bare id
        return self.accounts is None or name.casefold() in self.accounts or name.isdigit()  # an id without its e-mail


def scope_of(targets: Iterable[TargetEvidence]) -> WriteScope:
    """Return the names in the targets and in their configuration files."""
    roles: set[str] = set()
    account_ids: set[str | None] = set()
    pools: set[str] = set()
    accounts: set[str] = set()
    read: list[str] = []
    for evidence in targets:
        arn = evidence.target.aws.role_arn if evidence.target.aws else None
        roles |= {arn.rpartition("/")[2].casefold()} if arn else set()
        account_ids.add(account_of(arn or ""))
        if evidence.aws is not None:
            read_roles = (evidence.aws.role, *evidence.aws.near_roles)
            roles |= {role.name.casefold() for role in read_roles if isinstance(role, Role) and role.name}
            account_ids |= {account_of(role.arn or "") for role in read_roles if isinstance(role, Role)}
        if evidence.target.gcp is not None:
            gcp = evidence.target.gcp
            pools |= _pool(gcp.provider) | _pool(gcp.audience)
            accounts |= {gcp.service_account.casefold()} if gcp.service_account else set()
        if evidence.gcp is not None:
            if isinstance(evidence.gcp.provider, GcpProvider):
                pools |= _pool(evidence.gcp.provider.name)
            if not isinstance(evidence.gcp.service_account, Missing):
                account = evidence.gcp.service_account
                accounts |= {name.casefold() for name in (account.email, account.unique_id) if name}
        read += _texts_of_resources(evidence)
    return WriteScope(
        frozenset(roles) or None,
        frozenset(filter(None, account_ids)),
        "\n".join(filter(None, read)),
        frozenset(pools) or None,
        frozenset(accounts) or None,
    )


def _texts_of_resources(evidence: TargetEvidence) -> list[str]:
    """The texts that name what a target reads: its own words, the Truss file, the observed errors, encryption."""
    aws = evidence.target.aws
    texts = [aws.s3_bucket or "", aws.ecr_repository or ""] if aws else []
    texts += [evidence.truss.text] if not isinstance(evidence.truss, Missing) else []
    texts += [error.text for error in evidence.observed]
    encryption = evidence.aws.documents.get("aws/bucket-encryption.json") if evidence.aws else None
    if encryption is not None and not isinstance(encryption, Missing):
        texts += [document.text for document in encryption]
    return texts


def _pool(name: str | None) -> set[str]:
    pool = (name or "").partition("workloadIdentityPools/")[2].partition("/")[0]
    return {pool} if pool else set()
