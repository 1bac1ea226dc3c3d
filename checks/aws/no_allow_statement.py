"""No Allow statement

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`.
Reason
    The trust policy has no statement with Effect Allow, so nothing can be granted whatever the token says.
Confirm
    `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`.
Fix
    Add an Allow statement with the OIDC provider as Federated principal, the action sts:AssumeRoleWithWebIdentity, and
    conditions on `aud` and `sub`.
Source
    IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, trust_policy_commands


@cause("AWS020", "no-allow-statement", Kind.NO_ALLOW_STATEMENT)
def no_allow_statement(refusal: Refusal) -> Words:
    """Say that nothing is allowed."""
    empty = refusal.fact("statements") == "0"
    return Words(
        "the trust policy has no statement at all" if empty else "the trust policy has no Allow statement",
        "Add an Allow statement for the OIDC provider with the action sts:AssumeRoleWithWebIdentity and conditions on "
        "`aud` and `sub`.",
        trust_policy_commands(refusal),
    )
