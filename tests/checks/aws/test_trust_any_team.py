"""AWS071: every team of the organization is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "pattern", ["v=1:org=Org8Kd2P:*", "v=1:org=Org8Kd2P:team=*:*", "v=1:org=Org8Kd2P:*:type=model_container"]
)
def test_the_team_is_open(aws: Bundle, pattern: str) -> None:
    (message,) = aws.condition(aws.subject(pattern)).ask().found("trust-any-team")
    assert "every team" in message


def test_an_attribute_condition_on_the_organization(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="assertion.org == 'Org8Kd2P'")
    gcp.ask().passed("trust-any-team")  # the binding names the team
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    assert "every team" in gcp.ask().found("trust-any-team")[0]


@pytest.mark.parametrize(
    "pattern", ["v=1:org=Org8Kd2P:team=Tq7LmZ2x:*", "v=1:org=Org8Kd2P:*:model=mWq41ZpK:*", "v=1:org=*"]
)
def test_a_team_or_less_is_named_or_it_is_worse(aws: Bundle, pattern: str) -> None:
    aws.condition(aws.subject(pattern)).ask().passed("trust-any-team")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("trust-any-team")


@pytest.mark.parametrize("pattern", ["repo:octo-org/*", "repo:octo-org/weights:*", "repo:*"])
def test_a_whole_organization_as_the_issuer_documents_it(github: Bundle, pattern: str) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringLike": {"token.actions.githubusercontent.com:sub": pattern}}
    github.aws_role(policy).ask().passed("trust-any-team")


@pytest.mark.parametrize(
    ("pattern", "found"), [("organization:acme:*", True), ("organization:acme:pipeline:web:*", False)]
)
def test_a_pipeline_is_what_buildkite_has_for_a_team(aws: Bundle, pattern: str, found: bool) -> None:
    host = "agent.buildkite.com"
    arn = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{host}"
    aws.remove("token.jwt").aws_provider(("sts.amazonaws.com",), host, arn)
    condition = {"StringEquals": {f"{host}:aud": "sts.amazonaws.com"}, "StringLike": {f"{host}:sub": pattern}}
    row = aws.condition(condition, Principal={"Federated": arn}).ask().check("trust-any-team")
    assert bool(row.findings) == found
    assert all("every pipeline" in one.message for one in row.findings)
    assert all("pipeline:PIPELINE:*" in one.fix for one in row.findings)


def test_a_token_that_is_refused_does_not_hide_it(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Other123:*")).ask()
    assert answer.exchange().prediction == "refused"
    assert "every team" in answer.found("trust-any-team")[0]
