"""The condition keys of an AssumeRoleWithWebIdentity request and their values.

Which claims are condition keys, and their values, follow the IAM condition-key reference and recorded evaluations
(no iss, azp, exp or jti key; `aud` is azp where that is set; other claims are ignored).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor import iam
from oidc_doctor.issuers import condition_keys
from oidc_doctor.judge.aws.arns import issuer_path
from oidc_doctor.judge.aws.session_claims import ROLES, roles_claim, session_tags, source_identity, transitive_keys
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.document import ABSENT, UNKNOWN, Json
from oidc_doctor.model.placeholder import Pasted, has_placeholder, may_equal

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange

# Keys of the request that a bundle cannot know unless the target's context says so.
_OF_THE_CALL = ("aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp", "aws:UserAgent")


def request_context(exchange: AwsExchange, policy: Json) -> dict[str, Any]:
    """Return the request's value of each condition key; claims as the token has them, iam.UNKNOWN for what is not read.

    A placeholder in the prefix of one of the policy's keys leaves open whose key it is: such a key is there as well.
    """
    return _with_aliases(exchange, _keys_of_request(exchange), policy)


def _keys_of_request(exchange: AwsExchange) -> dict[str, Any]:
    token, request, path = exchange.token, exchange.request, issuer_path(exchange.issuer or "")
    context: dict[str, Any] = dict.fromkeys(_OF_THE_CALL, iam.UNKNOWN)
    context["aws:RequestedRegion"] = request.region or iam.UNKNOWN
    context |= {
        "aws:CurrentTime": rfc3339(exchange.case.at),
        "aws:EpochTime": str(int(exchange.case.at)),
        "aws:SecureTransport": "true",
        "aws:PrincipalType": "User",
        "sts:RoleSessionName": request.role_session_name or iam.UNKNOWN,
        "sts:RoleAuthorizedByIdp": _authorized_by_idp(exchange),
    }
    if exchange.provider_arn:
        context |= {"aws:FederatedProvider": exchange.provider_arn, "aws:userid": exchange.provider_arn}
    if exchange.account:
        context["aws:PrincipalAccount"] = exchange.account
    for claim, form in condition_keys(exchange.case.profile, exchange.issuer).items():
        value = _key_value(exchange, claim, form)
        if value is not None:
            context[f"{path}:{claim}"] = value
    tags = session_tags(token)
    if tags:
        context["aws:TagKeys"] = list(tags)
        context |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if transitive_keys(token):
        context["sts:TransitiveTagKeys"] = transitive_keys(token)
    identity = source_identity(token)
    if identity is not None:
        context["sts:SourceIdentity"] = identity
    return context | {name: _text(value, exchange) for name, value in request.context.items()}


def _authorized_by_idp(exchange: AwsExchange) -> Any:
    """The Bool key: false where the token has no roles claim, true where that names the role."""
    token, role = exchange.token, exchange.request.role_arn
    entries = roles_claim(token)
    if entries is None:
        return iam.UNKNOWN if token.claim(ROLES) is UNKNOWN else "false"
    return iam.UNKNOWN if role is None else "true" if role in entries else "false"


def _key_value(exchange: AwsExchange, claim: str, form: str) -> Any:
    token = exchange.token
    value = token.claim({"oaud": "aud"}.get(claim, claim))
    if claim == "aud" and isinstance(token.claim("azp"), str | int):
        value = token.claim("azp")
    if value is UNKNOWN:
        return iam.UNKNOWN
    if value is ABSENT or value is None:
        return None
    if form == "multi":
        values = value if isinstance(value, list) else [value]
        return [_text(entry, exchange) for entry in values]
    if isinstance(value, list):
        # STS refuses several before it comes to the policy, so what the key would be was never seen
        return _text(value[0], exchange) if len(value) == 1 else iam.UNKNOWN if value else None
    return _text(value, exchange)


def _text(value: Json, exchange: AwsExchange) -> str:
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return Pasted(text) if exchange.token_pasted and has_placeholder(text) else text


def _with_aliases(exchange: AwsExchange, context: dict[str, Any], policy: Json) -> dict[str, Any]:
    path = issuer_path(exchange.issuer or "")
    extra: dict[str, Any] = {}
    for key in _condition_keys_of(policy):
        prefix, mark, claim = key.rpartition(":")
        if not mark or prefix.lower() == path.lower() or not exchange.gap(prefix, path):
            continue
        if prefix.lower().startswith(("aws", "sts", "arn:")) or may_equal(prefix.lower(), path.lower()) is False:
            continue
        claim_value = next(
            (value for name, value in context.items() if name.lower() == f"{path}:{claim}".lower()), None
        )
        if claim_value is not None:
            extra[key] = claim_value
    return {**context, **extra}


def _condition_keys_of(policy: Json) -> list[str]:
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    keys: list[str] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        block = statement.get("Condition") if isinstance(statement, dict) else None
        for operands in block.values() if isinstance(block, dict) else ():
            keys += list(operands) if isinstance(operands, dict) else []
    return keys
