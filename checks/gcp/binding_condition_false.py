"""Binding condition false

Symptom
    Impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist),
    although a binding names the principal.
Reason
    The binding has an IAM condition, often a date, and the condition is false at this moment; such a binding grants
    nothing.
Confirm
    Read the policy with gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT --format=json and look at the
    binding's condition. Through the API, ask for requestedPolicyVersion 3, or conditions are left out.
Fix
    Renew or correct the condition, or add the binding without one.
Source
    Google Cloud, IAM Conditions; IAM API, serviceAccounts.getIamPolicy.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP032", "binding-condition-false", Kind.BINDING_CONDITION_FALSE)
def binding_condition_false(refusal: Refusal) -> Words:
    condition = refusal.fact("condition")
    return Words(
        "the binding that names this principal has a condition that is false" + (f": {condition}" if condition else ""),
        "Grant the role to the same member under a condition that holds, such as one with a later date.",
    )
