"""GCP014: without a list, Google expects the provider's own name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize("audiences", [..., []])
def test_the_issuer_has_an_audience_of_its_own(gcp: Bundle, says: type[Says], audiences: Any) -> None:
    answer = gcp.gcp_provider(audiences=audiences).ask()
    assert answer.first.name == "allowed-audiences-empty"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.audience(gcp.AUDIENCE)
    assert answer.error_is_certain()
    assert answer.first.expected is not None
    assert answer.first.expected.value == f"https://iam.googleapis.com/{gcp.GCP_PROVIDER}"
    assert answer.first.commands[0].endswith(f"{gcp.GCP_PROVIDER} --allowed-audiences={gcp.AUDIENCE}")


@pytest.mark.parametrize("scheme", ["https:", ""])
def test_the_default_audience(gcp: Bundle, scheme: str) -> None:
    audience = f"{scheme}//iam.googleapis.com/{gcp.GCP_PROVIDER}"
    answer = gcp.gcp_provider(audiences=...).token(gcp.claims_of(aud=audience)).ask()
    assert answer.accepted, answer.names
    assert answer.check("allowed-audiences-empty").status == "passed"


def test_the_default_of_another_provider(gcp: Bundle) -> None:
    audience = f"https://iam.googleapis.com/{gcp.GCP_PROVIDER}-2"
    answer = gcp.gcp_provider(audiences=...).token(gcp.claims_of(aud=audience)).ask()
    assert answer.first.name == "allowed-audiences-empty"
    assert gcp.marked(answer.first.actual) == audience.removesuffix("-2") + "[-2]"


def test_the_provider_has_no_name(gcp: Bundle) -> None:
    gcp.remove("oidc-doctor.toml").gcp_provider(audiences=..., name=...)
    answer = gcp.ask()
    assert answer.state("audience") == "unknown"
    assert "allowed-audiences-empty" not in answer.names


def test_a_placeholder_in_the_name(gcp: Bundle) -> None:
    gcp.gcp_provider(audiences=..., name=gcp.GCP_PROVIDER.replace(gcp.PROJECT_NUMBER, "<number>"))
    answer = gcp.token(gcp.claims_of(aud=f"//iam.googleapis.com/{gcp.GCP_PROVIDER}")).ask()
    assert answer.first.name == "allowed-audiences-empty"
    assert answer.first.confidence == "suspected"


def test_the_oidc_part_was_not_pasted(gcp: Bundle) -> None:
    provider = gcp.read("gcp/provider.json")
    del provider["oidc"]
    answer = gcp.write("gcp/provider.json", provider).ask()
    assert answer.exchange().prediction == "unknown"
