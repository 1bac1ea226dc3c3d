"""Pool deleted

Symptom
    STS answers invalid_target. Creating a pool with the same ID fails with 409 Requested entity already exists.
Reason
    Deleting is soft: the pool keeps its ID for 30 days, in state DELETED, and refuses every token in that time.
Confirm
    gcloud iam workload-identity-pools describe POOL --location=global shows state: DELETED and expireTime.
Fix
    Undelete the pool, then check that its providers are active; or create a pool with another ID, and change the
    clients and every member that names the old one.
Source
    Google Cloud, Manage workload identity pools and providers; terraform-google-github-actions-runners issue 49.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP009", "pool-deleted", Kind.POOL_DELETED)
def pool_deleted(refusal: Refusal) -> Words:
    name, expires = refusal.fact("name").partition("/providers/")[0], refusal.fact("expires")
    short = name.rpartition("/")[2] or "of the provider"
    until = f"before it is purged ({expires})" if expires else "within 30 days of its deletion"
    return Words(
        f"the workload identity pool {short} is deleted",
        f"Undelete the pool {until}, then check that its providers are active.",
        commands("gcloud iam workload-identity-pools undelete {}", name) if name.startswith("projects/") else (),
    )
