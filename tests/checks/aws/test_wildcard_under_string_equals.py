"""AWS021: a star under StringEquals is a star."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_a_pattern_under_string_equals(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN, operator="StringEquals")).ask()
    cause = answer.refused("wildcard-under-string-equals", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · StringEquals · oidc.baseten.co:sub"
    assert aws.marked(cause.expected) == "v=1:org=Org8Kd2P:team=Tq7LmZ2x:[*]"
    assert cause.actual is not None
    assert cause.actual.value == aws.SUBJECT
    assert "StringLike" in cause.fix


def test_the_command_prints_the_policy_and_names_no_file_of_the_readers(aws: Bundle) -> None:
    assert aws.condition(aws.subject(aws.PATTERN, operator="StringEquals")).ask().first.commands == (
        "aws iam get-role --role-name ModelWeights --query Role.AssumeRolePolicyDocument",
    )


@pytest.mark.parametrize("pattern", ["v=1:org=Org8Kd?P:*", "*", "v=1:*:type=model_container"])
def test_other_patterns(aws: Bundle, pattern: str) -> None:
    answer = aws.condition(aws.subject(pattern, operator="StringEquals")).ask()
    answer.refused("wildcard-under-string-equals", "authorise", aws.NOT_AUTHORIZED)


def test_string_equals_ignore_case(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN, operator="StringEqualsIgnoreCase")).ask()
    answer.refused("wildcard-under-string-equals", "authorise", aws.NOT_AUTHORIZED)


def test_in_the_audience(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: "*.baseten.co"}, "StringLike": {aws.SUB_KEY: aws.PATTERN}}
    aws.condition(condition).ask().refused("wildcard-under-string-equals", "authorise", aws.NOT_AUTHORIZED)


@pytest.mark.parametrize("operator", ["StringLike", "stringlike", "StringLikeIfExists", "ForAnyValue:StringLike"])
def test_under_string_like(aws: Bundle, operator: str) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN, operator=operator)).ask()
    assert answer.accepted
    answer.passed("wildcard-under-string-equals")


def test_an_exact_value(aws: Bundle) -> None:
    assert aws.condition(aws.subject(aws.SUBJECT, operator="StringEquals")).ask().accepted


def test_a_pattern_that_would_not_match_either(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=other:*", operator="StringEquals")).ask()
    assert answer.first.name == "subject-segment-differs"


def test_a_subject_that_is_unknown(aws: Bundle) -> None:
    aws.claims({"iss": aws.ISSUER, "aud": aws.AUDIENCE})
    answer = aws.condition(aws.subject(aws.PATTERN, operator="StringEquals")).ask()
    assert "wildcard-under-string-equals" not in answer.names
    assert answer.exchange().prediction == "unknown"


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("wildcard-under-string-equals")


def test_a_run_of_asterisks_that_aws_printed(aws: Bundle) -> None:
    policy = aws.policy(aws.statement(aws.subject("v=1:org=Org8Kd2P:***", operator="StringLike")))
    assert aws.aws_role(policy).ask().accepted
    policy = aws.policy(aws.statement({"StringEquals": {aws.SUB_KEY: "v=1:org=Org8Kd2P:***"}}))
    aws.aws_role(policy).ask().refused("wildcard-under-string-equals", "authorise")
    aws.write("aws/role.json", policy).ask().suspected("subject-segment-differs")


def test_redactions_beside_it_leave_it_open(aws: Bundle) -> None:
    policy = aws.policy(aws.statement({"StringEquals": {aws.SUB_KEY: "v=1:org=<org>:***"}}))
    assert aws.aws_role(policy).ask().first.confidence == "suspected"


def test_redactions_in_the_provider_leave_it_open(aws: Bundle) -> None:
    policy = aws.policy(aws.statement({"StringEquals": {aws.SUB_KEY: "v=1:org=Org8Kd2P:***"}}))
    answer = aws.aws_role(policy).aws_provider(url="<issuer>", arn=...).ask()
    assert answer.state("provider") == "assumed"
    answer.suspected("subject-segment-differs")
