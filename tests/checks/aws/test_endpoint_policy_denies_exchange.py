"""AWS053: the policy of the VPC endpoint for STS denies the unsigned exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


TEXT = (
    "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: User: anonymous is not "
    "authorized to perform: sts:AssumeRoleWithWebIdentity on resource: arn:aws:iam::210987654321:role/ModelWeights "
)


@pytest.mark.parametrize(
    "ending",
    [
        "because no VPC endpoint policy allows the sts:AssumeRoleWithWebIdentity action",
        "with an explicit deny in a VPC endpoint policy",
    ],
)
def test_the_endpoint_policy_is_named(aws: Bundle, ending: str) -> None:
    cause = aws.error(TEXT + ending).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("endpoint-policy-denies-exchange", "proven", "authorise")
    assert "aws:PrincipalOrgID is absent" in cause.fix


def test_an_organization_policy_is_another_cause(aws: Bundle) -> None:
    cause = aws.error(TEXT + "with an explicit deny in a resource control policy").ask().first
    assert (cause.name, cause.step) == ("access-denied-by-organization-policy", "authorise")
