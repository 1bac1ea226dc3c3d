"""Member malformed

Symptom
    Impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).
    Adding the binding returned no error.
Reason
    The member has none of the valid forms: principal://…/subject/VALUE, principalSet://…/group/ID,
    principalSet://…/attribute.NAME/VALUE, principalSet://…/*. IAM stores it and it matches no principal; two attributes
    in one path are read as one value.
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT, and read the member from the pool's name on.
Fix
    Add the member in one of those forms. For two attributes, map one that joins them, or test the second in the
    provider's attribute condition.
Source
    Google Cloud, Principal identifiers; google-github-actions/auth issues 77 and 233. That IAM stores such members
    without an error was seen by operators, not documented.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bound_on, cause


@cause("GCP033", "member-malformed", Kind.MEMBER_MALFORMED)
def member_malformed(refusal: Refusal) -> Words:
    reason = refusal.fact("reason")
    return Words(
        "the binding's member has a form that matches no principal" + (f": {reason}" if reason else ""),
        f"Add the member in the expected form to the binding on {bound_on(refusal)}."
        if refusal.expected
        else "Add the member in one of the forms that match: principal://…/subject/VALUE or "
        "principalSet://…/attribute.NAME/VALUE of the pool.",
    )
