"""Wildcard in member

Symptom
    Impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).
    Adding the binding returned no error.
Reason
    The member's value contains a *. IAM compares values literally; only a whole pool, principalSet://…/POOL/*, has a
    star with a meaning.
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT, and look for * after subject/ or attribute.NAME/.
Fix
    Put the pattern into the provider's attribute condition (startsWith, endsWith), and bind a principalSet of a mapped
    attribute that has one fixed value for all these workloads.
Source
    Google Cloud, Principal identifiers; Baseten, OIDC.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP034", "wildcard-in-member", Kind.WILDCARD_IN_MEMBER)
def wildcard_in_member(_refusal: Refusal) -> Words:
    return Words(
        "the * in the binding's member is an ordinary character, since IAM does not support patterns there",
        "Put the pattern into the provider's attribute condition, and bind a principalSet of a mapped attribute.",
    )
