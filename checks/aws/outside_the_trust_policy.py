"""Outside the trust policy

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`, although the trust policy that was read allows the token.
Reason
    Something that was not read refuses: a resource control policy of the organisation (a Deny on
    `StringNotEqualsIfExists aws:PrincipalOrgID` hits every federated caller, since the key is absent), the policy of a
    VPC endpoint that the call goes through, a trust policy that changed in between, or another role than the one that
    was read. Whether service control policies can refuse this call is not settled.
Confirm
    Compare the role ARN in CloudTrail with the role that was read; ask the organization's administrator for its
    resource control policies.
Fix
    Exempt federated callers in the policy that refuses, or read the right role.
Source
    AWS Organizations User Guide, resource control policies; a public report of August 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("AWS052", "outside-the-trust-policy", Kind.OUTSIDE_THE_TRUST_POLICY)
def outside_the_trust_policy(refusal: Refusal) -> Words:
    """Say what else may refuse."""
    reason = refusal.fact("reason", "the trust policy that was read allows it, so something else does not")
    return Words(
        reason,
        "Ask the organization's administrator for the resource control policies (RCP) on this account, "
        "and compare the role ARN in CloudTrail with the role that was read.",
    )
