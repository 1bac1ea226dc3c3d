"""Build the condition keys of an AssumeRoleWithWebIdentity request, with their values.

Which claims are condition keys, and their values, follow the IAM condition-key reference and recorded evaluations
(no iss, azp, exp or jti key; `aud` is azp where that is set; other claims are ignored).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor import iam
from oidc_doctor.issuers import condition_keys
from oidc_doctor.judge.aws.arns import BUILT_IN, issuer_path
from oidc_doctor.judge.aws.global_keys import is_unknown, is_unlisted
from oidc_doctor.judge.aws.session_claims import (
    PRINCIPAL_TAGS,
    ROLES,
    SOURCE_IDENTITY,
    TAGS,
    TRANSITIVE,
    roles_claim,
    session_tags,
    source_identity,
    transitive_keys,
)
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.document import ABSENT, UNKNOWN, Json
from oidc_doctor.model.placeholder import Pasted, has_placeholder, is_left_out, may_equal

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange
    from oidc_doctor.model.evidence import Token

ASSUME = "sts:AssumeRoleWithWebIdentity"
# Keys of the request that a bundle cannot know unless the target's context says so.
_OF_THE_CALL = ("aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp", "aws:UserAgent")


def request_context(exchange: AwsExchange, policy: Json) -> dict[str, Any]:
    """Return the request's value of each condition key; claims as in the token, iam.UNKNOWN for unread values.

    A policy key with a placeholder in its prefix may belong to any issuer, so it is included as well.
    """
    keys = _keys_once(policy)
    # in this order: the target's context takes precedence
    context = _unread_keys(exchange, keys) | _keys_of_request(exchange)
    return _with_aliases(exchange, context, keys)


def _keys_of_request(exchange: AwsExchange) -> dict[str, Any]:
    token, request, path = exchange.token, exchange.request, issuer_path(exchange.issuer or "")
    context: dict[str, Any] = dict.fromkeys(_OF_THE_CALL, iam.UNKNOWN)
    context["aws:RequestedRegion"] = request.region or iam.UNKNOWN
    context |= {
        "aws:CurrentTime": rfc3339(exchange.case.at),
        "aws:EpochTime": str(int(exchange.case.at)),
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",  # a direct call (IAM User Guide, global keys)
        "aws:PrincipalType": "User",
        "aws:ResourceAccount": exchange.account or iam.UNKNOWN,
        "sts:RoleSessionName": request.role_session_name or iam.UNKNOWN,
        "sts:RoleAuthorizedByIdp": _authorized_by_idp(exchange),
    }
    if exchange.provider_arn:
        context |= {"aws:FederatedProvider": exchange.provider_arn, "aws:userid": exchange.provider_arn}
    if exchange.account:
        # recorded as the provider's account; the page on VPC endpoint policies of STS counts the key as absent
        context["aws:PrincipalAccount"] = exchange.account
    for claim, form in condition_keys(exchange.case.profile, exchange.issuer).items():
        value = _key_value(exchange, claim, form)
        if value is not None:
            context[f"{path}:{claim}"] = value
    if path in BUILT_IN and not exchange.built_in:  # a provider in the account has the same keys as any other provider
        for claim in ("email", "amr"):
            value = token.claim(claim)
            if value is not ABSENT:
                context.setdefault(f"{path}:{claim}", value if isinstance(value, str | list) else iam.UNKNOWN)
    context |= _session_keys(token)
    if not request.context:
        return context
    tested: dict[str, Any] = {name: _text(value, exchange) for name, value in request.context.items()}
    prefix = f"{path}:".lower()
    of_token = {folded: value for name, value in context.items() if (folded := name.lower()).startswith(prefix)}
    for name, value in tested.items():
        if of_token.get(name.lower(), value) not in (value, iam.UNKNOWN):
            tested[name] = iam.UNKNOWN  # the token has a different value
    named = {name.lower() for name in tested}  # IAM ignores the case of names, so only one value may remain
    return {name: value for name, value in context.items() if name.lower() not in named} | tested


def _session_keys(token: Token) -> dict[str, Any]:
    """Return the keys from the claims that shape the session; unknown if the token is incomplete and shows none."""
    keys: dict[str, Any] = {}
    tags, transitive, identity = session_tags(token), transitive_keys(token), source_identity(token)
    if token.claim(TAGS) is UNKNOWN:
        keys["aws:TagKeys"] = iam.UNKNOWN
    elif tags:
        keys["aws:TagKeys"] = list(tags)
    keys |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if transitive:
        keys["sts:TransitiveTagKeys"] = transitive
    elif UNKNOWN in (token.claim(TAGS), token.claim(TRANSITIVE)):
        keys["sts:TransitiveTagKeys"] = iam.UNKNOWN
    if identity is not None:
        keys["sts:SourceIdentity"] = identity
    elif token.claim(SOURCE_IDENTITY) is UNKNOWN:
        keys["sts:SourceIdentity"] = iam.UNKNOWN
    return keys


def _unread_keys(exchange: AwsExchange, keys: _Keys) -> dict[str, Any]:
    """Return the policy's keys that the request may have and that were not read."""
    unread = dict(keys.unread)
    if keys.tags:
        known_keys = {f"aws:requesttag/{key}".lower() for key in session_tags(exchange.token)}
        unread |= dict.fromkeys(
            (key.lower() for key in keys.tags if _may_be_tag(exchange.token, key, known_keys)), iam.UNKNOWN
        )
    return unread


