"""AWS072: no value of the subject is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"oidc.baseten.co:aud": "oidc.baseten.co"}},
        {},
        {"StringNotLike": {"oidc.baseten.co:sub": "v=1:org=other:*"}},
        {"Null": {"oidc.baseten.co:sub": "false"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_conditions_that_any_subject_meets(aws: Bundle, condition: Any) -> None:
    answer = aws.condition(condition).ask()
    (message,) = answer.found("trust-without-subject")
    assert "every Baseten customer" in message
    assert answer.exchange().prediction == "accepted"


def test_no_condition_at_all(aws: Bundle) -> None:
    assert aws.trust(aws.statement(Condition=...)).ask().found("trust-without-subject")


def test_a_misspelt_key_under_for_all_values(aws: Bundle) -> None:
    condition = {"ForAllValues:StringLike": {"oidc.baseten.co:subject": aws.PATTERN}}
    assert aws.condition(condition).ask().found("trust-without-subject")


@pytest.mark.parametrize("operator", ["StringLike", "StringEquals", "StringEqualsIgnoreCase"])
def test_a_subject_is_asked_for(aws: Bundle, operator: str) -> None:
    aws.condition(aws.subject("v=1:org=Org8Kd2P:team=x", operator=operator)).ask().passed("trust-without-subject")


def test_another_claim_that_tells_workloads_apart(github: Bundle) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    host = "token.actions.githubusercontent.com"
    policy["Statement"][0]["Condition"] = {"StringEquals": {f"{host}:repository": "octo-org/weights"}}
    github.aws_role(policy).ask().passed("trust-without-subject")


def test_a_key_that_no_token_has_lets_nobody_in(aws: Bundle) -> None:
    aws.condition({"StringEquals": {"oidc.baseten.co:environment": "production"}}).ask().passed("trust-without-subject")


def test_a_statement_for_other_principals(aws: Bundle) -> None:
    service = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.trust(aws.statement(), service).ask().passed("trust-without-subject")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("trust-without-subject")
