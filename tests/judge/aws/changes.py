"""Changes of the healthy AWS set-up, and the sentences of AWS, for the tables of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conftest import Bundle

NOW = Bundle.NOW
AUD, SUB = Bundle.AUD_KEY, Bundle.SUB_KEY
VALIDATE = "InvalidIdentityToken: The web identity token provided could not be validated"
DENIED = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
NO_KEY = "InvalidIdentityToken: Couldn't retrieve verification key"
NOT_A_JWT = "InvalidIdentityToken: The ID Token provided is not a valid JWT"
TAGS = "https://aws.amazon.com/tags"
ROLES = "https://aws.amazon.com/roles"
IDENTITY = "https://aws.amazon.com/source_identity"
OTHER_PROVIDER = Bundle.PROVIDER_ARN.replace(Bundle.ACCOUNT, Bundle.OTHER_ACCOUNT)


def sends(**request: Any) -> Callable[[Bundle], Any]:
    return lambda b: b.sends(**request)


def token(**claims: Any) -> Callable[[Bundle], Any]:
    return lambda b: b.token(b.claims_of(**claims))


def when(operator: str, key: str, value: Any) -> Callable[[Bundle], Any]:
    return lambda b: b.condition({operator: {key: value}})


def statement(**members: Any) -> Callable[[Bundle], Any]:
    return lambda b: b.trust(b.statement(**members))


def constraint(parameter: str, limit: str) -> str:
    return f"at '{parameter}' failed to satisfy constraint: Member must {limit}"
