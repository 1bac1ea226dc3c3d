"""TOK010: several audiences, and no azp to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


ERROR = (
    "InvalidIdentityToken",
    "Token audience contains more than one audience while authorized party is not present",
)


def test_one_of_them_is_registered(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(aud=[aws.AUDIENCE, "sts.amazonaws.com"])).ask()
    answer.refused("audience-list-without-azp", "token", ERROR)
    assert "sts.amazonaws.com" in answer.first.summary


def test_azp_decides_alone(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(aud=["one", "other"], azp=aws.AUDIENCE)).ask()
    assert answer.accepted
    answer.passed("audience-list-without-azp")


def test_a_list_of_one(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(aud=[aws.AUDIENCE])).ask()
    assert answer.accepted
    answer.passed("audience-list-without-azp")


def test_the_token_is_not_said_to_have_no_audience(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(aud=[aws.AUDIENCE, "sts.amazonaws.com"])).ask()
    assert not any("no aud claim" in cause.summary for cause in answer.causes)


def test_the_error_alone_names_it(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").error(ERROR[1]).ask()
    assert (answer.first.name, answer.first.confidence) == ("audience-list-without-azp", "proven")
