"""AWS074: ForAllValues is true when the key is absent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("key", ["oidc.baseten.co:sub", "oidc.baseten.co:aud"])
def test_a_key_that_every_token_has(aws: Bundle, key: str) -> None:
    condition = aws.subject(aws.PATTERN) | {"ForAllValues:StringLike": {key: "*"}}
    del condition["StringLike" if key == aws.SUB_KEY else "StringEquals"]
    answer = aws.condition(condition).ask()
    assert "forallvalues-vacuous" not in answer.names
    assert f"`{key}`" in answer.found("claim-not-required")[0]


@pytest.mark.parametrize("operator", ["ForAllValues:StringEquals", "StringEqualsIfExists"])
def test_a_key_that_the_issuer_does_not_give(aws: Bundle, operator: str) -> None:
    condition = {
        "StringEquals": {"oidc.baseten.co:aud": "oidc.baseten.co"},
        operator: {"oidc.baseten.co:org": "Org8Kd2P"},
    }
    (message,) = aws.condition(condition).ask().found("forallvalues-vacuous")
    assert "`oidc.baseten.co:org`" in message
    assert "always true" in message


def test_a_key_beside_a_fixed_team_that_was_meant_to_narrow_it(aws: Bundle) -> None:
    condition = aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*")
    condition["StringEqualsIfExists"] = {"oidc.baseten.co:environment": "production"}
    (message,) = aws.condition(condition).ask().found("forallvalues-vacuous")
    assert "environment=elsewhere" in message


def test_a_claim_that_some_tokens_lack(github: Bundle) -> None:
    host = github.GITHUB.removeprefix("https://")
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    condition = {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{host}:sub": "repo:octo-org/weights:*"},
        "StringEqualsIfExists": {f"{host}:environment": "production"},
    }
    policy["Statement"][0]["Condition"] = condition
    (message,) = github.aws_role(policy).ask().found("forallvalues-vacuous")
    assert "repo:octo-org/weights:" in message
    assert "which this token lacks" in message
    condition["StringEquals"][f"{host}:environment"] = "production"
    del condition["StringEqualsIfExists"]
    github.aws_role(policy).ask().passed("forallvalues-vacuous")


def test_a_negation_is_meant_to_hold_without_the_key(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN) | {"StringNotEquals": {"oidc.baseten.co:org": "Other123"}}
    answer = aws.condition(condition).ask()
    answer.passed("forallvalues-vacuous")
    answer.passed("claim-not-required")


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
