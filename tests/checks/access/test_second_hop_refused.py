"""ACC014: a session may not assume a further role; the trust policy of the token's role plays no part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


CALLER = "arn:aws:sts::210987654321:assumed-role/ModelWeights/w"
TARGET = "arn:aws:iam::444455556666:role/Downstream"
TEXT = f"AccessDenied: User: {CALLER} is not authorized to perform: sts:AssumeRole on resource: {TARGET}"


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"{TEXT} with an explicit deny in a service control policy",
        f"{TEXT} because no identity-based policy allows the sts:AssumeRole action",
        TEXT.replace("sts:AssumeRole", "sts:TagSession"),
    ],
)
def test_caller_and_further_role_are_named(aws: Bundle, text: str) -> None:
    answer = aws.error(text).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("second-hop-refused", "proven", "permission")
    assert CALLER in cause.summary
    assert "444455556666" in cause.fix or "control policy" in text
    assert answer.exchange().prediction == "accepted"


def test_a_session_of_an_unknown_role_shows_nothing_of_this_exchange(bundle: Bundle) -> None:
    answer = bundle.target(aws={"role_arn": "arn:aws:iam::210987654321:role/Another"}).error(TEXT).ask()
    assert answer.first.name == "second-hop-refused"
    assert answer.state("authorise") != "passed-by-error"
    assert answer.exchange().prediction == "unknown"


def test_a_session_of_the_targets_role_shows_that_the_exchange_passed(bundle: Bundle) -> None:
    answer = bundle.target(aws={"role_arn": "arn:aws:iam::210987654321:role/ModelWeights"}).error(TEXT).ask()
    assert answer.state("authorise") == "passed-by-error"


def test_the_organization_decides_and_no_policy_of_a_role(aws: Bundle) -> None:
    cause = aws.error(f"{TEXT} with an explicit deny in a service control policy").ask().first
    assert "administrator of the organization" in cause.fix
    assert "trust policy" not in cause.fix


def test_another_session_that_asks_for_the_targets_role_did_not_send_the_token(bundle: Bundle) -> None:
    """A principal of the other account in the trust policy would open the role to it."""
    answer = bundle.target(aws={"role_arn": TARGET}).error(TEXT).ask()
    assert (answer.first.name, answer.first.step) == ("not-web-identity-flow", "obtain")
    assert "principal" not in answer.first.fix
