"""The token as STS reads it: form, header, required claims, times."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import (
    NOT_A_JWT,
    NOW,
    VALIDATE,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "token", "passed"),
    "no token": Rule(lambda b: b.remove("token.jwt").write("token.jwt", ""), "obtain", "no-token-sent"),
    "text": Rule(lambda b: b.write("token.jwt", "not a token"), "token", "not-a-jwt", NOT_A_JWT),
    "crit": Rule(
        lambda b: b.token(header={"crit": ["b64"]}), "token", "header-unsupported", NOT_A_JWT, {"member": "crit"}
    ),
    "HS256": Rule(
        lambda b: b.token(alg="HS256", sign_as="RS256"), "token", "algorithm-unsupported", "?" + VALIDATE,
        {"alg": "HS256", "accepted": "RS256, RS384, RS512, ES256, ES384, ES512"},
    ),
    **{
        f"without {name}": Rule(
            token(**{name: ...}), "token", "claim-missing",
            f"InvalidIdentityToken: Missing a required claim: {name}", {"claim": name},
        )
        for name in ("iss", "sub", "aud", "iat", "exp")
    },
    "without two": Rule(
        token(iat=..., exp=...), "token", "claim-missing", "?InvalidIdentityToken: Missing a required claim: iat",
        {"claims": "iat, exp"},
    ),
    "sub null": Rule(token(sub=None), "token", "claim-malformed", "InternalFailure: Unknown error", {"claim": "sub"}),
    "sub a number": Rule(token(sub=7), "token", "passed"),
    "sub a list": Rule(token(sub=["a"]), "token", "claim-malformed?", "", {"found": '["a"]'}),
    "iss a number": Rule(token(iss=7), "token", "claim-malformed?", "", {"claim": "iss"}),
    "aud empty": Rule(
        token(aud=[]), "token", "claim-malformed", "InvalidIdentityToken: Claim is not allowed to be empty: aud"
    ),
    "aud two": Rule(
        token(aud=["a", "b"]), "token", "audience-list-without-azp",
        "InvalidIdentityToken: Token audience contains more than one", {"audiences": "a, b"},
    ),
    "aud two and azp": Rule(token(aud=["a", "b"], azp=Bundle.AUDIENCE), "token", "passed"),
    "aud of a number": Rule(token(aud=[7]), "token", "claim-malformed?", "", {"found": "[7]"}),
    "aud a number": Rule(token(aud=7), "token", "claim-malformed?", "", {"found": "7"}),
    "exp text": Rule(token(exp="x"), "token", "claim-malformed", "InvalidIdentityToken: Invalid timestamp"),
    "exp digits": Rule(token(exp=str(NOW + 60)), "token", "passed"),
    "expired 299 s ago": Rule(token(exp=NOW - 299), "token", "passed"),
    "expired 300 s ago": Rule(
        token(exp=NOW - 300), "token", "token-expired",
        f"ExpiredTokenException: Token expired: current date/time {NOW - 300} must be before the expiration date/time"
        f" {NOW - 300}", {"when": "5 min ago", "tolerance": "AWS's 5 min tolerance"},
    ),
    "iat 301 s ahead": Rule(token(iat=NOW + 301), "token", "passed"),
    "iat 302 s ahead": Rule(
        token(iat=NOW + 302), "token", "token-issued-in-future",
        f"InvalidIdentityToken: Token issued in the future: {NOW + 302}", {"when": "in 5 min 2 s"},
    ),
    "nbf 301 s ahead": Rule(token(nbf=NOW + 301), "token", "passed"),
    "nbf 302 s ahead": Rule(
        token(nbf=NOW + 302), "token", "token-not-yet-valid",
        f"InvalidIdentityToken: Token not yet valid: current date/time {NOW + 301} must be after",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")
