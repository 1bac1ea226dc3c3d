"""Attribute condition required

Symptom
    Creating or updating the provider fails with INVALID_ARGUMENT: The attribute condition must reference one of the
    provider's claims.
Reason
    For issuers that Google knows to be shared by many customers, GitHub's for one, a provider may not be saved
    without a condition on a claim. The provider was therefore never created, or never changed.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER finds nothing, or shows no attributeCondition.
Fix
    Add a condition that admits only you, for GitHub --attribute-condition="assertion.repository_owner == 'ORG'".
Source
    terraform-google-github-actions-runners issue 261. Which issuers Google counts as shared is not fully published.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP012", "attribute-condition-required", Kind.ATTRIBUTE_CONDITION_REQUIRED)
def attribute_condition_required(refusal: Refusal) -> Words:
    issuer = refusal.fact("issuer")
    shared = f"{issuer}, an issuer shared by many customers," if issuer else "an issuer shared by many customers"
    return Words(
        f"a provider for {shared} cannot be saved without an attribute condition on one of its claims",
        "Add a condition that admits only your tenant, for example assertion.repository_owner == 'ORG' for GitHub.",
    )
