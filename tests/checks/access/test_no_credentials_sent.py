"""ACC010: the request carried no credentials, so its caller was anonymous."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


GCS = "Anonymous caller does not have storage.objects.create access to the Google Cloud Storage object."


@pytest.mark.parametrize(
    "text",
    [
        f"ServiceException: 401 {GCS}",
        (
            f"<Error><Code>AccessDenied</Code><Message>Access denied.</Message><Details>{GCS} Permission "
            "'storage.objects.create' denied on resource (or it may not exist).</Details></Error>"
        ),
    ],
)
def test_an_anonymous_caller_of_cloud_storage(gcp: Bundle, text: str) -> None:
    cause = gcp.error(text).ask().first
    assert (cause.name, cause.confidence, cause.cloud) == ("no-credentials-sent", "proven", "gcp")
    assert "no credentials" in cause.summary
    assert "storage.objects.create" in cause.summary
    assert "lacks" not in cause.summary
    assert "GOOGLE_APPLICATION_CREDENTIALS" in cause.fix


def test_a_missing_credential(gcp: Bundle) -> None:
    text = "401 Request is missing required authentication credential. Expected OAuth 2 access token, login cookie"
    assert gcp.error(text).ask().first.name == "no-credentials-sent"


def test_it_shows_nothing_of_the_exchange(gcp: Bundle) -> None:
    answer = gcp.only("manifest.json", "oidc-doctor.toml").error("401 Anonymous caller does not have access").ask()
    assert answer.state("condition") == "unknown"


def test_nothing_was_said(aws: Bundle) -> None:
    aws.ask().skipped("no-credentials-sent")
