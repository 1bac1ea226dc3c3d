"""AWS078: a part of the subject is asked for, and left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("end", ["*:type=*", "*:environment=production:type=model_*"])
def test_any_type(aws: Bundle, end: str) -> None:
    (message,) = aws.condition(aws.subject(f"v=1:org=Org8Kd2P:team=Tq7LmZ2x:{end}")).ask().found("segment-left-open")
    assert "accepts any type" in message


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("repo:octo-org/weights:ref:refs/heads/*", True),
        ("repo:octo-org/weights:environment:*", True),
        ("repo:octo-org/weights:ref:refs/heads/feature/*", False),
        ("repo:octo-org/weights:ref:refs/tags/*", False),
        ("repo:octo-org/weights:*", False),
    ],
)
def test_any_branch_or_environment(github: Bundle, pattern: str, found: bool) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringLike": {"token.actions.githubusercontent.com:sub": pattern}}
    assert bool(github.aws_role(policy).ask().check("segment-left-open").findings) == found


def test_both_types_by_their_names(aws: Bundle) -> None:
    start = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:type=model_"
    aws.condition(aws.subject(f"{start}build", f"{start}container")).ask().passed("segment-left-open")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("segment-left-open")
