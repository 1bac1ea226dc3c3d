"""Impersonation binding missing

Symptom
    The exchange works, then impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or
    it may not exist).
Reason
    No binding on the service account grants a role with that permission, usually roles/iam.workloadIdentityUser, to a
    member that matches this principal. A binding also needs minutes to take effect after it was added.
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT, and compare each member with the principal. Deny
    policies and the project's policy are not in that output.
Fix
    Grant roles/iam.workloadIdentityUser on the service account to the principal, or to a principalSet of a mapped
    attribute where the subject differs from run to run. A Baseten subject does with each push, which makes a new
    deployment: where the provider maps no attribute that names the workload, map one and bind it. The pool's
    principalSet allows every identity that the provider's condition admits.
Source
    Google Cloud, Workload Identity Federation with other providers; Principal identifiers; Access change propagation.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bind_commands, cause, names_a_deployment

_FEW = 80  # characters of the roles that are named


@cause("GCP030", "impersonation-binding-missing", Kind.IMPERSONATION_BINDING_MISSING)
def impersonation_binding_missing(refusal: Refusal) -> Words:
    account, principal, roles = (refusal.fact(name) for name in ("service_account", "principal", "roles"))
    wanting = "roles/iam.workloadIdentityUser" not in roles and len(roles) <= _FEW
    granted = f"; its policy grants only {roles}" if roles and wanting else ""
    return Words(
        f"no binding lets this principal impersonate {account or 'the service account'}{granted}",
        "Grant roles/iam.workloadIdentityUser on the account to a principalSet of a mapped attribute that names this "
        "workload: the next push changes the deployment in its subject."
        if names_a_deployment(principal)
        else "Grant the principal, or a principalSet of a mapped attribute, roles/iam.workloadIdentityUser on the "
        "account.",
        bind_commands(refusal, principal),
    )
