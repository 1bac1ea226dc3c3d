"""Mapping missing attribute

Symptom
    The exchange works, then impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource
    (or it may not exist).
Reason
    The member on the service account is a principalSet of an attribute that the provider does not map. A claim of the
    token is not an attribute by itself, and IAM accepts the member without an error.
Confirm
    Compare the member's attribute.NAME with the keys of attributeMapping of the provider.
Fix
    Map it (attribute.repository=assertion.repository, keeping the other entries), or bind a member on an attribute
    that is mapped.
Source
    Google Cloud, Principal identifiers; google-github-actions/auth issue 310.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bound_on, cause


@cause("GCP029", "mapping-missing-attribute", Kind.MAPPING_MISSING_ATTRIBUTE)
def mapping_missing_attribute(refusal: Refusal) -> Words:
    attribute, mapped, near = (refusal.fact(name) for name in ("attribute", "mapped", "near"))
    needed = f"{attribute}, which" if attribute else "an attribute that"
    asks = "the attribute condition" if refusal.step == "condition" else f"the binding on {bound_on(refusal)}"
    place = "the condition" if refusal.step == "condition" else "the member"
    return Words(
        f"{asks} needs {needed} the provider does not map" + (f"; it maps {near}" if near else ""),
        f"Write {near} in {place}, if that is the attribute that is meant."
        if near
        else f"Map {attribute or 'the attribute'} in the provider"
        + (f", which maps {mapped} so far," if mapped else "")
        + (" or read a mapped one." if refusal.step == "condition" else " or bind a member that uses a mapped one."),
    )
