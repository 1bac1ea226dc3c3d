"""Access denied by a session policy

Symptom
    The denial text of an AWS service ends in `because no session policy allows …` or `with an explicit deny in a
    session policy`.
Reason
    The client passed a policy with the call that created the session (Policy or PolicyArns). The session may do
    only what both this policy and the role's policies allow.
Confirm
    Read the client's configuration for `policy`, `inline-session-policy` or `managed-session-policies`.
Fix
    Remove or widen the session policy in the client's configuration of the exchange.
Source
    IAM User Guide, Troubleshoot access denied error messages; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, credentials_first, denial


@cause("ACC020", "access-denied-by-session-policy", Kind.ACCESS_DENIED_BY_SESSION_POLICY)
def access_denied_by_session_policy(refusal: Refusal) -> Words:
    """Name the policy that denies, the permission and the resource."""
    return Words(
        denial(refusal, "session policy"),
        credentials_first(
            refusal,
            f"Add {refusal.fact('permission') or 'the action'} to the session policy that the client passes with "
            "AssumeRoleWithWebIdentity.",
        ),
    )
