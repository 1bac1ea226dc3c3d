"""AWS043: the roles claim holds no usable role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


ROLES = "https://aws.amazon.com/roles"


@pytest.mark.parametrize(
    "claim", ["x", "arn:aws:iam::210987654321:role/*", ["x", 5], [], "", "arn:aws:iam::210987654321:user/x"]
)
def test_no_role_in_it(aws: Bundle, claim: Any) -> None:
    answer = aws.token(aws.claims_of(**{ROLES: claim})).ask()
    answer.refused("roles-claim-malformed", "session-claims")
    assert answer.error()[1] == "The roles claim contains no valid role ARNs"


@pytest.mark.parametrize("claim", [5, {"role": "x"}, True])
def test_another_type(aws: Bundle, claim: Any) -> None:
    answer = aws.token(aws.claims_of(**{ROLES: claim})).ask()
    answer.refused("roles-claim-malformed", "session-claims")
    assert answer.error()[1] == "The roles claim is not in a supported format"


@pytest.mark.parametrize("claim", [..., None])
def test_absent_and_null_are_none(aws: Bundle, claim: Any) -> None:
    answer = aws.token(aws.claims_of(**{ROLES: claim})).ask()
    assert answer.accepted
    answer.passed("roles-claim-malformed")


def test_bad_entries_are_passed_over(aws: Bundle) -> None:
    assert aws.token(aws.claims_of(**{ROLES: ["x", 5, aws.ROLE_ARN]})).ask().accepted
