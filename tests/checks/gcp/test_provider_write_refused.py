"""GCP093: the provider was not stored as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

GCLOUD = "ERROR: (gcloud.iam.workload-identity-pools.providers.create-oidc) INVALID_ARGUMENT: "


@pytest.mark.parametrize(
    "message",
    [
        "Input JWK is not in a valid json format",
        "Invalid JWKs. Only RSA, EC key types are supported",
        "Input jwks contains corrupted key material",
        "Invalid OIDC issuer URI. The scheme must be https",
    ],
)
def test_what_google_objected_to(gcp: Bundle, message: str) -> None:
    cause = gcp.error(f"{GCLOUD}{message}.").ask().first
    assert (cause.name, cause.confidence, cause.step) == ("provider-write-refused", "proven", "configure")
    assert message in cause.summary
    assert "After the exchange" not in cause.summary


def test_the_permission_to_write_it(gcp: Bundle) -> None:
    text = (
        "Error 403: Permission 'iam.workloadIdentityPoolProviders.create' denied on resource '//iam.googleapis.com/p'"
    )
    cause = gcp.error(text).ask().first
    assert cause.name == "provider-write-refused"
    assert "iam.workloadIdentityPoolProviders.create" in cause.summary


def test_the_provider_that_exists_is_to_be_used(aws: Bundle) -> None:
    text = "Error: creating IAM OIDC Provider: EntityAlreadyExists: Provider with url https://x.example already exists."
    cause = aws.error(text).ask().first
    assert (cause.code, cause.name) == ("AWS056", "provider-write-refused")
    assert "Use the provider that the account has" in cause.named.fix
    assert cause.named.commands == ("aws iam list-open-id-connect-providers",)


def test_the_exchange_is_judged_all_the_same(gcp: Bundle) -> None:
    assert gcp.error(f"{GCLOUD}Input JWK is not in a valid json format").ask().exchange().prediction == "accepted"


def test_nothing_was_said(gcp: Bundle) -> None:
    gcp.ask().skipped("provider-write-refused")
