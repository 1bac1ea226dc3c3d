"""AWS074: ForAllValues is true when the key is absent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("key", ["oidc.baseten.co:sub", "oidc.baseten.co:aud"])
def test_on_a_key_of_one_value(aws: Bundle, key: str) -> None:
    condition = aws.subject(aws.PATTERN) | {"ForAllValues:StringLike": {key: "*"}}
    del condition["StringLike" if key == aws.SUB_KEY else "StringEquals"]
    (message,) = aws.condition(condition).ask().found("forallvalues-vacuous")
    assert f"`{key}`" in message


def test_a_misspelt_key_makes_it_always_true(aws: Bundle) -> None:
    condition = {"ForAllValues:StringLike": {"oidc.basten.co:sub": aws.PATTERN}}
    answer = aws.condition(condition).ask()
    assert "always true" in answer.found("forallvalues-vacuous")[0]
    assert answer.exchange().prediction == "accepted"


@pytest.mark.parametrize(
    "guard", [{"Null": {"oidc.baseten.co:sub": "false"}}, {"StringLike": {"oidc.baseten.co:sub": "v=1:*"}}]
)
def test_the_key_is_known_to_be_there(aws: Bundle, guard: Any) -> None:
    condition = {"ForAllValues:StringLike": {aws.SUB_KEY: aws.PATTERN}} | guard
    aws.condition(condition).ask().passed("forallvalues-vacuous")


def test_on_a_key_of_several_values(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN) | {"ForAllValues:StringEquals": {"oidc.baseten.co:amr": "mfa"}}
    aws.condition(condition).ask().passed("forallvalues-vacuous")


def test_for_any_value_is_false_when_the_key_is_absent(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN, operator="ForAnyValue:StringLike")).ask()
    assert answer.accepted
    answer.passed("forallvalues-vacuous")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("forallvalues-vacuous")
