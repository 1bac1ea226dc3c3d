"""GCP029: a member needs an attribute that the provider does not map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(("attribute", "value"), [("org", "Org8Kd2P"), ("ref", "main")])
def test_it_is_not_mapped(gcp: Bundle, says: type[Says], attribute: str, value: str) -> None:
    member = f"principalSet://iam.googleapis.com/{gcp.POOL}/attribute.{attribute}/{value}"
    answer = gcp.service_account_policy(member).ask()
    assert answer.names == ["mapping-missing-attribute"]
    assert answer.first.confidence == "predicted"
    assert f"needs attribute.{attribute}, which the provider does not map" in answer.first.summary
    claim_is_there = "which maps google.subject, attribute.team so far" in answer.first.fix
    assert claim_is_there or answer.first.fix == "Map an attribute that names this workload, and bind it."
    assert answer.first.location == f"roles/iam.workloadIdentityUser · {member}"
    assert answer.error() == says.DENIED
    assert answer.error_is_certain()


@pytest.mark.parametrize("slip", ["Team", "tema", "teams"])
def test_a_slip_in_the_attribute(gcp: Bundle, slip: str) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("attribute.team", f"attribute.{slip}")).ask()
    assert answer.names == ["mapping-missing-attribute"]
    assert "it maps attribute.team" in answer.first.summary
    assert answer.first.fix.startswith("Write attribute.team in the member")


def test_a_condition_reads_it(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="attribute.organisation == 'Org8Kd2P'").ask()
    assert answer.first.name == "mapping-missing-attribute"
    assert "the attribute condition needs attribute.organisation" in answer.first.summary
    assert "binding" not in answer.first.summary


def test_it_is_mapped(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("mapping-missing-attribute").status == "passed"


def test_the_mapping_was_not_read(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(mapping=..., condition=...).ask()
    assert "mapping-missing-attribute" not in answer.names
    assert answer.exchange().prediction == "unknown"
