"""Request audience malformed

Symptom
    STS answers invalid_request: Invalid value for "audience". This value should be the full resource name of the
    Identity Provider.
Reason
    The audience of the exchange request, which is not the token's aud, has to be the provider's whole name. Usual
    typos: a pool's name without /providers/…, a doubled prefix, an unfilled variable, the host of another universe.
Confirm
    Print the audience as sent and compare it, piece by piece, with
    //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
Fix
    Copy the name from gcloud iam workload-identity-pools providers describe and put //iam.googleapis.com/ before it.
    Quote the project number in YAML, so that it stays text.
Source
    Google Cloud, Security Token Service API, method v1.token; google-github-actions/auth issues 60, 211 and 521.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause

FORM = "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"


@cause("GCP001", "request-audience-malformed", Kind.REQUEST_AUDIENCE_MALFORMED)
def request_audience_malformed(refusal: Refusal) -> Words:
    reason = refusal.fact("reason")
    headline = "the audience of the STS request is not the full name of a provider" + (f": {reason}" if reason else "")
    return Words(headline, f"Send this as the audience of the exchange: {refusal.fact('wanted') or FORM}")
