"""AWS005: the session policy sent with the token is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_over_2048_characters(aws: Bundle) -> None:
    answer = aws.sends(policy="x" * 2049).ask()
    error = (
        "ValidationError",
        (
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: "
            "Member must have length less than or equal to 2048"
        ),
    )
    answer.refused("session-policy-too-large", "request", error)


def test_the_size_is_the_policys(aws: Bundle) -> None:
    assert "size 2049, limit 2048" in aws.sends(policy="x" * 2049).ask().first.summary


def test_2048_characters(aws: Bundle) -> None:
    answer = aws.sends(policy="x" * 2048).ask()
    assert answer.accepted
    answer.skipped("session-policy-too-large")  # how much it takes when packed is not known


def test_packed(aws: Bundle) -> None:
    answer = aws.error(
        "PackedPolicyTooLarge: Packed policy consumes 120% of allotted space, please use smaller policy."
    ).ask()
    answer.refused("session-policy-too-large", "request", confidence="proven")
