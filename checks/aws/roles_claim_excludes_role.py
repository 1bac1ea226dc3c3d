"""Roles claim excludes the role

Symptom
    `The target role ARN is not present in the roles claim of the identity token`.
Reason
    The token itself limits the roles that it may assume, in the claim `https://aws.amazon.com/roles`, and the role
    asked for is not among them. STS decides this before the trust policy; entries must be exact ARNs.
Confirm
    Decode the middle part of the token and compare the claim with the ARN in the request.
Fix
    Have the issuer add the role's ARN to the claim, or ask for a role that is in it.
Source
    A public write-up of the claim, July 2026; recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("AWS044", "roles-claim-excludes-role", Kind.ROLES_CLAIM_EXCLUDES_ROLE)
def roles_claim_excludes_role(refusal: Refusal) -> Words:
    """Say that the token is not meant for this role."""
    role = refusal.actual.value if refusal.actual else "the role's ARN"
    return Words(
        "its own roles claim does not list the role that is asked for",
        f"Have the issuer add {role} to the claim https://aws.amazon.com/roles, or ask for a role that is in it.",
    )
