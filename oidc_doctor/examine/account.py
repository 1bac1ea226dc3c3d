"""Judge a token on each role and provider of an account, as if each were the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.provider import gcp_pools_of, gcp_providers_of
from oidc_doctor.documents.trust_policy import roles_of
from oidc_doctor.findings.causes import Diagnosis, diagnose
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.aws.arns import BUILT_IN, federated, split_provider
from oidc_doctor.judge.profiles import complete_hypothetical, profile_of
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import (
    AwsEvidence,
    GcpEvidence,
    GcpPool,
    GcpProvider,
    Role,
    TargetAws,
    TargetEvidence,
    TargetGcp,
    Token,
)
from oidc_doctor.model.limits import SURVEYED
from oidc_doctor.model.refusal import Refusal

_ORDER = {"accepted": 0, "unknown": 1, "refused": 2}

Say = Callable[[Refusal], str]


class Listed(NamedTuple):
    """The listed roles and providers of a target, read once for all of its tokens."""

    roles: tuple[Role, ...] = ()  # those that trust OIDC, or whose trust policy was not read
    others: int = 0  # roles that trust no OIDC provider
    others_in: str = ""  # their file
    providers: tuple[GcpProvider, ...] = ()
    pools: dict[str, GcpPool] | Missing | None = None  # by name; None if they were not read
    repeats_pools: bool = False  # a name is listed twice, perhaps with two states

    @property
    def number(self) -> int:
        """How many roles and providers there are to judge for each token."""
        return len(self.roles) + len(self.providers)


def listed_of(evidence: TargetEvidence) -> Listed:
    """Return the roles and providers that the evidence of a target lists."""
    listed = Listed()
    aws, gcp = evidence.aws, evidence.gcp
    if aws is not None and isinstance(aws.roles, Document):
        roles = roles_of(aws.roles)
        ours = tuple(role for role in roles if not isinstance(role.trust_policy, Document) or _trusts_oidc(role))
        listed = listed._replace(roles=ours, others=len(roles) - len(ours), others_in=aws.roles.file)
    if gcp is not None:
        read = gcp_providers_of(gcp.provider_list) if isinstance(gcp.provider_list, Document) else ()
        if isinstance(gcp.provider, GcpProvider) and gcp.provider.name not in {provider.name for provider in read}:
            read = (*read, gcp.provider)
        providers = tuple(provider for provider in read if provider.name)
        listed = listed._replace(providers=providers)
        if providers and isinstance(gcp.pool_list, Document):
            listed = _with_pools(listed, gcp.pool_list)
    return listed


def survey(targets: Iterable[TargetEvidence], at: float, say: Say) -> tuple[list[dict[str, Any]], bool]:
    """Return a row for each token with each listed role and provider, and whether the bound left some of them out.

    The accepting ones of a token come first. Roles that trust no OIDC provider are counted in one row. `say` words a
    refusal.
    """
    rows: list[dict[str, Any]] = []
    left = SURVEYED.most
    for evidence in targets:
        listed = listed_of(evidence) if evidence.tokens else Listed()
        for token in evidence.tokens:
            rows += _rows_of(evidence, listed, token, at, say, left)
            if listed.number > left:
                return rows, True
            left -= listed.number
    return rows, False


def _rows_of(
    evidence: TargetEvidence, listed: Listed, token: Token, at: float, say: Say, most: int
) -> list[dict[str, Any]]:
    """Return the rows of one token, for the first `most` roles and providers."""
    profile = profile_of(evidence, token)
    whole = complete_hypothetical(token, profile, evidence)
    rows = list(islice(_judged(evidence, listed, whole, at, profile, say), most))
    if listed.others:
        rows.append(
            {
                "cloud": "aws",
                "resource": f"{listed.others} more roles, which trust no OIDC provider",
                "prediction": "refused",
                "step": None,
                "clause": "",
                "why": "",
                "at": listed.others_in,
            }
        )
    return sorted(rows, key=lambda row: (_ORDER[row["prediction"]], row["cloud"]))


def _judged(
    evidence: TargetEvidence, listed: Listed, token: Token, at: float, profile: Any, say: Say
) -> Iterator[dict[str, Any]]:
    aws, gcp = evidence.aws, evidence.gcp
    if aws is not None:
        for role in listed.roles:
            yield _row("aws", role.arn or role.name or "", _judge_role(evidence, aws, role, token, at, profile), say)
    if gcp is None:
        return
    for provider in listed.providers:
        pool = _pool(gcp, listed, (provider.name or "").partition("/providers/")[0])
        of_provider = gcp._replace(provider=provider, near_providers=(), pool=pool, credentials=_NONE)
        if provider is not gcp.provider:  # the list that it was read from does not contradict it
            of_provider = of_provider._replace(provider_list=_ITS_OWN_LIST)
        if pool is not gcp.pool and isinstance(pool, GcpPool) and not listed.repeats_pools:
            of_provider = of_provider._replace(pool_list=_ITS_OWN_LIST)
        diagnosis = _judge_provider(evidence, of_provider, provider, token, at, profile)
        yield _row("gcp", provider.name or "", diagnosis, say)


def _trusts_oidc(role: Role) -> bool:
    policy = role.trust_policy
    return isinstance(policy, Document) and any(
        split_provider(arn) or arn in BUILT_IN for arn, _ in federated(policy.value)
    )


def _judge_role(
    evidence: TargetEvidence, aws: AwsEvidence, role: Role, token: Token, at: float, profile: Any
) -> Diagnosis:
    """Judge the role as the target, without evidence about other roles."""
    empty = Missing("the role's policies", "not read for every role of the account")
    target = evidence.target._replace(aws=TargetAws(role_arn=role.arn), gcp=None)
    aws_of_role = aws._replace(role=role, near_roles=(), attached_policies=empty, documents={})
    case = Case("aws", evidence._replace(target=target, aws=aws_of_role, gcp=None, observed=()), token, at, profile)
    return diagnose(case, evaluate(case))


def _judge_provider(
    evidence: TargetEvidence, gcp: GcpEvidence, provider: GcpProvider, token: Token, at: float, profile: Any
) -> Diagnosis:
    """Judge the exchange with the provider, without an impersonation."""
    target = evidence.target._replace(gcp=TargetGcp(provider=provider.name), aws=None)
    case = Case("gcp", evidence._replace(target=target, gcp=gcp, aws=None, observed=()), token, at, profile)
    return diagnose(case, evaluate(case))


_NONE = Missing("gcp/credentials.json", "not of this provider")
_ITS_OWN_LIST = Missing("the list", "the entry itself was read from it")


def _pool(gcp: GcpEvidence, listed: Listed, name: str) -> GcpPool | Missing:
    if not isinstance(gcp.pool, Missing) and gcp.pool.name == name:
        return gcp.pool
    if listed.pools is None:
        return Missing(name, "the pools were not read")
    if isinstance(listed.pools, Missing):
        return listed.pools
    return listed.pools.get(name) or Missing(name, "not in gcp/pools.json")


def _with_pools(listed: Listed, document: Document) -> Listed:
    """Add the listed pools by name, the first of each."""
    try:
        pools = gcp_pools_of(document)
    except Unreadable as error:
        return listed._replace(pools=Missing("gcp/pools.json", error.reason, "unreadable"))
    by_name = {pool.name: pool for pool in reversed(pools) if pool.name}
    return listed._replace(pools=by_name, repeats_pools=len(by_name) != len(pools))


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
