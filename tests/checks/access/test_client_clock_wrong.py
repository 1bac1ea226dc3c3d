"""ACC015: the signature of a call is out of time, not the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "text",
    [
        "Signature expired: 20261128T080000Z is now earlier than 20261128T081500Z (20261128T083000Z - 15 min.)",
        "RequestTimeTooSkewed: The difference between the request time and the current time is too large.",
        "An error occurred (RequestExpired) when calling the DescribeInstances operation: Request has expired.",
    ],
)
def test_the_clock_is_named(aws: Bundle, text: str) -> None:
    answer = aws.error(text).ask()
    assert (answer.first.name, answer.first.step) == ("client-clock-wrong", "permission")
    assert "token-expired" not in answer.names
