"""Signature invalid

Symptom
    Google Cloud: `Unable to verify the ID Token signature.` AWS: `The web identity token provided could not be
    validated. See the AssumeRoleWithWebIdentity documentation for requirements.`
Reason
    The key that the token names is published, but the signature does not fit it: the token was altered on its way, or
    the issuer replaced the key and kept its `kid` (two clusters with copied settings do that too).
Confirm
    Fetch the key set again and verify the signature locally; compare the key's numbers with an older copy.
Fix
    Send the token unaltered; at the issuer, use a new `kid` for every new key.
Source
    Google Cloud: measured notes, September 2026. AWS: recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ISS006", "signature-invalid", Kind.SIGNATURE_INVALID)
def signature_invalid(refusal: Refusal) -> Words:
    """Name the key that the signature does not fit."""
    kid, alg = refusal.fact("kid"), refusal.fact("alg")
    key = given("the key {}", quoted(kid, "")) or "the key that it names"
    return Words(
        f"the token's {given('{} ', alg)}signature does not fit {key}",
        "Get a fresh token straight from the issuer and send it unaltered; if that fails too, the issuer has reused "
        "a `kid` for another key.",
    )
