"""Issuer URL differs from discovery

Symptom
    Tokens are refused although issuer, provider and key set can all be reached.
Reason
    The discovery document names an `issuer` other than the token's `iss`. OIDC asks for equality to the last
    character, so an http scheme, a trailing slash, a missing path or an internal host name is enough.
Confirm
    Fetch `<iss>/.well-known/openid-configuration` and put its `issuer` under the token's `iss`.
Fix
    Configure the issuer with one public URL that it uses in both places.
Source
    OpenID Connect Discovery 1.0, section 4.3; that both clouds enforce it in each detail is inferred.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ISS007", "issuer-url-differs", Kind.ISSUER_URL_DIFFERS)
def issuer_url_differs(refusal: Refusal) -> Words:  # noqa: ARG001  # both URLs are in expected and actual
    """Say that discovery and token disagree about the issuer."""
    return Words(
        "the issuer's discovery document names another issuer URL than the token's `iss`",
        "Set the issuer's public URL so that discovery and tokens carry the same text, to the last slash.",
    )
