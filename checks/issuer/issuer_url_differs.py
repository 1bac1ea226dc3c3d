"""Issuer URL differs from discovery

Symptom
    Tokens are refused although issuer, provider and key set can all be reached. Google says: `issuer` claim in OIDC
    discovery document does not match the issuer specified in the request.
Reason
    The discovery document names an `issuer` other than the token's `iss`. OIDC asks for equality to the last
    character, so an http scheme, a trailing slash, a missing path or an internal host name is enough. Google reads the
    document at the provider's issuerUri, and compares it with that URI.
Confirm
    Fetch `<iss>/.well-known/openid-configuration` and put its `issuer` under the token's `iss`.
Fix
    Configure the issuer with one public URL that it uses in both places.
Source
    OpenID Connect Discovery 1.0, section 4.3; siderolabs/talos issue 13210 for Google's sentence. That both clouds
    enforce it in each detail is inferred.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ISS007", "issuer-url-differs", Kind.ISSUER_URL_DIFFERS)
def issuer_url_differs(refusal: Refusal) -> Words:
    """Say that discovery disagrees with the token or the provider; both URLs are in expected and actual."""
    if refusal.cloud == "gcp" and refusal.named_by_error and not refusal.actual:
        return Words(
            "the discovery document at the provider's issuerUri names another `issuer` than that URI",
            "Set the issuer's public URL so that discovery, tokens and issuerUri carry one text, to the last slash.",
        )
    return Words(
        "the issuer's discovery document names another issuer URL than the token's `iss`",
        "Set the issuer's public URL so that discovery and tokens carry the same text, to the last slash.",
    )
