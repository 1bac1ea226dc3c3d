"""Key id unknown

Symptom
    AWS: `Couldn't retrieve verification key from your identity provider`. Google Cloud: `Error connecting to the given
    credential's issuer.`, though nothing is wrong with the connection.
Reason
    The token's `kid` is not among the published keys: the issuer rotated its keys, the token is from another issuer or
    cluster, or the key set uploaded to the Google provider is old. AWS accepts a token without `kid` only when exactly
    one usable key is published.
Confirm
    Compare `kid` in the token's header with the `kid` values in the key set.
Fix
    Get a fresh token; if the new one names an unknown key too, publish (or upload) the issuer's current key set. Where
    the token or the keys have no `kid` at all, a fresh token has none either: the issuer has to write it.
Source
    AWS: recorded STS calls, September 2026. Google Cloud: measured notes, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ISS004", "key-id-unknown", Kind.KEY_ID_UNKNOWN)
def key_id_unknown(refusal: Refusal) -> Words:
    """Name the wanted key and the published keys."""
    kid, published = refusal.fact("kid"), refusal.fact("known")
    uploaded = "jwksjson" in refusal.fact("source").lower()
    where = "the key set uploaded to the provider" if uploaded else "the issuer's key set"
    if kid == "(none)":
        fault = f"the token does not say which key of {where} signed it (no `kid`)"
    else:
        fault = f"{where} does not contain {given('the key {}', quoted(kid, '')) or 'the key'} that the token names"
    nameless = refusal.fact("nameless")
    if nameless and not published:
        fault = f"{where} has no `kid` on {'its key' if nameless == '1' else 'any of its keys'}"
    return Words(
        fault + given("; it holds {}", quoted(published, "")), _fix(kid, nameless, published, uploaded=uploaded)
    )


def _fix(kid: str, nameless: str, published: str, *, uploaded: bool) -> str:
    if nameless and not published:
        place = "upload the key set with it" if uploaded else "publish the key set with it"
        return f"Set a `kid` on each key, name it in the header of the tokens that it signs, and {place}."
    if uploaded:
        return "Upload the issuer's current key set to the provider; it takes effect within seconds."
    if kid == "(none)":
        return "Set the issuer to name the signing key in the header of its tokens: a `kid` that its key set holds."
    return "Get a fresh token and compare its `kid` with the keys at the issuer's `jwks_uri`."
