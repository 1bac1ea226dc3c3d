"""Find mapped attributes whose expression reads no claim, so that every token gets the same value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from oidc_doctor import cel
from oidc_doctor.judge.typos import similarity
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.placeholder import has_placeholder

_OTHER_WORD = re.compile(r"^(?:assertions|claims?|token|jwt)\.(?=[A-Za-z_]+$)")  # written instead of assertion
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALIKE = 0.75  # minimum similarity of a name and its misspelling


class Constant(NamedTuple):
    """A mapped attribute whose expression reads no claim, so that every token gets the same value."""

    attribute: str
    expression: str
    value: str
    unquoted: str  # the expression that reads the claim named in the string; empty if it names none

    def causes(self, compared: Iterable[str]) -> bool:
        """Whether the quotes are the likely mistake, not a string that the constant is compared with."""
        return bool(self.unquoted) or not any(
            similarity(self.value.lower(), text.lower()) >= _ALIKE for text in compared
        )


def constant_of(attribute: str, program: cel.Program, value: object, token: Token) -> Constant | None:
    """Return the mapping expression as a constant; None if it reads a claim or returns no string."""
    if not isinstance(value, str) or program.references():
        return None
    unquoted = _unquoted(attribute, value, token)
    if has_placeholder(value) and not unquoted:
        return None  # {name} belongs to extract()
    return Constant(attribute, program.text, value, unquoted)


def _unquoted(attribute: str, value: str, token: Token) -> str:
    """Return the claim that a string names: quoted assertion.NAME, a token's claim, or the attribute's own name."""
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
    """Return the constant attributes that an expression reads."""
    try:
        paths = [".".join(reference.keys[:2]) for reference in cel.compile(text).references()]
    except cel.CelError:
        return []
    return [constants[path] for path in dict.fromkeys(paths) if path in constants]


def quoted_claim(text: str, literals: Iterable[str]) -> str:
    """Return the claim that an expression quotes instead of reading it; empty if there is none."""
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
    """Return the facts about a constant for the message."""
    return {
        "attribute": constant.attribute,
        "expression": constant.expression,
        "value": constant.value,
        "unquoted": constant.unquoted,
    }
