"""Auth method for another cloud

Symptom
    Weights or an image cannot be fetched although the OIDC settings are complete.
Reason
    The method exchanges the token with one cloud and the source is in the other: AWS_OIDC reaches ECR and S3, GCP_OIDC
    Artifact Registry, Container Registry and Cloud Storage. Truss accepts the combination.
Confirm
    Read the source and its auth_method in config.yaml.
Fix
    Use the method of the cloud that the source is in.
Source
    Baseten's OIDC documentation; the published truss package, 0.18.36.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, quoted


@cause("ACC026", "auth-method-for-other-cloud", Kind.AUTH_METHOD_FOR_OTHER_CLOUD)
def auth_method_for_other_cloud(refusal: Refusal) -> Words:
    """Name the method and the cloud that the source is in."""
    source = refusal.fact("source")
    method, other = refusal.fact("method", "a method"), refusal.fact("other", "GCP_OIDC or AWS_OIDC")
    return Words(
        f"{refusal.fact('entry', 'an entry')} of the Truss configuration asks for {quoted(source, 'a source')} with "
        f"{method}, which belongs to the other cloud",
        f"Use auth_method: {other} for this source, with the keys of that method.",
    )
