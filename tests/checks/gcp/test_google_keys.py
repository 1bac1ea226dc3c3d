"""How Google finds the key: by kid, RS256 and ES256 only, in the issuer's set or the uploaded one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


def uploaded(bundle: Bundle, *keys: Any) -> Bundle:
    return bundle.gcp_provider(oidc={"jwksJson": json.dumps({"keys": list(keys)})})


@pytest.mark.parametrize("kid", ["key-2", "", ...])
def test_the_kid_is_not_in_the_set(gcp: Bundle, says: type[Says], kid: Any) -> None:
    answer = gcp.token(kid=kid).ask()
    assert answer.first.name == "key-id-unknown"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.NO_CONNECTION
    assert answer.error_is_certain()


def test_one_sentence_for_three_causes(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(kid="key-2").error(says.NO_CONNECTION[1]).ask()
    assert answer.names == ["key-id-unknown"]
    answer = gcp.remove("issuer/jwks.json", "issuer/openid-configuration.json").ask()
    assert answer.first.confidence == "suspected"
    assert answer.first.name == "issuer-unreachable"


def test_google_may_not_reach_the_issuer(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.error(says.NO_CONNECTION[1]).ask()
    assert answer.first.name in ("issuer-unreachable", "jwks-unreachable")
    assert answer.first.confidence == "suspected"


def test_an_ec_token_and_an_rsa_key(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(key="ec", alg="ES256").ask()
    assert answer.first.name == "key-unusable"
    assert answer.error() == says.NO_CONNECTION


def test_an_ec_key(gcp: Bundle) -> None:
    assert gcp.token(key="ec", alg="ES256", kid="ec").jwks(gcp.jwk(), gcp.jwk("ec", "ec")).ask().accepted


@pytest.mark.parametrize(("alg", "key"), [("RS384", "rsa"), ("ES384", "ec-384")])
def test_other_algorithms(gcp: Bundle, alg: str, key: str) -> None:
    answer = gcp.token(key=key, alg=alg).jwks(gcp.jwk(key)).ask()
    assert answer.first.name == "algorithm-unsupported"
    assert not answer.error_is_certain()


def test_another_key_of_the_same_kid(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(key="rsa-other").ask()
    assert answer.first.name == "signature-invalid"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.BAD_SIGNATURE


@pytest.mark.parametrize("members", [{"use": "enc"}, {"key_ops": ["verify"]}, {"x5c": ["AAAA"]}, {"use": ...}])
def test_members_that_google_overlooks(gcp: Bundle, members: Any) -> None:
    assert gcp.jwks(gcp.jwk(**members)).ask().accepted


def test_an_uploaded_set_replaces_the_issuers(gcp: Bundle, says: type[Says]) -> None:
    assert uploaded(gcp, gcp.jwk()).remove("issuer").ask().accepted
    assert uploaded(gcp, gcp.jwk()).jwks(gcp.jwk("rsa-other", "key-2")).ask().accepted
    answer = uploaded(gcp, gcp.jwk("rsa-other", "key-0")).jwks().ask()
    assert answer.first.name == "key-id-unknown"
    assert answer.first.at is not None
    assert answer.first.at.startswith("gcp/provider.json")
    assert answer.error() == says.NO_CONNECTION


def test_the_issuer_cannot_be_reached_and_need_not(gcp: Bundle) -> None:
    uploaded(gcp, gcp.jwk()).remove("issuer")
    gcp.manifest([{"path": "issuer/openid-configuration.json", "outcome": "failed"}])
    assert gcp.ask().accepted


@pytest.mark.parametrize("text", ["{not json", "[]", '{"keys": {}}'])
def test_an_uploaded_set_that_is_none(gcp: Bundle, says: type[Says], text: str) -> None:
    answer = gcp.gcp_provider(oidc={"jwksJson": text}).ask()
    assert answer.exchange().step == "keys"
    assert answer.error() == says.NO_CONNECTION


@pytest.mark.parametrize("outcome", ["failed", "timeout", "denied"])
def test_our_network_is_not_googles(gcp: Bundle, outcome: str) -> None:
    gcp.remove("issuer").manifest([{"path": "issuer/openid-configuration.json", "outcome": outcome}])
    answer = gcp.ask()
    assert answer.first.name == "issuer-unreachable"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_the_set_was_not_read(gcp: Bundle) -> None:
    answer = gcp.remove("issuer").ask()
    assert answer.names == []
    assert answer.state("keys") == "unknown"


@pytest.mark.parametrize("token", ["opaque", "Bearer {}", "{}\n\n{}", "2a3\r\n{}\r\n0\r\n"])
def test_what_is_no_jwt(gcp: Bundle, says: type[Says], token: str) -> None:
    answer = gcp.write("token.jwt", token.format(*[gcp.compact()] * 2)).ask()
    assert answer.first.name == "not-a-jwt"
    assert answer.error() == says.UNPARSABLE


def test_two_keys_of_one_kid(gcp: Bundle) -> None:
    answer = gcp.jwks(gcp.jwk(), gcp.jwk("rsa-other")).ask()
    assert all(cause.confidence == "suspected" for cause in answer.causes)
