"""Edit CEL text at the positions of its parts, leaving everything else unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor import cel

if TYPE_CHECKING:
    from oidc_doctor.cel.syntax import Expr


def parsed(text: str) -> Expr | None:
    """Return an expression's syntax tree; None if it is invalid."""
    try:
        return cel.compile(text).tree
    except cel.CelError:
        return None


def written(text: str, expr: Expr) -> str:
    """Return the text of a part."""
    return text[expr.start : expr.end]


def put(text: str, start: int, end: int, new: str) -> str:
    """Replace these characters of the text."""
    return text[:start] + new + text[end:]


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield a part and all parts below it, in the order of the text."""
    yield expr
    for child in expr.children:
        yield from walk(child)


def found(text: str, clause: str) -> list[Expr]:
    """Return the parts of an expression with this text."""
    tree = parsed(text)
    return [part for part in walk(tree) if written(text, part) == clause] if tree is not None and clause else []


def joined_by(expr: Expr, op: str) -> list[Expr]:
    """Return the operands of (nested) `and` or `or`; else the expression itself."""
    if expr.op != op:
        return [expr]
    return [part for child in expr.children for part in joined_by(child, op)]


def sides(expr: Expr) -> tuple[Expr, Expr] | None:
    """Return the value that a comparison reads, and the literal or list of literals on its other side."""
    if len(expr.children) != 2:  # noqa: PLR2004 - a comparison has two sides
        return None
    left, right = expr.children
    if is_literal(left) and not is_literal(right) and expr.name == "==":
        left, right = right, left
    return (left, right) if is_literal(right) and not is_literal(left) else None


def is_literal(expr: Expr) -> bool:
    """Whether a part is a literal, or a list of literals."""
    return expr.op == "literal" or (expr.op == "list" and all(part.op == "literal" for part in expr.children))


def literals(expr: Expr) -> list[Expr]:
    """Return the literals of a part: itself, or a list's elements."""
    return list(expr.children) if expr.op == "list" else [expr]


def like(literal: str, value: str) -> str:
    """Return a string literal with this value, using another literal's quotes if possible."""
    plain = value.isprintable() and '"' not in value and "\\" not in value
    return f'"{value}"' if literal.startswith('"') and plain else cel.quote(value)
