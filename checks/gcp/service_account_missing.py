"""Service account missing

Symptom
    Impersonation fails with 404 Not found; Gaia id not found for email EMAIL, or with 403 for
    iam.serviceAccounts.getAccessToken, which for a missing account is the same answer as for a missing role.
Reason
    No service account has this address: a typo, another project's ID after the @, or a deleted account. One created
    again under the same name is another account, and its bindings are gone.
Confirm
    gcloud iam service-accounts describe SERVICE_ACCOUNT, or list those of the project.
Fix
    Correct the address in the client's configuration. A deleted account can perhaps be restored with gcloud iam
    service-accounts undelete and its numeric ID; otherwise create it and its bindings again.
Source
    Google Cloud, IAM API, resource ServiceAccount, on the wildcard project; Service accounts.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP041", "service-account-missing", Kind.SERVICE_ACCOUNT_MISSING)
def service_account_missing(refusal: Refusal) -> Words:
    account, near = refusal.fact("service_account"), refusal.fact("near")
    return Words(
        f"the service account {account or 'to be impersonated'} does not exist"
        + (f", and the evidence names {near}" if near else ""),
        f"Name {near} in the client's configuration, if that is the account that is meant."
        if near
        else "Correct the service account's e-mail address in the client's configuration, or create the account.",
    )
