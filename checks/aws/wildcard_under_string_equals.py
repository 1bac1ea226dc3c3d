"""Wildcard under StringEquals

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`, although the trust policy's pattern fits the subject.
Reason
    StringEquals compares character by character: `*` and `?` are ordinary characters there, and subjects hardly ever
    contain them. Only StringLike (and StringNotLike) reads them as wildcards.
Confirm
    In the trust policy, find the operator above the value with the wildcard.
Fix
    Move the key to StringLike. Exact values, such as the audience, may stay under StringEquals.
Source
    IAM User Guide, condition operators; public reports with confirmed fixes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, trust_policy_commands


@cause("AWS021", "wildcard-under-string-equals", Kind.WILDCARD_UNDER_STRING_EQUALS)
def wildcard_under_string_equals(refusal: Refusal) -> Words:
    """Report that the wildcard is compared literally."""
    operator = refusal.fact("operator", "StringEquals")
    return Words(
        f"the wildcard in the trust policy is an ordinary character under {operator}",
        f"Move {refusal.fact('key', 'the key')} from {operator} to StringLike; leave its value as it is.",
        trust_policy_commands(refusal),
    )
