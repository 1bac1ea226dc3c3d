"""The texts that the issuer signs and publishes: claims, tokens, the key set and the discovery document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

from evidence.folder import Folder, Json
from evidence.keys import base64url, private_key
from evidence.names import Names


class TokenFiles(Folder):
    """token.jwt, claims.json and issuer/."""

    def claims_of(self, **changes: Json) -> dict[str, Json]:
        """Healthy claims with changes. A change to `...` removes the claim; None is a JSON null."""
        segments = dict(part.split("=") for part in self.SUBJECT.split(":"))
        claims: dict[str, Json] = {
            "iss": self.ISSUER,
            "sub": self.SUBJECT,
            "aud": self.AUDIENCE,
            "iat": self.NOW - 60,
            "exp": self.NOW + 3540,
            "jti": "5bb8f8e6-9e9b-4f8a-9c1e-2f4d9f0f2c11",
            **{name: value for name, value in segments.items() if name != "v"},
        } | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def claims(self, claims: Json = None, *, header: Json = None, **more: Json) -> Self:
        """claims.json, and no token.jwt: healthy claims unless given; with a header or more members where given."""
        claims = self.claims_of() if claims is None else claims
        if header is not None or more:
            claims = {**({} if header is None else {"header": header}), "claims": claims, **more}
        return self.remove("token.jwt").write("claims.json", claims)

    def compact(
        self,
        claims: Json = None,
        *,
        key: str = "rsa",
        kid: Json = Names.KID,
        alg: str = "RS256",
        header: Mapping[str, Json] | None = None,
        sign_as: str | None = None,
        payload: str | None = None,
    ) -> str:
        """A JWT, signed by the key of that name. `kid=...` leaves the kid out, `header` adds members to the header.

        `payload` is the claims as text, for what no dict can be. `sign_as` is an algorithm other than the header's.
        """
        from jwt.algorithms import get_default_algorithms

        head = {"alg": alg, "typ": "JWT", "kid": kid} | dict(header or {})
        head = {name: value for name, value in head.items() if value is not ...}
        text = json.dumps(self.claims_of() if claims is None else claims) if payload is None else payload
        signed = f"{base64url(json.dumps(head).encode())}.{base64url(text.encode())}"
        algorithm = get_default_algorithms()[sign_as or alg]
        return f"{signed}.{base64url(algorithm.sign(signed.encode(), private_key(key)))}"

    def token(self, claims: Json = None, *, name: str | None = None, **how: Any) -> Self:
        """token.jwt (and no claims.json), or tokens/NAME.jwt: see `compact`."""
        text = self.compact(claims, **how)
        if name is not None:
            return self.write(f"tokens/{name}.jwt", text)
        return self.remove("claims.json").write("token.jwt", text)

    def jwk(self, key: str = "rsa", kid: Json = Names.KID, **members: Json) -> dict[str, Json]:
        """The public half of a key as a JWK. A member given as `...` is left out."""
        from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

        public = private_key(key).public_key()
        maker: Any = RSAAlgorithm if key.startswith("rsa") else OKPAlgorithm if key == "ed25519" else ECAlgorithm
        public_key = json.loads(maker.to_jwk(public))
        plain = {name: public_key[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in public_key}
        box = {**plain, "kid": kid, "use": "sig", **members}
        return {name: value for name, value in box.items() if value is not ...}

    def jwks(self, *keys: Json) -> Self:
        """issuer/jwks.json: the healthy key unless keys are given."""
        return self.write("issuer/jwks.json", {"keys": list(keys) or [self.jwk()]})

    def discovery(self, **changes: Json) -> Self:
        """issuer/openid-configuration.json; a member given as `...` is left out."""
        box: dict[str, Json] = {
            "issuer": self.ISSUER,
            "jwks_uri": self.ISSUER + "/.well-known/jwks.json",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["aud", "exp", "iat", "iss", "sub"],
        } | changes
        return self.write(
            "issuer/openid-configuration.json", {name: value for name, value in box.items() if value is not ...}
        )
