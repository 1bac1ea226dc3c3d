"""TOK004: `exp` has passed by more than the cloud's tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("past", [300, 301, 3600])
def test_beyond_five_minutes(aws: Bundle, past: int) -> None:
    answer = aws.token(aws.claims_of(exp=aws.NOW - past)).ask()
    answer.refused(
        "token-expired",
        "token",
        (
            "ExpiredTokenException",
            (
                f"Token expired: current date/time {aws.NOW - 300} "
                f"must be before the expiration date/time {aws.NOW - past}"
            ),
        ),
    )
    assert answer.error_is_certain()


@pytest.mark.parametrize("past", [-1, 0, 1, 180, 299])
def test_within_five_minutes(aws: Bundle, past: int) -> None:
    answer = aws.token(aws.claims_of(exp=aws.NOW - past)).ask()
    assert answer.accepted
    answer.passed("token-expired")


def test_a_text_of_digits_is_a_time(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(exp=str(aws.NOW - 3600))).ask()
    assert answer.refused("token-expired", "token").summary.startswith(
        "AWS refuses this token: the token expired 1 h ago"
    )


def test_both_sides_and_their_place(aws: Bundle) -> None:
    cause = aws.token(aws.claims_of(exp=aws.NOW - 3900)).ask().first
    assert cause.expected is not None
    assert cause.actual is not None
    assert aws.times(-3600) in cause.expected.value
    assert cause.actual.value == aws.times(0)
    assert str(cause.expected.at) == "token.jwt claim exp"


def test_the_instant_decides(aws: Bundle) -> None:
    assert aws.ask(at=float(aws.NOW + 3540 + 299)).accepted
    assert aws.ask(at=float(aws.NOW + 3540 + 300)).first.name == "token-expired"


def test_a_decoded_token_without_exp_is_taken_to_be_valid(aws: Bundle) -> None:
    answer = aws.claims(aws.claims_of(exp=...)).ask()
    assert answer.accepted
    assert any("times" in one for one in answer.exchange().assumed)


def test_a_hypothetical_token_has_no_times(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").ask(subject=aws.SUBJECT)
    assert answer.state("token") == "assumed"
    assert answer.check("token-expired").status == "skipped"


def test_the_error_names_it(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").error("ExpiredTokenException: Token expired: current date/time 1 must be …").ask()
    assert (answer.first.name, answer.first.confidence) == ("token-expired", "proven")


def test_an_expired_session_is_another_thing(aws: Bundle) -> None:
    answer = aws.error("ExpiredToken: The security token included in the request is expired").ask()
    assert "token-expired" not in answer.names


def test_an_event_names_it_with_its_code(aws: Bundle) -> None:
    message = "Token expired: current date/time 1 must be before the expiration date/time 2"
    answer = aws.cloudtrail([aws.event(errorCode="ExpiredTokenException", errorMessage=message)]).ask()
    assert answer.first.name == "token-expired"
    assert answer.error() == ("ExpiredTokenException", message)
