"""A CEL expression that was false, or could not be evaluated: the sub-expression that decided, and both its sides.

Values come from the token. Where evidence is pasted and holds placeholders, a false answer may be open: `settled` says
whether it would be false whatever stood there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.placeholder import has_placeholder, may_contain, may_end_with, may_equal, may_start_with

if TYPE_CHECKING:
    from oidc_doctor.cel.trace import Node


class Clause(NamedTuple):
    """The deciding sub-expression. `literal` is what the expression's author wrote, `value` what the token gave."""

    node: Node
    negated: bool
    function: str
    literal: list[str]
    value: str | None


def settled(node: Node, *, pasted: bool) -> bool | None:
    """True or False where the answer holds for every filling of placeholders and every unknown claim; else None."""
    if node.error is not None:
        return None
    if not isinstance(node.value, bool):
        return None
    if node.op in ("and", "or"):
        deciding = node.op == "or"
        answers = [settled(child, pasted=pasted) if child.evaluated else None for child in node.children]
        if deciding in answers:
            return deciding
        return None if None in answers else not deciding
    if node.op == "not":
        inner = settled(node.children[0], pasted=pasted)
        return None if inner is None else not inner
    if not pasted or not _open(node):
        return node.value
    return _open_answer(node)


def _open(node: Node) -> bool:
    return any(isinstance(part.value, str) and has_placeholder(part.value) for part in node.walk() if part.evaluated)


_OPEN: dict[str, Callable[[str, str], bool | None]] = {
    "==": may_equal,
    "startsWith": may_start_with,
    "endsWith": may_end_with,
    "contains": may_contain,
}


def _open_answer(node: Node) -> bool | None:
    sides = [child.value for child in node.children if child.evaluated]
    if len(sides) != 2:  # noqa: PLR2004 - a comparison has two
        return None
    left, right = sides
    name = node.function or ""
    if name in _OPEN and isinstance(left, str) and isinstance(right, str):
        return _OPEN[name](left, right)
    if name == "!=" and isinstance(left, str) and isinstance(right, str):
        equal = may_equal(left, right)
        return None if equal is None else not equal
    if (name == "in" or node.op == "in") and isinstance(left, str) and isinstance(right, list):
        answers = [may_equal(left, one) if isinstance(one, str) else False for one in right]
        return True if True in answers else None if None in answers else False
    return None


def deciding(node: Node, wanted: bool = False) -> Clause:
    """The first sub-expression, as deep as `&&`, `||` and `!` go, that made the whole come out as `wanted`."""
    negated = False
    while True:
        if node.op in ("and", "or"):
            same = [child for child in node.children if child.evaluated and child.value is wanted]
            if not same:
                break
            node = same[0]
        elif node.op == "not":
            node, wanted, negated = node.children[0], not wanted, not negated
        else:
            break
    return _sides(node, negated=negated)


def failing(node: Node) -> Node:
    """The innermost sub-expression at which an error arose."""
    while True:
        inner = next((child for child in node.children if child.error is not None and child.error is node.error), None)
        if inner is None:
            return node
        node = inner


def _is_literal(node: Node) -> bool:
    return all(part.op in ("literal", "list", "arithmetic", "map") for part in node.walk())


def _texts(node: Node) -> list[str]:
    value = node.value
    if isinstance(value, list):
        return [one if isinstance(one, str) else str(one) for one in value]
    return [value if isinstance(value, str) else _plain(value)]


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sides(node: Node, *, negated: bool) -> Clause:
    children = [child for child in node.children if child.evaluated and child.error is None]
    name = node.function or node.op
    if len(children) != 2:  # noqa: PLR2004 - a comparison has two sides
        value = _plain(node.value) if node.evaluated and node.error is None else None
        return Clause(node, negated, name, [], value)
    left, right = children
    if _is_literal(left) and not _is_literal(right):
        left, right = right, left
    literal = _texts(right)
    value = left.value if isinstance(left.value, str) else ", ".join(_texts(left))
    return Clause(node, negated, name, literal, value)
