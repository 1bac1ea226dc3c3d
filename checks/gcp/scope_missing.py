"""Scope missing

Symptom
    generateAccessToken answers 400 INVALID_ARGUMENT: Request contains an invalid argument. Or an API answers 403:
    Request had insufficient authentication scopes, with the reason ACCESS_TOKEN_SCOPE_INSUFFICIENT.
Reason
    The impersonation request carries no OAuth scope, or one that does not exist. The first sentence does not say which
    argument is meant; a missing scope was measured to cause it. The second says that the access token was made with
    scopes that do not cover the API that is called, whatever the roles allow.
Confirm
    Print the scopes that the client asks for; they must be whole URLs that begin with https://www.googleapis.com/auth/
Fix
    Ask for https://www.googleapis.com/auth/cloud-platform, and limit access by the service account's roles.
Source
    google-github-actions/auth, Troubleshooting; published measurements, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP047", "scope-missing", Kind.SCOPE_MISSING)
def scope_missing(refusal: Refusal) -> Words:
    if refusal.step == "permission":
        return Words(
            "the scopes of the access token do not cover the API that is called",
            "Request the scope https://www.googleapis.com/auth/cloud-platform in the client; roles limit the access.",
        )
    if refusal.step == "target":
        return Words(
            "the exchange asks for an OAuth scope that Google does not know",
            "Request the scope https://www.googleapis.com/auth/cloud-platform in the client.",
        )
    return Words(
        "the impersonation request carries no OAuth scope that Google knows",
        "Request the scope https://www.googleapis.com/auth/cloud-platform in the client.",
    )
