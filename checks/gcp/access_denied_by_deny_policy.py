"""Access denied by a deny policy

Symptom
    403: Permission 'PERMISSION' denied, and the text names an IAM deny policy.
Reason
    Google Cloud evaluates the deny policies of the project, its folders and the organization before any role. A caller
    that one of them names, and that no exception of it names, is refused whatever it was granted.
Confirm
    gcloud iam policies list --kind=denypolicies --attachment-point=cloudresourcemanager.googleapis.com/projects/PROJECT
Fix
    Ask the policy's owner whether the workload is meant: its rule can name the caller under exceptionPrincipals.
    Another role changes nothing.
Source
    Google Cloud, IAM, Deny policies.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("GCP092", "access-denied-by-deny-policy", Kind.ACCESS_DENIED_BY_DENY_POLICY)
def access_denied_by_deny_policy(refusal: Refusal) -> Words:
    """Name the policy and the permission, and that no role helps."""
    policy, permission = refusal.fact("policy"), refusal.fact("permission")
    if refusal.step == "impersonate":
        permission = permission or "the impersonation of the service account"
    return Words(
        f"the IAM deny policy{given(' {}', policy)} forbids {permission or 'the call'}, whichever roles the caller has",
        f"Read the rule of {policy or 'the deny policy'}, and ask its owner whether this caller is meant or belongs "
        "among its exceptions.",
    )
