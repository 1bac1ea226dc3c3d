"""Find the deciding sub-expression of a CEL expression that is false or fails, and both its sides.

Values come from the token. With placeholders in pasted evidence a false result may be uncertain: `settled` determines
whether it is false for every possible value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.cel.values import UNKNOWN, type_name
from oidc_doctor.model.placeholder import has_placeholder, may_contain, may_end_with, may_equal, may_start_with

if TYPE_CHECKING:
    from oidc_doctor.cel import Program
    from oidc_doctor.cel.trace import Node


_QUANTIFIER = re.compile(r"\{\d*,?\d*\}")


class DecidingTest(NamedTuple):
    """The deciding sub-expression. `literal` is the text in the expression, `value` the token's.

    `compared` is False unless two strings are compared; then only the clause itself is shown.
    """

    node: Node
    negated: bool
    function: str
    literal: list[str]
    value: str | None
    compared: bool


def settled(node: Node, *, pasted: bool, evaluate: Callable[[str], Node | None] | None = None) -> bool | None:
    """Return True or False if the result is the same for all values of placeholders and unknown claims; else None.

    `evaluate` returns the trace of a part that a decision to its left made unnecessary.
    """
    if not node.evaluated:
        again = evaluate(node.text) if evaluate else None
        return settled(again, pasted=pasted, evaluate=evaluate) if again is not None and again.evaluated else None
    if node.error is not None:
        return None
    if not isinstance(node.value, bool):
        return None
    if node.op in ("and", "or"):
        deciding = node.op == "or"
        answers = set()
        for child in sorted(node.children, key=_was_skipped):  # one that decides saves the evaluation of the skipped
            answers.add(settled(child, pasted=pasted, evaluate=evaluate))
            if deciding in answers:
                return deciding
        return None if None in answers else not deciding
    if node.op == "not":
        inner = settled(node.children[0], pasted=pasted, evaluate=evaluate)
        return None if inner is None else not inner
    if not pasted or not _open(node):
        return node.value
    return _open_answer(node)


def may_be_open(program: Program, bindings: object) -> bool:
    """Whether a text that the expression reads or builds may have a placeholder; False means that `settled` finds none.

    The texts of an expression without calls that build some are its literals and those of the bindings, which are few.
    """
    if program.builds_texts():
        return True
    waiting: list[object] = [program.texts(), bindings]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if has_placeholder(value):
                return True
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif not (value is None or value is UNKNOWN or isinstance(value, int | float)):
            return True
    return False


def _was_skipped(node: Node) -> bool:
    return not node.evaluated


def _open(node: Node) -> bool:
    pattern = node.children[-1] if node.function == "matches" and node.children else None
    return any(
        # {8} is a quantifier in a pattern, not a placeholder
        has_placeholder(_QUANTIFIER.sub("", part.value) if part is pattern else part.value)
        for part in node.walk()
        if part.evaluated and isinstance(part.value, str)
    )


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
        answers = [may_equal(left, element) if isinstance(element, str) else False for element in right]
        return True if True in answers else None if None in answers else False
    return None


def deciding(node: Node, surely_false: Callable[[Node], Node | None]) -> DecidingTest:
    """Return the first sub-expression below `&&`, `||` and `!` that makes the whole expression false.

    `surely_false` returns the trace of a part of `&&` that is false for all placeholder values, None for other parts.
    """
    wanted, outer = False, node
    while True:
        if node.op in ("and", "or"):
            same = [child for child in node.children if child.evaluated and child.value is wanted]
            if not same:
                break
            sure = (
                next((false_part for child in node.children if (false_part := surely_false(child))), None)
                if node.op == "and"
                else None
            )
            node = outer = sure if sure is not None and not wanted else same[0]
        elif node.op == "not":
            node, wanted = node.children[0], not wanted
        elif node.op == "conditional":
            branches = [child for child in node.children[1:] if child.evaluated]
            if not branches or branches[0].value is not wanted:
                break
            test, branch = node.children[0], branches[0]
            if branch.op == "literal":  # the result is a literal: the test chose it
                node, wanted, outer = test, bool(test.value), node
            else:
                node = outer = branch
        else:
            break
    return _sides(node, outer, negated=wanted)


def failing(node: Node) -> Node:
    """Return the innermost sub-expression that raised an error."""
    while True:
        inner = next((child for child in node.children if child.error is not None and child.error is node.error), None)
        if inner is None:
            return node
        node = inner


_LONGEST_VALUE = 80  # characters of a value in a sentence


def clause_around(root: Node, inner: Node) -> str:
    """Return the smallest comparison that contains the failing part."""
    best = inner
    for node in root.walk():
        if node.op in ("compare", "call", "in") and node.start <= inner.start and node.end >= inner.end:
            best = node
    return str(best.text)


def read_values(node: Node) -> str:
    """Describe the operands of a failing sub-expression: `assertion.level` is "3" (string)."""
    parts = [part for child in node.children for part in _read_parts(child)]
    return ", ".join(dict.fromkeys(f"{part.text} is {_short(part.value)} ({type_name(part.value)})" for part in parts))


def _read_parts(node: Node) -> list[Node]:
    """Return the outermost evaluated paths below a node."""
    if node.op == "literal" or not node.evaluated or node.error is not None:
        return []
    if node.op in ("select", "index", "ident"):
        return [node]
    inner = [part for child in node.children for part in _read_parts(child)]
    return inner or ([node] if node.op not in ("list", "map") else [])


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str) else _plain(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _is_literal(node: Node) -> bool:
    return all(part.op in ("literal", "list", "arithmetic", "map") for part in node.walk())


def _texts(node: Node) -> list[str]:
    value = node.value
    return [_plain(element) for element in value] if isinstance(value, list) else [_plain(value)]


def _plain(value: object) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


_COMPARISONS = ("==", "in", "startsWith", "endsWith", "contains")


def _sides(node: Node, outer: Node, *, negated: bool) -> DecidingTest:
    """Return the sides that the clause compares. `outer` is the clause including a preceding `!`."""
    children = [child for child in node.children if child.evaluated and child.error is None]
    name = node.function or node.op
    if len(children) != 2:  # noqa: PLR2004 - a comparison has two sides
        return DecidingTest(outer, negated, name, [], None, compared=False)
    left, right = children
    if _is_literal(left) and not _is_literal(right) and name != "in":
        left, right = right, left
    values = right.value if isinstance(right.value, list) else [right.value]
    texts = isinstance(left.value, str) and all(isinstance(element, str) for element in values)
    quoted = not texts and name in ("==", "!=")  # '1' and 1 differ in type, so the string is quoted
    literal = [
        repr(element) if quoted and isinstance(element, str) else text
        for element, text in zip(values, _texts(right), strict=True)
    ]
    value = repr(left.value) if quoted and isinstance(left.value, str) else ", ".join(_texts(left))
    compared = texts and name in _COMPARISONS and not negated
    return DecidingTest(outer, negated or name == "!=", name, literal, value, compared=compared)
