"""Wildcard in CEL

Symptom
    STS answers unauthorized_client: The given credential is rejected by the attribute condition, although the pattern
    looks right.
Reason
    The condition compares with a text that contains *. CEL does not support wildcards: the claim itself would have to
    contain the star. Patterns carried over from an AWS trust policy with StringLike fail this way.
Confirm
    Look for a * between quotes in attributeCondition.
Fix
    Use startsWith, endsWith or contains, each with its separator, or matches with a regular expression:
    google.subject.startsWith('v=1:org=ORG:team=TEAM:') instead of == 'v=1:org=ORG:team=TEAM:*'.
Source
    Google Cloud, Workload Identity Federation, attribute conditions; Baseten, OIDC; CEL specification.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP022", "wildcard-in-cel", Kind.WILDCARD_IN_CEL)
def wildcard_in_cel(_refusal: Refusal) -> Words:
    return Words(
        "the attribute condition has a *, which in CEL is an ordinary character and not a wildcard",
        "Write startsWith(…) with the text before the * up to and with its separator, and endsWith(…) with the text "
        "after it.",
    )
