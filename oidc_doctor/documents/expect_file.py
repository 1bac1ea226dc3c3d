"""Parse expect.toml: which tokens a trust must accept and refuse, and which calls its session must be allowed.

The user writes the file. An unknown key, an empty list and a value of a wrong type are errors with their line: a
misspelled key would test nothing, and what tests nothing looks like a pass.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from oidc_doctor.documents.json_text import Unreadable, printable
from oidc_doctor.documents.target_file import TableReader, Toml, lines_of
from oidc_doctor.documents.toml_text import load_toml
from oidc_doctor.model.document import Json, Origin
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.limits import EXPECTATIONS

FILE = "expect.toml"
Asks = Literal["accepted", "refused", "allowed", "denied"]
OF_TOKENS: tuple[Asks, ...] = ("accepted", "refused")
OF_CALLS: tuple[Asks, ...] = ("allowed", "denied")
_TEXTS = ("name", "target", "issuer", "audience", "insiders")
_KEYS = ("name", "target", "issuer", "audience", *OF_TOKENS, "strangers", "insiders", *OF_CALLS)
_EXAMPLE = 'accepted = ["repo:acme/app:ref:refs/heads/main"]'
_CALL_PARTS = 2
_ANY = "text, a number, true, false, texts or a table"
_CLAIM_TYPES = {"iss": "text", "sub": "text", "aud": "text, or a list of texts", "azp": "text"}
_WILDCARD = "`*` stands for itself: an entry is one token; write a value that it has"
_NONE: Mapping[str, Json] = MappingProxyType({})


class ExpectedToken(NamedTuple):
    """An entry of `accepted` or `refused`: a subject, or claims that the issuer's profile completes."""

    subject: str = ""  # "" where claims are given
    claims: Mapping[str, Json] = _NONE
    at: Origin = Origin(FILE)

    def __str__(self) -> str:
        """Format as written: the subject, or `repository = "acme/app", ref = "refs/heads/main"`."""
        return self.subject or ", ".join(f"{name} = {json.dumps(value)}" for name, value in self.claims.items())


class ExpectedCall(NamedTuple):
    """An entry of `allowed` or `denied`: an action of AWS or a permission of Google Cloud, and its resource."""

    action: str
    resource: str
    at: Origin = Origin(FILE)

    def __str__(self) -> str:
        """Format as written."""
        return f"{self.action} {self.resource}"


class Expectation(NamedTuple):
    """An [[expect]] table."""

    target: str = ""
    accepted: tuple[ExpectedToken, ...] = ()
    refused: tuple[ExpectedToken, ...] = ()
    strangers: bool = False  # the issuer's strangers have to be refused
    allowed: tuple[ExpectedCall, ...] = ()
    denied: tuple[ExpectedCall, ...] = ()
    name: str = ""
    issuer: str = ""
    audience: str = ""
    insiders: str = ""  # the part of the subject that names the tenant, whose other teams are no strangers
    at: Origin = Origin(FILE)
    strangers_at: Origin = Origin(FILE)


def parse_expectations(text: str, file: str = FILE) -> tuple[Expectation, ...]:
    """Return the [[expect]] tables. Raises Unreadable with the line of the mistake."""
    text = text.removeprefix("\ufeff")
    document = load_toml(text, file)
    reader = _ExpectReader(file, lines_of(text), text.split("\n"))
    for name in document:
        if name != "expect":
            meant = " (the keys belong below a line [[expect]])" if name in _KEYS else ""
            raise reader.fault(
                f"{pointer_segment(name)}/0", f"unknown key {printable(name)}: expected [[expect]]{meant}"
            )
    if not isinstance(document.get("expect"), list) or not document["expect"]:
        raise reader.fault("/expect/0", f"no [[expect]] table; add a line [[expect]] and below it {_EXAMPLE}")
    count = sum(map(_size, document["expect"]))
    if count > EXPECTATIONS.most:
        raise Unreadable(file, None, None, EXPECTATIONS.exceeded_by(count))
    return tuple(reader.expectation(table, f"/expect/{index}") for index, table in enumerate(document["expect"]))


