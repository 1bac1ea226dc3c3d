"""AWS071: every team of the organisation is let in."""

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


def test_an_attribute_condition_on_the_organisation(gcp: Bundle) -> None:
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


@pytest.mark.parametrize(
    ("pattern", "found"), [("repo:octo-org/*", True), ("repo:octo-org/weights:*", False), ("repo:*", False)]
)
def test_a_repository_is_what_github_has_for_a_team(github: Bundle, pattern: str, found: bool) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringLike": {"token.actions.githubusercontent.com:sub": pattern}}
    row = github.aws_role(policy).ask().check("trust-any-team")
    assert bool(row.findings) == found
    assert all("every repository" in one.message for one in row.findings)


def test_a_token_that_is_refused_does_not_hide_it(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Other123:*")).ask()
    assert answer.exchange().prediction == "refused"
    assert "every team" in answer.found("trust-any-team")[0]
