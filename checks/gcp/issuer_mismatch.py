"""Issuer mismatch

Symptom
    STS answers invalid_grant: The issuer in ID Token ISS does not match the expected one in config: ISSUER_URI (an
    older wording says: the expected ones).
Reason
    The token's iss is not the provider's issuerUri: another path or tenant (Vault adds /v1/identity/oidc; Entra v1
    tokens come from sts.windows.net), another scheme, another host. A slash at the end seems to be overlooked.
Confirm
    Decode the token and compare its iss with oidc.issuerUri of gcloud iam workload-identity-pools providers describe.
Fix
    If issuerUri is a typo of the token's iss, set it to that value exactly. If both issuers are to be trusted, add a
    provider for the second one. If not, the workload sent the wrong token or asked the wrong version of the issuer.
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
        "If the token's issuer is to be trusted: correct the provider's issuer URI where it is a typo, else add "
        "another provider for that issuer.",
    )
