"""Key pairs by name, made once a session, and base64url as a JWT writes it."""

from __future__ import annotations

import base64
import functools
from typing import Any


def base64url(data: bytes) -> str:
    """Base64url without padding, as in a JWT."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@functools.cache
def private_key(name: str) -> Any:
    """A key by name, made once a session: rsa, ec (P-256), ec-384, ec-521, ed25519, any other rsa-… or ec-… name."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if name.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if name == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curve = {"ec-384": ec.SECP384R1(), "ec-521": ec.SECP521R1()}.get(name, ec.SECP256R1())
    return ec.generate_private_key(curve)
