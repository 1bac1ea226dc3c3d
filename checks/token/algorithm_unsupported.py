"""Signing algorithm not supported

Symptom
    AWS: the token is refused at the keys or as an invalid token; the exact text for these algorithms is not known.
    Google Cloud: a sentence about the issuer or the signature.
Reason
    AWS is known to verify RS256, RS384, RS512, ES256, ES384 and ES512; that it refuses PS*, EdDSA, HS* and none is
    inferred from their absence in its documentation. Google Cloud documents RS256 and ES256 only.
Confirm
    Decode the part of the token before its first dot and read `alg`.
Fix
    Switch the issuer's signing key to RS256, which both clouds accept.
Source
    STS API reference and recorded STS calls, September 2026; Google STS API description.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, cloud_name, given, quoted


@cause("TOK011", "algorithm-unsupported", Kind.ALGORITHM_UNSUPPORTED)
def algorithm_unsupported(refusal: Refusal) -> Words:
    """Name the algorithm and those that are accepted."""
    accepted = refusal.fact("accepted")
    algorithm = given("{}, which", quoted(refusal.fact("alg"), "")) or "an algorithm that"
    return Words(
        f"the token is signed with {algorithm} {cloud_name(refusal)} does not accept",
        f"Have the issuer sign with RS256{given(' (accepted: {})', accepted)}.",
    )
