"""The parts of an expression, as the parser returns them."""

from __future__ import annotations

from .errors import CelError
from .values import MAX_DEPTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Final, Literal

    Op = Literal[
        "literal",
        "ident",
        "select",
        "has",
        "index",
        "call",
        "list",
        "map",
        "and",
        "or",
        "not",
        "negate",
        "arithmetic",
        "compare",
        "in",
        "conditional",
        "comprehension",
        "bind",
    ]

TOO_DEEP: Final = f"the expression is nested more than {MAX_DEPTH} levels deep"


class Expr:
    """A sub-expression; `start` and `end` are its place in the text, without outer parentheses.

    name       ident, select and has: the name; call: the function; operators: their symbol; comprehension: the macro
    name_at    start and end of that name
    value      a literal's value
    children   operands in the order written; a method's target first; a map's keys and values in turn;
               has: the operand; comprehension: the range, then the iteration's parts; bind: the value, then the body
    variables  names that a comprehension or bind declares
    method     a call written ``target.name(...)``
    absolute   an ident written with a leading dot
    """

    __slots__ = (
        "absolute",
        "children",
        "end",
        "height",
        "method",
        "name",
        "name_at",
        "op",
        "start",
        "value",
        "variables",
    )

    def __init__(
        self,
        op: Op,
        start: int,
        end: int,
        children: tuple[Expr, ...] = (),
        *,
        name: str = "",
        name_at: tuple[int, int] = (-1, -1),
        value: object = None,
        variables: tuple[str, ...] = (),
        method: bool = False,
        absolute: bool = False,
    ) -> None:
        self.op = op
        self.start = start
        self.end = end
        self.children = children
        self.name = name
        self.name_at = name_at
        self.value = value
        self.variables = variables
        self.method = method
        self.absolute = absolute
        height = 0
        for child in children:
            height = max(height, child.height)
        self.height: int = height + 1
        if height >= MAX_DEPTH:
            raise CelError("limit", TOO_DEEP, start, end)


def names_of(expr: Expr) -> list[str] | None:
    """Return the names of ``a.b.c``, or None when the expression is anything else."""
    names: list[str] = []
    while expr.op == "select":
        names.append(expr.name)
        expr = expr.children[0]
    if expr.op != "ident":
        return None
    names.append(expr.name)
    names.reverse()
    return names


def path_of(expr: Expr, variables: Container[str]) -> tuple[str, ...] | None:
    """Return the keys of ``a.b['c']`` from the variable on; None for anything else, and for loop variables."""
    keys: list[str] = []
    while True:
        if expr.op == "select":
            keys.append(expr.name)
        elif expr.op == "index" and type(expr.children[1].value) is str:
            keys.append(expr.children[1].value)
        elif expr.op == "ident" and (expr.absolute or expr.name not in variables):
            keys.append(expr.name)
            keys.reverse()
            return tuple(keys)
        else:
            return None
        expr = expr.children[0]


def prefixes(container: str) -> list[str]:
    """Return the prefixes that the namespace ``a.b`` puts before a name: ``a.b.``, then ``a.``."""
    parts = container.split(".") if container else []
    return [".".join(parts[:count]) + "." for count in range(len(parts), 0, -1)]


def candidates(expr: Expr, before: list[str], variables: Container[str]) -> list[str]:
    """Return the names to which ``a.b.c`` may be bound, nearest namespace first; none for loop variables."""
    names = names_of(expr)
    if names is None:
        return []
    root = expr
    while root.children:
        root = root.children[0]
    name = ".".join(names)
    if root.absolute:
        return [name]
    if names[0] in variables:
        return []
    return [*(prefix + name for prefix in before), name]


def dotted(keys: tuple[str, ...]) -> str:
    """``a.b``, with ``['...']`` for a key that is not a name."""
    text = keys[0]
    for key in keys[1:]:
        if key.isascii() and key.isidentifier():
            text += "." + key
        else:
            text += "[" + quote(key) + "]"
    return text


_QUOTE: Final = {ord(char): "\\" + escape for char, escape in zip("\\'\a\b\f\n\r\t\v", "\\'abfnrtv", strict=True)} | {
    code: f"\\x{code:02x}" for code in [*range(7), *range(14, 32), 127]
}


def quote(text: str) -> str:
    """Return a string literal of the language with this value."""
    return "'" + text.translate(_QUOTE) + "'"
