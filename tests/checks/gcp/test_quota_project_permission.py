"""GCP044: the impersonation call names a quota project that the principal may not use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


ERROR = (
    "403 Caller does not have required permission to use project weights-billing. Grant the caller the "
    "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission"
)


def test_the_error_names_it(gcp: Bundle) -> None:
    answer = gcp.error(ERROR).ask()
    assert answer.first.name == "quota-project-permission"
    assert answer.first.confidence == "proven"
    assert answer.first.step == "impersonate"


def test_the_project_that_it_names(gcp: Bundle) -> None:
    assert "weights-billing" in gcp.error(ERROR).ask().first.summary


def test_nothing_was_said(gcp: Bundle, says: type[Says]) -> None:
    assert gcp.ask().accepted
    answer = gcp.error(says.DENIED[1]).ask()
    assert "quota-project-permission" not in answer.names


def test_the_call_of_a_service(gcp: Bundle) -> None:
    cause = gcp.error(f"403 POST https://storage.googleapis.com/upload/storage/v1/b/w/o: {ERROR}").ask().first
    assert (cause.name, cause.confidence, cause.step) == ("quota-project-permission", "proven", "permission")
    assert "project weights-billing" in cause.summary


def test_the_permission_s_name_is_only_a_hint(gcp: Bundle) -> None:
    text = 'Please check if the user has the "serviceusage.services.use" permission.'
    assert gcp.error(text).ask().first.confidence == "suspected"
