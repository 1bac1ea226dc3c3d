"""Discovery document, key set and signature, by the rules of Google."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    NO_CONNECTION,
    provider,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "keys", "passed"),
    "another kid": Rule(lambda b: b.jwks(b.jwk(kid="key-2")), "keys", "key-id-unknown", NO_CONNECTION),
    "another key": Rule(
        lambda b: b.jwks(b.jwk("rsa-2", kid="key-1")), "keys", "signature-invalid", "invalid_grant: Unable to verify"
    ),
    "no kid": Rule(lambda b: b.token(kid=...), "keys", "key-id-unknown", NO_CONNECTION, {"kid": "(none)"}),
    "use enc": Rule(lambda b: b.jwks(b.jwk(use="enc")), "keys", "passed"),
    "no jwks_uri": Rule(lambda b: b.discovery(jwks_uri=...), "keys", "discovery-invalid", NO_CONNECTION),
    "no response types": Rule(lambda b: b.discovery(response_types_supported=...), "keys", "passed"),
    "uploaded": Rule(
        lambda b: b.jwks(b.jwk(kid="other")).gcp_provider(oidc={"jwksJson": f'{{"keys": [{json.dumps(b.jwk())}]}}'}),
        "keys", "passed",
    ),
    "uploaded, no JSON": Rule(
        provider(oidc={"jwksJson": "{"}), "keys", "key-unusable", NO_CONNECTION,
        {"reason": "the uploaded jwksJson is not JSON"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
