"""Scope missing

Symptom
    generateAccessToken answers 400 INVALID_ARGUMENT: Request contains an invalid argument.
Reason
    The impersonation request carries no OAuth scope, or one that does not exist. The sentence does not say which
    argument is meant; a missing scope was measured to give it.
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
def scope_missing(_refusal: Refusal) -> Words:
    return Words(
        "the impersonation request carries no OAuth scope that Google knows",
        "Request the scope https://www.googleapis.com/auth/cloud-platform in the client.",
    )
