"""Provider deleted

Symptom
    STS answers invalid_target. Creating a provider with the same ID fails with 409 Requested entity already exists.
Reason
    Deleting is soft: for 30 days the provider stays, in state DELETED, refuses every token and keeps its ID. A
    terraform destroy followed by apply causes exactly this.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER shows state: DELETED, and expireTime, when it is
    purged.
Fix
    Undelete the provider (and import it into Terraform), or create one with another ID and change the clients.
Source
    Google Cloud, Manage workload identity pools and providers; terraform-google-github-actions-runners issue 49.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP006", "provider-deleted", Kind.PROVIDER_DELETED)
def provider_deleted(refusal: Refusal) -> Words:
    name, expires = refusal.fact("name"), refusal.fact("expires")
    short = name.rpartition("/")[2] or "that the request names"
    until = f"before it is purged ({expires})" if expires else "within 30 days of its deletion"
    return Words(
        f"the provider {short} is deleted",
        f"Undelete the provider {until}, or create one under another ID and change the clients.",
        commands("gcloud iam workload-identity-pools providers undelete {}", name)
        if name.startswith("projects/")
        else (),
    )
