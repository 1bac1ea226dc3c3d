"""Session expired

Symptom
    `ExpiredToken` or `The security token included in the request is expired` from S3, ECR or another service.
Reason
    The credentials made from the OIDC token have ended: the role session on AWS, the access token on Google Cloud. The
    OIDC token is not meant, although the wording is similar: an expired OIDC token is ExpiredTokenException, from STS.
Confirm
    See which service returns the error: STS means the OIDC token, any other service means the session.
Fix
    Let the client renew its credentials: use the SDK's web identity provider instead of fixed keys.
Source
    STS API reference; IAM User Guide on temporary credentials.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ACC002", "session-expired", Kind.SESSION_EXPIRED)
def session_expired(refusal: Refusal) -> Words:
    """Say that the session ended, not the OIDC token."""
    if refusal.fact("login"):
        return Words(
            "the registry login has ended, which lasts 12 hours; the OIDC token is not at fault",
            "Log in again before the pull, as with `aws ecr get-login-password`, or use the credential helper of ECR.",
        )
    session = "the access token" if refusal.cloud == "gcp" else "the role session"
    return Words(
        f"{session} that was made from it has ended; the OIDC token itself is not at fault",
        "Let the SDK renew its credentials from the token file instead of keeping the first ones for the whole job.",
    )
