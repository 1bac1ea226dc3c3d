"""The paths that an expression reads, each starting with a variable."""

from __future__ import annotations

from .syntax import dotted, path_of
from .values import TYPES_BY_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .syntax import Expr

    Path = tuple[str, ...]


class Reference:
    """A part of an expression that reads a path.

    keys     ``("assertion", "repository")``; a key may hold any character
    path     the same as text: ``assertion.repository``, ``assertion['a-b']``
    tested   the path is only tested for, with ``has(a.b)`` or ``'b' in a``: its absence is no error
    guarded  the expression has already tested that the path exists: ``has(a.b) && a.b == 'x'``,
             ``has(a.b) ? a.b : ''``, ``!has(a.b) || a.b == 'x'``
    """

    __slots__ = ("end", "guarded", "keys", "start", "tested")

    def __init__(self, keys: Path, start: int, end: int, *, tested: bool = False, guarded: bool = False) -> None:
        self.keys = keys
        self.start = start
        self.end = end
        self.tested = tested
        self.guarded = guarded

    @property
    def path(self) -> str:
        """The dotted text of `keys`."""
        return dotted(self.keys)

    def __repr__(self) -> str:
        mark = " tested" if self.tested else " guarded" if self.guarded else ""
        return f"<{self.path} {self.start}:{self.end}{mark}>"


def references(tree: Expr) -> list[Reference]:
    """Return every path that is read, as long as it is written, in the order of the text, without loop variables."""
    readings: list[Reference] = []
    _collect(tree, frozenset(), frozenset(), readings)
    readings.sort(key=lambda reference: reference.start)
    return readings


def _tested(expr: Expr, variables: frozenset[str]) -> Path | None:
    """Return the path whose existence ``has(a.b)`` or ``'b' in a`` tests."""
    if expr.op == "has":
        path = path_of(expr.children[0], variables)
        return (*path, expr.name) if path else None
    if expr.op == "in" and type(expr.children[0].value) is str:
        path = path_of(expr.children[1], variables)
        return (*path, expr.children[0].value) if path and len(path) == 1 else None
    return None


def _sure(expr: Expr, variables: frozenset[str], *, when: bool) -> frozenset[Path]:
    """Return the paths that exist when the expression is true (or, for `when` false, when it is false)."""
    if expr.op == "not":
        return _sure(expr.children[0], variables, when=not when)
    if expr.op == ("and" if when else "or"):
        return frozenset().union(*(_sure(child, variables, when=when) for child in expr.children))
    path = _tested(expr, variables) if when else None
    return frozenset() if path is None else frozenset({path})


def _collect(expr: Expr, variables: frozenset[str], sure: frozenset[Path], readings: list[Reference]) -> None:
    op = expr.op
    tested = _tested(expr, variables)
    if tested is not None:
        readings.append(Reference(tested, expr.start, expr.end, tested=True, guarded=tested in sure))
        return
    if op in {"ident", "select", "index"}:
        path = path_of(expr, variables)
        if path is not None:
            if dotted(path) not in TYPES_BY_NAME:
                guarded = any(path[: len(tested)] == tested for tested in sure)
                readings.append(Reference(path, expr.start, expr.end, guarded=guarded))
            return
    if op in {"comprehension", "bind"}:
        _collect(expr.children[0], variables, sure, readings)
        inner = variables.union(expr.variables)
        for child in expr.children[1:]:
            _collect(child, inner, sure, readings)
    elif op in {"and", "or"}:
        # Commutative: a test guards the operands on both sides.
        tests = [_sure(child, variables, when=op == "and") for child in expr.children]
        for number, child in enumerate(expr.children):
            _collect(child, variables, sure.union(*tests[:number], *tests[number + 1 :]), readings)
    elif op == "conditional":
        condition, yes, no = expr.children
        _collect(condition, variables, sure, readings)
        _collect(yes, variables, sure | _sure(condition, variables, when=True), readings)
        _collect(no, variables, sure | _sure(condition, variables, when=False), readings)
    else:
        for child in expr.children:
            _collect(child, variables, sure, readings)
