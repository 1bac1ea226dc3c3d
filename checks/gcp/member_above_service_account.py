"""Member above the service account

Symptom
    None: the exchange works, and would work for every other service account of the project too.
Reason
    roles/iam.workloadIdentityUser or roles/iam.serviceAccountTokenCreator is granted to identities of the pool on the
    project, the folder or the organization. A binding there applies to all service accounts below it, those made later
    and those with more permissions included. The finding names a subject that passes by this member.
Confirm
    gcloud projects get-iam-policy PROJECT shows the role with a principal:// or principalSet:// member.
Fix
    Grant the role on the one service account (gcloud iam service-accounts add-iam-policy-binding), check that the
    exchange works, and then remove the binding above it.
Source
    Google Cloud, Manage access to service accounts; allow policy inheritance; Service account impersonation.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Bindings, Finding, GcpProvider, Side, weakness


@weakness("GCP075", "member-above-service-account")
def member_above_service_account(gcp_provider: GcpProvider, bindings: Bindings) -> Iterator[Finding]:  # noqa: ARG001
    passers = bindings.above()
    for resource in dict.fromkeys(passer.resource for passer in passers):
        passer, *more = (passer for passer in passers if passer.resource == resource)
        members = f" ({len(more)} more members of the pool are granted such a role there)" if more else ""
        yield Finding(
            f"{passer.role} is granted on {passer.resource}, so {passer.subject} may impersonate every service account "
            f"of {passer.resource}, whatever that account's own policy says{members}",
            "Grant the role on the one service account that the workload needs, and then remove this member from the "
            f"policy of {passer.resource}.",
            actual=Side(passer.member, passer.at),
            cloud="gcp",
            target=bindings.resource,
        )
