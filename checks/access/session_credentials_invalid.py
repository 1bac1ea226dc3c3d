"""Session credentials invalid

Symptom
    Google: 401 UNAUTHENTICATED, Request had invalid authentication credentials. AWS: InvalidClientTokenId, The security
    token included in the request is invalid; InvalidAccessKeyId from S3.
Reason
    The service does not know the credentials of the request. The OIDC token is not meant: the credentials are those of
    another account or partition, truncated, revoked, or left over in the environment; on Google Cloud also a federated
    token for an API that accepts none.
Confirm
    See which credentials the client uses: aws sts get-caller-identity, or gcloud auth list. On AWS, access keys in the
    environment take precedence over the web identity.
Fix
    Remove keys and tokens that were left over, and let the SDK make new ones from the workload's token.
Source
    Google Cloud, Troubleshoot Workload Identity Federation; STS and S3 API references.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ACC011", "session-credentials-invalid", Kind.SESSION_CREDENTIALS_INVALID)
def session_credentials_invalid(refusal: Refusal) -> Words:
    """Say whose credentials are not taken: those of the request, not the OIDC token."""
    if refusal.cloud == "aws":
        return Words(
            "AWS does not know the access key or session token of the request; the OIDC token is not meant",
            "Remove access keys that were left over (AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN, a shared credentials file), "
            "so that the SDK uses the web identity.",
        )
    return Words(
        "the API does not accept the access token of the request; the OIDC token is not meant",
        "Let the client make a new access token; where it sends the federated token itself, check that the API accepts "
        "those, or impersonate a service account.",
    )
