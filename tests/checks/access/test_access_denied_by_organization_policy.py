"""ACC021: an AWS service names the type of the policy that denies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


NAME = "access-denied-by-organization-policy"
TEXT = (
    "An error occurred (AccessDenied) when calling the GetObject operation: User: "
    "arn:aws:sts::210987654321:assumed-role/ModelWeights/w is not authorized to perform: s3:GetObject on resource: "
    '"arn:aws:s3:::weights/l" '
)


@pytest.mark.parametrize(
    "ending",
    [
        "because no service control policy allows the s3:GetObject action",
        "with an explicit deny in a resource control policy",
        "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p-1a",
    ],
)
def test_the_policy_that_denies_is_named(aws: Bundle, ending: str) -> None:
    answer = aws.error(TEXT + ending).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == (
        NAME,
        "proven",
        "permission",
    )
    assert "control policy" in cause.summary
    assert "s3:GetObject" in cause.summary
    assert not cause.fix.startswith("Grant")
    assert answer.exchange().prediction == "accepted"


def test_another_policy_is_another_cause(aws: Bundle) -> None:
    assert (
        aws.error(TEXT + "because no identity-based policy allows the s3:GetObject action").ask().first.name
        != "access-denied-by-organization-policy"
    )
