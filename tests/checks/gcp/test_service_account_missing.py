"""GCP041: there is no such service account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_google_says_that_there_is_none(gcp: Bundle) -> None:
    gcp.remove("gcp/service-account.json").manifest([{"path": "gcp/service-account.json", "outcome": "not_found"}])
    answer = gcp.ask()
    assert answer.first.name == "service-account-missing"
    assert answer.first.confidence == "predicted"
    assert gcp.SERVICE_ACCOUNT in answer.first.summary
    assert answer.exchange().step == "impersonate"
    assert answer.error()[1] == f"Not found; Gaia id not found for email {gcp.SERVICE_ACCOUNT}"
    assert not answer.error_is_certain(), "through projects/- a missing account may be answered with 403"


def test_the_error_names_it(gcp: Bundle) -> None:
    error = (
        "google.auth.exceptions.RefreshError: ('Unable to acquire impersonated credentials', '"
        '{"error": {"code": 404, "message": "Not found; Gaia id not found for email '
        'baseten@weights-prod.iam.gserviceaccount.com", "status": "NOT_FOUND"}}\')'
    )
    answer = gcp.remove("gcp/service-account.json").error(error).ask()
    assert answer.first.name == "service-account-missing"
    assert answer.first.confidence == "proven"
    assert "baseten@weights-prod.iam.gserviceaccount.com" in answer.first.summary


def test_it_exists(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("service-account-missing").status == "passed"


@pytest.mark.parametrize("outcome", ["", "denied"])
def test_it_was_not_read(gcp: Bundle, outcome: str) -> None:
    gcp.remove("gcp/service-account.json")
    gcp.manifest([{"path": "gcp/service-account.json", "outcome": outcome}] if outcome else [])
    answer = gcp.ask()
    assert answer.names == []
    assert answer.exchange().prediction == "accepted"
