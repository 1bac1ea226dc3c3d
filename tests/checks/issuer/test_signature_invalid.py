"""ISS006: the key of the token's kid does not verify the signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_the_sentence_that_sts_says_of_it(aws: Bundle) -> None:
    answer = aws.token(key="rsa-other").error(aws.COULD_NOT_VALIDATE[1]).ask()
    assert answer.first.name == "signature-invalid"
    assert not answer.first.contradicts_observed


def test_that_sentence_where_the_signature_was_not_checked(aws: Bundle) -> None:
    answer = aws.claims().error(aws.COULD_NOT_VALIDATE[1]).ask()
    assert answer.suspected("signature-invalid").settle
    assert "jwks-unreachable" not in answer.names


def test_that_sentence_where_the_signature_holds(aws: Bundle) -> None:
    assert "signature-invalid" not in aws.error(aws.COULD_NOT_VALIDATE[1]).ask().names


def test_another_key_of_the_same_kid(aws: Bundle) -> None:
    answer = aws.token(key="rsa-other").ask()
    cause = answer.refused("signature-invalid", "keys", aws.COULD_NOT_VALIDATE)
    assert "`key-1`" in cause.summary
    assert "RS256" in cause.summary
    assert answer.error_is_certain()


def test_altered_claims(aws: Bundle) -> None:
    head, _, signature = aws.compact().split(".")
    altered = aws.compact(aws.claims_of(sub=aws.SUBJECT.replace("container", "build"))).split(".")[1]
    aws.write("token.jwt", f"{head}.{altered}.{signature}").ask().refused("signature-invalid", "keys")


def test_a_later_key_of_the_same_kid_replaces_the_earlier(aws: Bundle) -> None:
    aws.jwks(aws.jwk(), aws.jwk("rsa-other")).ask().refused("signature-invalid", "keys")


def test_the_right_signature(aws: Bundle) -> None:
    answer = aws.ask()
    assert answer.step("keys").note == "the signature holds"
    answer.passed("signature-invalid")


@pytest.mark.parametrize(("holds", "state"), [(True, "assumed"), (False, "refused")])
def test_a_redacted_token_says_what_was_found(aws: Bundle, holds: bool, state: str) -> None:
    answer = aws.claims(verified={"signature": holds, "kid": aws.KID, "alg": "RS256"}).ask()
    assert answer.state("keys") == state


def test_a_decoded_token_has_no_signature(aws: Bundle) -> None:
    answer = aws.claims(header={"alg": "RS256", "kid": aws.KID}).ask()
    assert answer.accepted
    assert answer.state("keys") == "assumed"
    answer.skipped("signature-invalid")


def test_no_key_set(aws: Bundle) -> None:
    aws.remove("issuer").ask().skipped("signature-invalid")
