"""ACC019: an AWS service names the type of the policy that denies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


NAME = "access-denied-by-boundary"
TEXT = (
    "An error occurred (AccessDenied) when calling the GetObject operation: User: "
    "arn:aws:sts::210987654321:assumed-role/ModelWeights/w is not authorized to perform: s3:GetObject on resource: "
    '"arn:aws:s3:::weights/l" '
)


@pytest.mark.parametrize(
    "ending",
    [
        "because no permissions boundary allows the s3:GetObject action",
        "with an explicit deny in a permissions boundary: arn:aws:iam::210987654321:policy/limit",
    ],
)
def test_the_policy_that_denies_is_named(aws: Bundle, ending: str) -> None:
    answer = aws.error(TEXT + ending).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == (NAME, "proven", "permission")
    assert "permissions boundary" in cause.summary
    assert "s3:GetObject" in cause.summary
    assert not cause.fix.startswith("Grant")
    assert answer.exchange().prediction == "accepted"


def test_another_policy_is_another_cause(aws: Bundle) -> None:
    assert (
        aws.error(TEXT + "because no identity-based policy allows the s3:GetObject action").ask().first.name
        != "access-denied-by-boundary"
    )
