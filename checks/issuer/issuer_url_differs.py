"""Issuer URL differs from discovery

Symptom
    Tokens are refused although issuer, provider and key set can all be reached. Google answers invalid_grant: `issuer`
    claim in OIDC discovery document does not match the issuer specified in the request.
Reason
    The discovery document names an `issuer` other than the token's `iss`. OIDC asks for equality to the last
    character, so an http scheme, a trailing slash, a missing path or an internal host name is enough.
Confirm
    Fetch `<iss>/.well-known/openid-configuration` and compare its `issuer` with the token's `iss`.
Fix
    Configure the issuer with one public URL that it uses in both places.
Source
    OpenID Connect Discovery 1.0, section 4.3; siderolabs/talos issue 13210 for Google's refusal. That AWS enforces it
    in each detail is inferred, and so is that Google overlooks a slash at the end.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ISS007", "issuer-url-differs", Kind.ISSUER_URL_DIFFERS)
def issuer_url_differs(refusal: Refusal) -> Words:
    """Say that discovery and token, or discovery and the provider, disagree about the issuer."""
    if refusal.cloud == "gcp":
        return Words(
            "the issuer in the OIDC discovery document is not the one that the provider's issuerUri names",
            "Set the issuer's public URL so that its discovery document and its tokens carry the text of issuerUri.",
        )
    return Words(
        "the issuer's discovery document names another issuer URL than the token's `iss`",
        "Set the issuer's public URL so that discovery and tokens carry the same text, to the last slash.",
    )
