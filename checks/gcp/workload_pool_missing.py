"""Workload pool missing

Symptom
    STS answers invalid_target; or a binding is refused with 400: Identity Pool does not exist (PROJECT.svc.id.goog).
    Please check that you specified a valid resource name.
Reason
    No workload identity pool has the name in the request or the binding. The pool of Google Kubernetes Engine,
    PROJECT.svc.id.goog, is created with the first cluster of the project that has Workload Identity turned on.
Confirm
    gcloud iam workload-identity-pools list --location=global --project=PROJECT --show-deleted; for GKE, gcloud
    container clusters describe CLUSTER --format='value(workloadIdentityConfig.workloadPool)'
Fix
    Correct the pool's name in the request, or create the pool and its provider. For GKE, enable Workload Identity on a
    cluster of that project first.
Source
    Google Cloud, Workload Identity Federation for GKE; a recorded refusal of a binding (google/kctf issue 193); Google
    Cloud, Troubleshoot Workload Identity Federation.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause

_OF_GKE = ".svc.id.goog"


@cause("GCP057", "workload-pool-missing", Kind.WORKLOAD_POOL_MISSING)
def workload_pool_missing(refusal: Refusal) -> Words:
    pool, listed = refusal.fact("pool"), refusal.fact("listed")
    where = f" in project {refusal.fact('project')}" if refusal.fact("project") else ""
    if pool.endswith(_OF_GKE):
        project = pool.removesuffix(_OF_GKE)
        return Words(
            f"the workload identity pool {pool} does not exist",
            f"Enable Workload Identity on a GKE cluster of the project {project}; its pool is created with the first "
            "one.",
        )
    others = f"; its pools are {listed}" if listed else ""
    return Words(
        f"the workload identity pool {pool or 'that the request names'} does not exist{where}{others}",
        "Correct the name of the pool in the client's configuration, or create the pool and its provider.",
    )
