"""Earlier configurations that the history knows, put back document by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from oidc_doctor.findings.fixes.edit import Candidate
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, GcpPool, GcpProvider, Role

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import AwsEvidence, GcpEvidence, TargetEvidence

_MOST_REVISIONS = 5


def restored(case: Case, earlier: Sequence[TargetEvidence]) -> Iterator[Candidate]:
    """Yield the present evidence with one document as it was in an earlier configuration, the newest first."""
    for before in earlier[:_MOST_REVISIONS]:
        for evidence in _with_earlier(case, before):
            yield Candidate(evidence, "restore", "declared")


def _with_earlier(case: Case, before: TargetEvidence) -> Iterator[TargetEvidence]:
    evidence = case.evidence
    if case.cloud == "aws" and evidence.aws is not None and before.aws is not None:
        for aws in _aws(evidence.aws, before.aws):
            yield evidence._replace(aws=aws)
    if case.cloud == "gcp" and evidence.gcp is not None and before.gcp is not None:
        for gcp in _gcp(evidence.gcp, before.gcp):
            yield evidence._replace(gcp=gcp)


def _aws(now: AwsEvidence, then: AwsEvidence) -> Iterator[AwsEvidence]:
    if isinstance(now.role, Role) and isinstance(then.role, Role):
        policy, old = now.role.trust_policy, then.role.trust_policy
        if isinstance(policy, Document) and isinstance(old, Document) and policy.value != old.value:
            yield now._replace(role=now.role._replace(trust_policy=old._replace(file=policy.file)))
    provider, former = now.provider, then.provider
    if isinstance(provider, AwsOidcProvider) and isinstance(former, AwsOidcProvider):
        ids, earlier = provider.client_ids, former.client_ids
        if isinstance(ids, tuple) and isinstance(earlier, tuple) and set(earlier) - set(ids):
            yield now._replace(provider=provider._replace(client_ids=tuple(dict.fromkeys((*ids, *earlier)))))


def _gcp(now: GcpEvidence, then: GcpEvidence) -> Iterator[GcpEvidence]:
    if isinstance(now.provider, GcpProvider) and isinstance(then.provider, GcpProvider):
        fields = ("condition", "mapping", "allowed_audiences", "disabled", "issuer_uri")
        changed = {name: getattr(then.provider, name) for name in fields}
        changed = {name: old for name, old in changed.items() if old != getattr(now.provider, name)}
        if changed:
            yield now._replace(provider=now.provider._replace(**changed))
    account = _policy(now.service_account_policy, then.service_account_policy)
    if account is not None:
        yield now._replace(service_account_policy=account)
    project = _policy(now.project_policy, then.project_policy)
    if project is not None:
        yield now._replace(project_policy=project)
    pool, former = now.pool, then.pool
    if isinstance(pool, GcpPool) and isinstance(former, GcpPool) and pool.disabled and not former.disabled:
        yield now._replace(pool=former)


def _policy(now: AllowPolicy | Missing, then: AllowPolicy | Missing) -> AllowPolicy | None:
    """The earlier allow policy; None where it is not known, or the same."""
    if not isinstance(now, AllowPolicy) or not isinstance(then, AllowPolicy) or now.bindings == then.bindings:
        return None
    return then._replace(document=then.document._replace(file=now.document.file))
