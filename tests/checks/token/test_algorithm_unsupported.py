"""TOK011: the token is signed in a way that the cloud does not verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    ("alg", "key"), [("RS384", "rsa"), ("RS512", "rsa"), ("ES256", "ec"), ("ES384", "ec-384"), ("ES512", "ec-521")]
)
def test_aws_takes_six(aws: Bundle, alg: str, key: str) -> None:
    answer = aws.token(alg=alg, key=key).jwks(aws.jwk(key)).ask()
    assert answer.accepted
    answer.passed("algorithm-unsupported")


@pytest.mark.parametrize(("alg", "key"), [("PS256", "rsa"), ("EdDSA", "ed25519")])
def test_others(aws: Bundle, alg: str, key: str) -> None:
    answer = aws.token(alg=alg, key=key).jwks(aws.jwk(key)).ask()
    answer.refused("algorithm-unsupported", "token")
    assert alg in answer.first.summary
    assert not answer.error_is_certain()  # what AWS answers to these was never recorded


@pytest.mark.parametrize("alg", ["none", "HS256", "", None, "rs256"])
def test_a_header_that_names_another(aws: Bundle, alg: str | None) -> None:
    answer = aws.token(header={"alg": alg}).ask()
    answer.refused("algorithm-unsupported", "token")


@pytest.mark.parametrize("alg", [["RS256"], {"alg": "RS256"}])
def test_a_header_whose_alg_is_no_text(aws: Bundle, alg: Any) -> None:
    assert aws.token(header={"alg": alg}).ask().first.name == "algorithm-unsupported"


def test_a_header_that_was_not_given(aws: Bundle) -> None:
    answer = aws.claims().ask()
    assert answer.accepted
    assert answer.state("keys") == "assumed"
