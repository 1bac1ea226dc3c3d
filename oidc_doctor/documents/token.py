"""Parse tokens supplied by the user: compact JWTs, decoded claims, a bare subject. Nothing is verified here.

A token is judged as supplied. White space, `Bearer `, quotation marks and padding are skipped to show the claims, but
are a fault, because the clouds refuse them. Only the line end that an editor adds is no fault. No fault text quotes the
token.
"""

from __future__ import annotations

import binascii
import re
from typing import Any, Literal, NamedTuple

from oidc_doctor.documents.fields import kind
from oidc_doctor.documents.json_text import Unreadable, load, part
from oidc_doctor.model.document import Document, Json, Origin
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.json_pointer import pointer_segment, segments
from oidc_doctor.model.limits import CLAIMS, TOKEN
from oidc_doctor.model.placeholder import is_left_out, spans
from oidc_doctor.model.times import epoch_of

_SEGMENTS = ("header", "claims", "signature")
_JWE_SEGMENTS = 5

_NOT_BASE64URL = re.compile(r"[^A-Za-z0-9_-]")
_COMPACT = re.compile(r"\s*eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\s*")
_BEARER = re.compile(r"(?:Authorization:\s*)?Bearer\s+", re.IGNORECASE)
_QUOTED = re.compile(r"([\"'`])(.*)\1", re.DOTALL)
_CHUNKS = re.compile(r"[0-9a-fA-F]{1,8}\r?\n(.*?)\r?\n0\s*", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\w+|\{.*\}|\(.*\))|(?:null|undefined|none)", re.IGNORECASE)

_CREDENTIALS_FILE = re.compile(r"\[[\w ]+\]\s+aws_|aws_access_key_id")
# Texts that are not JWTs, and their names. Only the start is examined.
_OPAQUE = (
    (_CREDENTIALS_FILE, "an AWS credentials file, not an OIDC token"),
    (re.compile(r"ya29\."), "a Google access token, not an OIDC token"),
    (re.compile(r"gh[pousr]_|github_pat_"), "a GitHub access token, not an OIDC token"),
    (re.compile(r"glpat-|glcbt-"), "a GitLab access token, not an OIDC token"),
    (re.compile(r"A[KS]IA[A-Z0-9]{12,}"), "an AWS access key, not an OIDC token"),
    (re.compile(r"IQoJ|FwoG"), "an AWS session token, not an OIDC token"),
    (re.compile(r"-----BEGIN "), "a PEM key or certificate, not an OIDC token"),
    (
        re.compile(r"(?:file://|[A-Za-z]:[\\/]|(?:~|\.{1,2}|\$\{?\w+\}?)?/)[^\s]+\Z"),
        "the path of a file, not the token that is in the file",
    ),
    (re.compile(r"<(?:!doctype|html|\?xml)", re.IGNORECASE), "a web page, not an OIDC token"),
    (re.compile(r"(?:error|an error occurred|curl:)", re.IGNORECASE), "an error message, not an OIDC token"),
)
_GOOGLE_CREDENTIALS = frozenset(
    {"service_account", "external_account", "authorized_user", "impersonated_service_account", "gdch_service_account"}
)
# Members under which endpoints and tools wrap the token: GitHub, OAuth, Kubernetes.
_WRAPPERS = (("value",), ("id_token",), ("idToken",), ("token",), ("access_token",), ("status", "token"))


class _Fault(NamedTuple):
    words: str
    where: Literal["header", "claims", "signature", "whole"] = "whole"
    kind: Literal["not-a-jwt", "no-token", ""] = "not-a-jwt"  # "": the file itself


_SIGNATURE_WORD = re.compile(
    r"[<\[({*]*(?:(?:your|the|jwt)[-_ ]?)?sig(?:nature)?(?:[-_ ]?(?:removed|redacted|stripped|omitted|hidden|here))?"
    r"[>\])}*]*",
    re.IGNORECASE,
)


