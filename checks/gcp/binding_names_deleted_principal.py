"""Binding names deleted principal

Symptom
    Impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist),
    although the binding seems to be in place.
Reason
    The member begins with deleted: and names something that was deleted and perhaps made again under the same name; the
    new one does not inherit the role. For members of workload identity pools this is inferred from the others.
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT, and look for members that begin with deleted:
Fix
    Grant the role again to the principal that exists now; the member that begins with deleted: matches no principal.
Source
    Google Cloud, Principal identifiers, forms of deleted principals.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bound_on, cause


@cause("GCP035", "binding-names-deleted-principal", Kind.BINDING_NAMES_DELETED_PRINCIPAL)
def binding_names_deleted_principal(refusal: Refusal) -> Words:
    return Words(
        f"the binding on {bound_on(refusal)} names a principal that was deleted",
        "Grant the role again to the principal that exists now; the member that begins with deleted: matches none.",
    )
