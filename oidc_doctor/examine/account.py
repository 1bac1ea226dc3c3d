"""Judge a token on each role and provider of an account, as if each were the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.provider import parse_gcp_pools, parse_gcp_providers
from oidc_doctor.documents.trust_policy import parse_roles
from oidc_doctor.findings.causes import Diagnosis, diagnose
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.aws.arns import BUILT_IN, federated, split_provider
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import (
    AwsEvidence,
    GcpEvidence,
    GcpProvider,
    Role,
    TargetAws,
    TargetEvidence,
    TargetGcp,
    Token,
)
from oidc_doctor.model.refusal import Refusal

_MOST = 5_000  # roles of an account: the quota's maximum
_ORDER = {"accepted": 0, "unknown": 1, "refused": 2}

Say = Callable[[Refusal], str]


def survey(evidence: TargetEvidence, token: Token, at: float, profile: Any, say: Say) -> list[dict[str, Any]]:
    """Return a row for each role that trusts OIDC and each provider, accepting ones first. `say` words a refusal.

    Roles that trust no OIDC provider are counted in one row.
    """
    rows = [*_roles(evidence, token, at, profile, say), *_providers(evidence, token, at, profile, say)]
    return sorted(rows, key=lambda row: _ORDER[row["prediction"]])


def _roles(evidence: TargetEvidence, token: Token, at: float, profile: Any, say: Say) -> Iterator[dict[str, Any]]:
    aws = evidence.aws
    if aws is None or not isinstance(aws.roles, Document):
        return
    others = 0
    for role in parse_roles(aws.roles.text, aws.roles.file)[:_MOST]:
        if isinstance(role.trust_policy, Document) and not _trusts_oidc(role.trust_policy):
            others += 1
            continue
        yield _row("aws", role.arn or role.name or "", _judge_role(evidence, aws, role, token, at, profile), say)
    if others:
        yield {
            "cloud": "aws",
            "resource": f"{others} more roles, which trust no OIDC provider",
            "prediction": "refused",
            "step": None,
            "clause": "",
            "why": "",
            "at": aws.roles.file,
        }


def _trusts_oidc(trust_policy: Document) -> bool:
    return any(split_provider(arn) or arn in BUILT_IN for arn, _ in federated(trust_policy.value))


def _judge_role(
    evidence: TargetEvidence, aws: AwsEvidence, role: Role, token: Token, at: float, profile: Any
) -> Diagnosis:
    """Judge the role as the target, without evidence about other roles."""
    empty = Missing("the role's policies", "not read for every role of the account")
    target = evidence.target._replace(aws=TargetAws(role_arn=role.arn), gcp=None)
    aws_of_role = aws._replace(role=role, near_roles=(), attached_policies=empty, documents={})
    case = Case("aws", evidence._replace(target=target, aws=aws_of_role, gcp=None, observed=()), token, at, profile)
    return diagnose(case, evaluate(case))


def _providers(evidence: TargetEvidence, token: Token, at: float, profile: Any, say: Say) -> Iterator[dict[str, Any]]:
    gcp = evidence.gcp
    if gcp is None:
        return
    listed = gcp.provider_list
    providers = list(parse_gcp_providers(listed.text, listed.file)) if isinstance(listed, Document) else []
    if isinstance(gcp.provider, GcpProvider) and gcp.provider.name not in {provider.name for provider in providers}:
        providers.append(gcp.provider)
    for provider in providers[:_MOST]:
        if provider.name:
            yield _row("gcp", provider.name, _judge_provider(evidence, gcp, provider, token, at, profile), say)


def _judge_provider(
    evidence: TargetEvidence, gcp: GcpEvidence, provider: GcpProvider, token: Token, at: float, profile: Any
) -> Diagnosis:
    """Judge the exchange with the provider, without an impersonation."""
    target = evidence.target._replace(gcp=TargetGcp(provider=provider.name), aws=None)
    pool = (provider.name or "").partition("/providers/")[0]
    gcp_of_provider = gcp._replace(provider=provider, near_providers=(), pool=_pool(gcp, pool), credentials=_NONE)
    case = Case("gcp", evidence._replace(target=target, gcp=gcp_of_provider, aws=None, observed=()), token, at, profile)
    return diagnose(case, evaluate(case))


_NONE = Missing("gcp/credentials.json", "not of this provider")


def _pool(gcp: GcpEvidence, name: str) -> Any:
    if not isinstance(gcp.pool, Missing) and gcp.pool.name == name:
        return gcp.pool
    if isinstance(gcp.pool_list, Document):
        try:
            pools = parse_gcp_pools(gcp.pool_list.text, gcp.pool_list.file)
        except Unreadable as error:
            return Missing("gcp/pools.json", error.reason, "unreadable")
        return next((pool for pool in pools if pool.name == name), Missing(name, "not in gcp/pools.json"))
    return Missing(name, "the pools were not read")


def _row(cloud: str, resource: str, diagnosis: Diagnosis, say: Say) -> dict[str, Any]:
    """Return the row of a role or provider, with the first refusing clause or the unknown step."""
    refusals = diagnosis.refusals if diagnosis.prediction != "accepted" else []
    first = next((refusal for refusal in refusals if refusal.certain), None) or next(iter(refusals), None)
    unknown = next((row for row in diagnosis.rows if row.state == "unknown"), None)
    why = say(first) if first else ""
    if not why and diagnosis.prediction == "unknown" and unknown is not None:
        why = unknown.note or f"{unknown.id} is not known"
    return {
        "cloud": cloud,
        "resource": resource,
        "prediction": diagnosis.prediction,
        "step": diagnosis.step or (unknown.id if unknown and diagnosis.prediction == "unknown" else None),
        "clause": str(first.clause) if first is not None else "",
        "why": why,
        "at": str(first.where) if first is not None and first.where else "",
    }
