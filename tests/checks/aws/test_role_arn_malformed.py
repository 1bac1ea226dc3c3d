"""AWS003: what was sent as RoleArn is not the ARN of a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "sent",
    [
        "arn:aws:iam:::210987654321:role/ModelWeights",
        "arn:aws:iam:us-east-1:210987654321:role/ModelWeights",
        "arn:aws:sts::210987654321:assumed-role/ModelWeights/weights",
        "arn:aws:iam::210987654321:user/ModelWeights",
        "arn:aws:iam::210987654321:ModelWeights",
        "arn:aws:iam::210987654321:role/",
        "arn:aws:iam::210987654321:role/Model Weights",
        "arn:amazon:iam::210987654321:role/ModelWeights",
        "arn:aws:iam::210987654321/role/ModelWeights",
    ],
)
def test_another_arn(aws: Bundle, sent: str) -> None:
    answer = aws.sends(role_arn=sent).ask()
    cause = answer.refused("role-arn-malformed", "request", ("ValidationError", "Request ARN is invalid"))
    assert cause.actual is not None
    assert cause.actual.value == sent
    assert str(cause.actual.at).startswith("oidc-doctor.toml")


def test_a_name_alone_is_too_short(aws: Bundle) -> None:
    answer = aws.sends(role_arn="ModelWeights").ask()
    error = (
        "ValidationError",
        (
            "1 validation error detected: Value 'ModelWeights' at 'roleArn' failed to satisfy constraint: "
            "Member must have length greater than or equal to 20"
        ),
    )
    answer.refused("role-arn-malformed", "request", error)


def test_what_differs_is_marked(aws: Bundle) -> None:
    cause = aws.sends(role_arn="arn:aws:iam:us-east-1:210987654321:role/ModelWeights").ask().first
    assert aws.marked(cause.actual) == "arn:aws:iam:[us-east-1]:210987654321:role/ModelWeights"


@pytest.mark.parametrize("arn", ["arn:aws:iam::210987654321:role/ml/ModelWeights", "arn:aws:iam::210987654321:role/a"])
def test_role_arns(aws: Bundle, arn: str) -> None:
    answer = aws.aws_role(Arn=arn, RoleName=arn.rpartition("/")[2]).sends(role_arn=arn).ask()
    assert answer.accepted
    answer.passed("role-arn-malformed")


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::<account>:role/ModelWeights", "arn:aws:iam::1234:role/ModelWeights", "<arn>"]
)
def test_a_redacted_arn_is_well_formed(aws: Bundle, arn: str) -> None:
    assert "role-arn-malformed" not in aws.sends(role_arn=arn).ask().names


def test_it_is_not_known(aws: Bundle) -> None:
    aws.remove("oidc-doctor.toml", "aws/role.json").ask().skipped("role-arn-malformed")
