"""Mapped attribute not a string

Symptom
    STS answers 400: The mapped attribute 'attribute.NAME' must be of type STRING. This wording was seen for workforce
    pools; that workload pools return the same text is inferred.
Reason
    A mapping returns a list, a number or a boolean. Only google.groups may be a list.
Confirm
    Decode the token and look at the type of the claim that the mapping copies; an aud of several entries is a list.
Fix
    Turn the value into text in the mapping: string(assertion.NAME), assertion.NAME[0] or assertion.NAME.join(',').
Source
    Google Cloud, Troubleshoot Workforce Identity Federation; IAM API, field attributeMapping.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP026", "mapped-attribute-not-string", Kind.MAPPED_ATTRIBUTE_NOT_STRING)
def mapped_attribute_not_string(refusal: Refusal) -> Words:
    attribute, type_name = refusal.fact("attribute") or "an attribute", refusal.fact("type")
    wanted = refusal.fact("wanted") or "a string"
    mapped = f"{attribute} is mapped to a value of type {type_name}" if type_name else f"{attribute} has another type"
    return Words(
        f"{mapped}, and Google accepts only {wanted} there",
        "Turn the value into text in the mapping: string(…) for a number or a boolean, [0] or join(',') for a list."
        if wanted == "a string"
        else f"Map {attribute} to a list of texts, such as a claim of groups, or [assertion.NAME] for one text.",
    )