def _size(table: Toml) -> int:
    """Count the entries of a table; one without any counts as one."""
    lists = [table.get(name) for name in (*OF_TOKENS, *OF_CALLS)] if isinstance(table, dict) else []
    return max(1, sum(len(entries) for entries in lists if isinstance(entries, list)))


def is_expect_file(text: str) -> bool:
    """Whether a text is TOML with an [[expect]] table, however wrong that may be."""
    try:
        return "expect" in load_toml(text, FILE)
    except Unreadable:
        return any(line.strip().replace(" ", "") == "[[expect]]" for line in text.split("\n"))


class _ExpectReader(TableReader):
    def __init__(self, file: str, lines: dict[str, int], texts: list[str]) -> None:
        super().__init__(file, lines)
        self.texts = texts

    def expectation(self, table: Toml, pointer: str) -> Expectation:
        if not isinstance(table, dict):
            raise self.wrong(pointer, "[[expect]]", "a table", table)
        for key in table:
            if key not in _KEYS:
                raise self.fault(
                    pointer + pointer_segment(key), f"[[expect]]: unknown key {printable(key)}{_meant(key)}"
                )
        texts = {name: self._text(table[name], pointer, name) for name in _TEXTS if name in table}
        if not set(table) - set(_TEXTS):
            raise self.fault(pointer, f"[[expect]]: the table has no expectation; add for example {_EXAMPLE}")
        if "insiders" in table and "strangers" not in table:
            raise self.fault(
                f"{pointer}/insiders", '[[expect]]: insiders: the key has an effect only with strangers = "refused"'
            )
        allowed, denied = (tuple(self._calls(table, pointer, name)) for name in OF_CALLS)
        accepted, refused = (tuple(self._tokens(table, pointer, name)) for name in OF_TOKENS)
        return Expectation(
            target=texts.get("target", ""),
            name=texts.get("name", ""),
            issuer=texts.get("issuer", ""),
            audience=texts.get("audience", ""),
            insiders=texts.get("insiders", ""),
            accepted=accepted,
            refused=refused,
            allowed=allowed,
            denied=denied,
            strangers=self._strangers(table, pointer),
            at=self.origin(pointer),
            strangers_at=self.origin(f"{pointer}/strangers"),
        )

    def _text(self, value: Toml, pointer: str, name: str) -> str:
        if not isinstance(value, str):
            raise self.wrong(f"{pointer}/{name}", f"[[expect]]: {name}", "text in quotation marks", value)
        if not value.strip():
            raise self.fault(f"{pointer}/{name}", f"[[expect]]: {name}: the text is empty; remove the key or fill it")
        return value

    def _strangers(self, table: dict[str, Toml], pointer: str) -> bool:
        if "strangers" not in table:
            return False
        if table["strangers"] != "refused":
            message = (
                '[[expect]]: strangers: the only value is "refused"; to expect nothing of strangers, remove the key'
            )
            raise self.fault(f"{pointer}/strangers", message)
        return True

    def _entries(self, table: dict[str, Toml], pointer: str, name: str) -> Iterator[tuple[Toml, Origin, str]]:
        """Yield each entry of a list, with its place and its pointer."""
        if name not in table:
            return
        where = f"{pointer}/{name}"
        if not isinstance(table[name], list):
            raise self.wrong(where, f"[[expect]]: {name}", "a list in square brackets", table[name])
        if not table[name]:
            raise self.fault(where, f"[[expect]]: {name}: the list is empty; add an entry or remove the key")
        first = self.origin(where).line or 1
        for index, value in enumerate(table[name]):
            first = self._line_of(value, first)
            yield value, Origin(self.file, f"{where}/{index}", first), where

    def _line_of(self, value: Toml, first: int) -> int:
        """Return the line of a list's entry: the first one from line `first` that has its texts in quotation marks."""
        texts = [value] if isinstance(value, str) else list(value.values()) if isinstance(value, dict) else []
        marks = [
            (json.dumps(text, ensure_ascii=False), f'"{text}"', f"'{text}'") for text in texts if isinstance(text, str)
        ]
        for number, line in enumerate(self.texts[first - 1 :] if marks else (), first):
            if all(any(mark in line for mark in ways) for ways in marks):
                return number
        return first

    def _tokens(self, table: dict[str, Toml], pointer: str, name: str) -> Iterator[ExpectedToken]:
        for value, at, _ in self._entries(table, pointer, name):
            if isinstance(value, str):
                self._check_subject(value, at, name)
                yield ExpectedToken(value, at=at)
            elif isinstance(value, dict):
                if not value:
                    raise self.fault_at(at, f'[[expect]]: {name}: the table is empty; name a claim: {{ sub = "…" }}')
                for claim, text in value.items():
                    if not _is_claim(claim, text):
                        message = f"[[expect]]: {name}: {printable(claim)}: expected {_CLAIM_TYPES.get(claim, _ANY)}"
                        raise self.fault_at(at, message)
                    if isinstance(text, str) and "*" in text and "sub" not in value:
                        message = f"[[expect]]: {name}: {printable(claim)}: {_WILDCARD}"
                        raise self.fault_at(at, message)
                if isinstance(value.get("sub"), str):
                    self._check_subject(value["sub"], at, name)
                yield ExpectedToken(claims=value, at=at)
            else:
                raise self.fault_at(
                    at, f"[[expect]]: {name}: expected subjects in quotation marks, or tables of claims"
                )

    def _check_subject(self, subject: str, at: Origin, name: str) -> None:
        if not subject.strip():
            raise self.fault_at(at, f"[[expect]]: {name}: the subject is empty; write the sub of a token")
        if "*" in subject:
            raise self.fault_at(at, f"[[expect]]: {name}: {_WILDCARD}")

    def _calls(self, table: dict[str, Toml], pointer: str, name: str) -> Iterator[ExpectedCall]:
        for value, at, _ in self._entries(table, pointer, name):
            words = value.split() if isinstance(value, str) else []
            if len(words) != _CALL_PARTS:
                message = (
                    f"[[expect]]: {name}: expected an action and a resource, such as "
                    '"s3:GetObject arn:aws:s3:::BUCKET/*" or "storage.objects.get BUCKET"'
                )
                raise self.fault_at(at, message)
            if ":" not in words[0] and words[0].count(".") < _CALL_PARTS:
                action = printable(words[0])
                message = f"[[expect]]: {name}: {action}: neither an action of AWS nor a permission of Google Cloud"
                raise self.fault_at(at, message)
            yield ExpectedCall(words[0], words[1], at)

    def fault(self, pointer: str, message: str) -> Unreadable:
        return Unreadable(self.file, self.origin(pointer).line, None, message)

    def fault_at(self, at: Origin, message: str) -> Unreadable:
        return Unreadable(self.file, at.line, None, message)


def _is_claim(name: str, value: Any) -> bool:
    if name in ("iss", "sub"):
        return isinstance(value, str)
    if isinstance(value, list):
        return bool(value) and all(isinstance(entry, str) for entry in value)
    if isinstance(value, dict) and name not in _CLAIM_TYPES:  # kubernetes.io = { namespace = "…" }
        return bool(value) and all(_is_claim("", inner) for inner in value.values())
    if name in _CLAIM_TYPES:
        return isinstance(value, str)
    return isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _meant(name: str) -> str:
    from difflib import get_close_matches  # late: only for an error

    near = get_close_matches(name, _KEYS, n=1)
    return f"; did you mean {near[0]}?" if near else f"; the keys are {', '.join(_KEYS)}"
