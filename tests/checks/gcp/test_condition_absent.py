"""GCP072: a provider of a shared issuer has no condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("condition", [..., "", "  "])
def test_every_customer_gets_in(gcp: Bundle, condition: Any) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.exchange().prediction == "accepted"
    row = answer.check("condition-absent")
    assert row.status == "failed"
    assert row.effect == "weakens"
    assert "every customer of Baseten" in row.findings[0].message
    assert "assertion.sub.startsWith('v=1:org=ORG:team=TEAM:')" in row.findings[0].fix


@pytest.mark.parametrize(
    ("issuer", "claim"),
    [
        ("https://token.actions.githubusercontent.com", "repository_owner"),
        ("https://gitlab.com", "namespace_path"),
        ("https://app.terraform.io", "terraform_organization_name"),
        ("https://agent.buildkite.com", "organization_slug"),
        ("https://oidc.modal.com", "workspace_id"),
        ("https://oidc.vercel.com", "owner"),
    ],
)
def test_other_shared_issuers(gcp: Bundle, issuer: str, claim: str) -> None:
    gcp.token(gcp.claims_of(iss=issuer)).gcp_provider(condition=..., oidc={"issuerUri": issuer})
    row = gcp.ask().check("condition-absent")
    assert row.status == "failed"
    assert f"assertion.{claim} ==" in row.findings[0].fix


@pytest.mark.parametrize(
    "issuer", ["https://sso.example.com", "https://oidc.circleci.com/org/7d0f0d5a", "https://gitlab.example.com"]
)
def test_an_issuer_of_ones_own(gcp: Bundle, issuer: str) -> None:
    gcp.token(gcp.claims_of(iss=issuer)).gcp_provider(condition=..., oidc={"issuerUri": issuer})
    assert gcp.ask().check("condition-absent").status == "passed"


def test_there_is_one(gcp: Bundle) -> None:
    assert gcp.ask().check("condition-absent").status == "passed"


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    row = gcp.remove("gcp/provider.json").ask().check("condition-absent")
    assert row.status == "skipped"
    assert "gcp/provider.json" in row.reason
