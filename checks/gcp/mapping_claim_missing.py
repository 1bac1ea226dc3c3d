"""Mapping claim missing

Symptom
    STS answers unauthorized_client: Could not obtain a value for google.subject from the given credential.
Reason
    The mapping reads a claim that this token does not carry, so the expression has no value. Without google.subject
    Google refuses the token; a custom attribute is, as far as is known, left unset, and a member on it then never
    matches.
Confirm
    Decode the token and look for every claim that the provider's attributeMapping names.
Fix
    Map a claim that the issuer always sends, or correct the name. A default helps for an optional one, as in
    has(assertion.NAME) ? assertion.NAME : 'none'.
Source
    Google Cloud, Workload Identity Federation, attribute mappings. The part on custom attributes is inferred.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP025", "mapping-claim-missing", Kind.MAPPING_CLAIM_MISSING)
def mapping_claim_missing(refusal: Refusal) -> Words:
    attribute, claim = refusal.fact("attribute") or "a mapped attribute", refusal.fact("claim")
    missing = f"the claim {claim}, which" if claim else "a claim that"
    lacking = "is not among those that were given" if refusal.fact("given") else "the token does not have"
    return Words(
        f"{attribute} gets no value, because its mapping reads {missing} {lacking}",
        f"Map {refusal.fact('attribute') or 'the attribute'} from a claim that this issuer always sends.",
    )
