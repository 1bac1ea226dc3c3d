"""Second hop refused

Symptom
    `User: arn:aws:sts::…:assumed-role/… is not authorized to perform: sts:AssumeRole on resource:
    arn:aws:iam::…:role/…`
Reason
    The caller already has a session, of the role of the exchange or of another, and asks for a further role.
    The trust policy of the further role must name the first role (or its account), and the policies of the first
    role must allow sts:AssumeRole on it. The OIDC token plays no part in this call.
Confirm
    Read the trust policy of the further role, and the policies of the first role.
Fix
    Allow the first role on the side that lacks it: in the further role's trust policy, or in the first role's
    policies.
Source
    IAM User Guide, Troubleshoot access denied error messages; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ACC014", "second-hop-refused", Kind.SECOND_HOP_REFUSED)
def second_hop_refused(refusal: Refusal) -> Words:
    """Name the caller, the role that it asks for, and the side that has to allow it."""
    caller, target, policy = refusal.fact("caller"), refusal.fact("resource"), refusal.fact("policy")
    permission = refusal.fact("permission") or "sts:AssumeRole"
    words = f"the session {caller or 'of another role'} may not call {permission}"
    words += given(" on the further role {}", quoted(target, ""))
    if "control" in policy:
        return Words(
            f"{words}: a {policy} policy of the organization denies it",
            "Ask the administrator of the organization to change it: no policy of either role can overrule it.",
        )
    return Words(
        words + given(" (decided by the {} policy)", policy),
        f"Check both sides: the trust policy of {target or 'the further role'} must name the first role as principal, "
        f"and the first role's own policies must allow {permission} on it.",
    )
