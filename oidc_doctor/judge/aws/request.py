"""The parameters of the AssumeRoleWithWebIdentity request."""

from __future__ import annotations

import re

from oidc_doctor.judge.aws.arns import RoleArn, read_role_arn
from oidc_doctor.judge.aws.partitions import judge_partitions
from oidc_doctor.judge.aws.role_policies import read_session_policy
from oidc_doctor.judge.aws.state import AwsExchange
from oidc_doctor.judge.aws.token import LONGEST, SHORTEST, invalid
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder, is_left_out
from oidc_doctor.model.refusal import Clause, CloudError, Side

_SESSION_NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)


_NAME_LENGTH = (2, 64)  # characters of RoleSessionName (STS API)


_DURATION = (900, 43_200)  # seconds (STS API)


_POLICY_LONGEST = 2048


def judge_request(exchange: AwsExchange) -> None:
    """Judge the request's parameters: role ARN, session name, duration, provider id, policy."""
    request, arn = exchange.request, exchange.role_arn
    origins = exchange.case.evidence.target.origins
    if arn is None and isinstance(exchange.aws.role, Role):
        exchange.assume("request", "the request (the role ARN was not given)")
    elif arn is None:
        exchange.settle("request", "unknown", "the role ARN of the request is not known")
    elif arn.fault or (arn := _as_named(exchange, arn)).fault:
        code, message = arn.error
        exchange.refuse(
            Kind.ROLE_ARN_MALFORMED,
            CloudError(code, message),
            actual=Side(arn.text, origins.get("aws.role_arn"), arn.spans),
            certain=not arn.unsure and not is_left_out(arn.text),
            found=arn.text,
            reason=arn.fault,
        )
    if request.role_session_name is None and request.duration_seconds is None:
        exchange.unseen.add(Kind.REQUEST_MALFORMED)
    if request.provider_id:
        _refuse_provider_id(exchange, request.provider_id)
    _judge_parameters(exchange)
    judge_partitions(exchange)
    if arn is not None and exchange.results["request"].state == "unknown" and not exchange.results["request"].refusals:
        exchange.passed("request", "", origins.get("aws.role_arn"))


def _as_named(exchange: AwsExchange, arn: RoleArn) -> RoleArn:
    """Return the role ARN; if the observed error calls it malformed, redactions are not considered."""
    named = any(reading.kind is Kind.ROLE_ARN_MALFORMED for reading in exchange.case.readings)
    strict = read_role_arn(arn.text, pasted=False) if named else arn
    return strict if strict.fault and not has_placeholder(arn.text) else arn


def _refuse_provider_id(exchange: AwsExchange, provider_id: str) -> None:
    errors = {
        "www.amazon.com": invalid("Provided Token is not a Login With Amazon token", certain=False),
        "graph.facebook.com": CloudError("IDPRejectedClaim", "", certain=False),
    }
    other = CloudError(
        "AccessDenied",
        "Unrecognized OAuth provider. Do not include a provider parameter when submitting OpenIDConnect ID tokens",
    )
    exchange.refuse(
        Kind.PROVIDER_ID_SENT,
        errors.get(provider_id, other),
        actual=Side(provider_id, exchange.case.evidence.target.origins.get("aws.provider_id")),
        provider_id=provider_id,
    )


def _judge_parameters(exchange: AwsExchange) -> None:
    """Check length, range and pattern of the other parameters, with the service's own wording."""
    request = exchange.request
    wrong: list[tuple[str, str, str, Kind]] = []  # parameter, value as printed, constraint, kind
    name = request.role_session_name
    if name is not None and not exchange.gap(name):
        if len(name) > _NAME_LENGTH[1]:
            wrong.append(
                ("roleSessionName", name, "Member must have length less than or equal to 64", Kind.REQUEST_MALFORMED)
            )
        if len(name) < _NAME_LENGTH[0]:
            wrong.append(
                ("roleSessionName", name, "Member must have length greater than or equal to 2", Kind.REQUEST_MALFORMED)
            )
        if not _SESSION_NAME.fullmatch(name):
            pattern = "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
            wrong.append(("roleSessionName", name, pattern, Kind.REQUEST_MALFORMED))
    seconds = request.duration_seconds
    if seconds is not None and seconds < _DURATION[0]:
        limit = f"Member must have value greater than or equal to {_DURATION[0]}"
        wrong.append(("durationSeconds", str(seconds), limit, Kind.REQUEST_MALFORMED))
    if seconds is not None and seconds > _DURATION[1]:
        limit = f"Member must have value less than or equal to {_DURATION[1]}"
        wrong.append(("durationSeconds", str(seconds), limit, Kind.REQUEST_MALFORMED))
    if request.policy is not None and len(request.policy) > _POLICY_LONGEST:
        limit = f"Member must have length less than or equal to {_POLICY_LONGEST}"
        wrong.append(("policy", "", limit, Kind.SESSION_POLICY_TOO_LARGE))
    elif request.policy is not None and not exchange.gap(request.policy) and not _is_policy(request.policy):
        exchange.refuse(
            Kind.REQUEST_MALFORMED,
            CloudError("MalformedPolicyDocument", "", certain=False),
            step="request",
            where=exchange.case.evidence.target.origins.get("aws.policy"),
            location=Clause(("Policy",)),
            parameter="Policy",
            found=request.policy,
            wanted="a policy document in JSON",
        )
    size = exchange.token.size
    if size is not None and size < SHORTEST and exchange.token.fault_kind != "no-token":
        limit = f"Member must have length greater than or equal to {SHORTEST}"
        wrong.append(("webIdentityToken", "", limit, Kind.REQUEST_MALFORMED))
    if size is not None and size > LONGEST:
        limit = f"Member must have length less than or equal to {LONGEST}"
        wrong.append(("webIdentityToken", "", limit, Kind.TOKEN_OVER_SIZE_LIMIT))
    if not wrong:
        return
    count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: "
    parts = [
        f"{_printed(value)} at '{parameter}' failed to satisfy constraint: {constraint}"
        for parameter, value, constraint, _ in wrong
    ]
    error = CloudError("ValidationError", count + "; ".join(parts))
    for parameter, value, constraint, kind in wrong:
        exchange.refuse(
            kind,
            error,
            step="request",
            where=exchange.case.evidence.target.origins.get("aws." + _snake(parameter)),
            location=Clause((parameter[0].upper() + parameter[1:],)),
            parameter=parameter[0].upper() + parameter[1:],
            found=value,
            wanted=constraint.removeprefix("Member must "),
            size=str(len(request.policy or "") if kind is Kind.SESSION_POLICY_TOO_LARGE else size),
            limit=constraint.rsplit(" ", 1)[-1],
        )


def _is_policy(text: str) -> bool:
    """Whether a text is a JSON object with a Statement (STS API: MalformedPolicyDocument for any other)."""
    document = read_session_policy(text)
    return document is not None and isinstance(document.value, dict) and "Statement" in document.value


def _printed(value: str) -> str:
    """Return the value as STS prints it; secret and long values are omitted."""
    return f"Value '{value}'" if value else "Value"


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()