def _is_gap(text: str) -> bool:
    """Whether the whole text is a placeholder, such as `...`, `<token>` or REDACTED."""
    return bool(text) and spans(text) == [(0, len(text))]


def _is_signature_left_out(text: str) -> bool:
    """Whether the signature, or a part of it, was replaced by a word or an ellipsis.

    Runs of x count only alone: a signature may contain them by chance.
    """
    return _is_gap(text) or bool(_SIGNATURE_WORD.fullmatch(text)) or any(text[at] not in "xX" for at, _ in spans(text))


def parse_token(text: str, origin: Origin, name: str = "token") -> Token:
    """Parse a compact JWT or decoded claims. Never raises: unreadable text becomes a Token with a `fault`.

    A fault without `fault_kind` concerns the file, not the token: claims.json is not JSON. A token with a fault and
    readable claims keeps them.
    """
    origin = origin._replace(of_token=True)
    body = text.removeprefix("\ufeff").rstrip("\r\n")
    bare = body.strip()
    if not bare:
        return _faulty(_Fault("the file is empty: there is no token in it", kind="no-token"), body, origin, name)
    if _VARIABLE.fullmatch(bare):
        fault = _Fault("a variable name or a null instead of the token", kind="no-token")
        return _faulty(fault, body, origin, name)
    if bare[0] not in "{[" and _is_gap(bare):
        return _unusable("the token was left out: a placeholder replaces it", origin, name)
    is_json = bare[0] in "{[" and not _CREDENTIALS_FILE.match(bare)
    limit = CLAIMS if is_json else TOKEN
    size = len("".join(bare.split()))  # people print claims with indents
    if size > limit.most:
        return _faulty(_Fault(limit.exceeded_by(size), kind=""), body, origin, name)
    if is_json:
        return _json(text, origin, name)
    return _compact(body, origin, name)


def hypothetical(
    subject: str,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    origin: Origin | None = None,
    name: str = "subject",
) -> Token:
    """Return a token with only a subject: every other claim is unknown, unless the subject implies it."""
    values = {"iss": issuer, "aud": audience, "sub": subject}
    claims = {claim: value for claim, value in values.items() if value is not None}
    place = (origin or Origin("--subject"))._replace(of_token=True)
    return Token("hypothetical", claims, None, complete=False, origin=place, name=name)


def _faulty(fault: _Fault, body: str, origin: Origin, name: str) -> Token:
    return Token(
        "jwt",
        {},
        None,
        True,
        origin,
        name,
        len(body),
        fault=fault.words,
        fault_kind=fault.kind,
        fault_where=fault.where,
    )


def _compact(body: str, origin: Origin, name: str, wrapped: _Fault | None = None) -> Token:
    """Parse `body` as three segments. `wrapped` is a fault that the caller found around it."""
    faults = [wrapped] if wrapped else []
    bare, new_faults = _unwrap(body)
    faults += new_faults
    for pattern, words in _OPAQUE:
        if pattern.match(bare):
            return _faulty(_Fault(words), body, origin, name)
    segments = bare.split(".")
    rest = bare.split(".", 2)
    if len(rest) == len(_SEGMENTS) and not faults and _is_signature_left_out(rest[2]):
        header, _, header_faults = _object(rest[0], "header", origin)
        claims, duplicates, claims_faults = _object(rest[1], "claims", origin)
        if not header_faults and not claims_faults and claims is not None:
            # the content is exactly what was sent, as for a compact JWT's claims
            return Token("decoded", claims, header, True, origin, name, duplicates=duplicates, recorded=True)
    if len(segments) == 1:
        fault = _Fault("there are no dots in it, so it looks like an opaque access token")
        return _faulty(fault, body, origin, name)
    if len(segments) == _JWE_SEGMENTS:
        fault = _Fault("an encrypted token (JWE): five segments instead of three, the claims cannot be read")
        return _faulty(fault, body, origin, name)
    if len(segments) != len(_SEGMENTS):
        faults.append(_Fault(f"{len(segments)} segments instead of three (header, claims, signature)"))
    header, _, new_faults = _object(segments[0], "header", origin)
    faults += new_faults
    claims, duplicates, new_faults = _object(segments[1], "claims", origin)
    faults += new_faults
    signature = b""
    if len(segments) >= len(_SEGMENTS):
        decoded, new_faults = _segment(segments[2], "signature")
        signature = decoded or b""
        faults += new_faults
    first = faults[0] if faults else None
    return Token(
        kind="jwt",
        claims=claims or {},
        header=header,
        complete=True,
        origin=origin,
        name=name,
        size=len(body),
        fault="; ".join(fault.words for fault in faults) or None,
        fault_kind=first.kind if first else "",
        fault_where=first.where if first else "",
        duplicates=duplicates,
        signing_input=".".join(segments[:2]).encode("utf-8", "surrogatepass"),
        signature=signature,
    )


