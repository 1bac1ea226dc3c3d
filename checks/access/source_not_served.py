"""Source not served

Symptom
    Weights or an image cannot be fetched although the OIDC settings are complete.
Reason
    The source is of a kind for which Baseten does not use OIDC. Baseten serves Amazon ECR and S3, and Google's Artifact
    Registry, Container Registry and Cloud Storage, each with the method of its own cloud. Cloudflare R2, Azure and
    Hugging Face are documented as not yet served; the configuration is accepted all the same.
Confirm
    Read the scheme of the source and its auth method in config.yaml.
Fix
    Use a secret for this source (CUSTOM_SECRET), or the OIDC method of the cloud that it is in.
Source
    Baseten's OIDC documentation; the published truss package, 0.18.36.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ACC003", "source-not-served", Kind.SOURCE_NOT_SERVED)
def source_not_served(refusal: Refusal) -> Words:
    """Name the source that OIDC does not reach."""
    source = given(", {},", quoted(refusal.fact("source"), ""))
    method, stores = (
        ("GCP_OIDC", "Artifact Registry, Container Registry and Cloud Storage")
        if refusal.cloud == "gcp"
        else ("AWS_OIDC", "ECR and S3")
    )
    return Words(
        f"the method does not serve the configured source{source}: {method} reaches only {stores}",
        "Use a secret for this source, or the OIDC method of the cloud that it is in.",
    )
