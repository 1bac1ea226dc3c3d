"""Condition key misspelled

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`; the value in the condition is right.
Reason
    A key that does not exist has no value, and a condition on it is false. The key is the issuer without `https://`,
    with its path, then a colon and the claim; the provider's ARN, the scheme, a slash at the end, or the bare host of
    an issuer with a path make it another key. Upper and lower case do not matter in keys.
Confirm
    Compare the key, up to its last colon, with the provider's URL as IAM prints it.
Fix
    Write the key as `<issuer without https://>:<claim>`.
Source
    IAM User Guide, condition keys for web identity federation; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, as_value, cause, given, quoted, trust_policy_commands


@cause("AWS029", "condition-key-misspelled", Kind.CONDITION_KEY_MISSPELLED)
def condition_key_misspelled(refusal: Refusal) -> Words:
    """Name the key that is tested and the one that exists."""
    tested = refusal.expected.value if refusal.expected else ""
    exists = refusal.actual.value if refusal.actual else ""
    tests = given("the trust policy tests {},", quoted(tested, "")) or "the trust policy tests"
    missing = given(": {} is missing at its end", quoted(refusal.fact("missing"), ""))
    return Words(
        f"{tests} a condition key that does not exist{missing}",
        given("Rename the key to {}.", as_value(exists))
        or "Write it as the issuer without https://, a colon and the claim.",
        trust_policy_commands(refusal),
    )
