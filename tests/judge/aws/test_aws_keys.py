"""Discovery document, key set and signature, by the rules of AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import (
    NO_KEY,
    VALIDATE,
)
from tests.judge.rules import Rule, hold


def took(path: str, seconds: float) -> Callable[[Bundle], Any]:
    return lambda b: b.manifest([{"path": path, "outcome": "ok", "seconds": seconds}])


RULES = {
    "healthy": Rule(lambda b: b, "keys", "passed"),
    "another kid": Rule(
        lambda b: b.jwks(b.jwk(kid="key-2")), "keys", "key-id-unknown", NO_KEY, {"kid": "key-1", "known": "key-2"}
    ),
    "another key": Rule(
        lambda b: b.jwks(b.jwk("rsa-2", kid="key-1")), "keys", "signature-invalid", VALIDATE
    ),
    "use enc": Rule(
        lambda b: b.jwks(b.jwk(use="enc")), "keys", "key-unusable", NO_KEY, {"reason": "use is enc, not sig"}
    ),
    "key_ops": Rule(lambda b: b.jwks(b.jwk(key_ops=["verify"])), "keys", "key-unusable", VALIDATE),
    "key_ops, and no kid in the token": Rule(
        lambda b: b.token(kid=...).jwks(b.jwk(key_ops=["verify"])), "keys", "key-unusable", VALIDATE
    ),
    "the later of two is another": Rule(
        lambda b: b.jwks(b.jwk(), b.jwk("rsa-2", kid="key-1")), "keys", "signature-invalid", VALIDATE
    ),
    "no n": Rule(lambda b: b.jwks(b.jwk(n=...)), "keys", "key-unusable", NO_KEY),
    "a key without kid": Rule(
        lambda b: b.token(kid=...).jwks(b.jwk(kid=...)), "keys", "key-id-unknown", NO_KEY
    ),
    "an empty kid": Rule(lambda b: b.token(kid="").jwks(b.jwk(kid="")), "keys", "key-id-unknown", NO_KEY),
    "another alg in the key": Rule(lambda b: b.jwks(b.jwk(alg="RS512")), "keys", "passed"),
    "another type": Rule(lambda b: b.jwks(b.jwk("ec", kid="key-1")), "keys", "key-unusable", NO_KEY),
    "the later of two": Rule(lambda b: b.jwks(b.jwk("rsa-2"), b.jwk()), "keys", "passed"),
    "no kid, one key": Rule(lambda b: b.token(kid=...), "keys", "passed"),
    "no kid, two keys": Rule(
        lambda b: b.token(kid=...).jwks(b.jwk(), b.jwk("rsa-2", kid="key-2")), "keys", "key-id-unknown", NO_KEY
    ),
    "100 keys": Rule(
        lambda b: b.jwks(*(b.jwk(kid=f"k{n}") for n in range(99)), b.jwk()), "keys", "passed"
    ),
    "101 keys": Rule(
        lambda b: b.jwks(*(b.jwk(kid=f"k{n}") for n in range(100)), b.jwk()), "keys", "key-unusable", NO_KEY
    ),
    "no keys list": Rule(lambda b: b.write("issuer/jwks.json", {}), "keys", "discovery-invalid?", NO_KEY),
    "no jwks_uri": Rule(
        lambda b: b.discovery(jwks_uri=...), "keys", "discovery-invalid", NO_KEY, {"field": "jwks_uri"}
    ),
    "no response types": Rule(
        lambda b: b.discovery(response_types_supported=...), "keys", "discovery-invalid", NO_KEY,
        {"field": "response_types_supported"},
    ),
    "another issuer named": Rule(
        lambda b: b.discovery(issuer=Bundle.ISSUER + "/"), "keys", "issuer-url-differs?", "", {},
        (Bundle.ISSUER + "/", Bundle.ISSUER),
    ),
    "of another host": Rule(lambda b: b.discovery(issuer="https://gitlab.com"), "keys", "unknown"),
    "discovery not found": Rule(
        lambda b: b.not_found("issuer/openid-configuration.json"), "keys", "issuer-unreachable?", NO_KEY,
        {"url": "https://oidc.baseten.co/.well-known/openid-configuration"},
    ),
    "keys not found": Rule(
        lambda b: b.not_found("issuer/jwks.json"), "keys", "jwks-unreachable?", NO_KEY,
        {"url": "https://oidc.baseten.co/.well-known/jwks.json"},
    ),
    "not read": Rule(lambda b: b.remove("issuer/jwks.json"), "keys", "unknown"),
    "decoded": Rule(lambda b: b.claims(), "keys", "assumed"),
    "keys after 5 s": Rule(took("issuer/jwks.json", 5.0), "keys", "passed"),
    "keys after 5.1 s": Rule(
        took("issuer/jwks.json", 5.1), "keys", "jwks-unreachable?", "?" + NO_KEY,
        {"doubt": "from here it took 5.1 s, and AWS gives up after 5 s"},
    ),
    "discovery after 5.1 s": Rule(
        took("issuer/openid-configuration.json", 5.1), "keys", "issuer-unreachable?", "?" + NO_KEY
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")
