"""ACC011: the service does not know the credentials of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

SENTENCE = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (f"google.api_core.exceptions.Unauthenticated: 401 {SENTENCE}", "permission"),
        ('{"error": {"code": 401, "status": "UNAUTHENTICATED"}}', "permission"),
        ("googleapi: Error 401: Invalid Credentials, authError", "permission"),
        (f"POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x: {SENTENCE}", "impersonate"),
    ],
)
def test_google_does_not_take_the_access_token(gcp: Bundle, text: str, step: str) -> None:
    cause = gcp.error(text).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("session-credentials-invalid", "proven", step)
    assert "access token" in cause.summary
    assert "AWS" not in cause.summary + cause.fix


def test_a_registry_only_hints_at_it(gcp: Bundle) -> None:
    text = (
        "POST https://us-docker.pkg.dev/v2/weights-prod/models/api/blobs/uploads/: UNAUTHORIZED: failed authentication"
    )
    assert gcp.error(text).ask().suspected("session-credentials-invalid").step == "permission"


@pytest.mark.parametrize("text", ["ID Token issued at 1795300000 is stale to sign-in.", "unauthorized: other words"])
def test_the_tokens_own_refusal_is_another_matter(gcp: Bundle, text: str) -> None:
    assert "session-credentials-invalid" not in gcp.error(text).ask().names


def test_nothing_was_said(aws: Bundle) -> None:
    aws.ask().skipped("session-credentials-invalid")
