"""ISS020: the issuer publishes other keys or algorithms than the last time, as in a rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

CHECK = "issuer-documents-changed"


def test_a_rotation_is_a_note(aws: Bundle) -> None:
    aws.jwks(aws.jwk() | {"kid": "old-1"}, aws.jwk() | {"kid": "old-2"}).keep_as_earlier().jwks()
    answer = aws.ask()
    (message,) = answer.found(CHECK)
    assert message == (
        f"the issuer publishes other keys than on 21 Nov 2026 22:40 UTC: the key `{aws.KID}` is new and the keys "
        "`old-1`, `old-2` are gone"
    )
    assert answer.check(CHECK).effect == "note"
    assert answer.report.exit_code == 0
    answer.passed("issuer-identity-changed")


def test_a_new_algorithm(aws: Bundle) -> None:
    aws.keep_as_earlier().discovery(id_token_signing_alg_values_supported=["RS256", "ES256"])
    (message,) = aws.ask().found(CHECK)
    assert message.endswith("the signing algorithm `ES256` is new")


def test_the_order_means_nothing(aws: Bundle) -> None:
    other = aws.jwk() | {"kid": "old-1"}
    aws.jwks(other, aws.jwk()).keep_as_earlier().jwks(aws.jwk(), other).ask().passed(CHECK)


def test_keys_of_another_issuer_are_no_rotation(aws: Bundle) -> None:
    aws.jwks(aws.jwk() | {"kid": "old-1"}).discovery(issuer="https://issuer.example").keep_as_earlier()
    aws.jwks().discovery().ask().passed(CHECK)


@pytest.mark.parametrize("content", ["{}", '{"keys": []}', '{"keys": [{"kty": "RSA"}]}', "[]"])
def test_a_key_set_without_ids_says_nothing(aws: Bundle, content: str) -> None:
    aws.keep_as_earlier().write("earlier/issuer/jwks.json", content).ask().passed(CHECK)


def test_nothing_to_compare_with(aws: Bundle) -> None:
    assert "no earlier documents" in aws.ask().skipped(CHECK).reason
    aws.write("earlier/aws/role.json", aws.read("aws/role.json"))
    assert "not read both times" in aws.ask().skipped(CHECK).reason
