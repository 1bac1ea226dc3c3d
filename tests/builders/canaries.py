"""Secrets to plant, one of each kind. They are put together here, so that no scanner takes this file for a leak.

Each is a text as people and programs write it, and the pieces of it that must appear nowhere.
"""

from __future__ import annotations

import base64
import json
import random
import string
import textwrap
from typing import Any, NamedTuple

_LETTERS = string.ascii_letters + string.digits


class Canary(NamedTuple):
    """A text with a secret, and pieces of the secret."""

    kind: str
    text: str
    pieces: tuple[str, ...]


def _word(seed: str, length: int, alphabet: str = _LETTERS) -> str:
    return "aZ9" + "".join(random.Random(seed).choices(alphabet, k=length - 3))


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def compact_jwt(seed: str = "jwt") -> str:
    """A compact JWT whose signature is random."""
    header = _segment(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "k1"}).encode())
    claims = _segment(json.dumps({"iss": "https://issuer.example", "sub": "x" * 180, "aud": "y"}).encode())
    return f"{header}.{claims}.{_word(seed, 342, _LETTERS + '-_')}"


def _pieces(secret: str) -> tuple[str, ...]:
    """Some stretches of a secret, which a wrapped or shortened form would still show."""
    return tuple({secret[at : at + 14] for at in (0, len(secret) // 2, max(len(secret) - 14, 0))})


def _wrapped(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


def _jwts() -> list[Canary]:
    forms = {
        "whole": lambda jwt: jwt,
        "bearer": lambda jwt: f"Authorization: Bearer {jwt}",
        "76 columns": lambda jwt: "\n".join(_wrapped(jwt, 76)),
        "64 columns, CRLF": lambda jwt: "\r\n".join(_wrapped(jwt, 64)),
        "indented": lambda jwt: "token: |\n  " + "\n  ".join(_wrapped(jwt, 70)),
        "quoted-printable": lambda jwt: "=\n".join(_wrapped(jwt, 75)),
        "broken at hyphens": lambda jwt: "\n".join(textwrap.wrap(jwt, 76)),
        "spaces": lambda jwt: " ".join(_wrapped(jwt, 76)),
        "escaped line breaks": lambda jwt: "\\n".join(_wrapped(jwt, 76)),
        "quoted mail": lambda jwt: "\n> ".join(_wrapped(jwt, 72)),
        "url": lambda jwt: "token=" + jwt.replace(".", "%2E"),
        "url twice": lambda jwt: jwt.replace(".", "%252e"),
        "unicode": lambda jwt: jwt.replace(".", "\\u002e"),
        "wrapped and encoded": lambda jwt: "\n ".join(_wrapped(jwt.replace(".", "%2E"), 60)),
        "base64": lambda jwt: base64.b64encode(jwt.encode()).decode(),
    }
    made = []
    for name, form in forms.items():
        jwt = compact_jwt(name)
        signature = jwt.rpartition(".")[2]
        pieces = tuple(signature[at : at + 14] for at in (0, 150, 328))
        if name == "base64":
            pieces = (form(jwt)[100:130], form(jwt)[-30:])
        made.append(Canary(f"JWT, {name}", form(jwt), pieces))
    return made


def _prefixed() -> list[Canary]:
    prefixes = {
        "GitHub": ["gh" + letter + "_" for letter in "pousr"],
        "GitHub fine-grained": ["github" + "_pat_"],
        "GitLab": ["gl" + "pat-"],
        "Slack": ["xo" + "xb-", "xo" + "xp-"],
        "Hugging Face": ["h" + "f_"],
        "OpenAI": ["s" + "k-", "s" + "k-proj-"],
        "Google API key": ["AI" + "za"],
        "Google access token": ["ya" + "29."],
        "npm": ["np" + "m_"],
        "AWS session token": ["IQ" + "oJ", "Fw" + "oG"],
    }
    return [
        Canary(kind, before + prefix + word + after, _pieces(word))
        for kind, listed in prefixes.items()
        for number, prefix in enumerate(listed)
        for before, after in (("", ""), ("got ", " back"), ("a=", ";"))
        for word in [_word(f"{kind}{number}{before}", 36)]
    ]


def _labelled() -> list[Canary]:
    made = []
    forms = (
        "{name}={value}",
        "export {name}='{value}'",
        "{name} = {value}",
        '"{name}": "{value}"',
        '{{\\"{name}\\": \\"{value}\\"}}',
        "{name}: {value}",
        "x=1&{name}={value}&y=2",
        "{name}%3D{value}%26",
        "<{name}>{value}</{name}>",
        '{{"name": "{name}", "value": "{value}"}}',
    )
    names = (
        "AWS_SECRET_ACCESS_KEY",
        "MY_AWS_SECRET_ACCESS_KEY",
        "aws_session_token",
        "password",
        "DB_PASSWORD",
        "apiKey",
        "api_key",
        "client_secret",
        "SecretAccessKey",
        "SessionToken",
        "accessToken",
        "refresh_token",
        "private-key",
    )
    for name in names:
        for form in forms:
            value = _word(name + form, 40)
            made.append(Canary(f"{name} as {form}", form.format(name=name, value=value), _pieces(value)))
    return made


def _others() -> list[Canary]:
    made = []
    body = textwrap.wrap(_word("pem", 400, _LETTERS + "+/"), 64)
    for label in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "):
        name = f"{label}PRIVATE KEY"
        for newline in ("\n", "\\n", "\r\n", " "):
            text = newline.join([f"-----BEGIN {name}-----", *body, f"-----END {name}-----"])
            made.append(Canary(f"PEM {label}{newline!r}", text, (body[0][:20], body[3][:20], body[-1][:10])))
        made.append(Canary(f"PEM {label}cut", f"-----BEGIN {name}-----\n" + "\n".join(body[:3]), (body[0][:20],)))
    for part in ("d", "p", "q", "dp", "dq", "qi", "k"):
        value = _word(part, 60)
        made.append(Canary(f"JWK {part}", json.dumps({"kty": "RSA", "n": "AQAB", part: value}), _pieces(value)))
    value = _word("oth", 60)
    made.append(
        Canary("JWK oth", json.dumps({"kty": "RSA", "oth": [{"r": value, "d": "x", "t": "y"}]}), _pieces(value))
    )
    for number, form in enumerate(
        (
            "Authorization: Bearer {}",
            "authorization: bearer {}",
            "curl -H 'Authorization: Bearer {}' https://x.example",
            "Cookie: session={}; theme=dark",
            "Set-Cookie: sid={}; HttpOnly",
            "X-Api-Key: {}",
            "https://user:{}@host.example/path",
            "postgres://admin:{}@db.example:5432/x",
            "https://x.example/?X-Amz-Signature={}",
            "https://x.example/?a=b&X-Amz-Security-Token={}&c=d",
            "https://x.example/?X-Amz-Credential={}%2F20261122",
            "--password {}",
            "password: {}",
        )
    ):
        value = _word(f"form{number}", 32)
        made.append(Canary(form, form.format(value), _pieces(value)))
    secret = _word("basic", 20)
    encoded = base64.b64encode(f"user:{secret}".encode()).decode()
    made.append(Canary("Basic", f"Authorization: Basic {encoded}", (encoded[:16], secret)))
    made.append(Canary("docker", json.dumps({"auths": {"r.example": {"auth": encoded}}}), (encoded[:16], secret)))
    for number, form in enumerate(
        ("PIN={}", "CARD_OTP={}", "pin: {}", '{{"pin": "{}"}}', "read\\nPIN={}", "<PIN>{}</PIN>", "mfa_code={}")
    ):
        digits = str(random.Random(number).randrange(10**7, 10**8))
        made.append(Canary(f"digits {form}", form.format(digits), (digits,)))
    for form in (
        "https://hooks.slack.com/triggers/T0/12/{}",
        "client-key-data: {}",
        "machine h.example login reader password {}",
        "machine h.example\n  login reader\n  password {}",
    ):
        value = _word(form, 32)
        made.append(Canary(form, form.format(value), _pieces(value)))
    lines = ["-----BEGIN " + "PRIVATE KEY-----", *body[:2], "Zt7" + "Kq=="]
    for form in ("2026-11-22T10:00:00Z app: {}", "[INFO] {}", '{{"log": "{}"}}'):
        text = "\n".join(form.format(line) for line in lines)
        made.append(Canary(f"PEM behind {form}", text, (body[0][:20], body[1][:20], "Zt7" + "Kq")))
    key = _word("baseten", 32)
    made.append(Canary("Baseten", f"Authorization: Api-Key abcd1234.{key}", _pieces(key)))
    return made


def canaries() -> list[Canary]:
    """All kinds."""
    return [*_jwts(), *_prefixed(), *_labelled(), *_others()]


def members() -> dict[str, Any]:
    """Members of JSON that only their name shows as secret."""
    return {
        "password": _word("m1", 12),
        "apiKey": _word("m2", 16),
        "sessionToken": _word("m3", 30),
        "clientSecret": _word("m4", 20),
        "Cookie": f"sid={_word('m5', 20)}",
        "refresh_token": _word("m6", 30),
        "listed": [{"name": "DB_PASSWORD", "value": _word("m7", 12)}],
        "key": {"kty": "oct", "k": _word("m8", 24)},
        "accessToken": "CANARY" + "SSOTOKEN",
    }


def member_values(value: Any) -> list[str]:
    """The secrets of `members`."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in member_values(item)]
    if isinstance(value, list):
        return [text for item in value for text in member_values(item)]
    return [value.removeprefix("sid=")] if value not in ("oct", "DB_PASSWORD") else []
