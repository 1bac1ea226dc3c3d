"""AWS073: the wildcard stands directly after a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "pattern", ["v=1:org=Org8Kd2P:team=Tq7L*", "v=1:org=Org8Kd2P*", "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK*"]
)
def test_other_names_begin_alike(aws: Bundle, pattern: str) -> None:
    answer = aws.condition(aws.subject(pattern)).ask()
    assert answer.found("prefix-without-delimiter")
    assert answer.exchange().prediction == "accepted"


@pytest.mark.parametrize("pattern", ["repo:octo-org*", "repo:octo-org/weights*"])
def test_repositories(github: Bundle, pattern: str) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringLike": {"token.actions.githubusercontent.com:sub": pattern}}
    assert github.aws_role(policy).ask().found("prefix-without-delimiter")


def test_starts_with(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x')")
    gcp.ask().passed("prefix-without-delimiter")  # the binding refuses another team
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    assert gcp.ask().found("prefix-without-delimiter")


@pytest.mark.parametrize(
    "pattern", ["v=1:org=Org8Kd2P:team=Tq7LmZ2x:*", "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:environment=production:*"]
)
def test_the_separator_stands_between(aws: Bundle, pattern: str) -> None:
    aws.condition(aws.subject(pattern)).ask().passed("prefix-without-delimiter")


@pytest.mark.parametrize(
    ("end", "stranger"),
    [
        ("*:environment=prod*", "environment=production-eu:"),
        ("*environment=production*", "environment=production-eu:"),
        ("*:environment=*production:*", "environment=pre-production:"),
        ("*prod*", "environment=production-eu:"),
    ],
)
def test_environments_that_begin_or_end_alike(aws: Bundle, end: str, stranger: str) -> None:
    row = aws.condition(aws.subject(f"v=1:org=Org8Kd2P:team=Tq7LmZ2x:{end}")).ask().check("prefix-without-delimiter")
    assert stranger in row.findings[0].message
    assert ":environment=prod" in row.findings[0].fix


def test_a_listed_name_that_is_longer(aws: Bundle) -> None:
    start = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:environment="
    aws.condition(aws.subject(f"{start}prod:*", f"{start}prod-eu:*")).ask().passed("prefix-without-delimiter")


def test_the_healthy_attribute_condition(gcp: Bundle) -> None:
    gcp.ask().passed("prefix-without-delimiter")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("prefix-without-delimiter")


@pytest.mark.parametrize(("pattern", "found"), [("repo:octo-org/we*", True), ("repo:octo-org/we-*", False)])
def test_a_prefix_of_names_inside_one_owner_is_meant(github: Bundle, pattern: str, found: bool) -> None:
    claims = {"iss": github.GITHUB, "aud": "sts.amazonaws.com", "iat": github.NOW - 60, "exp": github.NOW + 240}
    github.token(claims | {"sub": github.GITHUB_SUBJECT.replace("weights", "we-ights")})
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringLike": {"token.actions.githubusercontent.com:sub": pattern}}
    answer = github.aws_role(policy).ask()
    assert answer.exchange().prediction == "accepted"
    assert bool(answer.check("prefix-without-delimiter").findings) == found


def test_a_name_that_the_token_does_not_have(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Abc:team=Def*")).ask()
    assert answer.exchange().prediction == "refused"
    assert "team=Def" in answer.found("prefix-without-delimiter")[0]
