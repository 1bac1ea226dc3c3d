"""Tokens to an expression tree."""

from __future__ import annotations

from .errors import CelError, quoted
from .lexer import RESERVED, tokenize
from .syntax import TOO_DEEP, Expr, names_of
from .values import INT_MAX, INT_MIN, MAX_DEPTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .lexer import Token
    from .syntax import Op

_COMPARE: Final = 3
_PRECEDENCE: Final = {
    "||": 1, "&&": 2,
    "==": _COMPARE, "!=": _COMPARE, "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE, "in": _COMPARE,
    "+": 4, "-": 4,
    "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_OPS: Final[dict[int, Op]] = {1: "or", 2: "and", _COMPARE: "compare", 4: "arithmetic", 5: "arithmetic"}
_SIGNED: Final = frozenset({int, float})
_CONSTANTS: Final = {"true": True, "false": False, "null": None}

# Macro: number of arguments -> number of loop variables among them.
MACROS: Final[dict[str, dict[int, int]]] = {
    "all": {2: 1, 3: 2},
    "exists": {2: 1, 3: 2},
    "exists_one": {2: 1, 3: 2},
    "existsOne": {2: 1, 3: 2},
    "filter": {2: 1},
    "map": {2: 1, 3: 1},
    "transformList": {3: 2, 4: 2},
    "transformMap": {3: 2, 4: 2},
    "transformMapEntry": {3: 2, 4: 2},
}
# Functions with a namespace, which look like methods of a variable.
_NAMESPACES: Final = frozenset({"strings.quote", "base64.encode", "base64.decode"})
_WORDS: Final = {"and": "&&", "or": "||", "AND": "&&", "OR": "||"}


def parse(text: str) -> Expr:
    """Return the tree of an expression; raises `CelError` with the code ``syntax`` or ``limit``."""
    parser = _Parser(tokenize(text))
    tree = parser.expression()
    if parser.kind != "end":
        raise parser.unexpected("an operator or the end")
    return tree


class _Parser:
    __slots__ = ("depth", "end", "kind", "next", "start", "tokens", "value")

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.next = 0
        self.depth = 0
        self.kind = ""
        self.value: object = ""
        self.start = 0
        self.end = 0  # of the token before the current one
        self.advance()

    def advance(self) -> None:
        self.end = self.tokens[self.next - 1][2] if self.next else 0
        self.kind, self.start, _, self.value = self.tokens[self.next]
        self.next += 1

    def at(self, symbol: str) -> bool:
        return self.value == symbol and self.kind == "op"

    def accept(self, symbol: str) -> bool:
        if self.at(symbol):
            self.advance()
            return True
        return False

    def expect(self, symbol: str) -> None:
        if not self.accept(symbol):
            raise self.unexpected(f"'{symbol}'")

    def unexpected(self, wanted: str) -> CelError:
        start, end = self.tokens[self.next - 1][1:3]
        if self.kind == "end":
            message = f"the expression ends where {wanted} should follow"
        elif self.kind == "literal":
            message = f"unexpected value; {wanted} should follow"
        else:
            message = f"unexpected {quoted(self.value)}; {wanted} should follow"
            if self.kind == "name" and self.value in _WORDS:
                message = f"unexpected {quoted(self.value)}: use {_WORDS[str(self.value)]}"
        return CelError("syntax", message, start, end)

    def expression(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CelError("limit", TOO_DEEP, self.start, self.start + 1)
        start = self.start
        tree = self.binary()
        if self.accept("?"):
            yes = self.binary()
            self.expect(":")
            no = self.expression()
            tree = Expr("conditional", start, self.end, (tree, yes, no), name="?:")
        self.depth -= 1
        return tree

    def binary(self) -> Expr:
        """Parse operators by precedence, on an explicit stack: each level of nesting costs few Python frames."""
        operands: list[tuple[int, int, Expr]] = []
        operators: list[tuple[int, str, tuple[int, int]]] = []
        while True:
            start = self.start
            tree = self.unary()
            operands.append((start, self.end, tree))
            symbol = str(self.value) if self.kind == "op" or (self.kind == "name" and self.value == "in") else ""
            precedence = _PRECEDENCE.get(symbol, 0)
            while operators and operators[-1][0] + (operators[-1][0] >= _COMPARE) > precedence:
                _reduce(operands, operators)
            if not precedence:
                return operands[0][2]
            operators.append((precedence, symbol, (self.start, self.start + len(symbol))))
            self.advance()

    def unary(self) -> Expr:
        """Parse a run of ``!`` or of ``-`` and its operand; a minus directly before a number belongs to the number."""
        starts = []
        symbol = str(self.value) if self.at("!") or self.at("-") else ""
        while symbol and self.at(symbol) and not self.signs_number():
            starts.append(self.start)
            self.advance()
        tree = self.operand()
        end = self.end
        for start in reversed(starts):
            op: Op = "not" if symbol == "!" else "negate"
            tree = Expr(op, start, end, (tree,), name=symbol, name_at=(start, start + 1))
        return tree

    def signs_number(self) -> bool:
        """Whether the current token is the minus of a number."""
        kind, _, _, value = self.tokens[self.next] if self.at("-") else self.tokens[-1]
        return kind == "literal" and type(value) in _SIGNED

    def operand(self) -> Expr:
        """Parse a primary expression with its ``.name``, ``.name(...)`` and ``[...]``."""
        start = self.start
        tree = self.literal() if self.kind == "literal" or self.signs_number() else self.primary()
        while self.kind == "op":
            if self.value == ".":
                self.advance()
                tree = self.member(tree, start)
            elif self.value == "[":
                self.advance()
                key = self.expression()
                self.expect("]")
                tree = Expr("index", start, self.end, (tree, key), name="[]")
            elif self.value == "{" and names_of(tree):
                raise CelError(
                    "syntax", "messages cannot be made here, only maps: {'key': value}", start, self.start + 1
                )
            else:
                break
        return tree

    def literal(self) -> Expr:
        start = self.start
        negative = self.accept("-")
        value = self.value
        self.advance()
        if type(value) is int or type(value) is float:
            value = -value if negative else value
            if type(value) is int and not INT_MIN <= value <= INT_MAX:
                raise CelError("syntax", "the number does not fit an int", start, self.end)
        return Expr("literal", start, self.end, value=value)

    def primary(self) -> Expr:
        start = self.start
        if self.accept("("):
            tree = self.expression()
            self.expect(")")
            return tree
        if self.accept("["):
            return Expr("list", start, *self.sequence("]"))
        if self.accept("{"):
            return self.mapping(start)
        absolute = self.accept(".")
        if self.kind != "name":
            raise self.unexpected("a name" if absolute else "a value")
        name = str(self.value)
        at = (self.start, self.start + len(name))
        if name in _CONSTANTS and not absolute:
            self.advance()
            return Expr("literal", start, self.end, value=_CONSTANTS[name])
        if name in RESERVED or name in _CONSTANTS or name == "in":
            raise CelError("syntax", f"'{name}' is a reserved word", *at)
        self.advance()
        if self.accept("("):
            end, arguments = self.sequence(")")
            if name == "has" and not absolute:
                return _has(arguments, start, end, at)
            return Expr("call", start, end, arguments, name=name, name_at=at, absolute=absolute)
        return Expr("ident", start, self.end, name=name, name_at=at, absolute=absolute)

    def member(self, target: Expr, start: int) -> Expr:
        """Parse the field or the method call after a dot."""
        if self.kind == "quoted":
            name, at = str(self.value), (self.start, self.start + len(str(self.value)) + 2)
            self.advance()
            return Expr("select", start, self.end, (target,), name=name, name_at=at)
        if self.kind != "name" or self.value in _CONSTANTS or self.value == "in":
            raise self.unexpected("a name")
        name = str(self.value)
        at = (self.start, self.start + len(name))
        self.advance()
        if not self.accept("("):
            return Expr("select", start, self.end, (target,), name=name, name_at=at)
        end, arguments = self.sequence(")")
        variables = MACROS.get(name, {}).get(len(arguments))
        if variables:
            names = _variables(arguments[:variables], name)
            return Expr(
                "comprehension", start, end, (target, *arguments[variables:]), name=name, name_at=at, variables=names
            )
        if target.op == "ident":
            full, full_at = f"{target.name}.{name}", (target.start, at[1])
            if full == "cel.bind" and len(arguments) == 3:  # noqa: PLR2004
                names = _variables(arguments[:1], full)
                return Expr("bind", start, end, arguments[1:], name=full, name_at=full_at, variables=names)
            if full in _NAMESPACES:
                return Expr("call", start, end, arguments, name=full, name_at=full_at)
        return Expr("call", start, end, (target, *arguments), name=name, name_at=at, method=True)

    def sequence(self, closing: str) -> tuple[int, tuple[Expr, ...]]:
        """Parse expressions up to the closing bracket; return the offset after it and the expressions.

        Only a list may end in a comma.
        """
        items: list[Expr] = []
        while not self.accept(closing):
            if items:
                if not self.accept(","):
                    raise self.unexpected(f"',' or '{closing}'")
                if closing == "]" and self.accept(closing):
                    break
            elif self.at(","):
                raise self.unexpected(f"a value or '{closing}'")
            items.append(self.expression())
        return self.end, tuple(items)

    def mapping(self, start: int) -> Expr:
        items: list[Expr] = []
        while not self.accept("}"):
            if items:
                if not self.accept(","):
                    raise self.unexpected("',' or '}'")
                if self.accept("}"):
                    break
            items.append(self.expression())
            self.expect(":")
            items.append(self.expression())
        return Expr("map", start, self.end, tuple(items))


def _reduce(operands: list[tuple[int, int, Expr]], operators: list[tuple[int, str, tuple[int, int]]]) -> None:
    """Join the last operands. ``a && b && c`` becomes one node with three children, unless it has parentheses."""
    precedence, symbol, at = operators.pop()
    count = 2
    if precedence < _COMPARE:
        while operators and operators[-1][0] == precedence:
            at = operators.pop()[2]
            count += 1
    joined = operands[-count:]
    del operands[-count:]
    start, end = joined[0][0], joined[-1][1]
    op: Op = "in" if symbol == "in" else _OPS[precedence]
    tree = Expr(op, start, end, tuple(operand[2] for operand in joined), name=symbol, name_at=at)
    operands.append((start, end, tree))


def _has(arguments: tuple[Expr, ...], start: int, end: int, at: tuple[int, int]) -> Expr:
    if len(arguments) != 1 or arguments[0].op != "select":
        raise CelError("syntax", "has() takes one field, as in has(assertion.name)", start, end)
    field = arguments[0]
    return Expr("has", start, end, field.children, name=field.name, name_at=at)


def _variables(arguments: tuple[Expr, ...], macro: str) -> tuple[str, ...]:
    for argument in arguments:
        if argument.op != "ident" or argument.absolute:
            raise CelError("syntax", f"{macro}() takes a plain name for its variable", argument.start, argument.end)
    names = tuple(argument.name for argument in arguments)
    if len(set(names)) != len(names):
        raise CelError("syntax", f"{macro}() takes two different names", arguments[0].start, arguments[-1].end)
    return names