def _may_be_tag(token: Token, key: str, known_keys: set[str]) -> bool:
    if key.lower() in known_keys:
        return False
    return UNKNOWN in (token.claim(TAGS), token.claim(PRINCIPAL_TAGS + key.partition("/")[2]))


def _authorized_by_idp(exchange: AwsExchange) -> Any:
    """Return the Bool key: false without a roles claim, true if the roles claim names the role."""
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
        # STS refuses several entries before it evaluates the policy, so the key's value was never observed
        return _text(value[0], exchange) if len(value) == 1 else iam.UNKNOWN if value else None
    return _text(value, exchange)


def _text(value: Json, exchange: AwsExchange) -> str:
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return Pasted(text) if exchange.token_pasted and has_placeholder(text) else text


def _with_aliases(exchange: AwsExchange, context: dict[str, Any], keys: _Keys) -> dict[str, Any]:
    path = issuer_path(exchange.issuer or "")
    extra: dict[str, Any] = {}
    for key in keys.every if exchange.gap(path) else keys.gapped:
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


class _Keys(NamedTuple):
    """The condition keys that a policy tests, once each."""

    every: list[str]
    unread: dict[str, Any]  # in lower case: those whose value only other evidence would show, iam.UNKNOWN
    tags: list[str]  # of session tags
    gapped: list[str]  # whose prefix may be another one


# Keyed by the id of a policy, which is kept so that its id is not reused: many tokens are judged on few policies.
_KEYS: dict[int, tuple[Json, _Keys]] = {}
_MOST_KEPT = 64


def _keys_once(policy: Json) -> _Keys:
    if id(policy) not in _KEYS:
        if len(_KEYS) >= _MOST_KEPT:
            _KEYS.clear()
        _KEYS[id(policy)] = (policy, _keys_in(policy))
    return _KEYS[id(policy)][1]


def _keys_in(policy: Json) -> _Keys:
    keys = list(dict.fromkeys(condition_keys_of(policy)))
    return _Keys(
        keys,
        dict.fromkeys((key.lower() for key in keys if is_unknown(key) or is_unlisted(key)), iam.UNKNOWN),
        [key for key in keys if key.lower().startswith("aws:requesttag/")],
        [key for key in keys if has_placeholder(prefix := key.rpartition(":")[0]) or is_left_out(prefix)],
    )


_OF_A_PART = 3  # explaining a condition key or a statement takes as long as explaining so many values


def compared_in(policies: Sequence[Json]) -> int:
    """Return how many distinct values trust policies have, with which the work of explaining a decision grows.

    A condition key, and a statement of the longest policy, count threefold.
    """
    return len(_scalars_in(list(policies))) + _OF_A_PART * parts_of(policies)


def _scalars_in(value: Json) -> set[str | float | None]:
    """Return the distinct values of a JSON value, except the names of members."""
    scalars, waiting = set[str | float | None](), [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict | list):
            waiting.extend(inner.values() if isinstance(inner, dict) else inner)
        else:
            scalars.add(inner)
    return scalars


def parts_of(policies: Sequence[Json]) -> int:
    """Return how many distinct condition keys trust policies have, and the longest of them statements."""
    keys = {key for policy in policies for key in condition_keys_of(policy)}
    statements = [policy.get("Statement") for policy in policies if isinstance(policy, dict)]
    return len(keys) + max((len(listed) if isinstance(listed, list) else 1 for listed in statements), default=0)


def condition_keys_of(policy: Json) -> list[str]:
    """Return the keys that the policy's conditions test, and the keys named by variables in values and resources."""
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    keys: list[str] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict):
            continue
        for element in ("Resource", "NotResource"):
            patterns = statement.get(element)
            for pattern in patterns if isinstance(patterns, list) else [patterns]:
                keys += iam.variable_keys(pattern) if isinstance(pattern, str) else []
        block = statement.get("Condition")
        for operands in block.values() if isinstance(block, dict) else ():
            for key, values in operands.items() if isinstance(operands, dict) else ():
                keys.append(key)
                for value in values if isinstance(values, list) else [values]:
                    keys += iam.variable_keys(value) if isinstance(value, str) else []
    return keys
