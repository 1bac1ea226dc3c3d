"""Redact files by format; layout, order, repeated members and syntax errors are kept.

JSON is rewritten string by string while it is read, so a log of any size takes little memory, and a line of the
original is the same line of the copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, unquote

from oidc_doctor.capture.redact_texts import SECRET, Texts

Path = tuple[str, ...]  # the names of the members that lead to a value; elements of lists have none

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|\s+', re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LITERALS = frozenset(("true", "false", "null"))
_LONGEST = 16 * 1024 * 1024  # characters of one string
_DEEPEST = 6  # documents inside strings inside documents
_LONG_NUMBER, _EPOCH = 5, re.compile(r"1\d{9}(?:\d{3})?|2[01]\d{8}(?:\d{3})?")

_SECRET_MEMBERS_TEXT = """
    sessiontoken secretaccesskey secret_access_key private_key private_key_id privatekey client_secret clientsecret
    password passphrase tokenprefix access_token accesstoken id_token idtoken refresh_token refreshtoken
    subject_token subjecttoken authorization webidentitytoken web_identity_token signature
    x-goog-iam-authorization-token signedblob signedjwt privatekeydata secret security_token federatedtoken
"""
_SECRET_MEMBERS = frozenset(_SECRET_MEMBERS_TEXT.split())
# Members with words of the clouds, event ids, times and keys. Inside claims, these names have no such meaning.
_STAY_TEXT = """
    Version Effect Action NotAction eventVersion eventTime eventSource eventName awsRegion errorCode requestID
    eventID eventType eventCategory tlsVersion cipherSuite endpointType awsServingRegion
    identityProviderConnectionVerificationMethod expiration EventId EventName EventTime EventSource ReadOnly @type
    insertId severity methodName serviceName method service permission permissionType producer timestamp
    receiveTimestamp grantType requestedTokenType subjectTokenType subject_token_type lifetime collected_at outcome
    code state updateMask logType action type kid alg typ kty crv ThumbprintList thumbprintList CreateDate createTime
    expireTime RoleLastUsed universe_domain ResourceType resourceType serviceConfig sourceRevision creationDate
