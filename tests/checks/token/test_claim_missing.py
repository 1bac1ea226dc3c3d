"""TOK008: a claim that every token needs is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp"])
def test_each_required_claim(aws: Bundle, claim: str) -> None:
    answer = aws.token(aws.claims_of(**{claim: ...})).ask()
    answer.refused("claim-missing", "token", ("InvalidIdentityToken", f"Missing a required claim: {claim}"))
    assert f"`{claim}`" in answer.first.summary
    assert answer.error_is_certain()


def test_several_are_all_named(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(sub=..., iat=...)).ask()
    assert "sub" in answer.first.summary
    assert "iat" in answer.first.summary
    assert not answer.error_is_certain()  # which of them AWS names first was never recorded


@pytest.mark.parametrize("claim", ["jti", "org", "nbf"])
def test_other_claims_are_not_needed(aws: Bundle, claim: str) -> None:
    answer = aws.token(aws.claims_of(**{claim: ...})).ask()
    assert answer.accepted
    answer.passed("claim-missing")


def test_a_null_in_decoded_claims_is_an_absent_claim(aws: Bundle) -> None:
    answer = aws.claims(aws.claims_of(sub=None)).ask()
    answer.refused("claim-missing", "token", ("InvalidIdentityToken", "Missing a required claim: sub"))


def test_complete_claims_say_that_it_is_absent(aws: Bundle) -> None:
    answer = aws.claims({"iss": aws.ISSUER, "aud": aws.AUDIENCE}, complete=True).ask()
    answer.refused("claim-missing", "token", ("InvalidIdentityToken", "Missing a required claim: sub"))


def test_a_partial_paste_leaves_it_unknown(aws: Bundle) -> None:
    answer = aws.claims({"iss": aws.ISSUER, "aud": aws.AUDIENCE}).ask()
    assert "claim-missing" not in answer.names
    assert answer.exchange().prediction == "unknown"
    assert answer.check("claim-missing").status == "skipped"


@pytest.mark.parametrize("claim", ["iat", "exp"])
def test_times_are_often_left_out_of_a_paste(aws: Bundle, claim: str) -> None:
    assert aws.claims(aws.claims_of(**{claim: ...})).ask().accepted


def test_the_error_says_that_it_is_absent(aws: Bundle) -> None:
    bundle = aws.claims({"iss": aws.ISSUER, "aud": aws.AUDIENCE})
    answer = bundle.error("An error occurred (InvalidIdentityToken): Missing a required claim: sub").ask()
    answer.refused("claim-missing", "token", confidence="proven")
    assert answer.error() == ("InvalidIdentityToken", "Missing a required claim: sub")
