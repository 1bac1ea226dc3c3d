"""TOK006: `iat` lies further ahead than AWS's tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("ahead", [302, 3600])
def test_beyond_five_minutes(aws: Bundle, ahead: int) -> None:
    issued = aws.NOW + ahead
    answer = aws.token(aws.claims_of(iat=issued, exp=issued + 3600)).ask()
    error = ("InvalidIdentityToken", f"Token issued in the future: {issued}")
    answer.refused("token-issued-in-future", "token", error)
    assert answer.error_is_certain()


@pytest.mark.parametrize("ahead", [0, 300, 301])
def test_within_five_minutes(aws: Bundle, ahead: int) -> None:
    answer = aws.token(aws.claims_of(iat=aws.NOW + ahead)).ask()
    assert answer.accepted
    answer.passed("token-issued-in-future")


def test_an_old_token_is_no_fault_on_aws(aws: Bundle) -> None:
    assert aws.token(aws.claims_of(iat=aws.NOW - 30 * 86400)).ask().accepted
