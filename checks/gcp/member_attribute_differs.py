"""Member attribute differs

Symptom
    The exchange works, then impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or
    it may not exist).
Reason
    The principalSet expects another value of the attribute than the one mapped from the token: a renamed repository,
    other letter case, only the name where owner/name is needed, or a slash written as %2F. Values are literal.
Confirm
    Compare the part of the member after /attribute.NAME/ with the value that the mapping produces for this token.
Fix
    Also bind a member with the token's value, with / and : unescaped; after a rename, look at the attribute condition
    too.
Source
    Google Cloud, Principal identifiers. That %2F matches nothing was seen by an operator, not documented.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bound_on, cause, given


@cause("GCP039", "member-attribute-differs", Kind.MEMBER_ATTRIBUTE_DIFFERS)
def member_attribute_differs(refusal: Refusal) -> Words:
    attribute, actual = refusal.fact("attribute") or "the mapped attribute", refusal.actual
    note = "" if actual and actual.spans else refusal.fact("note")  # the pair shows what differs
    return Words(
        f"the binding on {bound_on(refusal)} expects another value of {attribute}"
        + (f" ({note})" if note else "")
        + given("; {}", refusal.fact("workspace")),
        "Also bind a member with this token's value, if this workload should pass; values are compared literally, "
        "letter case included, with / and : unescaped.",
    )
