"""AWS051: a role that was made a moment ago is not usable everywhere at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_a_role_of_some_seconds(aws: Bundle) -> None:
    answer = aws.aws_role(CreateDate=aws.times(-6)).error(aws.NOT_AUTHORIZED[1]).ask()
    cause = answer.cause("propagation-delay")
    assert (answer.first, cause.confidence, cause.step) == (cause, "suspected", "authorise")
    assert answer.report.exit_code == 1


def test_an_older_role(aws: Bundle) -> None:
    answer = aws.aws_role(CreateDate=aws.times(-3600)).error(aws.NOT_AUTHORIZED[1]).ask()
    assert "propagation-delay" not in answer.names


def test_a_role_that_was_made_after_the_attempt(aws: Bundle) -> None:
    answer = aws.aws_role(CreateDate=aws.times(6)).error(aws.NOT_AUTHORIZED[1]).ask()
    assert "propagation-delay" not in answer.names


def test_a_new_role_that_nobody_was_refused(aws: Bundle) -> None:
    assert aws.aws_role(CreateDate=aws.times(-6)).ask().accepted


def test_a_clause_that_refuses_is_the_better_cause(aws: Bundle) -> None:
    aws.aws_role(aws.policy(aws.statement(aws.subject("v=1:org=other:*"))), CreateDate=aws.times(-6))
    assert aws.error(aws.NOT_AUTHORIZED[1]).ask().names == ["subject-segment-differs"]


@pytest.mark.parametrize("created", ["long ago", "", ...])
def test_a_date_that_cannot_be_read(aws: Bundle, created: Any) -> None:
    answer = aws.aws_role(CreateDate=created).error(aws.NOT_AUTHORIZED[1]).ask()
    assert "propagation-delay" not in answer.names
