"""Condition claim missing

Symptom
    STS answers unauthorized_client: The given credential is rejected by the attribute condition, the same sentence as
    for a condition that is false.
Reason
    The condition reads a claim that the token does not carry: misspelled, of another issuer, or sent for some events
    only. CEL then has an error instead of a result, and Google rejects.
Confirm
    Decode the token and look for the claim by its exact name; a nested one needs its whole path.
Fix
    Correct the name, or test a claim that this issuer always sends. Guard an optional one with has(assertion.NAME).
Source
    Published measurements of the real service, September 2026; CEL specification, evaluation errors.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP021", "condition-claim-missing", Kind.CONDITION_CLAIM_MISSING)
def condition_claim_missing(refusal: Refusal) -> Words:
    claim = refusal.fact("claim")
    missing = f"the claim {claim}, which" if claim else "a claim that"
    lacking = "is not among those that were given" if refusal.fact("given") else "the token does not have"
    return Words(
        f"the attribute condition reads {missing} {lacking}",
        "Correct the name of the claim in the condition, or admit this workload there by a claim that its token has.",
    )
