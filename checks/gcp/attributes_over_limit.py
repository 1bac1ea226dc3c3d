"""Attributes over limit

Symptom
    STS answers 400: the size of the entire mapped attributes, or the count of google.groups, exceeds a limit. Both
    wordings were seen for workforce pools; that workload pools use them is inferred.
Reason
    All mapped attributes together may have 8,192 bytes, and at most 50 may be custom. A claim of groups or permissions
    that grows with the organization is the usual one to exceed a limit.
Confirm
    Evaluate the mapping with the token's claims and add up the bytes of the values, or count the groups.
Fix
    Map only what a condition or a member needs; reduce lists in the mapping, or have the issuer send fewer entries.
Source
    Google Cloud, IAM quotas and limits; Troubleshoot Workforce Identity Federation for the wordings.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP028", "attributes-over-limit", Kind.ATTRIBUTES_OVER_LIMIT)
def attributes_over_limit(refusal: Refusal) -> Words:
    size, limit = refusal.fact("size"), refusal.fact("limit")
    what = refusal.fact("what") or "mapped attributes"
    numbers = f": {size}, where {limit} is allowed" if size and limit else ""
    return Words(
        f"the attribute mapping exceeds the limit on {what}{numbers}",
        "Map no attribute that neither a condition nor a member uses, or map less of it.",
    )
