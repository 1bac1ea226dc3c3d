"""AWS079: previews and pull requests have the role of production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


START = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:environment="


@pytest.mark.parametrize("other", ["preview", "preview-*", "pr-*", "dev", "test-eu"])
def test_an_environment_for_review(aws: Bundle, other: str) -> None:
    answer = aws.condition(aws.subject(f"{START}production:*", f"{START}{other}:*")).ask()
    (message, *_) = answer.found("preview-beside-production")
    assert f"environment={other.rstrip('*')}" in message


@pytest.mark.parametrize("other", ["staging", "production-eu", "canary"])
def test_other_environments_are_meant(aws: Bundle, other: str) -> None:
    condition = aws.subject(f"{START}production:*", f"{START}{other}:*")
    aws.condition(condition).ask().passed("preview-beside-production")


@pytest.mark.parametrize("other", [None, "repo:octo-org/other:pull_request"])
def test_pull_requests(github: Bundle, other: str | None) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    subjects = ["repo:octo-org/weights:environment:production", other or "repo:octo-org/weights:pull_request"]
    policy["Statement"][0]["Condition"] = {"StringEquals": {"token.actions.githubusercontent.com:sub": subjects}}
    found = github.aws_role(policy).ask().check("preview-beside-production").findings
    assert bool(found) == (other is None)


def test_production_alone(aws: Bundle) -> None:
    aws.condition(aws.subject(f"{START}production:*")).ask().passed("preview-beside-production")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("preview-beside-production")
