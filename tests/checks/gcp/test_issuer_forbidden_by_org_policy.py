"""GCP011: the organization policy forbids providers for this issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


ERROR = (
    "ERROR: (gcloud.iam.workload-identity-pools.providers.create-oidc) FAILED_PRECONDITION: Precondition check failed. "
    "type: constraints/iam.workloadIdentityPoolProviders description: Org Policy violated for value: "
    "'https://oidc.baseten.co'."
)


def test_the_error_names_it(gcp: Bundle) -> None:
    answer = gcp.remove("gcp/provider.json").error(ERROR).ask()
    assert answer.first.name == "issuer-forbidden-by-org-policy"
    assert answer.first.confidence == "proven"
    assert answer.first.step == "configure"


def test_the_issuer_that_it_names(gcp: Bundle) -> None:
    answer = gcp.error("Org Policy violated for value: 'https://oidc.baseten.co'.").ask()
    assert "https://oidc.baseten.co" in answer.first.summary


def test_the_issuer_behind_the_constraint(gcp: Bundle) -> None:
    assert "https://oidc.baseten.co" in gcp.error(ERROR).ask().first.summary


def test_nothing_was_said(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("issuer-forbidden-by-org-policy").status == "skipped"
