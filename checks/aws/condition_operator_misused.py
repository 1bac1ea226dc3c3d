"""Condition operator misused

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`; key and value are right, the operator is not.
Reason
    Some pairs never match: ArnLike on a subject (it compares six colon-separated fields), a key with several values
    such as amr without ForAnyValue or ForAllValues, a number or date operator on text, ForAnyValue on an absent key.
Confirm
    Read the operator above the key and the type of the key in the list of condition keys.
Fix
    Use StringEquals for one exact text, StringLike for a pattern, ForAnyValue:… for a key with several values.
Source
    IAM User Guide, condition operators and multivalued context keys; measured condition captures, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS032", "condition-operator-misused", Kind.CONDITION_OPERATOR_MISUSED)
def condition_operator_misused(refusal: Refusal) -> Words:
    """Name the operator, the key and why they do not go together."""
    operator, key = refusal.fact("operator", "an operator"), quoted(refusal.fact("key"), "a key")
    return Words(
        f"the trust policy uses {operator} on {key}, where it does not do what it seems to"
        f"{given(': {}', refusal.fact('reason'))}",
        "Use StringEquals for an exact text and StringLike for a pattern; put ForAnyValue: before it only for a key "
        "that holds several values.",
        trust_policy_commands(refusal),
    )
