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

from oidc_doctor.capture import documented, plain_words
from oidc_doctor.capture.redact_texts import SECRET, LeftOut, Texts, check_length
from oidc_doctor.model.limits import JSON_STRING
from oidc_doctor.model.secret_texts import PRIVATE_KEY_MEMBERS, is_secret_member

Path = tuple[str, ...]  # the names of the members that lead to a value; elements of lists have none

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|\s+', re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LITERALS = frozenset(("true", "false", "null", "NaN", "Infinity", "-Infinity"))
_DEEPEST_JSON: Final = 1000  # levels; no reader takes more than 200
_DEEPEST = 6  # documents inside strings inside documents
_LONG_NUMBER, _EPOCH = 5, re.compile(r"1\d{9}(?:\d{3})?|2[01]\d{8}(?:\d{3})?")

# Besides those of model/secret_texts: members that a report needs, and a copy does not.
_SECRET_MEMBERS_TEXT = """
    private_key_id privatekeyid tokenprefix x-goog-iam-authorization-token signedblob signedjwt privatekeydata
    webidentitytoken web_identity_token subject_token subjecttoken federatedtoken idtoken id_token authorization
    sessiontoken security_token accesstoken access_token refreshtoken refresh_token secretaccesskey signature
    client_secret password secret
"""
_SECRET_MEMBERS = frozenset(_SECRET_MEMBERS_TEXT.split())
_OF_KEYS = frozenset(
    ("kid", "alg", "typ", "kty", "crv", "use", "n", "e", "x", "y", "x5t", "x5t#S256", "x5c")
)  # more members of a public key
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
_NAMES_A_THING = re.compile(r"^arn:|@|\d{12}|principal(?:Set)?:")  # a key of a map that is not a member name
_KEY_PART = re.compile(r"(?=.*\d)(?=.*[A-Z])[\w-]{20,}")
_MEMBER = re.compile(r"@?[A-Za-z_$][\w$:/.#*+@-]*")  # the form of a member's name
_TAGGED = re.compile(r"(?i)(?:Principal|Request|Resource|ExistingObject|RequestObject)Tag/|/principal_tags/")
# The labels of a log entry's monitored resource, as Google documents them for the types of IAM and STS
_RESOURCE_LABELS = frozenset(
    [
        "method",
        "service",
        "project_id",
        "email_id",
        "unique_id",
        "location",
        "role_name",
        "organization_id",
        "folder_id",
        "pool_id",
        "version",
    ]
)
# Maps from names that somebody chose
_LABELS = frozenset(
    [
        *("labels", "userlabels", "tags", "annotations", "principal_tags", "resourcelabels", "tagset", "usertags"),
        *("env", "envvars", "environment", "environmentvariables", "variables"),
    ]
)
_PUBLIC_ID = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")  # thumbprint, event id
_CONDITION: Final = "Condition"


def json_pieces(pieces: Iterable[str], texts: Texts, root: Path = (), depth: int = 0) -> Iterator[str]:
    """Yield the JSON of `pieces` redacted, in pieces. Anything that is not JSON is redacted as text."""
    return _Json(texts, root, depth).rewrite(pieces)


def json_text(text: str, texts: Texts, root: Path = (), depth: int = 0) -> str:
    """Redact the whole JSON text of a file that is not a log, or of a text in one; see `json_pieces`."""
    longest = JSON_STRING.most if not depth else None
    return "".join(_Json(texts, root, depth, longest).rewrite([text]))


