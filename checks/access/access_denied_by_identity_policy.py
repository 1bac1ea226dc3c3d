"""Access denied by an identity policy

Symptom
    The denial text of an AWS service ends in `because no identity-based policy allows …` or `with an explicit deny
    in a identity-based policy`.
Reason
    A policy of the role itself holds a Deny statement that matches the call. An explicit deny wins over every
    allow, so another Allow changes nothing.
Confirm
    `aws iam list-role-policies` and `aws iam list-attached-role-policies` of the role; look for `Effect: Deny`.
Fix
    Narrow the Deny statement, or use another role for this call.
Source
    IAM User Guide, Troubleshoot access denied error messages; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, credentials_first, denial


@cause("ACC017", "access-denied-by-identity-policy", Kind.ACCESS_DENIED_BY_IDENTITY_POLICY)
def access_denied_by_identity_policy(refusal: Refusal) -> Words:
    """Name the policy that denies, the permission and the resource."""
    return Words(
        denial(refusal, "identity-based policy"),
        credentials_first(
            refusal,
            "Find the Deny statement in the role's own policies and narrow it; a further Allow cannot overrule it.",
        ),
    )
