"""The token's form and required claims."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    NO_CONNECTION,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "token", "passed"),
    "text": Rule(lambda b: b.write("token.jwt", "not a token"), "token", "not-a-jwt", "invalid_grant: Unable to parse"),
    "12,289 bytes": Rule(
        token(filler="a" * 12_000), "token", "token-over-size-limit", "?invalid_grant: Unable to parse",
        {"limit": "12288"},
    ),
    "RS384": Rule(
        lambda b: b.token(alg="RS384"), "token", "algorithm-unsupported", "?" + NO_CONNECTION,
        {"alg": "RS384", "accepted": "RS256, ES256"},
    ),
    "no sub": Rule(token(sub=...), "token", "claim-missing?", "", {"claim": "sub"}),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
