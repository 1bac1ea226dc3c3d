"""ACC002: the role session ended, not the OIDC token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "text",
    [
        "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
        "ExpiredToken: The security token included in the request is expired",
    ],
)
def test_the_sessions_own_sentence(aws: Bundle, text: str) -> None:
    answer = aws.error(text).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("session-expired", "proven", "permission")
    assert "token-expired" not in answer.names
    assert answer.exchange().prediction == "accepted"


def test_the_tokens_own_sentence(aws: Bundle) -> None:
    answer = aws.error(
        "ExpiredTokenException: Token expired: current date/time 1 must be before the expiration date/time 2"
    ).ask()
    assert "session-expired" not in answer.names


def test_nothing_was_seen(aws: Bundle) -> None:
    aws.ask().skipped("session-expired")
