"""Attribute condition false

Symptom
    STS answers unauthorized_client: The given credential is rejected by the attribute condition. The log entry has
    status code 16 and the raw sub, but not the clause or the other claims.
Reason
    The provider's attributeCondition is false for this token: a renamed repository, a deploy branch that changed,
    another team or environment, or other letter case, since comparisons are case-sensitive.
Confirm
    Read the condition with gcloud iam workload-identity-pools providers describe and evaluate each clause with the
    claims of the token; the first false one joined by && decides.
Fix
    If this workload should pass, admit it in that clause along with those that it admits: another value in the list, or
    the clause || a test of this workload. Look for the same old value in the members on the service account. Google's
    own evaluation is not visible, so a clause found here is a prediction.
Source
    Google Cloud, Workload Identity Federation, attribute conditions; google-github-actions/auth, Troubleshooting.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("GCP020", "attribute-condition-false", Kind.ATTRIBUTE_CONDITION_FALSE)
def attribute_condition_false(refusal: Refusal) -> Words:
    clause, actual = refusal.fact("clause"), refusal.actual
    note = "" if actual and actual.spans else refusal.fact("note")  # the pair shows what differs
    quoted = refusal.fact("quoted")
    if quoted:
        return Words(
            f"this clause of the attribute condition reads no claim, since {quoted} is between quotes: {clause}",
            f"Write {quoted} without quotes in that clause.",
        )
    headline = f"this clause of the attribute condition is false: {clause}" if clause else ""
    return Words(
        (headline or "the provider's attribute condition is false")
        + (f" ({note})" if note else "")
        + given("; {}", refusal.fact("workspace")),
        "Admit this workload along with those that the condition admits, if it should pass; else deploy what it admits."
        if clause
        else "Evaluate the condition with the token's claims, clause by clause, and look at the one that is false.",
    )
