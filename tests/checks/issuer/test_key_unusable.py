"""ISS005: the token's key is published in a form that the cloud does not use."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    ("member", "value"),
    [("use", "enc"), ("x5c", ["AAAA"]), ("n", ...), ("e", ...)],
)
def test_members_that_spoil_a_key(aws: Bundle, member: str, value: Any) -> None:
    answer = aws.jwks(aws.jwk(**{member: value})).ask()
    cause = answer.refused("key-unusable", "keys", aws.NO_VERIFICATION_KEY)
    assert cause.at is not None
    assert cause.at.startswith("issuer/jwks.json")


@pytest.mark.parametrize("operations", [["verify"], ["sign"], []])
def test_key_ops_spoil_a_key_that_is_selected_all_the_same(aws: Bundle, operations: list[str]) -> None:
    answer = aws.jwks(aws.jwk(key_ops=operations)).ask()
    assert "key_ops" in answer.refused("key-unusable", "keys", aws.COULD_NOT_VALIDATE).summary
    assert answer.error_is_certain()


def test_a_certificate_alone(aws: Bundle) -> None:
    aws.jwks({"kty": "RSA", "kid": aws.KID, "x5c": ["AAAA"]}).ask().refused(
        "key-unusable", "keys", aws.NO_VERIFICATION_KEY
    )


def certificate(bundle: Bundle, key: str) -> str:
    """A self-signed certificate of the key, as x5c holds it."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tokens.example.com")])
    made = x509.CertificateBuilder(name, name, bundle.key(key).public_key(), 1)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    return base64.b64encode(made.sign(bundle.key(key), SHA256()).public_bytes(Encoding.DER)).decode()


def test_a_certificate_that_agrees(aws: Bundle) -> None:
    assert aws.jwks(aws.jwk(x5c=[certificate(aws, "rsa")])).ask().accepted


def test_a_certificate_of_another_key(aws: Bundle) -> None:
    answer = aws.jwks(aws.jwk(x5c=[certificate(aws, "rsa-other")])).ask()
    assert "x5c" in answer.refused("key-unusable", "keys", aws.NO_VERIFICATION_KEY).summary


@pytest.mark.parametrize("member", [{"alg": "RS512"}, {"alg": "ES256"}, {"use": ...}, {"x5t": "abc"}])
def test_members_that_do_no_harm(aws: Bundle, member: Any) -> None:
    answer = aws.jwks(aws.jwk(**member)).ask()
    assert answer.accepted
    answer.passed("key-unusable")


def test_a_key_of_another_type(aws: Bundle) -> None:
    answer = aws.token(alg="ES256", key="ec").ask()
    answer.refused("key-unusable", "keys", aws.NO_VERIFICATION_KEY)


def test_over_100_keys_of_the_tokens_type(aws: Bundle) -> None:
    others = [aws.jwk("rsa-other", f"other-{number}") for number in range(100)]
    answer = aws.jwks(*others, aws.jwk()).ask()
    assert "100" in answer.refused("key-unusable", "keys", aws.NO_VERIFICATION_KEY).summary
    assert aws.jwks(*others[1:], aws.jwk()).ask().accepted


def test_over_100_keys_of_another_type(aws: Bundle) -> None:
    assert aws.jwks(*[aws.jwk("ec", f"other-{number}") for number in range(101)], aws.jwk()).ask().accepted


@pytest.mark.parametrize("numbers", [{"n": "!!!"}, {"n": ""}, {"e": "AQ"}])
def test_numbers_that_are_no_key(aws: Bundle, numbers: Any) -> None:
    aws.jwks(aws.jwk(**numbers)).ask().refused("key-unusable", "keys", aws.NO_VERIFICATION_KEY)


def test_the_words_end_once(aws: Bundle) -> None:
    assert not aws.jwks(aws.jwk(n="")).ask().first.summary.endswith("..")


def test_no_key_set(aws: Bundle) -> None:
    aws.remove("issuer").ask().skipped("key-unusable")
