"""AWS020: the trust policy allows nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("statements", [[{"Effect": "Deny", "Principal": "x", "Action": "sts:TagSession"}]])
def test_nothing_is_allowed(aws: Bundle, statements: list[Any]) -> None:
    answer = aws.aws_role({"Version": "2012-10-17", "Statement": statements}).ask()
    cause = answer.refused("no-allow-statement", "authorise", aws.NOT_AUTHORIZED)
    assert cause.at is not None
    assert cause.at.startswith("aws/role.json:")


def test_a_statement_for_somebody_else_is_another_cause(aws: Bundle) -> None:
    answer = aws.trust(aws.statement(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")).ask()
    assert "no-allow-statement" not in answer.names
    answer.refused("principal-differs", "authorise", aws.NOT_AUTHORIZED)


@pytest.mark.parametrize("listed", [True, False])
def test_one_statement_may_stand_alone(aws: Bundle, listed: bool) -> None:
    statement = aws.statement()
    answer = aws.aws_role({"Version": "2012-10-17", "Statement": [statement] if listed else statement}).ask()
    assert answer.accepted
    answer.passed("no-allow-statement")


@pytest.mark.parametrize("how", ["remove", "denied"])
def test_no_policy_was_read(aws: Bundle, how: str) -> None:
    answer = getattr(aws, how)("aws/role.json").ask()
    answer.skipped("no-allow-statement")
    assert answer.exchange().prediction == "unknown"
