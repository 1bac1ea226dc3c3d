"""The token's issuer against the issuerUri."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    provider,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "issuer", "passed"),
    "another": Rule(
        provider(oidc={"issuerUri": "https://gitlab.com"}), "issuer", "issuer-mismatch",
        "invalid_grant: The issuer in ID Token https://oidc.baseten.co does not match the expected one in config: "
        "https://gitlab.com.",
        {}, ("https://gitlab.com", Bundle.ISSUER),
    ),
    "a slash": Rule(provider(oidc={"issuerUri": Bundle.ISSUER + "/"}), "issuer", "passed"),
    "a slash in the token": Rule(token(iss=Bundle.ISSUER + "/"), "issuer", "passed"),
    "a slash, refused": Rule(
        lambda b: b.gcp_provider(oidc={"issuerUri": b.ISSUER + "/"}).error(
            f"The issuer in ID Token {b.ISSUER} does not match the expected ones: {b.ISSUER}/"
        ), "issuer", "issuer-mismatch?", "invalid_grant: The issuer in ID Token",
    ),
    "another, with a slash": Rule(
        token(iss="https://other.example/"), "issuer", "issuer-mismatch",
        "?invalid_grant: The issuer in ID Token https://other.example does not match",
    ),
    "none": Rule(
        token(iss=...), "issuer", "claim-missing", "invalid_grant: The issuer in ID Token null", {"claim": "iss"}
    ),
    "invisible": Rule(
        provider(oidc={"issuerUri": Bundle.ISSUER + "\u200b"}), "issuer", "invisible-character-in-value",
        "invalid_grant: The issuer in ID Token", {"value_name": "issuerUri"},
    ),
    "not given": Rule(lambda b: b.claims({"sub": b.SUBJECT, "aud": b.AUDIENCE}), "issuer", "assumed"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
