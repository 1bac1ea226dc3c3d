"""No credentials sent

Symptom
    Anonymous caller does not have storage.objects.get access; Request is missing required authentication credential;
    from AWS: Missing Authentication Token, no credentials in the request.
Reason
    The request that failed carried no credentials, so no identity was refused. That client does not use the credentials
    of the exchange: it runs in another step, container or process, or its configuration names none.
Confirm
    Print in the same process where the client looks: GOOGLE_APPLICATION_CREDENTIALS, or AWS_ROLE_ARN and
    AWS_WEB_IDENTITY_TOKEN_FILE.
Fix
    Configure that client with the workload's credential configuration, or with its role and token file.
Source
    Recorded answers of Cloud Storage; Google API client libraries, reasons of ErrorInfo; AWS API references.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given

_SETTINGS = {
    "aws": "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
    "gcp": "GOOGLE_APPLICATION_CREDENTIALS with the credential configuration",
}


@cause("ACC010", "no-credentials-sent", Kind.NO_CREDENTIALS_SENT)
def no_credentials_sent(refusal: Refusal) -> Words:
    """Say that the caller was anonymous, so that no role and no policy is at fault."""
    asked = given(" for {}", refusal.fact("permission") or refusal.fact("action"))
    return Words(
        f"the request{asked} carried no credentials, so its caller was anonymous",
        f"Let the client that makes this request use the workload's credentials: set {_SETTINGS[refusal.cloud]} where "
        "it runs.",
    )
