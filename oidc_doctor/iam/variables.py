"""Policy variables: `${key}`, `${key, 'default'}`, and `${*}` `${?}` `${$}` for the characters themselves."""

from __future__ import annotations

from oidc_doctor.iam.context import ABSENT, UNKNOWN, text_of
from oidc_doctor.model.placeholder import Pasted, names_a_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from oidc_doctor.iam.context import Request, Unknown
    from oidc_doctor.iam.wildcards import Piece

VERSIONS = frozenset(("2008-10-17", "2012-10-17"))
"""The versions of the policy language (IAM User Guide, JSON policy elements: Version)."""

SUPPORTING_VERSION = "2012-10-17"
"""In any other version, and without one, `${...}` is literal text (IAM User Guide, Variables and tags)."""


class Variable:
    """A reference to a condition key; `default` is None where the policy has none."""

    __slots__ = ("default", "key")

    def __init__(self, key: str, default: str | None) -> None:
        self.key = key
        self.default = default


def parse(text: str, *, pasted: bool) -> list[Piece | Variable] | None:
    """Split a value into literals and variables; None without a variable. An unclosed `${` is literal (unstorable)."""
    if "${" not in text:
        return None
    parts: list[Piece | Variable] = []
    literal_from = position = 0
    has_variable = False
    while (start := text.find("${", position)) >= 0:
        variable, end = _variable_at(text, start + 2, pasted=pasted)
        if variable is None:
            position = start + 2
            continue
        if start > literal_from:
            parts.append((text[literal_from:start], True, pasted))
        parts.append(variable)
        literal_from = position = end
        has_variable = True
    if not has_variable:
        return None
    if literal_from < len(text):
        parts.append((text[literal_from:], True, pasted))
    return parts


def variable_keys(text: str) -> list[str]:
    """The condition keys, in lower case, that the variables of a policy value name."""
    return [part.key for part in parse(text, pasted=False) or () if isinstance(part, Variable)]


def _variable_at(text: str, start: int, *, pasted: bool) -> tuple[Piece | Variable | None, int]:
    close = text.find("}", start)
    if close < 0:
        return None, start
    inner = text[start:close]
    if inner in {"*", "?", "$"}:
        return (inner, False, False), close + 1
    name, comma, rest = inner.partition(",")
    if comma and rest.lstrip().startswith("'"):
        quote = text.index("'", start + len(name) + 1)
        ended = text.find("'", quote + 1)
        closed = text.find("}", ended + 1) if ended >= 0 else -1
        if closed >= 0 and not text[ended + 1 : closed].strip():
            return Variable(name.strip().lower(), text[quote + 1 : ended]), closed + 1
    if pasted and not names_a_key(inner):
        return None, start  # ${NAME} in a pasted policy is an author's placeholder, not a condition key
    return Variable(inner.lower(), None), close + 1


def resolve(parts: list[Piece | Variable], request: Request) -> list[Piece] | Unknown | None:
    """Substitute every variable; None if a variable has no value, UNKNOWN if a variable's value was not read.

    Substituted values are literal under the Like operators: a `*` in a claim is no wildcard. A multivalued key cannot
    be a variable: if present, it has no value, and (measured) its default is not used either.
    """
    pieces: list[Piece] = []
    unread = False
    for part in parts:
        if not isinstance(part, Variable):
            pieces.append(part)
            continue
        value = request.values.get(part.key, ABSENT)
        text = text_of(value)
        if text is not None:
            pieces.append((text, False, isinstance(value, Pasted)))
        elif value is UNKNOWN:
            unread = True
        elif part.default is not None and (value is ABSENT or value is None or value in ([], ())):
            pieces.append((part.default, False, False))
        else:
            return None
    return UNKNOWN if unread else pieces