"""
_STAY = frozenset(_STAY_TEXT.split())
_OF_KEYS = frozenset(("kid", "use", "n", "e", "x", "y", "x5t", "x5t#S256", "x5c"))  # more members of a public key
_SENTENCES = frozenset(
    (
        "errorMessage",
        "reason",
        "message",
        "Message",
        "error_description",
        "errorDescription",
        "error",
        "localizedMessage",
        "detail",
    )
)
_ISSUERS = frozenset(("iss", "issuer", "issuerUri", "issuer_uri", "Url", "url_of_provider", "jwks_uri", "jwksUri"))
_AUDIENCES = frozenset(
    ("aud", "azp", "ClientIDList", "clientIDList", "allowedAudiences", "audience", "clientIDs", "clientID")
)
_CEL = frozenset(("attributeCondition", "expression", "attribute_condition"))
_PRIVATE_KEY_PARTS = frozenset(("d", "p", "q", "dp", "dq", "qi", "k", "oth"))
_NAMES_A_THING = re.compile(r"^arn:|@|\d{12}|principal(?:Set)?:")  # a key of a map that is not a member name
_PUBLIC_ID = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")  # thumbprint, event id
_CONDITION: Final = "Condition"


def json_pieces(pieces: Iterable[str], texts: Texts, root: Path = (), depth: int = 0) -> Iterator[str]:
    """Yield the JSON of `pieces` redacted, in pieces. Anything that is not JSON is redacted as text."""
    return _Json(texts, root, depth).rewrite(pieces)


def json_text(text: str, texts: Texts, root: Path = (), depth: int = 0) -> str:
    """Redact a whole JSON text; see `json_pieces`."""
    return "".join(json_pieces([text], texts, root, depth))


class _Json:
    """The state of one JSON text while it is rewritten token by token."""

    def __init__(self, texts: Texts, root: Path, depth: int) -> None:
        self.texts = texts
        self.depth = depth
        self.path = list(root)
        self.frames: list[tuple[str, int]] = []  # the bracket, and the length of the path outside it
        self.wants_name = False

    def rewrite(self, pieces: Iterable[str]) -> Iterator[str]:
        unread = ""
        for piece in pieces:
            text, end = unread + piece, 0
            redacted: list[str] = []
            for match in _TOKEN.finditer(text):
                if match.start() != end or match.end() == len(text):
                    break  # a string without its end, or a token that may continue in the next piece
                redacted.append(self.token(match[0]))
                end = match.end()
            unread = text[end:]
            if len(unread) > _LONGEST:
                redacted.append(self.broken(unread))
                unread = ""
            yield "".join(redacted)
        while unread:
            last = _TOKEN.match(unread)
            if last is None:  # a string that is cut off
                yield self.broken(unread)
                return
            yield self.token(last[0])
            unread = unread[last.end() :]

    def token(self, token: str) -> str:
        first = token[0]
        if first == '"':
            return self.string(token)
        if first.isspace():
            return token
        if token == ",":
            if self.frames and self.frames[-1][0] == "{":
                del self.path[self.frames[-1][1] :]
                self.wants_name = True
        elif token == ":":
            self.wants_name = False
        elif token in ("{", "["):
            self.frames.append((token, len(self.path)))
            self.wants_name = token == "{"
        elif token in ("}", "]"):
            if self.frames:
                del self.path[self.frames.pop()[1] :]
            self.wants_name = False
        elif token not in _LITERALS:
            return self.number(token) if _NUMBER.fullmatch(token) else self.texts.value(token)
        return token

    def broken(self, unterminated: str) -> str:
        body = unterminated.removeprefix('"')
        return unterminated[: len(unterminated) - len(body)] + self.texts.value(body)

    def string(self, token: str) -> str:
        text = token[1:-1]
        if "\\" in text:
            try:
                text = json.loads(token, strict=False)
            except ValueError:
                return '"' + self.texts.value(text) + '"'
        if self.wants_name and self.frames:
            self.wants_name = False
            self.name(text)
            if not _NAMES_A_THING.search(text):
                return token
            redacted = self.texts.value(text)
            return token if redacted == text else json.dumps(redacted, ensure_ascii=token.isascii())
        redacted = self.value(text)
        return token if redacted == text else json.dumps(redacted, ensure_ascii=token.isascii())

    def name(self, name: str) -> None:
        outer = self.frames[-1][1]
        del self.path[outer:]
        self.path.append(name)
        if self.texts.cipher is not None:
            return
        if _CONDITION in self.path[:-1]:
            self.texts.collected.condition_key(name)
        if self.in_claims() and re.fullmatch(r"[\w-]+", name):
            self.texts.collected.names.add(name)
        if self.path[-2:-1] == ["attributeMapping"]:
            self.texts.collected.names |= set(re.findall(r"\w+", name))

    def in_claims(self) -> bool:
        return self.path[:1] == ["claims"] and len(self.path) > 1

    def number(self, token: str) -> str:
        """Redact a number that may be an id; times, durations and counts are kept."""
        if self.texts.names_stay or self.texts.cipher is None or not token.isdigit() or len(token) < _LONG_NUMBER:
            return token
        name = self.path[-1].lower() if self.path else ""
        telling = ("second", "duration", "size", "length", "count", "time", "expir", "limit", "version")
        if _EPOCH.fullmatch(token) or any(word in name for word in telling) or token in self.texts.collected.names:
            return token
        return self.texts.value(token)

    def value(self, text: str) -> str:
        name = self.path[-1] if self.path else ""
        claims = self.path[:1] == ["claims"]
        if self.path[:1] == ["compact"]:
            return text  # a word of oidc-doctor
        low = name.lower()
        if low in _SECRET_MEMBERS and not claims and text and text != SECRET and not low.startswith("signature_"):
            return self.texts.secret(name)
        if self.path[:1] == ["keys"] and name in _PRIVATE_KEY_PARTS:
            return self.texts.secret("a private key")
        if "headers" in self.path[:-1] and "credential_source" in self.path:
            return self.texts.secret("a header of the credential configuration")
        if self.texts.cipher is None:
            self.collect(name, text, claims)
        is_identifier = _NAMES_A_THING.search(text) and not _PUBLIC_ID.fullmatch(
            text
        )  # twelve of its digits are not an account id
        if (name in _STAY and not claims and not is_identifier) or (
            name in _OF_KEYS and self.path[0] in ("keys", "header", "verified")
        ):
            return self.texts.secret(name) if _looks_secret(text) else text
        if name == "call" and not claims:
            return self.texts.call(text)
        if name in _CEL or (self.path[-2:-1] == ["attributeMapping"] and not claims):
            return self.texts.cel(text)
        inner = text.lstrip()[:1]
        if inner in ("{", "[") and self.depth < _DEEPEST and _is_json(text):
            return json_text(text, self.texts, self.inner_root(name), self.depth + 1)
        if text.startswith("%7B") and self.depth < _DEEPEST:
            return quote(json_text(unquote(text), self.texts, (), self.depth + 1), safe="")
        if name in _SENTENCES and not claims:
            return self.texts.sentence(text)
        return self.texts.value(text)

    def inner_root(self, name: str) -> Path:
        return ("keys",) if name == "jwksJson" else ()

    def collect(self, name: str, text: str, claims: bool) -> None:
        names = self.texts.collected
        if name in _ISSUERS or (name == "url" and "requestParameters" in self.path):
            names.issuer(text)
        elif name in _AUDIENCES or (name.endswith((":aud", ":azp", ":oaud")) and not set(text) & set("*?")):
            names.audience(text)
        if ":oidc-provider/" in text:
            for provider in re.findall(r":oidc-provider/([^\s:\"',*?]+)", text):
                names.issuer(provider)
        elif name in ("Federated", "identityProvider") and "." in text:
            names.issuer(text)
        if claims and name in ("iat", "exp", "nbf"):
            names.names.add(text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _looks_secret(text: str) -> bool:
    return text.count(".") == 2 and text.startswith("eyJ")  # noqa: PLR2004 - a compact JWT has three segments


# ------------------------------------------------------------------------------------------------------- other formats

_TOML = re.compile(
    r"(?P<comment>#[^\n]*)|(?P<string>\"\"\"(?:\\.|[^\\])*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')"
    r"(?P<key>\s*[=.\]])?",
    re.DOTALL,
)


def toml_text(text: str, texts: Texts) -> str:
    """Redact oidc-doctor.toml: every string but the keys is redacted, comments are removed."""
    pieces, end = [], 0
    for match in _TOML.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        if match["comment"]:
            texts.removed["a comment"] = texts.removed.get("a comment", 0) + 1
            continue
        body = match["string"]
        if match["key"]:
            pieces.append(match[0])
            continue
        name = re.findall(r"([\w\"':-]+)\s*=\s*\[?[^=]*$", text[: match.start()])
        pieces.append(_toml_string(body, name[-1] if name else "", texts))
    return "".join([*pieces, text[end:]])


def _toml_string(token: str, name: str, texts: Texts) -> str:
    import tomllib

    try:
        text = tomllib.loads(f"v = {token}")["v"]
    except tomllib.TOMLDecodeError:
        return texts.value(token)
    if texts.cipher is None:
        if name == "issuer":
            texts.collected.issuer(text)
        elif name == "audience":
            texts.collected.audience(text)
    redacted = json_text(text, texts) if name == "policy" and _is_json(text) else texts.value(text)
    return token if redacted == text else json.dumps(redacted, ensure_ascii=False)


def yaml_text(text: str, texts: Texts) -> str:
    """Redact a Truss configuration: only identities and their resources remain."""
    import yaml

    try:
        configuration = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        texts.removed["a Truss configuration that cannot be read"] = 1
        return "# it could not be read as YAML, and was left out\n"
    identities: dict[str, object] = {}
    image = configuration.get("base_image") if isinstance(configuration, dict) else None
    if isinstance(image, dict):
        identities["base_image"] = {name: image[name] for name in ("image", "docker_auth") if name in image}
    weights = configuration.get("weights") if isinstance(configuration, dict) else None
    if isinstance(weights, list):
        identities["weights"] = [
            {name: weight[name] for name in ("source", "auth") if name in weight}
            for weight in weights
            if isinstance(weight, dict)
        ]
    others = (
        sorted(str(name) for name in configuration if name not in identities) if isinstance(configuration, dict) else []
    )
    if others:
        texts.removed["other parts of the Truss configuration"] = len(others)
    return yaml.safe_dump(_walked(identities, texts, ""), sort_keys=False, allow_unicode=True)


def _walked(value: object, texts: Texts, name: str) -> object:
    if isinstance(value, dict):
        return {key: _walked(inner, texts, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_walked(inner, texts, name) for inner in value]
    if not isinstance(value, str) or name == "auth_method":
        return value
    return texts.secret(name) if name.lower() in _SECRET_MEMBERS else texts.value(value)


_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def chain_text(text: str, texts: Texts) -> str:
    """Keep the certificates, which are public, and remove the lines that openssl prints about the session."""
    certificates = _CERTIFICATE.findall(text)
    if certificates and _CERTIFICATE.sub("", text).strip():
        texts.removed["lines around the certificates"] = 1
    return "\n".join(certificates) + "\n" if certificates else texts.sentence(text)


def public_text(text: str, texts: Texts) -> str:
    """Keep a document that the issuer publishes; remove private key parts published by mistake."""
    names = "|".join(sorted(_PRIVATE_KEY_PARTS))
    pattern = re.compile(rf'("(?:{names})"\s*:\s*)"[^"]*"')
    redacted, count = pattern.subn(rf'\1"{SECRET}"', text)
    if count:
        texts.removed["a private key"] = texts.removed.get("a private key", 0) + count
    return redacted
