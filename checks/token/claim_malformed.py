"""Claim malformed

Symptom
    AWS: `Invalid timestamp in token claims.`, `Claim is not allowed to be empty: aud`, or an InternalFailure with
    `Unknown error validating third-party token` for a null `sub`.
Reason
    The claim is present, but in a form that the cloud does not accept. AWS accepts times as whole numbers (also as
    text, no fractions), an audience that is not empty, and a subject that is not null.
Confirm
    Decode the middle part of the token and look at the claim as JSON: the type counts, not only the value.
Fix
    Have the issuer write the claim in the usual form.
Source
    Recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, cloud_name, given, quoted


@cause("TOK009", "claim-malformed", Kind.CLAIM_MALFORMED)
def claim_malformed(refusal: Refusal) -> Words:
    """Name the claim, its value, and the wanted form."""
    claim, value, wanted = refusal.fact("claim"), refusal.fact("found"), refusal.fact("wanted")
    name = given("the token's {} claim", quoted(claim, "")) or "a claim of the token"
    holds = given(": it is {}", quoted(value, "")) + given(", where {} is required", wanted)
    return Words(
        f"{name} has a form that {cloud_name(refusal)} cannot use{holds}",
        f"Have the issuer write {quoted(claim, 'the claim')} as {wanted or 'a plain value of the usual type'}.",
    )
