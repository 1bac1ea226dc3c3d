"""Role granted on wrong resource

Symptom
    Impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist),
    although the principal holds the role somewhere.
Reason
    The role counts on the resource where it was granted and below it. The right to impersonate belongs on the service
    account itself; granted on another account, or on another project than the account's, the role does not apply to it.
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT shows no such binding for the account in question.
Fix
    Grant roles/iam.workloadIdentityUser on the service account to be impersonated.
Source
    Google Cloud, Workload Identity Federation with other providers. How grants on a project reach its service accounts
    is inferred from IAM's inheritance.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bind_commands, cause


@cause("GCP040", "role-granted-on-wrong-resource", Kind.ROLE_GRANTED_ON_WRONG_RESOURCE)
def role_granted_on_wrong_resource(refusal: Refusal) -> Words:
    resource, role = refusal.fact("resource"), refusal.fact("role") or "the role"
    member = refusal.fact("member")
    return Words(
        f"{role} is granted on {resource or 'another resource'}, not on the service account to be impersonated",
        "Grant this workload roles/iam.workloadIdentityUser on the service account itself.",
        bind_commands(refusal, member),
    )
