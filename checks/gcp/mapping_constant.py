"""Mapping constant

Symptom
    STS answers unauthorized_client: The given credential is rejected by the attribute condition; or the exchange works
    and impersonation fails, because no member matches.
Reason
    The mapping of an attribute reads no claim: its expression is a text between quotes, often the name of a claim, as
    in attribute.repository='assertion.repository'. Every token then gets that text as the value, and a condition or
    member that compares the attribute with a real value never matches.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER --format='json(attributeMapping)', and look for an
    expression that is in quotes as a whole.
Fix
    Map the claim without quotes, attribute.repository=assertion.repository; a claim whose name holds other characters
    than letters, digits and _ is read as assertion['a.example/name'].
Source
    Google Cloud, Workload Identity Federation, attribute mapping; CEL specification, string literals.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP055", "mapping-constant", Kind.MAPPING_CONSTANT)
def mapping_constant(refusal: Refusal) -> Words:
    attribute, expression, value = (refusal.fact(name) for name in ("attribute", "expression", "value"))
    unquoted, clause = refusal.fact("unquoted"), refusal.fact("clause")
    mapping = f"the mapping {attribute}={expression}" if expression else "the mapping of an attribute"
    gives = f"the text {value!r}" if value else "one fixed text"
    compared = f", and so this clause is never true: {clause}" if clause else ""
    if refusal.fact("member"):
        compared = ", and so no token is the member of the binding"
    name = attribute or "the attribute"
    return Words(
        f"{mapping} reads no claim and sets every token's value to {gives}{compared}",
        f"Map {name} to the claim without quotes around it: {attribute}={unquoted}"
        if unquoted
        else f"Map {name} to a claim, as in {attribute or 'attribute.NAME'}=assertion.NAME, or compare it with the "
        "text that it has.",
    )
