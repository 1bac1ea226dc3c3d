"""Credential config invalid

Symptom
    The client library fails before or during the exchange, or the API answers 403: The caller does not have
    permission, because a step was left out.
Reason
    A field of the external_account credential configuration is missing or wrong: audience, subject_token_type,
    token_url, credential_source or service_account_impersonation_url.
Confirm
    Compare the file with one that gcloud iam workload-identity-pools create-cred-config writes for the same provider.
Fix
    Write the file again with that command, naming the provider, the service account and the token's place.
Source
    Google Cloud, Workload Identity Federation with other providers; noobaa-core pull request 9644.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP045", "credential-config-invalid", Kind.CREDENTIAL_CONFIG_INVALID)
def credential_config_invalid(refusal: Refusal) -> Words:
    field, reason = refusal.fact("field"), refusal.fact("reason")
    what = f"{field} in the credential configuration" if field else "the client's credential configuration"
    return Words(
        f"{what} is not right" + (f": {reason}" if reason else ""),
        f"Correct {field or 'the file'}, or write the file again with gcloud iam workload-identity-pools "
        "create-cred-config.",
    )
