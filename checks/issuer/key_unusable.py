"""Key unusable

Symptom
    AWS: `Couldn't retrieve verification key from your identity provider`, although the key is published; for a key
    with `key_ops` `The web identity token provided could not be validated.`
    Google Cloud: `Error connecting to the given credential's issuer.` for a key of another type than the token's.
Reason
    AWS ignores a key with `use` other than `sig`, with any `key_ops`, without `kid`, or whose `x5c` disagrees with its
    numbers; more than 100 keys of one type disable all of that type. Google Cloud accepts RSA and P-256 keys.
Confirm
    Look at the key with the token's `kid` in the key set.
Fix
    Publish the key in its plain form: kty, kid, use=sig, alg and the numbers.
Source
    AWS: recorded STS calls, September 2026. Google Cloud: measured notes, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ISS005", "key-unusable", Kind.KEY_UNUSABLE)
def key_unusable(refusal: Refusal) -> Words:
    """Name the key and what keeps it from being used."""
    key = given("the key {}", quoted(refusal.fact("kid"), "")) or "the token's key"
    return Words(
        f"{key} is published but cannot be used{given(': {}', refusal.fact('reason'))}",
        "Publish the key in its plain form: `kty`, `kid`, `use` with the value `sig`, `alg` and the key's numbers.",
    )
