"""Member pool differs

Symptom
    The exchange works, then impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource
    (or it may not exist).
Reason
    The binding names a principal of another workload identity pool, by its ID or by its project number, than the one
    whose provider issued the federated token.
Confirm
    Compare projects/NUMBER/locations/global/workloadIdentityPools/POOL in the member with the provider's full name.
Fix
    Bind the member of the right pool; keep the old one only while something still uses it.
Source
    Google Cloud, Principal identifiers; Troubleshoot Workload Identity Federation.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bind_commands, bound_on, cause


@cause("GCP036", "member-pool-differs", Kind.MEMBER_POOL_DIFFERS)
def member_pool_differs(refusal: Refusal) -> Words:
    return Words(
        f"the binding on {bound_on(refusal)} names another pool than the one that the token came through",
        "Bind the same kind of member with the project number and ID of the pool that holds the provider.",
        bind_commands(refusal, refusal.fact("principal")),
    )
