"""Action differs

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`, although principal and conditions fit.
Reason
    The statement allows another action. OIDC tokens need sts:AssumeRoleWithWebIdentity; sts:AssumeRole is for AWS
    principals, sts:AssumeRoleWithSAML for SAML. Some infrastructure tools write sts:AssumeRole for every federated
    principal unless configured otherwise.
Confirm
    Read Action in the statement that names the OIDC provider.
Fix
    Set it to sts:AssumeRoleWithWebIdentity.
Source
    STS API reference; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS028", "action-differs", Kind.ACTION_DIFFERS)
def action_differs(refusal: Refusal) -> Words:
    """Name the action that is allowed instead."""
    allowed = quoted(refusal.expected.value if refusal.expected else "", "other actions")
    return Words(
        f"the trust policy allows {allowed} where `sts:AssumeRoleWithWebIdentity` is needed"
        f"{given(' ({})', refusal.fact('note'))}",
        "Set the statement's Action to sts:AssumeRoleWithWebIdentity.",
        trust_policy_commands(refusal),
    )
