"""How Google judges a token's times: measured with 60 s of tolerance both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize("seconds", [0, -59, -60])
def test_just_past_exp_passes(gcp: Bundle, seconds: int) -> None:
    assert gcp.token(gcp.claims_of(exp=gcp.NOW + seconds)).ask().accepted


@pytest.mark.parametrize("seconds", [-61, -3600])
def test_past_the_tolerance(gcp: Bundle, says: type[Says], seconds: int) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW - 7200, exp=gcp.NOW + seconds)).ask()
    assert answer.names == ["token-expired"]
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.stale(gcp.NOW - 7200)
    assert answer.error_is_certain()
    assert answer.exchange().step == "times"


def test_issued_a_minute_ahead_passes(gcp: Bundle) -> None:
    assert gcp.token(gcp.claims_of(iat=gcp.NOW + 60)).ask().accepted


def test_between_the_measured_points_it_is_suspected(gcp: Bundle) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW + 90)).ask()
    assert answer.first.name == "token-issued-in-future"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_issued_two_minutes_ahead(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW + 119)).ask()
    assert answer.first.name == "token-issued-in-future"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.stale(gcp.NOW + 119)


@pytest.mark.parametrize(
    ("claims", "issued"), [({"iat": ...}, "null"), ({"exp": ...}, None), ({"iat": ..., "exp": ...}, "null")]
)
def test_a_time_is_missing(gcp: Bundle, says: type[Says], claims: Any, issued: str | None) -> None:
    answer = gcp.token(gcp.claims_of(**claims)).ask()
    assert answer.first.name == "claim-missing"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.stale(issued or gcp.NOW - 60)


def test_a_documented_limit_is_no_certain_cause(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(gcp.claims_of(iat=gcp.NOW - 86_401)).ask()
    assert answer.first.name == "token-stale"
    assert answer.first.confidence == "suspected"
    answer = gcp.error(says.stale(gcp.NOW - 86_401)[1]).ask()
    assert answer.first.name == "token-stale"
    assert answer.first.confidence == "predicted"


@pytest.mark.parametrize("seconds", [90_000, 31_536_000])
def test_a_long_life_was_measured_to_pass(gcp: Bundle, seconds: int) -> None:
    assert gcp.token(gcp.claims_of(exp=gcp.NOW + seconds)).ask().exchange().prediction == "accepted"


def test_decoded_claims_without_times(gcp: Bundle, says: type[Says]) -> None:
    gcp.claims(gcp.claims_of(iat=..., exp=...))
    answer = gcp.ask()
    assert answer.state("times") == "assumed"
    assert answer.exchange().prediction == "accepted"
    answer = gcp.error(says.stale("null")[1]).ask()
    assert answer.first.name == "claim-missing"
    assert answer.first.confidence == "proven"
    answer = gcp.error(says.stale(gcp.NOW - 9000)[1]).ask()
    assert answer.first.name == "token-expired"
    assert answer.first.confidence == "suspected"


def test_the_sentence_belongs_to_the_times(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.error(says.stale(gcp.NOW - 9000)[1]).ask()
    assert answer.first.step == "times"
