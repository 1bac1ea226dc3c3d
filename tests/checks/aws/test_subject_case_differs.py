"""AWS022: upper and lower case count in values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_one_segment(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=tq7lmz2x:*")).ask()
    cause = answer.refused("subject-case-differs", "authorise", aws.NOT_AUTHORIZED)
    assert "in the team" in cause.summary
    assert aws.marked(cause.expected) == "v=1:org=Org8Kd2P:team=[tq7lmz]2x:*"
    assert "team=[Tq7LmZ]2x" in aws.marked(cause.actual)


def test_an_exact_value(github: Bundle) -> None:
    policy = json.dumps(github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"])
    answer = github.aws_role(json.loads(policy.replace("octo-org/weights", "Octo-Org/Weights"))).ask()
    answer.refused("subject-case-differs", "authorise", github.NOT_AUTHORIZED)


def test_ignoring_case(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(aws.SUBJECT.upper(), operator="StringEqualsIgnoreCase")).ask()
    assert answer.accepted
    answer.passed("subject-case-differs")


def test_case_does_not_count_in_keys(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY.upper(): aws.AUDIENCE}, "StringLike": {aws.SUB_KEY.upper(): aws.PATTERN}}
    assert aws.condition(condition).ask().accepted


def test_another_letter_is_another_cause(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=tq7lmz2y:*")).ask()
    assert answer.first.name == "subject-segment-differs"


def test_a_redacted_segment_elsewhere(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=<org>:team=tq7lmz2x:*")).ask()
    assert answer.first.confidence == "predicted"  # no organization makes the team match
    assert "subject-segment-differs" not in answer.names or answer.exchange().prediction == "refused"


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("subject-case-differs")
