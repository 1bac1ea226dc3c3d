"""Discovery document invalid

Symptom
    AWS: `Couldn't retrieve verification key from your identity provider`. Google Cloud: `Error connecting to the given
    credential's issuer.`
Reason
    The document at `/.well-known/openid-configuration` was served but is not what the cloud can use: not JSON, or
    without `jwks_uri`. AWS also lists `issuer`, `response_types_supported`, `subject_types_supported` and
    `id_token_signing_alg_values_supported` as required.
Confirm
    Fetch the document and look for those members.
Fix
    Add the member to the document that the issuer publishes.
Source
    IAM User Guide, id_roles_providers_create_oidc; that AWS refuses for each of the lists is inferred from there.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ISS002", "discovery-invalid", Kind.DISCOVERY_INVALID)
def discovery_invalid(refusal: Refusal) -> Words:
    """Name the member that is missing or unusable."""
    field, value = refusal.fact("field"), refusal.fact("found")
    usable = given("has no usable `{}`", field) or "cannot be used"
    return Words(
        f"the issuer's discovery document {usable}{given(' (found: {})', quoted(value, ''))}",
        f"Publish a discovery document with {given('a proper `{}`', field) or 'issuer and jwks_uri'} in it.",
    )
