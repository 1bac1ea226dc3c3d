"""Mapping missing subject

Symptom
    STS answers unauthorized_client: Could not obtain a value for google.subject from the given credential.
Reason
    The provider's attribute mapping has no entry for google.subject, which every OIDC provider needs: google.subject
    names the caller in members and logs.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER shows an attributeMapping without google.subject.
Fix
    Add google.subject=assertion.sub with --attribute-mapping. The flag replaces the mapping, so repeat its other
    entries.
Source
    Google Cloud, Workload Identity Federation, attribute mappings; IAM API, field attributeMapping.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP024", "mapping-missing-subject", Kind.MAPPING_MISSING_SUBJECT)
def mapping_missing_subject(refusal: Refusal) -> Words:
    if refusal.fact("value"):
        return Words(
            "the provider's attribute mapping makes google.subject empty",
            "Map google.subject to a claim that every token has, such as assertion.sub.",
        )
    return Words(
        "the provider's attribute mapping sets no google.subject",
        "Add google.subject=assertion.sub to the attribute mapping, and keep the entries that are there.",
    )
