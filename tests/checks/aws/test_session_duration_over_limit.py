"""AWS045: a longer session is asked for than the role allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


ERROR = ("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


@pytest.mark.parametrize(("longest", "asked"), [(3600, 3601), (..., 7200), (7200, 43_200)])
def test_over_the_roles_maximum(aws: Bundle, longest: Any, asked: int) -> None:
    answer = aws.aws_role(MaxSessionDuration=longest).sends(duration_seconds=asked).ask()
    cause = answer.refused("session-duration-over-limit", "duration", ERROR)
    assert f"{asked} s" in cause.summary
    assert answer.state("authorise") == "passed"


@pytest.mark.parametrize(("longest", "asked"), [(3600, 3600), (7200, 7200), (43_200, 900), (3600, ...)])
def test_within_it(aws: Bundle, longest: int, asked: Any) -> None:
    answer = aws.aws_role(MaxSessionDuration=longest).sends(duration_seconds=asked).ask()
    assert answer.accepted
    answer.passed("session-duration-over-limit")


def test_the_life_of_the_token_does_not_cap_the_session(aws: Bundle) -> None:
    aws.token(aws.claims_of(exp=aws.NOW + 60)).aws_role(MaxSessionDuration=7200)
    assert aws.sends(duration_seconds=7200).ask().accepted


def test_the_role_was_not_read(aws: Bundle) -> None:
    answer = aws.remove("aws/role.json").sends(duration_seconds=7200).ask()
    answer.skipped("session-duration-over-limit")


def test_no_role_allows_less_than_an_hour(aws: Bundle) -> None:
    assert aws.remove("aws/role.json").sends(duration_seconds=3600).ask().state("duration") == "passed"


def test_the_error_names_it(aws: Bundle) -> None:
    answer = aws.error(f"ValidationError: {ERROR[1]}").ask()
    answer.refused("session-duration-over-limit", "duration", confidence="proven")