def _unwrap(body: str) -> tuple[str, list[_Fault]]:
    """Remove stray characters around and inside the token, and describe them."""
    faults = []
    bare = body.strip()
    chunks = _CHUNKS.fullmatch(bare)
    if chunks:
        faults.append(_Fault("the chunk sizes of an HTTP response surround the token"))
        bare = chunks[1].strip()
    elif bare != body:
        faults.append(_Fault("white space or empty lines around the token"))
    quoted = _QUOTED.fullmatch(bare)
    if quoted:
        faults.append(_Fault("it is in quotation marks"))
        bare = quoted[2]
    bearer = _BEARER.match(bare)
    if bearer:
        faults.append(_Fault("it begins with `Bearer`, which belongs to the HTTP header and not to the token"))
        bare = bare[bearer.end() :]
    joined = "".join(bare.split())
    if joined != bare and _COMPACT.fullmatch(joined):
        faults.append(_Fault("white space or a line break inside the token"))
        bare = joined
    return bare, faults


def _segment(text: str, where: Literal["header", "claims", "signature"]) -> tuple[bytes | None, list[_Fault]]:
    """Return a segment's bytes (None if undecodable) and its faults."""
    faults = []
    bare = text.rstrip("=")
    if not bare:
        return None, [_Fault(f"the {where} segment is empty", where)]
    if bare != text:
        faults.append(_Fault(f"the {where} segment ends in `=` padding, which a JWT does not have", where))
    if "+" in bare or "/" in bare:
        faults.append(_Fault(f"the {where} segment is in standard base64 (`+` and `/`) instead of base64url", where))
        bare = bare.replace("+", "-").replace("/", "_")
    strange = _NOT_BASE64URL.search(bare)
    if strange:
        sign = strange[0] if strange[0].isascii() and strange[0].isprintable() else f"U+{ord(strange[0]):04X}"
        words = (
            f"the {where} segment has a character that base64url does not: `{sign}` at position {strange.start() + 1}"
        )
        return None, [*faults, _Fault(words, where)]
    if len(bare) % 4 == 1:
        return None, [
            *faults,
            _Fault(f"the {where} segment is cut off: no base64url text has {len(bare)} characters", where),
        ]
    plain = bare.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(plain + "=" * (-len(plain) % 4)), faults


def _object(
    text: str, where: Literal["header", "claims"], origin: Origin
) -> tuple[dict[str, Json] | None, tuple[str, ...], list[_Fault]]:
    """Return header or claims as an object, its repeated names, and its faults."""
    data, faults = _segment(text, where)
    if data is None:
        return None, (), faults
    be = "is" if where == "header" else "are"
    try:
        document = load(data.decode("utf-8"), origin.file)
    except UnicodeDecodeError:
        return None, (), [*faults, _Fault(f"the {where} {be} not UTF-8 text", where)]
    except Unreadable as error:
        return None, (), [*faults, _Fault(f"the {where} {be} not JSON ({error.reason})", where)]
    if not isinstance(document.value, dict):
        return None, (), [*faults, _Fault(f"the {where} {be} not a JSON object but {kind(document.value)}", where)]
    return document.value, _repeated(document, ""), faults


