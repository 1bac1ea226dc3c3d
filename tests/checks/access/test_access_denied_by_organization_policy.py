"""ACC021: an AWS service names the type of the policy that denies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evidence.denials import DENIED, assert_credentials_come_first, assert_denied_by

if TYPE_CHECKING:
    from evidence import Bundle

NAME = "access-denied-by-organization-policy"


@pytest.mark.parametrize(
    "ending",
    [
        "because no service control policy allows the s3:GetObject action",
        "with an explicit deny in a resource control policy",
        "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p-1a",
    ],
)
def test_the_policy_that_denies_is_named(aws: Bundle, ending: str) -> None:
    assert_denied_by(aws, ending, name=NAME, policy="control policy")


def test_another_policy_is_another_cause(aws: Bundle) -> None:
    assert (
        aws.error(DENIED + "because no identity-based policy allows the s3:GetObject action").ask().first.name != NAME
    )


def test_another_roles_session_is_given_no_access(aws: Bundle) -> None:
    assert_credentials_come_first(aws, "because no service control policy allows the s3:GetObject action", name=NAME)
