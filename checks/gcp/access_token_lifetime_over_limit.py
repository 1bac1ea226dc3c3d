"""Access token lifetime over limit

Symptom
    generateAccessToken answers 400: … can not have lifetimes of more than 1 hour, and names an organization policy
    constraint.
Reason
    The request asks for an access token of the service account that lives longer than 3600 seconds. More is possible
    only for accounts that constraints/iam.allowServiceAccountCredentialLifetimeExtension lists.
Confirm
    Look for lifetime in the request, token_lifetime_seconds in the credential configuration, or
    access_token_lifetime in the action.
Fix
    Ask for 3600 seconds or less and renew the token, or have the service account added to that constraint.
Source
    Google Cloud, IAM Service Account Credentials API, method generateAccessToken; published measurements.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP046", "access-token-lifetime-over-limit", Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT)
def access_token_lifetime_over_limit(refusal: Refusal) -> Words:
    requested, limit = refusal.fact("requested"), refusal.fact("limit") or "3600"
    lifetime = f"for {requested} seconds" if requested else "longer than allowed"
    return Words(
        f"the access token of the service account is requested {lifetime}, and the limit is {limit} seconds",
        f"Ask for {limit} seconds at most and renew the token, or have an administrator list the account in "
        "constraints/iam.allowServiceAccountCredentialLifetimeExtension.",
    )