class _Json:
    """The state of one JSON text while it is rewritten token by token."""

    def __init__(self, texts: Texts, root: Path, depth: int, longest: int | None = None) -> None:
        self.texts = texts
        self.depth = depth
        self.longest = longest  # a file with a longer text is not read
        self.path = list(root)
        self.frames: list[tuple[str, int]] = []  # the bracket, and the length of the path outside it
        self.wants_name = False
        self.called = ""  # the name in a name and value pair
        self.is_key = False  # whether the present object is a JSON Web Key

    def rewrite(self, pieces: Iterable[str]) -> Iterator[str]:
        waiting: list[str] = []  # the beginning of a token whose end was not read yet
        size = enough = 0
        for piece in pieces:
            waiting.append(piece)
            size += len(piece)
            if size < enough:
                continue
            text, end = "".join(waiting), 0
            redacted: list[str] = []
            for match in _TOKEN.finditer(text):
                if match.start() != end or match.end() == len(text):
                    break  # a string without its end, or a token that may continue in the next piece
                redacted.append(self.token(match[0]))
                end = match.end()
            text = text[end:]
            check_length(text)
            waiting, size, enough = [text], len(text), 2 * len(text)  # so a long string is searched a few times
            yield "".join(redacted)
        unread = "".join(waiting)
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
            if len(self.frames) >= _DEEPEST_JSON:
                raise LeftOut(f"nested more than {_DEEPEST_JSON} levels deep")
            self.frames.append((token, len(self.path)))
            self.wants_name = token == "{"
        elif token in ("}", "]"):
            if self.frames:
                del self.path[self.frames.pop()[1] :]
            self.called, self.is_key = "", False
            self.wants_name = False
        elif token not in _LITERALS:
            check_length(token)
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
            if not self.is_chosen(text):
                return token
            redacted = self.texts.name(text)
            return token if redacted == text else json.dumps(redacted, ensure_ascii=token.isascii())
        redacted = self.value(text)
        return token if redacted == text else json.dumps(redacted, ensure_ascii=token.isascii())

    def name(self, name: str) -> None:
        outer = self.frames[-1][1]
        del self.path[outer:]
        self.path.append(name)
        self.is_key = self.is_key or name == "kty"
        if self.texts.cipher is not None:
            return
        if _CONDITION in self.path[:-1]:
            self.texts.collected.condition_key(name)
        if self.in_claims() and re.fullmatch(r"[\w-]+", name) and not self.in_labels():
            self.texts.collected.names.add(name)
        if self.path[-2:-1] == ["attributeMapping"]:
            self.texts.collected.names |= set(re.findall(r"\w+", name))

    def is_chosen(self, name: str) -> bool:
        """Return whether a user chose the name of a member, as for a tag; false for a field's name."""
        if _NAMES_A_THING.search(name) or _TAGGED.search(name):
            return True
        return self.in_labels() or not (_MEMBER.fullmatch(name) or self.in_claims())

    def in_labels(self) -> bool:
        """Return whether the present member is one of a map of labels or tags."""
        if len(self.path) < 2 or self.path[-2].lower() not in _LABELS:  # noqa: PLR2004 - the map and its member
            return False
        return self.path[-3:-2] != ["resource"] or self.path[-1] not in _RESOURCE_LABELS

    def in_claims(self) -> bool:
        return self.path[:1] == ["claims"] and len(self.path) > 1

    def number(self, token: str) -> str:
        """Redact a number that may be an id; times, durations and counts are kept."""
        if self.path and len(token) >= _LONG_NUMBER and is_secret_member(self.path[-1], 0):
            return f'"{self.texts.secret(self.path[-1])}"'
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
            # words of oidc-doctor
            return text if plain_words.is_made_of_known_parts(text) else self.texts.sentence(text)
        if text == SECRET:
            return text
        if self.longest is not None and len(text) > self.longest and not self.texts.names_stay:
            self.texts.removed["a text too long to be read"] = 1
            return "x" * len(text)  # so long that the copy is not read either
        what = self.secret_of(name, text, claims=claims)
        if what:
            return self.texts.secret(what)
        if self.texts.cipher is None:
            self.collect(name, text, claims)
        is_identifier = _NAMES_A_THING.search(text) and not _PUBLIC_ID.fullmatch(
            text
        )  # twelve of its digits are not an account id
        if (
            name in documented.NAMES
            and not claims
            and not is_identifier
            and not self.in_labels()
            and documented.has_documented_form(name, text)
        ) or (name in _OF_KEYS and self.path[0] in ("keys", "header", "verified")):
            return self.texts.without_secrets(text)
        if name == "call" and not claims:
            return self.texts.call(text)
        if name in _CEL or (self.path[-2:-1] == ["attributeMapping"] and not claims):
            return self.texts.cel(text)
        inner = text.lstrip()[:1]
        if inner in ("{", "[") and self.depth < _DEEPEST and is_json(text):
            return json_text(text, self.texts, self.inner_root(name), self.depth + 1)
        if text.startswith("%7B") and self.depth < _DEEPEST and not self.texts.names_stay:
            return quote(json_text(unquote(text), self.texts, (), self.depth + 1), safe="")
        if name in _SENTENCES and not claims:
            return self.texts.sentence(text)
        return self.texts.value(text)

    def secret_of(self, name: str, text: str, *, claims: bool) -> str:
        """Return the kind of secret in the member; empty if it is not secret."""
        low = name.lower()
        if (low in _SECRET_MEMBERS and not claims and text) or is_secret_member(name, text) or self.is_named(low, text):
            return name
        if name in PRIVATE_KEY_MEMBERS and (self.is_key or (not claims and _KEY_PART.fullmatch(text))):
            return "a private key"
        if self.path[:1] == ["keys"] and (name in PRIVATE_KEY_MEMBERS or "oth" in self.path):
            return "a private key"
        if "credential_source" in self.path[:-1]:
            if "headers" in self.path[:-1]:
                return "a header of the credential configuration"
            if "executable" in self.path[:-1]:
                return "a command of the credential configuration"
        return ""

    def is_named(self, low: str, text: str) -> bool:
        """Return whether this is the value of a pair such as {"name": "DB_PASSWORD", "value": …}."""
        if low in ("name", "key"):
            self.called = text
        return low == "value" and bool(self.called) and is_secret_member(self.called, text)

    def inner_root(self, name: str) -> Path:
        return ("keys",) if name == "jwksJson" else ()

    def collect(self, name: str, text: str, claims: bool) -> None:
        names = self.texts.collected
        if name in _ISSUERS or (name == "url" and "requestParameters" in self.path):
            names.issuer(text)
        elif name in _AUDIENCES or (name.endswith((":aud", ":azp", ":oaud")) and not set(text) & set("*?")):
            names.audience(text)
        if ":oidc-provider/" in text:
            for provider in re.findall(r":oidc-provider/([^\s:\\\"',*?]+)", text):
                names.issuer(provider)
        elif name in ("Federated", "identityProvider") and "." in text:
            names.issuer(text)
        if claims and name in ("iat", "exp", "nbf"):
            names.names.add(text)


def is_json(text: str) -> bool:
    """Return whether a text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
