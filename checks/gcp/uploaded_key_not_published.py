"""Uploaded key not published

Symptom
    None. Google Cloud still accepts tokens that are signed with a key that the issuer has withdrawn.
Reason
    The provider has an uploaded key set (jwksJson), which replaces fetching, with a key that the issuer no longer
    publishes. Issuers withdraw a key after a rotation, and at once when it has leaked: the upload then keeps accepting
    whoever holds it. That the issuer withdrew it for good is inferred: it may be back tomorrow.
Confirm
    Compare the kid values of the provider's oidc.jwksJson with those at the issuer's jwks_uri.
Fix
    Upload the issuer's present key set when no token that the old key signed is in use any more.
Source
    Google's discovery document of the IAM API, jwksJson; Google Cloud, Workload Identity Federation with other
    providers.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, GcpProvider, Side, UploadedKeys, commands, listed, weakness


@weakness("GCP095", "uploaded-key-not-published", "note")
def uploaded_key_not_published(uploaded_keys: UploadedKeys, gcp_provider: GcpProvider) -> Iterator[Finding]:
    for key in uploaded_keys.withdrawn:
        yield Finding(
            f"the key set uploaded to the provider has the key {key.kid}, which the issuer no longer publishes: Google "
            "Cloud still accepts tokens signed with it",
            "Upload the issuer's present key set when no token of the old key is in use any more. The command prints "
            "what is uploaded.",
            Side(listed(uploaded_keys.published) or "keys without a kid"),
            Side(key.kid, gcp_provider.document.at("/oidc/jwksJson")),
            cloud="gcp",
            target=uploaded_keys.provider,
            commands=commands(
                "gcloud iam workload-identity-pools providers describe {} --format=value(oidc.jwksJson)",
                uploaded_keys.provider,
            ),
        )
