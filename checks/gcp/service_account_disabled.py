"""Service account disabled

Symptom
    The exchange works, then impersonation fails. Which sentence Google answers for a disabled account is not published;
    a denied iam.serviceAccounts.getAccessToken is likely (inferred).
Reason
    The service account is disabled, by hand or by an automatic clean-up of unused accounts.
Confirm
    gcloud iam service-accounts describe SERVICE_ACCOUNT shows disabled: true; the Admin Activity log holds a
    DisableServiceAccount entry with the time and the person.
Fix
    Find out why it was disabled, then run gcloud iam service-accounts enable SERVICE_ACCOUNT
Source
    Google Cloud, IAM API, resource ServiceAccount; IAM audit logging.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP042", "service-account-disabled", Kind.SERVICE_ACCOUNT_DISABLED)
def service_account_disabled(refusal: Refusal) -> Words:
    account = refusal.fact("service_account")
    return Words(
        f"the service account {account or 'to be impersonated'} is disabled",
        "Enable the service account, once it is clear why it was disabled.",
        commands("gcloud iam service-accounts enable {}", account) if account[:1].isalnum() else (),
    )
