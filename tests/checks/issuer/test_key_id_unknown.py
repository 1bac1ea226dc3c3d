"""ISS004: the key set has no key of the token's kid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_a_kid_that_is_not_there(aws: Bundle) -> None:
    answer = aws.token(kid="key-9").ask()
    cause = answer.refused("key-id-unknown", "keys", aws.NO_VERIFICATION_KEY)
    assert "`key-9`" in cause.summary
    assert "`key-1`" in cause.summary
    assert answer.error_is_certain()


@pytest.mark.parametrize("keys", [1, 2])
def test_an_empty_kid_is_no_kid_and_matches_nothing(aws: Bundle, keys: int) -> None:
    aws.jwks(*[aws.jwk(), aws.jwk("rsa-other", "key-2")][:keys])
    aws.token(kid="").ask().refused("key-id-unknown", "keys", aws.NO_VERIFICATION_KEY)


def test_no_kid_among_several_keys(aws: Bundle) -> None:
    answer = aws.jwks(aws.jwk(), aws.jwk("rsa-other", "key-2")).token(kid=...).ask()
    cause = answer.refused("key-id-unknown", "keys", aws.NO_VERIFICATION_KEY)
    assert "no `kid`" in cause.summary


def test_no_kid_and_one_usable_key(aws: Bundle) -> None:
    answer = aws.token(kid=...).ask()
    assert answer.accepted
    answer.passed("key-id-unknown")


def test_no_kid_and_one_usable_key_among_unusable_ones(aws: Bundle) -> None:
    aws.jwks(aws.jwk(), aws.jwk("rsa-other", "key-2", use="enc"), aws.jwk("rsa-other", kid=...))
    assert aws.token(kid=...).ask().accepted


def test_no_kid_on_either_side(aws: Bundle) -> None:
    answer = aws.jwks(aws.jwk(kid=...)).token(kid=...).ask()
    cause = answer.refused("key-id-unknown", "keys", aws.NO_VERIFICATION_KEY)
    assert "has no `kid` on its key" in cause.summary
    assert cause.fix.startswith("Set a `kid` on each key")


def test_a_fresh_token_is_advised_only_where_a_token_can_name_a_key(aws: Bundle) -> None:
    assert "fresh token" in aws.token(kid="key-9").ask().cause("key-id-unknown").fix
    assert "fresh" not in aws.jwks(aws.jwk(kid=...), aws.jwk("rsa-other", kid=...)).ask().cause("key-id-unknown").fix
    aws.jwks(aws.jwk(), aws.jwk("rsa-other", "key-2"))
    assert "fresh" not in aws.token(kid="").ask().cause("key-id-unknown").fix


def test_an_empty_key_set(aws: Bundle) -> None:
    aws.write("issuer/jwks.json", {"keys": []}).ask().refused("key-id-unknown", "keys", aws.NO_VERIFICATION_KEY)


def test_a_decoded_token_with_its_header(aws: Bundle) -> None:
    answer = aws.claims(header={"alg": "RS256", "kid": "key-9"}).ask()
    answer.refused("key-id-unknown", "keys", aws.NO_VERIFICATION_KEY)


def test_a_redacted_kid_is_unknown(aws: Bundle) -> None:
    answer = aws.claims(header={"alg": "RS256", "kid": "<kid>"}).ask()
    answer.suspected("key-id-unknown")


def test_a_decoded_token_without_header(aws: Bundle) -> None:
    answer = aws.claims().ask()
    assert answer.accepted
    answer.skipped("key-id-unknown")


def test_no_key_set(aws: Bundle) -> None:
    aws.remove("issuer").ask().skipped("key-id-unknown")


def test_a_later_key_of_the_same_kid_replaces_the_earlier(aws: Bundle) -> None:
    assert aws.jwks(aws.jwk("rsa-other"), aws.jwk()).ask().accepted
