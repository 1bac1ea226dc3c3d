"""AWS028: the statement allows another action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "action",
    [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        ["sts:AssumeRole", "sts:TagSession"],
        "s3:*",
    ],
)
def test_other_actions(aws: Bundle, action: Any) -> None:
    answer = aws.trust(aws.statement(Action=action)).ask()
    cause = answer.refused("action-differs", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · Action"
    assert cause.actual is not None
    assert cause.actual.value == "sts:AssumeRoleWithWebIdentity"


@pytest.mark.parametrize("action", ["x", ["x"], "AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdendity"])
def test_an_action_that_iam_stores_in_no_trust_policy(aws: Bundle, action: Any) -> None:
    """IAM refuses to save it (recorded), so the policy that was read is not the one in force."""
    answer = aws.trust(aws.statement(Action=action)).ask()
    assert answer.exchange().prediction == "unknown"
    assert [(cause.name, cause.confidence) for cause in answer.report.causes] == [
        ("trust-policy-unreadable", "suspected")
    ]


@pytest.mark.parametrize(
    "action",
    [
        "sts:assumerolewithwebidentity",
        "sts:AssumeRoleWith*",
        "sts:AssumeRoleWithWebIdentit?",
        "sts:*",
        "*",
        ["sts:TagSession", "sts:AssumeRoleWithWebIdentity"],
    ],
)
def test_actions_that_cover_it(aws: Bundle, action: Any) -> None:
    answer = aws.trust(aws.statement(Action=action)).ask()
    assert answer.accepted
    answer.passed("action-differs")


def test_not_action(aws: Bundle) -> None:
    assert aws.trust(aws.statement(Action=..., NotAction="sts:TagSession")).ask().accepted
    answer = aws.trust(aws.statement(Action=..., NotAction=["sts:AssumeRoleWith*"])).ask()
    assert answer.refused("action-differs", "authorise").location == "Statement[0] · NotAction"


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("action-differs")