def _json(text: str, origin: Origin, name: str) -> Token:
    """Parse decoded claims, with or without a header, or other JSON supplied as a token."""
    try:
        document = load(text, origin.file)
    except Unreadable as error:
        return _unusable(error.reason, origin, name)
    box = document.value
    if not isinstance(box, dict):
        return _unusable(f"expected a JSON object with claims, found {kind(box)}", origin, name)
    foreign = _foreign(box)
    if foreign:
        return _faulty(foreign, text.strip(), origin, name)
    for member in ("header", "claims", "payload", "verified", "complete", "compact"):
        if pointer_segment(member) in document.duplicates:
            return _unusable(f"{member} appears in it twice", origin, name)
    if box.keys() & {"iss", "sub", "aud"}:
        return _decoded(document, "", origin, name)
    for path in _WRAPPERS:
        inner = _at(box, path)
        if isinstance(inner, str) and _COMPACT.fullmatch(inner):
            words = f"a JSON answer instead of the token, which is in its member {'.'.join(path)}"
            return _compact(inner, origin, name, _Fault(words))
    member = "claims" if "claims" in box else "payload" if {"header", "payload"} <= box.keys() else ""
    return _decoded(document, member, origin, name)


def _decoded(document: Document, member: str, origin: Origin, name: str) -> Token:
    """Parse claims under `member` of the object, next to header and others; "" is the object itself."""
    box = document.value
    claims = box[member] if member else box
    place = pointer_segment(member) if member else ""
    header = box.get("header") if member else None
    if not isinstance(claims, dict):
        return _unusable(f"{member}: expected an object, found {kind(claims)}", origin, name)
    if header is not None and not isinstance(header, dict):
        return _unusable(f"header: expected an object, found {kind(header)}", origin, name)
    claims = _with_whole_times(_read(claims, ("iss", "iat", "exp")))
    header = _read(header, ("alg",)) if header is not None else None
    complete = box.get("complete") if member else None
    verified = box.get("verified") if member else None
    if set(claims) == {"sub"} and isinstance(claims["sub"], str) and not (header or verified or complete):
        return hypothetical(claims["sub"], origin=origin, name=name)._replace(document=part(document, place, claims))
    compact = box.get("compact") if member else None
    if isinstance(compact, dict):
        return _once_compact(compact, verified, header, part(document, place, claims), origin, name)
    wrong = _wrong_type(claims, header or {})
    if wrong:
        return _unusable(wrong, origin, name)
    has_all = all(claims.get(claim) is not None for claim in ("iss", "sub", "aud"))
    return Token(
        kind="decoded",
        claims=claims,
        header=header,
        complete=complete if isinstance(complete, bool) else has_all,
        inferred_complete=not isinstance(complete, bool) and has_all,
        origin=origin,
        name=name,
        duplicates=_repeated(document, place),
        verified=verified if isinstance(verified, dict) else None,
        document=part(document, place, claims),
    )


_TIMES = ("exp", "iat", "nbf")
_WITH_OFFSET = re.compile(r":\d\d(?:\.\d{1,9})?\s?(?:Z|[+-]\d\d:?\d\d)\s*$")


