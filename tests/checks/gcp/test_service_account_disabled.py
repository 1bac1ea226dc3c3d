"""GCP042: the service account is disabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_it_is_disabled(gcp: Bundle) -> None:
    answer = gcp.service_account(disabled=True).ask()
    assert answer.names == ["service-account-disabled"]
    assert answer.first.confidence == "predicted"
    assert answer.first.commands == (f"gcloud iam service-accounts enable {gcp.SERVICE_ACCOUNT}",)
    assert answer.first.at is not None
    assert answer.first.at.startswith("gcp/service-account.json:")
    assert answer.exchange().step == "impersonate"
    assert not answer.error_is_certain(), "which sentence Google gives is not recorded"


def test_it_is_enabled(gcp: Bundle) -> None:
    answer = gcp.service_account(disabled=False).ask()
    assert answer.accepted
    assert answer.check("service-account-disabled").status == "passed"


def test_another_account(gcp: Bundle) -> None:
    answer = gcp.service_account(disabled=True, email="old@weights-prod.iam.gserviceaccount.com").ask()
    assert "service-account-disabled" not in answer.names
