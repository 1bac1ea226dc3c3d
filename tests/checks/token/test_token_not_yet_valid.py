"""TOK005: `nbf` lies further ahead than the cloud's tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_beyond_five_minutes(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(nbf=aws.NOW + 3600)).ask()
    cause = answer.refused("token-not-yet-valid", "token")
    code, message = answer.error()
    assert code == "InvalidIdentityToken"
    # the clock in the text is 300 s ahead; recorded calls give 301 s for this and the time of issue
    assert message in {
        f"Token not yet valid: current date/time {aws.NOW + ahead} must be after or equal to "
        f"the not-before date/time {aws.NOW + 3600}"
        for ahead in (300, 301)
    }
    assert cause.actual is not None
    assert cause.actual.value == aws.times(3600)


@pytest.mark.parametrize("ahead", [-3600, 0, 300])
def test_within_five_minutes(aws: Bundle, ahead: int) -> None:
    answer = aws.token(aws.claims_of(nbf=aws.NOW + ahead)).ask()
    assert answer.accepted
    answer.passed("token-not-yet-valid")


def test_a_token_needs_no_nbf(aws: Bundle) -> None:
    assert "nbf" not in aws.claims_of()
    assert aws.ask().accepted
