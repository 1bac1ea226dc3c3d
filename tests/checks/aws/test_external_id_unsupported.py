"""AWS009: AssumeRoleWithWebIdentity has no external ID."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_a_condition_on_it(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN)
    condition["StringEquals"]["sts:ExternalId"] = "baseten-Org8Kd2P"
    answer = aws.condition(condition).ask()
    cause = answer.refused("external-id-unsupported", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · StringEquals · sts:ExternalId"


def test_if_exists_is_true_without_it(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN) | {"StringEqualsIfExists": {"sts:ExternalId": "x"}}
    answer = aws.condition(condition).ask()
    assert answer.accepted


def test_no_condition_on_it(aws: Bundle) -> None:
    assert "external-id-unsupported" not in aws.ask().names
