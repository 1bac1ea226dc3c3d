"""TOK007: Google's word for a token whose times do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.checks.conftest import Bundle


def test_issued_in_the_future(gcp: Bundle) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW + 119)).ask()
    error = ("invalid_grant", f"ID Token issued at {gcp.NOW + 119} is stale to sign-in.")
    answer.refused("token-stale", "times", error)


@pytest.mark.parametrize("ahead", [0, 60])
def test_within_a_minute(gcp: Bundle, ahead: int) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW + ahead)).ask()
    assert answer.accepted
    answer.passed("token-stale")


def test_aws_has_no_such_fault(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(iat=aws.NOW + 119)).ask()
    assert answer.accepted
    answer.skipped("token-stale")