def _wrong_type(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Name the member of decoded claims whose type no JWT has (RFC 7519, section 4.1; RFC 7515, section 4.1); or "".

    A file of decoded claims does not record what was sent: such a member shows that it was edited or truncated. A null
    is an absent claim.
    """
    allowed: dict[str, tuple[type, ...]] = {"iss": (str,), "sub": (str,), "aud": (str, list)}
    allowed |= dict.fromkeys(_TIMES, (int, float))
    for box, types in ((claims, allowed), (header, {"alg": (str,), "kid": (str,)})):
        for claim, kinds in types.items():
            value = box.get(claim)
            if value is None or (claim in _TIMES and isinstance(value, str) and value.isdecimal()):
                continue
            if not isinstance(value, kinds) or isinstance(value, bool):
                return f"{claim}: a JWT has no {kind(value)} there"
    entries = claims.get("aud")
    if isinstance(entries, list) and not all(isinstance(entry, str) for entry in entries):
        return "aud: a JWT has a list of texts there"
    return ""


def _read(box: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the members without those that were redacted by hand, which are unknown."""
    hidden = [
        name for name in names if isinstance(box.get(name), str) and (_is_gap(box[name]) or is_left_out(box[name]))
    ]
    return {name: value for name, value in box.items() if name not in hidden} if hidden else box


def _with_whole_times(claims: dict[str, Any]) -> dict[str, Any]:
    """Convert claim times such as 1795107731.0 and 2026-11-22T22:40:00Z to integers.

    Many decoders print every number with a fraction, and some print the times as dates. A date without an offset may be
    in any zone, and is kept unchanged.
    """
    times = {}
    for name in _TIMES:
        value = claims.get(name)
        seconds = epoch_of(value.strip()) if isinstance(value, str) and _WITH_OFFSET.search(value) else value
        if isinstance(seconds, float) and seconds.is_integer():
            times[name] = int(seconds)
    return {**claims, **times} if times else claims


def _once_compact(
    compact: dict[str, Any],
    verified: Json,
    header: dict[str, Json] | None,
    claims: Document,
    origin: Origin,
    name: str,
) -> Token:
    """Parse a compact JWT from a capture: without its signature, whose check `verified` records instead."""
    size, fault, where = (compact.get(member) for member in ("size", "fault", "where"))
    compact_kind = compact.get("kind")
    kinds: dict[Json, Literal["not-a-jwt", "no-token"]] = {"not-a-jwt": "not-a-jwt", "no-token": "no-token"}
    return Token(
        kind="jwt",
        claims=claims.value,
        header=header,
        complete=True,
        origin=origin,
        name=name,
        size=size if isinstance(size, int) else None,
        fault=fault if isinstance(fault, str) else None,
        fault_kind=kinds.get(compact_kind, "not-a-jwt") if isinstance(fault, str) else "",
        fault_where=where if isinstance(where, str) else "",
        duplicates=_repeated(claims, claims.pointer),
        verified=verified if isinstance(verified, dict) else {},
        document=claims,
    )


def _unusable(words: str, origin: Origin, name: str) -> Token:
    """Return a token for a file without decoded claims, which is no fault of the token."""
    return Token("decoded", {}, None, False, origin, name, fault=words, fault_where="whole")


def _foreign(box: dict[str, Any]) -> _Fault | None:
    """Return the fault of a JSON object that is a credential or an error instead of a token."""
    if isinstance(box.get("type"), str) and box["type"] in _GOOGLE_CREDENTIALS:
        return _Fault(f"a Google credentials file ({box['type']}), not an OIDC token")
    inner = box.get("Credentials")
    keys = {"AccessKeyId", "SecretAccessKey", "aws_access_key_id", "accessKeyId"}
    if keys & (box.keys() | (inner.keys() if isinstance(inner, dict) else set())):
        return _Fault("AWS credentials, not an OIDC token")
    if "access_token" in box and not _COMPACT.fullmatch(str(box.get("id_token") or box["access_token"])):
        return _Fault("an OAuth answer with an access token and no ID token")
    if ("error" in box or "errors" in box) and not box.keys() & {"iss", "sub", "aud", "claims"}:
        return _Fault("an error answer instead of the token", kind="no-token")
    return None


def _at(box: dict[str, Any], path: tuple[str, ...]) -> Json:
    value: Json = box
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _repeated(document: Document, pointer: str) -> tuple[str, ...]:
    """Return the names that the object at `pointer` repeats."""
    below = (place.removeprefix(pointer + "/") for place in document.duplicates if place.startswith(pointer + "/"))
    return tuple(segments("/" + name)[0] for name in below if "/" not in name)
