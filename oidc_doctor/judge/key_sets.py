"""Compare the key set uploaded to a Google provider with the issuer's own: each key is judged as a token's would be.

An uploaded set replaces fetching (Google's discovery document of the IAM API), so it alone decides.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.judge.keys import ALGORITHMS, check_keys, is_key_set, is_shortened, known_kids, unusable
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.early import KeyDifference, UploadedKeys
from oidc_doctor.model.evidence import GcpProvider, Token
from oidc_doctor.model.kinds import Kind

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence

_NUMBERS = ("kty", "n", "e", "crv", "x", "y")
_CURVES = {"P-256": "ES256"}
_WHOLE = ("kid", "n", "e", "x", "y")


def uploaded_keys(evidence: TargetEvidence) -> UploadedKeys | Missing:
    """Return the differences between uploaded and published keys; Missing if one of the sets is not known in full."""
    provider = evidence.gcp.provider if evidence.gcp is not None else Missing("gcp/provider.json", "no target names it")
    if isinstance(provider, Missing):
        return provider
    if provider.jwks_json is None:
        return Missing("jwksJson", "no key set is uploaded to the provider")
    published = evidence.issuer.jwks
    if isinstance(published, Missing):
        return published
    uploaded = _uploaded(provider)
    if uploaded is None:
        return Missing("jwksJson", "it cannot be read")
    for document, what in ((uploaded, "jwksJson"), (published, "issuer/jwks.json")):
        if not is_key_set(document.value):
            return Missing(what, "it is not a key set")
        if is_shortened(document.value, _WHOLE):
            return Missing(what, "a part of the key set was left out by hand")
    other = _other_issuer(evidence, provider)
    if other:
        return Missing("issuer/jwks.json", f"it is the key set of {other}, and the provider is for another issuer")
    return UploadedKeys(
        provider.name or "",
        _address(evidence),
        tuple(_lacking(uploaded, published)),
        tuple(_withdrawn(uploaded, published)),
        tuple(known_kids(published.value)),
        tuple(known_kids(uploaded.value)),
    )


def _uploaded(provider: GcpProvider) -> Document | None:
    at = provider.document.at("/oidc/jwksJson")
    try:
        return Document(at.file, provider.jwks_json or "", json.loads(provider.jwks_json or ""), at.pointer, inner=True)
    except (ValueError, RecursionError):
        return None


def _lacking(uploaded: Document, published: Document) -> list[KeyDifference]:
    """Return the published keys whose tokens Google Cloud refuses for the uploaded set."""
    differences: dict[str, KeyDifference] = {}
    for index, key in enumerate(published.value["keys"]):
        kid, alg = key.get("kid"), _algorithm(key)
        if not kid or not alg:
            continue  # Google accepts no token of this key, wherever the key set is
        answer = check_keys("gcp", _signed_with(kid, alg), uploaded)
        same = [other for other in uploaded.value["keys"] if other.get("kid") == kid]
        if answer.kind is Kind.KEY_ID_UNKNOWN:
            differences[kid] = KeyDifference(kid, published.at(f"/keys/{index}"))
        elif same and not any(_numbers(other) == _numbers(key) for other in same):
            differences[kid] = KeyDifference(kid, published.at(f"/keys/{index}"), altered=True)
    return list(differences.values())


def _withdrawn(uploaded: Document, published: Document) -> list[KeyDifference]:
    kids = set(known_kids(published.value))
    return [
        KeyDifference(key["kid"], uploaded.at(""))
        for key in uploaded.value["keys"]
        if key.get("kid") and key["kid"] not in kids
    ]


def _signed_with(kid: str, alg: str) -> Token:
    """Return the header of a token that this key signed: the judge needs no more to select the key."""
    return Token("decoded", {}, {"alg": alg, "kid": kid}, complete=False, origin=Origin("(any token)"), name="none")


def _algorithm(key: dict[str, Any]) -> str:
    """Return the algorithm of the tokens that a key signs; empty where Google accepts none of them."""
    if key.get("use") not in (None, "sig"):
        return ""
    alg = key.get("alg") or ("RS256" if key.get("kty") == "RSA" else _CURVES.get(str(key.get("crv")), ""))
    kty = ALGORITHMS["gcp"].get(alg)
    return alg if kty is not None and not unusable("gcp", key, kty) else ""


def _numbers(key: dict[str, Any]) -> tuple[str, ...]:
    """Return what makes the key, without the padding that some issuers write."""
    return tuple(str(key.get(name) or "").rstrip("=") for name in _NUMBERS)


def _other_issuer(evidence: TargetEvidence, provider: GcpProvider) -> str:
    """Return the issuer of the discovery document, if it is not the provider's; a trailing slash is no difference."""
    issuer = _published(evidence, "issuer")
    same = not issuer or not provider.issuer_uri or issuer.rstrip("/") == provider.issuer_uri.rstrip("/")
    return "" if same else issuer


def _address(evidence: TargetEvidence) -> str:
    return _published(evidence, "jwks_uri")


def _published(evidence: TargetEvidence, member: str) -> str:
    """Return a member of the discovery document; empty if it was not read."""
    discovery = evidence.issuer.discovery
    document = discovery.value if isinstance(discovery, Document) else None
    value = document.get(member) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""
