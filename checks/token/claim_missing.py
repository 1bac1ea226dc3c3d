"""Claim missing

Symptom
    AWS: `Missing a required claim: …`. Google Cloud: the same fault shows as `null` or `[]` in the sentence about the
    issuer, the audience or the time.
Reason
    Both clouds need `iss`, `sub`, `aud`, `iat` and `exp` in every token, whatever the policy asks. Access tokens and
    hand-made tokens often lack `aud`, `sub` or `iat`.
Confirm
    Decode the middle part of the token and look for the five claims.
Fix
    Ask the issuer for an ID token and, where the issuer accepts one, pass the audience with the request for it.
Source
    AWS: recorded STS calls, September 2026. Google Cloud: STS API description and measured notes, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, cloud_name, given, quoted


@cause("TOK008", "claim-missing", Kind.CLAIM_MISSING)
def claim_missing(refusal: Refusal) -> Words:
    """Name the claims that are not there."""
    claim, several = refusal.fact("claim"), refusal.fact("claims")
    if "," in several:
        fault = f"the token lacks the claims {several}"
    else:
        fault = given("the token has no {} claim", quoted(claim or several, "")) or "the token lacks a required claim"
    return Words(
        fault,
        f"Get an ID token that has it: {cloud_name(refusal)} needs `iss`, `sub`, `aud`, `iat` and `exp` in each.",
    )
