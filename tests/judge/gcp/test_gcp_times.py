"""The token's times."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    NOW,
    STALE,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "times", "passed"),
    "expired 60 s ago": Rule(token(exp=NOW - 60), "times", "passed"),
    "expired 61 s ago": Rule(
        token(exp=NOW - 61), "times", "token-expired", STALE, {"tolerance": "Google's 1 min tolerance"}
    ),
    "iat 60 s ahead": Rule(token(iat=NOW + 60), "times", "passed"),
    "iat 61 s ahead": Rule(
        token(iat=NOW + 61), "times", "token-issued-in-future?", f"invalid_grant: ID Token issued at {NOW + 61} is"
    ),
    "iat 118 s ahead": Rule(token(iat=NOW + 118), "times", "token-issued-in-future?", "invalid_grant"),
    "iat 119 s ahead": Rule(token(iat=NOW + 119), "times", "token-issued-in-future", "invalid_grant"),
    "a day old": Rule(token(iat=NOW - 86400), "times", "passed"),
    "older": Rule(token(iat=NOW - 86401), "times", "token-stale?", "invalid_grant: ID Token issued at"),
    "older, refused": Rule(
        lambda b: b.token(b.claims_of(iat=NOW - 86401)).error(f"ID Token issued at {NOW - 86401} is stale to sign-in."),
        "times", "token-stale", "invalid_grant: ID Token issued at",
    ),
    "nbf 60 s ahead": Rule(token(nbf=NOW + 60), "times", "passed"),
    "nbf 61 s ahead": Rule(token(nbf=NOW + 61), "times", "token-not-yet-valid?", "?" + STALE),
    "no iat": Rule(
        token(iat=...), "times", "claim-missing", "invalid_grant: ID Token issued at null is stale", {"claim": "iat"}
    ),
    "no exp": Rule(token(exp=...), "times", "claim-missing", STALE, {"claim": "exp"}),
    "exp a text": Rule(token(exp="x"), "times", "claim-malformed?", "?" + STALE, {"claim": "exp", "found": "x"}),
    "hypothetical": Rule(lambda b: b.claims({"sub": b.SUBJECT}), "times", "assumed"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
