"""Changes of the healthy Google Cloud set-up, and the sentences of Google Cloud, for the tables of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conftest import Bundle

NOW = Bundle.NOW
HOST = "//iam.googleapis.com/"
NUMBER, POOL = Bundle.PROJECT_NUMBER, Bundle.POOL
TARGET = 'invalid_target: The target service indicated by the "audience" parameters is invalid'
AUDIENCE_FORM = 'invalid_request: Invalid value for "audience"'
NO_CONNECTION = "invalid_grant: Error connecting to the given credential's issuer."
REJECTED = "unauthorized_client: The given credential is rejected by the attribute condition."
NO_SUBJECT = "unauthorized_client: Could not obtain a value for google.subject"
DENIED = "PERMISSION_DENIED: Permission 'iam.serviceAccounts.getAccessToken' denied"
SET = f"principalSet://iam.googleapis.com/{POOL}"
ONE = f"principal://iam.googleapis.com/{POOL}"
STALE = f"invalid_grant: ID Token issued at {NOW - 60} is stale to sign-in."


def asks(**gcp: Any) -> Callable[[Bundle], Any]:
    box = {
        "provider": Bundle.GCP_PROVIDER, "audience": HOST + Bundle.GCP_PROVIDER,
        "service_account": Bundle.SERVICE_ACCOUNT,
    } | gcp  # fmt: skip
    return lambda b: b.target(gcp={name: value for name, value in box.items() if value is not ...})


def audience(text: str) -> Callable[[Bundle], Any]:
    return asks(audience=text, provider=...)


def token(**claims: Any) -> Callable[[Bundle], Any]:
    return lambda b: b.token(b.claims_of(**claims))


def provider(**members: Any) -> Callable[[Bundle], Any]:
    return lambda b: b.gcp_provider(**members)


def member(*members: str, **more: Any) -> Callable[[Bundle], Any]:
    return lambda b: b.service_account_policy(*members, **more)


def condition(text: str) -> Callable[[Bundle], Any]:
    return lambda b: b.gcp_provider(condition=text)
