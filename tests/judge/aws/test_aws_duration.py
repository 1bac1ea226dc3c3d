"""The duration that is asked for against the role's maximum."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import (
    sends,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "duration", "passed"),
    "an hour": Rule(sends(duration_seconds=3600), "duration", "passed"),
    "a second more": Rule(
        sends(duration_seconds=3601), "duration", "session-duration-over-limit",
        "ValidationError: The requested DurationSeconds exceeds", {"requested": "3601", "limit": "3600"}, ("3600",
        "3601"),
    ),
    "allowed": Rule(lambda b: b.aws_role(MaxSessionDuration=7200).sends(duration_seconds=7200), "duration", "passed"),
    "without the role": Rule(
        lambda b: b.sends(duration_seconds=7200).denied("aws/role.json"), "duration", "unknown"
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")
