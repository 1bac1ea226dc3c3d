"""Access denied by a permissions boundary

Symptom
    The denial text of an AWS service ends in `because no permissions boundary allows …` or `with an explicit deny
    in a permissions boundary`.
Reason
    The role has a permissions boundary, which limits what its policies can grant: a call needs an allow in both. On
    Google Cloud a principal access boundary limits the resources of a principal in the same way.
Confirm
    `aws iam get-role --query Role.PermissionsBoundary` and the policy that it names.
Fix
    Have the owner of the boundary add the action, or use a role without it.
Source
    IAM User Guide, Troubleshoot access denied error messages; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, credentials_first, denial


@cause("ACC019", "access-denied-by-boundary", Kind.ACCESS_DENIED_BY_BOUNDARY)
def access_denied_by_boundary(refusal: Refusal) -> Words:
    """Name the policy that denies, the permission and the resource."""
    return Words(
        denial(refusal, "permissions boundary"),
        credentials_first(
            refusal,
            f"Ask the owner of the boundary to allow {refusal.fact('permission') or 'the action'} in it; "
            "the role's own policies are not at fault.",
        ),
    )
