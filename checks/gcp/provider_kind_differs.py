"""Provider kind differs

Symptom
    The exchange of an OIDC token is refused, although the provider exists and is active. Which sentence Google answers
    is not documented.
Reason
    A provider is made for one kind of credential: OIDC, AWS, SAML or X.509. One of another kind has no issuerUri, so
    there is no issuer to compare the token with; that such a provider refuses every OIDC token is inferred.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER shows a block named aws, saml or x509, not oidc.
Fix
    Create an OIDC provider in the pool (gcloud iam workload-identity-pools providers create-oidc) and send its name.
Source
    Google Cloud, IAM API, projects.locations.workloadIdentityPools.providers: the four kinds exclude each other.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause

KINDS = {"aws": "an AWS provider", "saml": "a SAML provider", "x509": "an X.509 provider"}


@cause("GCP007", "provider-kind-differs", Kind.PROVIDER_KIND_DIFFERS)
def provider_kind_differs(refusal: Refusal) -> Words:
    kind = KINDS.get(refusal.fact("kind"), "of another kind")
    return Words(
        f"the provider that the request names is {kind}, not an OIDC provider",
        "Send the name of the pool's OIDC provider for this issuer; create one if there is none.",
    )
