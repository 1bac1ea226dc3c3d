"""GCP072: a provider of a shared issuer has no condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("condition", [..., "", "  "])
def test_every_customer_gets_in(gcp: Bundle, condition: Any) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
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
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
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


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        ("https://oidc.vercel.com/quince", "owner:quince:project:orchard:environment:preview"),
        ("https://token.actions.githubusercontent.com/enterprises/quince", "repo:quince/orchard:ref:refs/heads/main"),
        ("https://token.actions.githubusercontent.com/quince", "repo:quince/orchard:ref:refs/heads/main"),
        ("https://token.actions.quince.ghe.com", "repo:quince/orchard:ref:refs/heads/main"),
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F", "system:serviceaccount:orchard:picker"),
        ("https://container.googleapis.com/v1/projects/p/locations/l/clusters/c", "system:serviceaccount:a:b"),
        ("https://oidc.circleci.com/org/1f2e", "org/1f2e/project/3d4c/user/5b6a"),
        ("https://login.example.com/quince/v2.0", "workload-1"),
    ],
)
def test_an_issuer_of_one_customer(gcp: Bundle, issuer: str, subject: str) -> None:
    gcp.token(gcp.claims_of(iss=issuer, sub=subject)).discovery(issuer=issuer)
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    answer = gcp.gcp_provider(condition=..., oidc={"issuerUri": issuer}).ask()
    assert answer.accepted, answer.names
    assert not any("every customer" in finding.message for finding in answer.check("condition-absent").findings)


def test_the_bindings_refuse_everybody_else(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition=...).ask()
    answer.passed("condition-absent")
    (message,) = answer.found("bindings-refuse-alone")
    assert "any Baseten customer" in message
    assert answer.check("bindings-refuse-alone").effect == "note"


def test_the_bindings_were_not_read(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition=...).remove("gcp/service-account-policy.json").ask()
    (message,) = answer.found("condition-absent")
    assert message.endswith("only the bindings of the service account are left to refuse the others")
    assert "would accept" not in answer.report.headline
