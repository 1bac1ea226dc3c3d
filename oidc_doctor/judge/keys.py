"""Key selection and signature, by the rules measured on AWS STS and Google STS (recorded and measured, September 2026).

AWS: the header's alg decides and the JWK's alg is ignored; a JWK without kid, with use=enc, or whose x5c disagrees is
not usable; one with any key_ops is selected and does not verify; a later key of the same kid replaces the earlier; over
100 keys of a type break tokens of that type. Google: RS256 and ES256 (P-256) only, and the header must name a kid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.model.document import ABSENT, UNKNOWN, Document, Json
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.in_words import as_value
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.limits import KEYS_OF_TYPE
from oidc_doctor.model.placeholder import has_placeholder, is_left_out, spans

if TYPE_CHECKING:
    from oidc_doctor.model.steps import Cloud

ALGORITHMS: Mapping[str, Mapping[str, str]] = {
    "aws": {"RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "ES256": "EC", "ES384": "EC", "ES512": "EC"},
    "gcp": {"RS256": "RSA", "ES256": "EC"},
}
_TEXTS = ("kty", "use", "alg", "kid", "n", "e", "crv", "x", "y")


class KeyAnswer(NamedTuple):
    """`kind` None: the signature is valid, or could not be verified (`checked` False)."""

    kind: Kind | None
    checked: bool
    reason: str = ""
    pointer: str = ""
    selected: bool = False  # AWS: the key was chosen and does not verify; otherwise there is no key to choose


def _keys(jwks: Json) -> list[tuple[str, dict[str, Any]]]:
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        return []
    return [(f"/keys/{index}", key) for index, key in enumerate(keys) if isinstance(key, dict)]


def known_kids(jwks: Json) -> list[str]:
    """Return the kids of a key set, in order."""
    return [key["kid"] for _, key in _keys(jwks) if isinstance(key.get("kid"), str)]


def nameless_keys(jwks: Json) -> int:
    """Return how many keys of a key set have no kid."""
    return sum(not isinstance(key.get("kid"), str) for _, key in _keys(jwks))


def is_key_set(jwks: Json) -> bool:
    """Whether a document has the form of a key set (RFC 7517, sections 4 and 5; RFC 7518, section 6).

    Any other document was truncated or edited by hand, or does not come from an issuer. Some issuers write null for
    absent members.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        return False
    return all(isinstance(key, dict) and all(isinstance(key.get(name), str | None) for name in _TEXTS) for key in keys)


def _x5c_disagrees(jwk: dict[str, Any]) -> bool:
    chain = jwk.get("x5c")
    if not isinstance(chain, list) or not chain or jwk.get("kty") != "RSA":
        return False
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        public = x509.load_der_x509_certificate(base64.b64decode(str(chain[0]))).public_key()
    except ValueError:
        return True
    if not isinstance(public, RSAPublicKey):
        return True
    numbers = public.public_numbers()

    def number(name: str) -> int:
        text = str(jwk.get(name, ""))
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    try:
        return (numbers.n, numbers.e) != (number("n"), number("e"))
    except ValueError:
        return True


def unusable(cloud: Cloud, jwk: dict[str, Any], kty: str) -> str:
    """Return why the cloud cannot use this key for a token of type `kty`; empty if it can."""
    if jwk.get("kty") != kty:
        return f"it is a key of type {as_value(str(jwk.get('kty')))}, the token is signed with {kty}"
    if cloud == "gcp":
        if kty == "EC" and jwk.get("crv") != "P-256":
            return f"Google accepts only curve P-256, this key is on {as_value(str(jwk.get('crv')))}"
        return ""
    if not isinstance(jwk.get("kid"), str):
        return "it has no kid"
    if jwk.get("use") not in (None, "sig"):
        return f"use is {as_value(str(jwk.get('use')))}, not sig"
    needed = ("n", "e") if kty == "RSA" else ("crv", "x", "y")
    absent = [name for name in needed if not isinstance(jwk.get(name), str)]
    if absent:
        return f"it has no {' and no '.join(absent)}"
    if _x5c_disagrees(jwk):
        return "its certificate (x5c) is of another key than n and e"
    return ""


def is_shortened(jwks: Json, members: tuple[str, ...]) -> bool:
    """Whether a key was shortened by hand: numbers are base64url, and no issuer's kid contains an ellipsis."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    for key in keys if isinstance(keys, list) else ():
        if isinstance(key, str) and has_placeholder(key):
            return True
        for name in members if isinstance(key, dict) else ():
            text = key.get(name)
            if isinstance(text, str) and (is_left_out(text) or any(text[at] not in "xX#" for at, _ in spans(text))):
                return True
    return False


def check_keys(cloud: Cloud, token: Token, jwks: Document) -> KeyAnswer:
    """Check the token's key and signature. A key set that was shortened by hand never proves a fault."""
    answer = _check_keys(cloud, token, jwks)
    # the kids are enough to find the token's key
    members = ("kid",) if answer.kind is Kind.KEY_ID_UNKNOWN else ("kid", "n", "e", "x", "y")
    if answer.kind is not None and is_shortened(jwks.value, members):
        return KeyAnswer(None, checked=False, reason="a part of the key set was left out by hand", pointer="/keys")
    return answer


