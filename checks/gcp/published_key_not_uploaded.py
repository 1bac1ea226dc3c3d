"""Published key not uploaded

Symptom
    None yet, or in some jobs only: `Error connecting to the given credential's issuer.` for tokens that the issuer
    signed with the key.
Reason
    The provider has an uploaded key set (jwksJson), which replaces fetching, and the issuer publishes a key that the
    upload lacks, or has with other numbers. Most issuers publish a key before they sign with it, so tokens still pass
    until then. The key of the examined token is not reported here: key-id-unknown and signature-invalid do that.
Confirm
    Compare the kid values of the provider's oidc.jwksJson with those at the issuer's jwks_uri.
Fix
    Upload the issuer's present key set, or delete the upload so that Google Cloud fetches the keys, if the issuer is
    reachable from the internet. A replaced upload takes effect in about five seconds (measured). Google Cloud stores
    at most eight uploaded keys, RSA and P-256, and its troubleshooting page names the members x5c and x5t as a reason
    to refuse an upload.
Source
    Google's discovery document of the IAM API, jwksJson; Google Cloud, Workload Identity Federation with other
    providers, for the number of keys; Google Cloud, Troubleshoot Workload Identity Federation; measured notes,
    September 2026, for the refusal of an unknown kid.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, GcpProvider, Side, Token, UploadedKeys, commands, listed, warning


@warning("GCP094", "published-key-not-uploaded")
def published_key_not_uploaded(
    uploaded_keys: UploadedKeys, gcp_provider: GcpProvider, token: Token
) -> Iterator[Finding]:
    own = token.header_value("kid")
    uploaded = listed(uploaded_keys.uploaded) or "keys without a kid"
    for key in uploaded_keys.lacking:
        if key.kid == own:
            continue  # the token's own key is a cause
        fault = "has a different key of that kid" if key.altered else f"has only {uploaded}"
        yield Finding(
            f"Google Cloud refuses every token signed with the key {key.kid}, which the issuer publishes: the key set "
            f"uploaded to the provider {fault}",
            "Upload the issuer's present key set to the provider.",
            Side(key.kid, key.at),
            Side(uploaded, gcp_provider.document.at("/oidc/jwksJson")),
            cloud="gcp",
            target=uploaded_keys.provider,
            commands=_upload(uploaded_keys),
        )


def _upload(keys: UploadedKeys) -> tuple[str, ...]:
    fetch = commands("curl -fsS -o jwks.json {}", keys.jwks_uri)
    store = "gcloud iam workload-identity-pools providers update-oidc {} --jwk-json-path=jwks.json"
    upload = commands(store, keys.provider)
    return (*fetch, *upload) if fetch and upload else ()
