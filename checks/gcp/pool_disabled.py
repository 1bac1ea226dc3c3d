"""Pool disabled

Symptom
    STS answers invalid_target for every provider of the pool, and federated tokens that were issued before stop
    working too.
Reason
    The whole workload identity pool is disabled. Its tokens work again as soon as it is enabled.
Confirm
    gcloud iam workload-identity-pools describe POOL --location=global shows disabled: true; the Admin Activity log
    names who did it, in an UpdateWorkloadIdentityPool entry.
Fix
    Find out why it was disabled, then enable it: gcloud iam workload-identity-pools update POOL --location=global
    --no-disabled
Source
    Google Cloud, IAM API, projects.locations.workloadIdentityPools; Troubleshoot Workload Identity Federation.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP008", "pool-disabled", Kind.POOL_DISABLED)
def pool_disabled(refusal: Refusal) -> Words:
    name = refusal.fact("name").partition("/providers/")[0]
    short = name.rpartition("/")[2] or "of the provider"
    return Words(
        f"the workload identity pool {short} is disabled",
        "Enable the pool, once it is clear why it was disabled; its providers and its tokens then work again.",
        commands("gcloud iam workload-identity-pools update {} --no-disabled", name)
        if name.startswith("projects/")
        else (),
    )
