"""Roles claim malformed

Symptom
    `The roles claim contains no valid role ARNs` or `The roles claim is not in a supported format` (texts from a public
    verifier; the error codes are verified).
Reason
    The token's `https://aws.amazon.com/roles` claim says which roles it may assume. It must be a list of exact role
    ARNs, or one text with the ARNs separated by semicolons; patterns and bare names do not count.
Confirm
    Decode the middle part of the token and look at that claim.
Fix
    Have the issuer write full role ARNs there, or leave the claim out.
Source
    A public write-up of the claim, July 2026; recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("AWS043", "roles-claim-malformed", Kind.ROLES_CLAIM_MALFORMED)
def roles_claim_malformed(refusal: Refusal) -> Words:
    """Say that the claim names no role."""
    return Words(
        f"its roles claim holds no usable role ARN{given(': {}', quoted(refusal.fact('found'), ''))}",
        "Have the issuer write the roles' full ARNs into the claim https://aws.amazon.com/roles, or leave it out.",
    )
