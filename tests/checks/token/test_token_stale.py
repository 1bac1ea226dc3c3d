"""TOK007: Google's documented limit on the age of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_issued_more_than_a_day_ago_is_documented_not_measured(gcp: Bundle) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW - 86_401)).ask()
    assert answer.suspected("token-stale").step == "times"


def test_the_observed_sentence_settles_it(gcp: Bundle) -> None:
    issued = gcp.NOW - 86_401
    answer = gcp.token(gcp.claims_of(iat=issued)).error(f"ID Token issued at {issued} is stale to sign-in.").ask()
    answer.refused("token-stale", "times", ("invalid_grant", f"ID Token issued at {issued} is stale to sign-in."))


@pytest.mark.parametrize("ago", [60, 86_300])
def test_a_younger_token(gcp: Bundle, ago: int) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW - ago)).ask()
    assert answer.accepted
    answer.passed("token-stale")


def test_other_faults_of_the_times_have_their_own_names(gcp: Bundle) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW + 119)).ask()
    error = ("invalid_grant", f"ID Token issued at {gcp.NOW + 119} is stale to sign-in.")
    answer.refused("token-issued-in-future", "times", error)


def test_aws_has_no_such_fault(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(iat=aws.NOW - 10 * 86_400)).ask()
    assert answer.accepted
    answer.skipped("token-stale")


def test_a_cached_token_is_not_called_expired(gcp: Bundle) -> None:
    issued = gcp.NOW - 50 * 60
    gcp.token(gcp.claims_of(iat=issued, exp=gcp.NOW + 600))
    cause = gcp.error(f"ID Token issued at {issued} is stale to sign-in.").ask().suspected("token-stale")
    assert "issued 50 min before" in cause.summary
    assert "expired" not in cause.summary + cause.fix


def test_a_token_past_its_time_is_expired(gcp: Bundle) -> None:
    issued = gcp.NOW - 7200
    gcp.token(gcp.claims_of(iat=issued, exp=gcp.NOW - 600))
    answer = gcp.error(f"ID Token issued at {issued} is stale to sign-in.").ask()
    assert answer.names == ["token-expired"]
