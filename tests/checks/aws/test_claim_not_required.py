"""AWS076: IfExists and ForAllValues hold for a token without the claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("operator", ["StringLikeIfExists", "ForAllValues:StringLike"])
def test_the_subject(aws: Bundle, operator: str) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN, operator=operator)).ask()
    (message,) = answer.found("claim-not-required")
    assert operator in message
    assert answer.check("claim-not-required").effect == "note"
    assert aws.ask(fail_on="weakens").report.exit_code == 0


@pytest.mark.parametrize("operator", ["StringLike", "ForAnyValue:StringLike", "StringNotLikeIfExists"])
def test_operators_that_refuse_or_forbid(aws: Bundle, operator: str) -> None:
    condition = aws.subject(aws.PATTERN)
    condition |= {operator: {aws.SUB_KEY: "v=1:none:*" if "Not" in operator else aws.PATTERN}}
    aws.condition(condition).ask().passed("claim-not-required")


def test_another_condition_asks_for_the_claim(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN) | {"StringLikeIfExists": {aws.SUB_KEY: "v=1:*"}}
    aws.condition(condition).ask().passed("claim-not-required")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("claim-not-required")
