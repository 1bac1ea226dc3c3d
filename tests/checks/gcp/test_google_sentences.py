"""Each sentence that Google is recorded to say, and what it leads to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


def said() -> list[tuple[str, str, str]]:
    sts = "https://sts.googleapis.com/v1/token"
    return [
        (
            'The target service indicated by the "audience" parameters is invalid. This might either be because',
            "target",
            "suspected",
        ),
        (sts + ': 400 Bad Request: {"error":"invalid_target"}', "target", "suspected"),
        ('Invalid value for "audience". This value should be the full resource name', "target", "proven"),
        (
            "The issuer in ID Token https://a.example does not match the expected ones: https://b.example",
            "issuer",
            "proven",
        ),
        ("The issuer in ID Token a.example does not match the expected one in config: b.example", "issuer", "proven"),
        ("The audience in ID Token [a] does not match the expected audience.", "audience", "suspected"),
        ("Error connecting to the given credential's issuer.", "keys", "suspected"),
        ("Unable to verify the ID Token signature.", "keys", "proven"),
        ("Unable to parse the ID Token.", "token", "proven"),
        ("The given credential is rejected by the attribute condition.", "condition", "suspected"),
        ("Could not obtain a value for google.subject from the given credential.", "mapping", "suspected"),
        ("The size of mapped attribute google.subject exceeds the 127 bytes limit.", "mapping", "proven"),
        ("The mapped attribute 'attribute.x' must be of type STRING", "mapping", "proven"),
        ("The current count of 500 mapped attribute google.groups exceeds the 400 count limit.", "mapping", "proven"),
        ("The request was throttled due to rate limit: sts.googleapis.com/requests.", "target", "proven"),
        (
            "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
            "impersonate",
            "suspected",
        ),
        ("Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource", "impersonate", "suspected"),
        ("Not found; Gaia id not found for email a@b.iam.gserviceaccount.com", "impersonate", "proven"),
        (
            "denied: Permission 'artifactregistry.repositories.downloadArtifacts' denied on resource",
            "permission",
            "proven",
        ),
        (
            (
                "a does not have storage.objects.get access to the Google Cloud Storage object. Permission "
                "'storage.objects.get' denied on resource (or it may not exist)."
            ),
            "permission",
            "proven",
        ),
    ]


@pytest.mark.parametrize(("text", "step", "confidence"), said())
def test_the_sentence_alone(gcp: Bundle, text: str, step: str, confidence: str) -> None:
    answer = gcp.only("manifest.json", "oidc-doctor.toml").error(text).ask()
    assert answer.first.step == step
    assert answer.first.confidence == confidence
    assert not answer.first.contradicts_observed
    assert answer.report.exit_code == 1
    earlier = [row.state for row in answer.exchange().steps]
    order = [row.id for row in answer.exchange().steps]
    if step != "permission":  # a service's refusal does not show that this exchange passed
        assert set(earlier[: order.index(step)]) <= {"passed-by-error", "passed"}


@pytest.mark.parametrize(("text", "step", "confidence"), said())
def test_the_sentence_as_google_auth_raises_it(gcp: Bundle, text: str, step: str, confidence: str) -> None:
    body = json.dumps({"error": "some_error", "error_description": text})
    error = f"google.auth.exceptions.OAuthError: ('Error code some_error: {text}', '{body}')"
    answer = gcp.only("manifest.json", "oidc-doctor.toml").error(error).ask()
    assert (answer.first.step, answer.first.confidence) == (step, confidence)


def test_a_refusal_elsewhere_comes_after_what_was_seen(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_provider(condition="assertion.org == 'x'").error(says.DENIED[1]).ask()
    assert answer.first.step == "impersonate"
    assert answer.cause("attribute-condition-false").contradicts_observed
    assert answer.state("condition") == "passed-by-error"


def test_the_federated_token_is_refused_by_the_service(gcp: Bundle) -> None:
    answer = gcp.error(
        "denied: Unauthenticated request. Unauthenticated requests do not have permission "
        '"artifactregistry.repositories.downloadArtifacts" on resource "projects/p/locations/l/repositories/r" '
        "(or it may not exist)"
    ).ask()
    assert answer.first.name == "no-token-sent"


def test_the_discovery_document_is_compared_before_the_token(gcp: Bundle) -> None:
    text = "`issuer` claim in OIDC discovery document does not match the issuer specified in the request."
    answer = gcp.only("manifest.json", "oidc-doctor.toml").error(f"Error code invalid_grant: {text}").ask()
    assert (answer.first.name, answer.first.confidence) == ("issuer-url-differs", "proven")
    assert "discovery" in answer.first.summary
    assert answer.state("issuer") != "passed-by-error"


def test_an_account_that_a_written_policy_names(gcp: Bundle) -> None:
    text = "googleapi: Error 400: Service account w@p.iam.gserviceaccount.com does not exist., badRequest"
    cause = gcp.error(text).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("service-account-missing", "proven", "configure")
    assert "w@p.iam.gserviceaccount.com" in cause.summary


@pytest.mark.parametrize(
    "text",
    [
        "google.auth.exceptions.DefaultCredentialsError: Your default credentials were not found.",
        "Error: google: could not find default credentials. See https://cloud.google.com/docs",
        "ERROR: (gcloud.storage.ls) You do not currently have an active account selected.",
    ],
)
def test_a_client_without_credentials(gcp: Bundle, text: str) -> None:
    cause = gcp.error(text).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("credential-config-invalid", "proven", "obtain")
    assert cause.summary.startswith("The exchange was never reached")


@pytest.mark.parametrize("reason", ["Invalid JWT Signature.", "Token has been expired or revoked.", "Bad Request"])
def test_keys_and_people_have_another_endpoint(gcp: Bundle, reason: str) -> None:
    error = f"google.auth.exceptions.RefreshError: ('invalid_grant: {reason}', {{'error': 'invalid_grant'}})"
    assert gcp.error(error).ask().first.confidence == "suspected"
