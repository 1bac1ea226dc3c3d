"""GCP013: the token's aud is not in allowedAudiences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize("scheme", ["https:", ""])
def test_a_list_switches_the_default_off(gcp: Bundle, says: type[Says], scheme: str) -> None:
    audience = f"{scheme}//iam.googleapis.com/{gcp.GCP_PROVIDER}"
    answer = gcp.token(gcp.claims_of(aud=audience)).ask()
    assert answer.first.name == "audience-not-allowed"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.audience(audience)
    assert answer.error_is_certain()
    assert answer.first.expected is not None
    assert answer.first.expected.value == gcp.AUDIENCE


@pytest.mark.parametrize(
    ("audience", "expected", "actual"),
    [
        ("https://oidc.baseten.co", "[]oidc.baseten.co", "[https://]oidc.baseten.co"),
        ("oidc.baseten.co/", "oidc.baseten.co[]", "oidc.baseten.co[/]"),
        ("OIDC.baseten.co", "[oidc].baseten.co", "[OIDC].baseten.co"),
    ],
)
def test_nearly_the_same(gcp: Bundle, says: type[Says], audience: str, expected: str, actual: str) -> None:
    answer = gcp.token(gcp.claims_of(aud=audience)).ask()
    assert answer.first.name == "audience-not-allowed"
    assert answer.error() == says.audience(audience)
    assert gcp.marked(answer.first.expected) == expected
    assert gcp.marked(answer.first.actual) == actual
    assert answer.first.commands[0].endswith(f"--allowed-audiences=oidc.baseten.co,{audience}")


def test_none_of_several(gcp: Bundle) -> None:
    answer = gcp.token(gcp.claims_of(aud=["one", "two"])).ask()
    assert answer.first.name == "audience-not-allowed"
    assert answer.exchange().step == "audience"


def test_one_of_several(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(aud=["one", gcp.AUDIENCE])).gcp_provider(audiences=["other", gcp.AUDIENCE])
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("audience-not-allowed").status == "passed"


def test_no_audience(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(gcp.claims_of(aud=...)).ask()
    assert answer.first.name == "claim-missing"
    assert answer.error() == says.audience("")


def test_an_empty_list_in_the_error_is_a_missing_claim(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.claims({"sub": gcp.SUBJECT, "iss": gcp.ISSUER}).error(says.audience("")[1]).ask()
    assert answer.first.name == "claim-missing"


def test_a_placeholder(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(audiences=["<audience>"]).ask()
    assert answer.first.name == "audience-not-allowed"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_a_partial_token(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.claims({"sub": gcp.SUBJECT, "iss": gcp.ISSUER}).ask()
    assert answer.state("audience") == "unknown"
    assert answer.check("audience-not-allowed").status == "skipped"
    answer = gcp.error(says.audience("other")[1]).ask()
    assert answer.first.name == "audience-not-allowed"
    assert answer.first.confidence == "suspected"


def test_a_star_in_the_list(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(audiences=["oidc.*"]).ask()
    assert answer.first.name == "audience-not-allowed"
    assert "StringEquals" not in answer.first.summary