def _check_keys(cloud: Cloud, token: Token, jwks: Document) -> KeyAnswer:
    """Select the token's key as the cloud does and verify the signature where the compact form is there."""
    alg, kid = token.header_value("alg"), token.header_value("kid")
    keys = _keys(jwks.value)
    if not isinstance(jwks.value, dict) or not isinstance(jwks.value.get("keys"), list):
        return KeyAnswer(Kind.DISCOVERY_INVALID, checked=True, reason="the key set has no keys list")
    kty = ALGORITHMS[cloud].get(alg) if isinstance(alg, str) else None
    if kty is None and alg is not UNKNOWN:
        return KeyAnswer(None, checked=False, reason="algorithm")
    if kid is UNKNOWN:
        return KeyAnswer(None, checked=False, reason="the token's header was not given")
    if cloud == "aws" and kty and sum(key.get("kty") == kty for _, key in keys) > KEYS_OF_TYPE.most:
        reason = f"the key set holds over {KEYS_OF_TYPE.most} {kty} keys"
        return KeyAnswer(Kind.KEY_UNUSABLE, checked=True, reason=reason)
    if kid is ABSENT or kid in ("", None):
        return _without_kid(cloud, token, keys, kty)
    chosen = [(pointer, key) for pointer, key in keys if key.get("kid") == kid]
    if not chosen:
        return KeyAnswer(Kind.KEY_ID_UNKNOWN, checked=True, pointer="/keys")
    if kty is None:
        return KeyAnswer(None, checked=False, reason="the token's header was not given")
    pointer, key = chosen[-1]
    if cloud == "gcp" and len(chosen) > 1:
        # which of several keys with the same kid Google uses was never recorded: the result is certain only if all
        # agree
        answers = [_verify(cloud, token, candidate, kty, place) for place, candidate in chosen]
        if len({answer.kind for answer in answers}) > 1:
            return KeyAnswer(
                None, checked=False, reason="several keys have this kid, and they do not agree", pointer=pointer
            )
        return answers[-1]
    return _verify(cloud, token, key, kty, pointer)


def _without_kid(cloud: Cloud, token: Token, keys: list[tuple[str, dict[str, Any]]], kty: str | None) -> KeyAnswer:
    if cloud == "gcp" or token.header_value("kid") == "" or kty is None:
        return KeyAnswer(Kind.KEY_ID_UNKNOWN, checked=True, pointer="/keys")
    usable = {key["kid"]: (pointer, key) for pointer, key in keys if not unusable(cloud, key, kty)}
    if len(usable) != 1:
        return KeyAnswer(Kind.KEY_ID_UNKNOWN, checked=True, pointer="/keys")
    pointer, key = next(iter(usable.values()))
    return _verify(cloud, token, key, kty, pointer)


def _verify(cloud: Cloud, token: Token, jwk: dict[str, Any], kty: str, pointer: str) -> KeyAnswer:
    reason = unusable(cloud, jwk, kty)
    if reason:
        return KeyAnswer(Kind.KEY_UNUSABLE, checked=True, reason=reason, pointer=pointer)
    if cloud == "aws" and "key_ops" in jwk:
        reason = "it has key_ops, which AWS does not accept, not even with verify"
        return KeyAnswer(Kind.KEY_UNUSABLE, checked=True, reason=reason, pointer=pointer, selected=True)
    if not token.signing_input:
        return KeyAnswer(None, checked=False, reason="a decoded token has no signature to check", pointer=pointer)
    from jwt.algorithms import get_default_algorithms  # late: PyJWT and cryptography cost 60 ms
    from jwt.exceptions import PyJWTError

    algorithm = get_default_algorithms()[str(token.header_value("alg"))]
    try:
        # only the key's own numbers: the header's alg decides, whatever the JWK says
        numbers: dict[str, Any] = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
        key = algorithm.from_jwk(numbers)
        holds = algorithm.verify(token.signing_input, key, token.signature)
    except (PyJWTError, ValueError, TypeError) as error:
        return KeyAnswer(Kind.KEY_UNUSABLE, checked=True, reason=f"it cannot be read: {error}", pointer=pointer)
    if not holds:
        return KeyAnswer(Kind.SIGNATURE_INVALID, checked=True, pointer=pointer)
    return KeyAnswer(None, checked=True, pointer=pointer)
