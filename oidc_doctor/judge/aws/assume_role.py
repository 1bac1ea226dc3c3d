"""Compare the auth method of the Truss configuration with the calls that the role's trust policy allows.

With AWS_ASSUME_ROLE Baseten's own principal calls sts:AssumeRole with an external id, and no token is sent; with
AWS_OIDC the workload's token is sent with sts:AssumeRoleWithWebIdentity (truss 0.18.27 and later, read; baseten org
describe).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.documents.truss import truss_sources
from oidc_doctor.judge.aws.compiled import trust_policy
from oidc_doctor.judge.aws.request_context import ASSUME
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Clause, Side
from oidc_doctor.model.steps import PASSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.documents.truss import TrussSource
    from oidc_doctor.judge.aws.state import AwsExchange

_CALLS = {"AWS_ASSUME_ROLE": "sts:AssumeRole", "AWS_OIDC": ASSUME}
_ARNS = {"AWS_ASSUME_ROLE": "aws_assume_role_arn", "AWS_OIDC": "aws_oidc_role_arn"}


def judge_method(exchange: AwsExchange) -> None:
    """Refuse `obtain` or `authorise` where the trust policy allows only the call of the other method."""
    role, truss = exchange.aws.role, exchange.case.evidence.truss
    if not isinstance(role, Role) or isinstance(role.trust_policy, Missing) or isinstance(truss, Missing):
        return
    policy = role.trust_policy
    for source in _of_role(exchange, role, truss):
        other = next(method for method in _CALLS if method != source.method)
        if _allows(exchange, policy, _CALLS[source.method]) is not False:
            continue
        if not _allows(exchange, policy, _CALLS[other]):
            continue
        if source.method == "AWS_OIDC" and exchange.results["authorise"].state == PASSED:
            continue
        at = truss.at(source.place("auth_method"))
        exchange.refuse(
            Kind.AUTH_METHOD_DIFFERS_FROM_TRUST,
            # without a token there is no exchange of this kind at all
            step="obtain" if source.method == "AWS_ASSUME_ROLE" else "authorise",
            expected=Side(_CALLS[other], policy.at("/Statement")),
            actual=Side(source.method, at),
            where=at,
            location=Clause((source.named("auth_method"), source.method)),
            rank=-15,  # first, since the clause was not written for this call
            facts={"method": source.method, "other": other, "call": _CALLS[source.method], "allowed": _CALLS[other]},
        )
        return


def _of_role(exchange: AwsExchange, role: Role, truss: Document) -> Iterator[TrussSource]:
    """Return the settings that fetch something with this role."""
    for source in truss_sources(truss):
        if source.method not in _CALLS:
            continue
        arn = (source.auth or {}).get(_ARNS[source.method])
        role_arn = role.arn or exchange.request.role_arn
        if isinstance(arn, str) and not has_placeholder(arn) and role_arn in (None, arn):
            yield source


def _allows(exchange: AwsExchange, document: Document, call: str) -> bool | None:
    """Whether an Allow of the policy names the call; None if a statement is unreadable."""
    rows = trust_policy(document, pasted=exchange.pasted).decide("", call, {}).statements
    actions = [row.action for row in rows if row.effect != "Deny"]
    if any(actions):
        return True
    return None if None in actions or not rows else False
