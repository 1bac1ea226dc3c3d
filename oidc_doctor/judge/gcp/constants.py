"""Mapped attributes whose expression reads no claim: every token gets the same value, often the name of a claim."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from oidc_doctor import cel
from oidc_doctor.judge.typos import similarity
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.placeholder import has_placeholder

_OTHER_WORD = re.compile(r"^(?:assertions|claims?|token|jwt)\.(?=[A-Za-z_]+$)")  # for what CEL calls assertion here
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALIKE = 0.75  # how similar two texts are of which one misspells the other


class Constant(NamedTuple):
    """A mapped attribute whose expression reads no claim, so that every token gets the same value."""

    attribute: str
    expression: str
    value: str
    unquoted: str  # the expression that reads the claim which the text names; empty where it names none

    def causes(self, compared: Iterable[str]) -> bool:
        """Whether the quotes, and not one of the texts that it is compared with, are the likely mistake."""
        return bool(self.unquoted) or not any(
            similarity(self.value.lower(), text.lower()) >= _ALIKE for text in compared
        )


def constant_of(attribute: str, program: cel.Program, value: object, token: Token) -> Constant | None:
    """The constant that this expression of the mapping is; None where it reads a claim or gives no text."""
    if not isinstance(value, str) or program.references():
        return None
    unquoted = _unquoted(attribute, value, token)
    if has_placeholder(value) and not unquoted:
        return None  # {name} belongs to extract()
    return Constant(attribute, program.text, value, unquoted)


def _unquoted(attribute: str, value: str, token: Token) -> str:
    """The claim that a text names: assertion.NAME in quotes, a claim of the token, or the attribute's own name."""
    value = _OTHER_WORD.sub("assertion.", value.strip(" '\""))
    try:
        references = cel.compile(value).references()
    except cel.CelError:
        references = ()
    if references and not value.startswith("[") and all(name.keys[0] == "assertion" for name in references):
        return value
    if value in token.claims or value == attribute.partition(".")[2]:
        return f"assertion.{value}" if _IDENTIFIER.fullmatch(value) else f"assertion[{value!r}]"
    return ""


def constants_in(text: str, constants: Mapping[str, Constant]) -> list[Constant]:
    """Those of the constant attributes that an expression reads."""
    try:
        paths = [".".join(reference.keys[:2]) for reference in cel.compile(text).references()]
    except cel.CelError:
        return []
    return [constants[path] for path in dict.fromkeys(paths) if path in constants]


def quoted_claim(text: str, literals: Iterable[str]) -> str:
    """The claim that an expression without any reading of a claim holds as a text; empty where there is none."""
    try:
        references = cel.compile(text).references()
        if references:
            return ""
        for literal in literals:
            names = cel.compile(literal).references() if literal.startswith("assertion") else []
            if names and all(name.keys[0] == "assertion" for name in names):
                return literal
    except cel.CelError:
        return ""
    return ""


def constant_facts(constant: Constant) -> dict[str, str]:
    """What the words need of a constant."""
    return {
        "attribute": constant.attribute,
        "expression": constant.expression,
        "value": constant.value,
        "unquoted": constant.unquoted,
    }
