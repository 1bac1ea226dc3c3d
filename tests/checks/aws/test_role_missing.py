"""AWS004: no role has the ARN that was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_the_cloud_said_so(aws: Bundle) -> None:
    answer = aws.not_found("aws/role.json").ask()
    cause = answer.refused("role-missing", "authorise", aws.NOT_AUTHORIZED)
    assert cause.actual is not None
    assert cause.actual.value == aws.ROLE_ARN


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::210987654321:role/ml/ModelWeights", "ModelWeights"),
        ("arn:aws:iam::210987654321:role/modelweights", "modelweights"),
    ],
)
def test_the_name_was_read_under_another_arn(aws: Bundle, arn: str, name: str) -> None:
    answer = aws.aws_role(Arn=arn, RoleName=name).ask()
    cause = answer.refused("role-missing", "authorise", aws.NOT_AUTHORIZED)
    assert cause.expected is not None
    assert cause.expected.value == arn
    assert arn in cause.fix


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::210987654321:role/OtherRole", "arn:aws:iam::554433221100:role/ModelWeights"]
)
def test_another_role_proves_nothing(aws: Bundle, arn: str) -> None:
    answer = aws.aws_role(Arn=arn, RoleName=arn.rpartition("/")[2]).ask()
    answer.skipped("role-missing")
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize("how", ["remove", "denied"])
def test_it_was_not_read(aws: Bundle, how: str) -> None:
    getattr(aws, how)("aws/role.json").ask().skipped("role-missing")


def test_the_role_that_was_sent(aws: Bundle) -> None:
    aws.ask().passed("role-missing")


def test_a_redacted_account_may_be_the_same(aws: Bundle) -> None:
    assert aws.aws_role(Arn="arn:aws:iam::XXXXXXXXXXXX:role/ModelWeights").ask().accepted
