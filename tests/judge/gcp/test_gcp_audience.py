"""The token's audience against the allowedAudiences."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    HOST,
    provider,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "one of two names left in": Rule(
        lambda b: b.gcp_provider(audiences=("https://example.com/ORG_ID", "other")), "audience", "audience-not-allowed",
        "invalid_grant: The audience in ID Token",
    ),
    "healthy": Rule(lambda b: b, "audience", "passed"),
    "another": Rule(
        provider(audiences=("other",)), "audience", "audience-not-allowed",
        "invalid_grant: The audience in ID Token [oidc.baseten.co] does not match the expected audience.", {},
        ("other", Bundle.AUDIENCE),
    ),
    "one of two": Rule(provider(audiences=("other", Bundle.AUDIENCE)), "audience", "passed"),
    "one of the token's two": Rule(token(aud=["other", Bundle.AUDIENCE]), "audience", "passed"),
    "none allowed": Rule(
        provider(audiences=()), "audience", "allowed-audiences-empty", "invalid_grant: The audience in ID Token [oidc."
    ),
    "the default": Rule(
        lambda b: b.gcp_provider(audiences=()).token(b.claims_of(aud="https:" + HOST + b.GCP_PROVIDER)), "audience",
        "passed",
    ),
    "the default without https": Rule(
        lambda b: b.gcp_provider(audiences=()).token(b.claims_of(aud=HOST + b.GCP_PROVIDER)), "audience", "passed"
    ),
    "none": Rule(
        token(aud=...), "audience", "claim-missing", "invalid_grant: The audience in ID Token [] does not",
        {"claim": "aud"},
    ),
    "placeholder": Rule(
        provider(audiences=("YOUR_CLIENT_ID",)), "audience", "placeholder-left-in",
        "invalid_grant: The audience in ID Token", {"value_name": "allowedAudiences", "placeholder": "YOUR_CLIENT_ID"},
    ),
    "redacted": Rule(
        provider(audiences=("<audience>",)), "audience", "audience-not-allowed?", "invalid_grant: The audience"
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
