"""AWS070: strangers' tokens are let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("pattern", ["*", "v=1:*", "v=1:org=*:team=*:*", "v=1:org=*", "?*"])
def test_patterns_without_an_organization(aws: Bundle, pattern: str) -> None:
    answer = aws.condition(aws.subject(pattern)).ask()
    (message,) = answer.found("trust-any-tenant")
    assert "any Baseten customer" in message
    assert answer.exchange().prediction == "accepted"
    assert answer.report.exit_code == 0
    assert aws.ask(fail_on="weakens").report.exit_code == 1


def test_where_it_stands(aws: Bundle) -> None:
    row = aws.condition(aws.subject("v=1:org=Org8Kd2P:*", "v=1:org=*")).ask().check("trust-any-tenant")
    side = row.findings[0].actual
    assert side is not None
    assert side.value == "v=1:org=*"
    assert str(side.at).startswith("aws/role.json:")


def test_any_repository(github: Bundle) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}
    assert "GitHub" in github.aws_role(policy).ask().found("trust-any-tenant")[0]


def test_an_attribute_condition_on_the_audience_alone(gcp: Bundle) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    answer = gcp.gcp_provider(condition="assertion.aud == 'oidc.baseten.co'").ask()
    assert "any Baseten customer" in answer.found("trust-any-tenant")[0]


@pytest.mark.parametrize("pattern", ["v=1:org=Org8Kd2P:*", "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"])
def test_an_organization_is_named(aws: Bundle, pattern: str) -> None:
    aws.condition(aws.subject(pattern)).ask().passed("trust-any-tenant")


def test_a_star_under_string_equals_lets_nobody_in(aws: Bundle) -> None:
    aws.condition(aws.subject("*", operator="StringEquals")).ask().passed("trust-any-tenant")


def test_another_test_closes_it(aws: Bundle) -> None:
    condition = aws.subject("*") | {"StringEquals": {aws.SUB_KEY: aws.SUBJECT}}
    aws.condition(condition).ask().passed("trust-any-tenant")


def test_a_deny_closes_it(aws: Bundle) -> None:
    deny = aws.statement({"StringNotLike": {aws.SUB_KEY: "v=1:org=Org8Kd2P:*"}}, Effect="Deny")
    aws.trust(aws.statement(aws.subject("*")), deny).ask().passed("trust-any-tenant")


@pytest.mark.parametrize("pattern", ["<pattern>", "v=1:org=***:*", "v=1:org=<org>:*"])
def test_a_redacted_pattern_is_no_finding(aws: Bundle, pattern: str) -> None:
    policy = aws.policy(aws.statement(aws.subject(pattern)))
    assert aws.write("aws/role.json", policy).ask().check("trust-any-tenant").findings == []


def test_asterisks_that_aws_printed_are_wildcards(aws: Bundle) -> None:
    assert aws.condition(aws.subject("v=1:org=***:*")).ask().found("trust-any-tenant")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("trust-any-tenant")


def test_a_document_that_was_denied(aws: Bundle) -> None:
    aws.denied("aws/role.json").ask().skipped("trust-any-tenant")


@pytest.mark.parametrize("operator", ["StringNotLike", "StringLike"])
def test_a_deny_that_refuses_nobody_closes_nothing(aws: Bundle, operator: str) -> None:
    pattern = "v=1:*" if operator == "StringNotLike" else "no-such:*"
    deny = aws.statement({operator: {aws.SUB_KEY: pattern}}, Effect="Deny")
    answer = aws.trust(aws.statement(aws.subject("v=1:*")), deny).ask()
    assert "any Baseten customer" in answer.found("trust-any-tenant")[0]


def test_the_finding_names_a_subject_that_really_passes(aws: Bundle) -> None:
    (message,) = aws.condition(aws.subject("v=1:org=*:*:type=model_container")).ask().found("trust-any-tenant")
    subject = next(word for word in message.split() if word.startswith("v=1:org="))
    assert "type=model_container" in subject
    assert aws.remove("token.jwt").ask(subject=subject).exchange().prediction == "accepted"


def test_the_finding_says_what_it_is_about(aws: Bundle) -> None:
    aws.target(aws={"role_arn": aws.ROLE_ARN}).condition(aws.subject("*"))
    (row,) = aws.ask().check("trust-any-tenant").findings
    assert (row.cloud, row.target, row.opens_to) == ("aws", aws.ROLE_ARN, "any Baseten customer")


def test_without_a_token(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").condition(aws.subject("v=1:org=*")).ask()
    assert "any Baseten customer" in answer.found("trust-any-tenant")[0]


def test_a_condition_on_what_was_not_read_is_no_pass(aws: Bundle) -> None:
    condition = aws.subject("*") | {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    row = aws.condition(condition).ask().skipped("trust-any-tenant")
    assert "aws:SourceIp" in row.reason


def test_the_tenant_of_an_organization_s_own_issuer(aws: Bundle) -> None:
    policy = aws.policy(aws.statement({"StringLike": {"oidc.circleci.com/org/9b/x:sub": "org/9b/*"}}))
    assert aws.aws_role(policy).ask().check("trust-any-tenant").findings == []
