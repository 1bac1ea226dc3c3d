"""GCP010: the token's iss is not the provider's issuerUri."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    ("issuer", "marked"),
    [
        ("https://token.actions.githubusercontent.com", None),
        ("http://oidc.baseten.co", "[http://]oidc.baseten.co"),
        ("https://OIDC.baseten.co", "https://[OIDC].baseten.co"),
        ("https://oidc.baseten.co/v1/identity/oidc", "https://oidc.baseten.co[/v1/identity/oidc]"),
    ],
)
def test_another_issuer(gcp: Bundle, says: type[Says], issuer: str, marked: str | None) -> None:
    answer = gcp.token(gcp.claims_of(iss=issuer)).ask()
    assert answer.first.name == "issuer-mismatch"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.issuer(issuer, gcp.ISSUER)
    assert answer.error_is_certain()
    assert answer.exchange().step == "issuer"
    assert answer.first.expected is not None
    assert answer.first.expected.value == gcp.ISSUER
    assert marked is None or gcp.marked(answer.first.actual) == marked
    assert answer.first.commands == (), "following the command would trust somebody new"


@pytest.mark.parametrize(("claim", "configured"), [("/", ""), ("", "/")])
def test_a_trailing_slash_is_overlooked(gcp: Bundle, says: type[Says], claim: str, configured: str) -> None:
    gcp.token(gcp.claims_of(iss=gcp.ISSUER + claim)).gcp_provider(oidc={"issuerUri": gcp.ISSUER + configured})
    answer = gcp.ask()
    assert answer.accepted, answer.names
    assert any("slash at the end" in assumption for assumption in answer.exchange().assumed)
    answer = gcp.error(says.issuer("https://other.example", gcp.ISSUER + configured)[1]).ask()
    assert answer.first.name == "issuer-mismatch"
    assert answer.first.confidence == "proven", "the sentence itself says so"
    assert answer.first.commands == (), "no change of the provider is offered for a slash"


@pytest.mark.parametrize("wording", ["ones", "one in config"])
def test_both_wordings_prove_it(gcp: Bundle, wording: str) -> None:
    gcp.token(gcp.claims_of(iss="https://other.example"))
    answer = gcp.error(
        f"The issuer in ID Token https://other.example does not match the expected {wording}: {gcp.ISSUER}"
    ).ask()
    assert answer.first.name == "issuer-mismatch"
    assert answer.first.confidence == "proven"
    assert answer.first.actual is not None
    assert answer.first.actual.value == "https://other.example"


def test_no_issuer(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(gcp.claims_of(iss=...)).ask()
    assert answer.first.name == "claim-missing"
    assert answer.error() == says.issuer("null", gcp.ISSUER)


def test_null_in_the_error_is_a_missing_claim(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(gcp.claims_of(iss=...)).error(says.issuer("null", gcp.ISSUER)[1]).ask()
    assert answer.first.name == "claim-missing"
    assert answer.first.confidence == "proven"


def test_the_same_issuer(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("issuer-mismatch").status == "passed"


def test_a_placeholder(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(oidc={"issuerUri": "https://<issuer>"}).ask()
    assert answer.first.name == "issuer-mismatch"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"
    answer = gcp.gcp_provider(oidc={"issuerUri": "https://<tenant>.example"}).ask()
    assert answer.first.confidence == "predicted", "no filling makes them equal"


def test_a_partial_token(gcp: Bundle) -> None:
    answer = gcp.claims({"sub": gcp.SUBJECT, "aud": gcp.AUDIENCE}).ask()
    assert answer.state("issuer") == "assumed"
    assert answer.check("issuer-mismatch").status == "skipped"
