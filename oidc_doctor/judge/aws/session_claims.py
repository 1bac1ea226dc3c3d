"""The claims that shape an AWS session: tags, source identity, roles. Written by the issuer, on the workload's behalf.

Forms and texts: recorded STS calls of September 2026 (tags); for the roles claim a public write-up of July 2026, whose
codes were verified and whose second and third text come from another verifier.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.judge import error_texts as texts
from oidc_doctor.judge.aws.token import invalid
from oidc_doctor.judge.exchange import NO_TOKEN, shown
from oidc_doctor.model.document import ABSENT, UNKNOWN, Json
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange
    from oidc_doctor.model.evidence import Token

TAGS = "https://aws.amazon.com/tags"
PRINCIPAL_TAGS = f"{TAGS}/principal_tags/"
TRANSITIVE = f"{TAGS}/transitive_tag_keys"
SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"
ROLES = "https://aws.amazon.com/roles"
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)


def session_tags(token: Token) -> dict[str, str]:
    """Return the session tags that a well-formed token requests."""
    session: dict[str, str] = {}
    nested = token.claim(TAGS)
    nested_tags = nested.get("principal_tags") if isinstance(nested, dict) else None
    if isinstance(nested_tags, dict):
        for key, value in nested_tags.items():
            if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
                session[key] = value[0]
    for name, value in token.claims.items():
        if name.startswith(PRINCIPAL_TAGS) and isinstance(value, str):
            session[name.removeprefix(PRINCIPAL_TAGS)] = value
    return session


def transitive_keys(token: Token) -> list[str]:
    """Return the transitive tag keys that a token requests."""
    nested = token.claim(TAGS)
    keys = nested.get("transitive_tag_keys") if isinstance(nested, dict) else token.claim(TRANSITIVE)
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


def source_identity(token: Token) -> str | None:
    """Return the source identity that a token sets."""
    value = token.claim(SOURCE_IDENTITY)
    return value if isinstance(value, str) else None


def roles_claim(token: Token) -> list[str] | None:
    """Return the entries of the roles claim; None without the claim (null counts as absent: recorded)."""
    value = token.claim(ROLES)
    if value in (ABSENT, UNKNOWN, None):
        return None
    entries = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else []
    return [entry.strip() for entry in entries if isinstance(entry, str) and entry.strip()]


def judge_session_claims(exchange: AwsExchange) -> None:
    """Settle `session-claims`."""
    token = exchange.token
    if token.fault_kind:
        exchange.settle("session-claims", "unknown", "the token could not be read")
        return
    _judge_tags(exchange, token.claim(TAGS))
    _judge_roles(exchange, token.claim(ROLES))
    result = exchange.results["session-claims"]
    if result.state == "unknown" and not result.refusals:
        if not exchange.given:
            exchange.assume("session-claims", NO_TOKEN)
        elif UNKNOWN in (token.claim(TAGS), token.claim(ROLES)):
            exchange.assume("session-claims", "that the token has no tags, source identity or roles claims (not given)")
        present = [name for name in token.claims if name.startswith("https://aws.amazon.com/")]
        if result.state == "unknown":
            exchange.passed("session-claims", "" if present else "the token has none")


def _judge_tags(exchange: AwsExchange, nested: Json) -> None:
    for name, value in exchange.token.claims.items():
        if name.startswith(PRINCIPAL_TAGS) and not isinstance(value, str):
            exchange.refuse(
                Kind.TAGS_CLAIM_MALFORMED,
                invalid(texts.PRINCIPAL_TAGS_FORMAT, certain=False),
                where=exchange.claim_origin(name),
                certain=False,
                settle="a token whose flattened tags are plain texts: the answer to another form was never recorded",
                reason=f"{name} is {shown(value)}, a text is required",
            )
    if nested in (ABSENT, UNKNOWN):
        return
    at = exchange.claim_origin(TAGS)
    if nested is None:
        return  # STS's handling of null here was never recorded; it is treated as absent, like the roles claim
    if not isinstance(nested, dict):
        exchange.refuse(
            Kind.TAGS_CLAIM_MALFORMED,
            invalid(texts.TAGS_FORMAT),
            where=at,
            reason=f"{TAGS} is {shown(nested)}, an object is required",
        )
        return
    tags = nested.get("principal_tags")
    if tags is None:
        return
    wrong = (
        [name for name, value in tags.items() if not (isinstance(value, list) and len(value) == 1)]
        if isinstance(tags, dict)
        else ["principal_tags"]
    )
    if wrong:
        exchange.refuse(
            Kind.TAGS_CLAIM_MALFORMED,
            invalid(texts.PRINCIPAL_TAGS_FORMAT),
            where=at,
            reason=f"{', '.join(wrong)}: each value must be a list of exactly one text",
        )


def _judge_roles(exchange: AwsExchange, claim: Json) -> None:
    entries = roles_claim(exchange.token)
    if entries is None:
        return
    at = exchange.claim_origin(ROLES)
    if not isinstance(claim, str | list):
        exchange.refuse(Kind.ROLES_CLAIM_MALFORMED, invalid(texts.ROLES_FORMAT), where=at, found=shown(claim))
        return
    valid = [entry for entry in entries if _ROLE.fullmatch(entry) or exchange.gap(entry)]
    if not valid:
        exchange.refuse(Kind.ROLES_CLAIM_MALFORMED, invalid(texts.ROLES_NO_VALID), where=at, found=shown(claim))
        return
    wanted = exchange.request.role_arn
    if wanted is None or wanted in valid:
        return
    exchange.refuse(
        Kind.ROLES_CLAIM_EXCLUDES_ROLE,
        expected=Side(", ".join(valid), at),
        actual=Side(wanted, exchange.case.evidence.target.origins.get("aws.role_arn")),
        certain=not exchange.gap(wanted, *valid),
    )
