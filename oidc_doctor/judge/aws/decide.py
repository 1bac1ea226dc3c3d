"""Decide AssumeRoleWithWebIdentity as STS and IAM do: from a case to the trace of all steps.

The order is inferred from which error wins in recorded calls; each step's rules are verified unless a comment says
otherwise (recorded STS calls of September 2026, STS API reference, IAM user guide).
"""

from __future__ import annotations

from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.aws.access import judge_access
from oidc_doctor.judge.aws.arns import RoleArn, read_role_arn
from oidc_doctor.judge.aws.assume_role import judge_method
from oidc_doctor.judge.aws.audience import judge_audience
from oidc_doctor.judge.aws.contradictions import LEAST_MAXIMUM, contradictions
from oidc_doctor.judge.aws.provider import judge_provider
from oidc_doctor.judge.aws.request import judge_request
from oidc_doctor.judge.aws.session_claims import judge_session_claims
from oidc_doctor.judge.aws.state import AwsExchange
from oidc_doctor.judge.aws.token import judge_token
from oidc_doctor.judge.aws.trust import judge_trust
from oidc_doctor.judge.contradictions import suspect
from oidc_doctor.judge.issuer import judge_keys
from oidc_doctor.judge.setup import judge_setup
from oidc_doctor.judge.truss import judge_truss
from oidc_doctor.judge.workspace import explain_by_workspace
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Side, Trace
from oidc_doctor.model.steps import ASSUMED


def evaluate_aws(case: Case) -> Trace:
    """Judge the exchange with AWS STS for one case."""
    exchange = judged_before_role(case)
    _judge_role(exchange)
    _judge_duration(exchange)
    judge_truss(exchange)
    if case.explain:
        judge_method(exchange)
        if case.asks_access:
            judge_access(exchange)
        explain_by_workspace(exchange)
        judge_setup(exchange)
    if case.explain or case.contradictions:
        suspect(exchange, contradictions(exchange))
    return exchange.trace()


def judged_before_role(case: Case) -> AwsExchange:
    """Judge the steps before the role and its trust policy."""
    exchange = AwsExchange(case)
    _judge_obtain(exchange)
    judge_request(exchange)
    judge_token(exchange)
    if exchange.issuer_assumed:
        exchange.assumed.append(f"the token's issuer is {exchange.issuer}")
    judge_provider(exchange)
    judge_audience(exchange)
    judge_keys(exchange, exchange.issuer, provider=exchange.provider)
    judge_session_claims(exchange)
    return exchange


def _judge_obtain(exchange: AwsExchange) -> None:
    token = exchange.token
    if token.fault_kind == "no-token":
        exchange.refuse(Kind.NO_TOKEN_SENT, where=token.origin)
    elif token.kind in ("jwt", "event") or token.claims:
        exchange.passed("obtain", "", token.origin)


def _judge_role(exchange: AwsExchange) -> None:
    """Judge the role, then its trust policy: STS returns the same AccessDenied for both."""
    role, arn = exchange.aws.role, exchange.role_arn
    sent = exchange.request.role_arn or ""
    if arn is not None and not arn.fault:
        moved = next(
            (
                near
                for near in exchange.aws.near_roles
                if near.name and near.arn and near.arn != sent and _same_role(near.arn, arn)
            ),
            None,
        )
        if isinstance(role, Role) and role.arn == sent:
            moved = None  # both were read, although role names are unique in an account: a contradiction
        gone = isinstance(role, Missing) and role.proves_absence
        if moved or gone:
            difference = (
                compare_value([moved.arn or ""], sent, wildcards=False, pasted=exchange.pasted) if moved else None
            )
            exchange.refuse(
                Kind.ROLE_MISSING,
                expected=Side(moved.arn or "", moved.origin, difference.expected_spans)
                if moved and difference
                else None,
                actual=Side(
                    sent,
                    exchange.case.evidence.target.origins.get("aws.role_arn"),
                    difference.actual_spans if difference else (),
                ),
                rank=-10,
                role_arn=sent,
            )
            return
    if isinstance(role, Missing):
        if exchange.case.evidence.planned:
            exchange.settle("authorise", "unknown", role.reason)
        return
    if isinstance(role.trust_policy, Missing):
        exchange.settle("authorise", "unknown", role.trust_policy.reason)
        return
    judge_trust(exchange, role.trust_policy)


def _same_role(near: str, sent: RoleArn) -> bool:
    """Whether the role that was read is the target's: same account and name (any case), different path."""
    other = read_role_arn(near, pasted=False)
    return not other.fault and other.account == sent.account and other.name.lower() == sent.name.lower()


def _judge_duration(exchange: AwsExchange) -> None:
    role, seconds = exchange.aws.role, exchange.request.duration_seconds
    if seconds is None and (exchange.token.kind == "hypothetical" or not exchange.given):
        exchange.settle("duration", ASSUMED, "the DurationSeconds of the request was not given")
        return
    if seconds is None or seconds <= LEAST_MAXIMUM:
        exchange.passed("duration", "no longer than the least maximum of any role")
        return
    if isinstance(role, Missing) or has_placeholder(str(seconds)):
        return
    limit = role.max_session_duration or LEAST_MAXIMUM
    if seconds <= limit:
        exchange.passed("duration", "", role.origin)
        return
    exchange.refuse(
        Kind.SESSION_DURATION_OVER_LIMIT,
        expected=Side(str(limit), role.origin),
        actual=Side(str(seconds), exchange.case.evidence.target.origins.get("aws.duration_seconds")),
        requested=str(seconds),
        limit=str(limit),
    )
