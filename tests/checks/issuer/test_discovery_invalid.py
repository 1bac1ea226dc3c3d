"""ISS002: the discovery document lacks what the cloud needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "member",
    [
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ],
)
def test_each_member_that_aws_needs(aws: Bundle, member: str) -> None:
    answer = aws.discovery(**{member: ...}).ask()
    cause = answer.refused("discovery-invalid", "keys", aws.NO_VERIFICATION_KEY)
    assert member in cause.summary
    assert cause.at == "issuer/openid-configuration.json:1"


@pytest.mark.parametrize("member", ["claims_supported", "issuer"])
def test_members_that_aws_does_not_need(aws: Bundle, member: str) -> None:
    answer = aws.discovery(**{member: ...}).ask()
    assert answer.accepted
    answer.passed("discovery-invalid")


@pytest.mark.parametrize("keys", [{"keys": {}}, [], {}])
def test_a_key_set_without_keys(aws: Bundle, keys: Any) -> None:
    aws.write("issuer/jwks.json", keys)
    answer = aws.ask()
    assert answer.exchange().prediction == "unknown"  # a file that is no key set may be anything
    answer.suspected("discovery-invalid")
    aws.manifest([{"path": "issuer/jwks.json", "call": "GET", "outcome": "ok", "seconds": 0.2}])
    aws.ask().refused("discovery-invalid", "keys", aws.NO_VERIFICATION_KEY)


@pytest.mark.parametrize("document", [{}, {"keys": []}, []])
def test_a_file_that_is_no_discovery_document(aws: Bundle, document: Any) -> None:
    answer = aws.write("issuer/openid-configuration.json", document).ask()
    assert answer.exchange().prediction == "unknown"
    answer.suspected("discovery-invalid")


def test_the_words_for_a_key_set_without_keys(aws: Bundle) -> None:
    summary = aws.write("issuer/jwks.json", {}).ask().first.summary
    assert "discovery document has no usable `the key set" not in summary


def test_it_was_not_read(aws: Bundle) -> None:
    answer = aws.remove("issuer/openid-configuration.json").ask()
    assert answer.accepted
    assert "discovery-invalid" not in answer.names


def test_neither_was_read(aws: Bundle) -> None:
    aws.remove("issuer").ask().skipped("discovery-invalid")
