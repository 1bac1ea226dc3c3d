"""Unsupported token header

Symptom
    AWS calls a token with `crit` in its header `not a valid JWT`; Google Cloud cannot find a key for a token without
    `kid` and says `Error connecting to the given credential's issuer.` (the latter wording is inferred).
Reason
    `crit` lists extensions that the reader must understand, and AWS refuses any. Google Cloud requires `kid`, the id of
    the signing key; AWS accepts a token without it only when the issuer publishes exactly one usable key.
Confirm
    Decode the part of the token before its first dot and read the members `alg`, `kid` and `crit`.
Fix
    Configure the issuer to sign with a plain header: `alg`, `kid`, `typ` and nothing critical.
Source
    AWS: recorded STS calls, September 2026. Google Cloud: STS API description (`kid` is required).
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, cloud_name, given, quoted


@cause("TOK002", "header-unsupported", Kind.HEADER_UNSUPPORTED)
def header_unsupported(refusal: Refusal) -> Words:
    """Name the header member that is missing or not accepted."""
    member, value = refusal.fact("member"), refusal.fact("value")
    if member == "kid":
        fault = "the token's header has no usable `kid`, the name of its signing key"
    else:
        parameter = given("{}, which", quoted(member, "")) or "something that"
        fault = f"the token's header carries {parameter} {cloud_name(refusal)} does not accept"
    return Words(
        fault + given(" (its value: {})", quoted(value, "")),
        "Have the issuer sign with a plain header: `alg`, `kid` and `typ` only.",
    )
