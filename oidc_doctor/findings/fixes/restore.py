"""Restore earlier configurations from the history, document by document."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.provider import parse_allow_policy
from oidc_doctor.findings.fixes.edit import Candidate
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, Binding, GcpPool, GcpProvider, Role

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import AwsEvidence, GcpEvidence, TargetEvidence

_MOST_REVISIONS = 5


class Earlier(NamedTuple):
    """An earlier configuration, and until when it was effective, in words."""

    evidence: TargetEvidence
    until: str


def restored(case: Case, earlier: Sequence[Earlier]) -> Iterator[Candidate]:
    """Yield the present evidence with one document from an earlier configuration, the newest first."""
    for before in earlier[:_MOST_REVISIONS]:
        for what, evidence in _with_earlier(case, before.evidence):
            words = f"Put back {what} in effect until {before.until}."
            yield Candidate(evidence, "restore", "declared", words=words)


def _with_earlier(case: Case, before: TargetEvidence) -> Iterator[tuple[str, TargetEvidence]]:
    evidence = case.evidence
    if case.cloud == "aws" and evidence.aws is not None and before.aws is not None:
        for what, aws in _aws(evidence.aws, before.aws):
            yield what, evidence._replace(aws=aws)
    if case.cloud == "gcp" and evidence.gcp is not None and before.gcp is not None:
        for what, gcp in _gcp(evidence.gcp, before.gcp):
            yield what, evidence._replace(gcp=gcp)


def _aws(now: AwsEvidence, then: AwsEvidence) -> Iterator[tuple[str, AwsEvidence]]:
    if isinstance(now.role, Role) and isinstance(then.role, Role):
        policy, old = now.role.trust_policy, then.role.trust_policy
        if isinstance(policy, Document) and isinstance(old, Document) and policy.value != old.value:
            yield "the trust policy", now._replace(role=now.role._replace(trust_policy=old._replace(file=policy.file)))
    provider, former = now.provider, then.provider
    if isinstance(provider, AwsOidcProvider) and isinstance(former, AwsOidcProvider):
        ids, earlier = provider.client_ids, former.client_ids
        if isinstance(ids, tuple) and isinstance(earlier, tuple) and set(earlier) - set(ids):
            yield (
                "the client IDs",
                now._replace(provider=provider._replace(client_ids=tuple(dict.fromkeys((*ids, *earlier))))),
            )


def _gcp(now: GcpEvidence, then: GcpEvidence) -> Iterator[tuple[str, GcpEvidence]]:
    if isinstance(now.provider, GcpProvider) and isinstance(then.provider, GcpProvider):
        fields = ("condition", "mapping", "allowed_audiences", "disabled", "issuer_uri")
        changed = {name: getattr(then.provider, name) for name in fields}
        changed = {name: old for name, old in changed.items() if old != getattr(now.provider, name)}
        if changed:
            yield "the provider's settings", now._replace(provider=now.provider._replace(**changed))
    for policy in _policies(now.service_account_policy, then.service_account_policy):
        yield "the service account's binding", now._replace(service_account_policy=policy)
    for policy in _policies(now.project_policy, then.project_policy):
        yield "the project's binding", now._replace(project_policy=policy)
    pool, former = now.pool, then.pool
    if isinstance(pool, GcpPool) and isinstance(former, GcpPool) and pool.disabled and not former.disabled:
        yield "the pool", now._replace(pool=former)


def _policies(now: AllowPolicy | Missing, then: AllowPolicy | Missing) -> Iterator[AllowPolicy]:
    """Yield the present allow policy with missing earlier members: each alone, then all of them."""
    if not isinstance(now, AllowPolicy) or not isinstance(then, AllowPolicy):
        return
    present = {(binding.role, binding.condition, member) for binding in now.bindings for member in binding.members}
    lacking = [
        (binding, member)
        for binding in then.bindings
        for member in binding.members
        if (binding.role, binding.condition, member) not in present
    ]
    for added in [*([pair] for pair in lacking), lacking] if len(lacking) > 1 else [lacking]:
        if added:
            yield _with_members(now, then, added)


def _with_members(now: AllowPolicy, then: AllowPolicy, added: Sequence[tuple[Binding, str]]) -> AllowPolicy:
    """Return the present policy with these earlier members, including their conditions."""
    document = copy.deepcopy(now.document.value)
    earlier = dict(zip((binding.pointer for binding in then.bindings), then.document.value["bindings"], strict=True))
    listed = [*(document.get("bindings") or [])]
    document["bindings"] = listed + [{**earlier[binding.pointer], "members": [member]} for binding, member in added]
    return parse_allow_policy(json.dumps(document, indent=2), now.document.file, now.resource)
