"""Impersonation not configured

Symptom
    The exchange works, then the API itself answers 403: The caller does not have permission. No GenerateAccessToken
    entry is in the log.
Reason
    The client configuration names no service account to impersonate, so the federated principal calls the API under
    its own name; the roles were granted to the service account, not to it.
Confirm
    Look for service_account_impersonation_url in the credential configuration file, or for the service account in
    the client's settings.
Fix
    Name the service account (gcloud iam workload-identity-pools create-cred-config --service-account=…), or grant the
    roles to the principal directly, where the API accepts federated tokens.
Source
    Google Cloud, Workload Identity Federation with other providers; noobaa-core pull request 9644.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("GCP031", "impersonation-not-configured", Kind.IMPERSONATION_NOT_CONFIGURED)
def impersonation_not_configured(refusal: Refusal) -> Words:
    permission, principal = refusal.fact("permission"), refusal.fact("principal")
    lacks = f", and that lacks {permission}" if permission else ""
    return Words(
        f"the client impersonates no service account, so the API sees only the federated principal{lacks}"
        f"{given('; {}', refusal.fact('reason'))}",
        "Name the service account in the client's configuration, or grant the roles to the federated principal itself"
        + (f", {principal}." if principal else "."),
    )
