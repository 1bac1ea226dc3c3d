"""Issuer mismatch

Symptom
    STS answers invalid_grant: The issuer in ID Token ISS does not match the expected one in config: ISSUER_URI (an
    older wording says: the expected ones).
Reason
    The token's iss is not the provider's issuerUri: another path or tenant (Vault adds /v1/identity/oidc; Entra v1
    tokens come from sts.windows.net), another scheme, another host. A slash at the end seems to be overlooked.
Confirm
    Decode the token and put its iss beside oidc.issuerUri of gcloud iam workload-identity-pools providers describe.
Fix
    If that issuer is the one to trust, set issuerUri to the token's iss as it stands; if not, the workload sent the
    wrong token or asked the wrong version of the issuer.
Source
    Google Cloud, Troubleshoot Workload Identity Federation; google-github-actions/auth, Troubleshooting.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP010", "issuer-mismatch", Kind.ISSUER_MISMATCH)
def issuer_mismatch(refusal: Refusal) -> Words:
    note = refusal.fact("note")
    return Words(
        "the token's issuer is not the provider's issuer URI" + (f" ({note})" if note else ""),
        "Set the provider's issuer URI to the token's iss, character for character, if that is the issuer to trust.",
    )
