"""Report the faults for which a type checker refuses to save an expression, before any token is evaluated.

Only certain mismatches are reported: a value of unknown type (``dyn``, such as a claim) passes everywhere. What
operators and functions accept is read from the evaluator's own rows in `functions`.
"""

from __future__ import annotations

from . import times
from .errors import CelError, quoted
from .functions import function_of
from .strings import compiled_pattern
from .syntax import candidates, prefixes
from .values import TYPES_BY_NAME, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from .functions import Function
    from .syntax import Expr

    Type = tuple[str, *tuple["Type", ...]]  # the name, then the types of elements, or of keys and values

# The names that a condition or mapping of a Google workload identity pool provider can use. Attributes are strings by
# their mapping; claims have whatever type the issuer wrote.
WORKLOAD_IDENTITY_TYPES: Final[Mapping[str, str]] = {
    "google.subject": "string",
    "google.groups": "list(string)",
    "google": "dyn",
    "attribute": "map(string, string)",
    "assertion": "dyn",
}

_INSTANTS: Final = {"duration": times.parse_duration, "timestamp": times.parse_timestamp}
_DYN: Final[Type] = ("dyn",)
_BOOL: Final[Type] = ("bool",)
_OF_FUNCTION: Final[dict[str, Type]] = {}


def check(tree: Expr, types: Mapping[str, str] | None, *, result: str | None, container: str) -> list[CelError]:
    """Return the errors in the order of the text. See `oidc_doctor.cel.Program.check`."""
    checker = _Checker(types, container)
    actual = checker.visit(tree, {})
    if result is not None and not _agree(actual, parse_type(result)):
        message = f"the expression returns {_type_text(actual)} where {result} is needed"
        checker.errors.append(CelError("result_type", message, tree.start, tree.end))
    return sorted(checker.errors, key=lambda error: error.start)


def parse_type(text: str) -> Type:
    """Parse ``map(string, list(int))`` as a type; raises `ValueError` for unbalanced text."""
    name, opened, arguments = text.strip().partition("(")
    if not opened:
        return (name,)
    if not arguments.endswith(")"):
        raise ValueError(text)
    parts: list[Type] = []
    depth = start = 0
    for place, char in enumerate(arguments):
        if depth == 0 and (char == "," or place == len(arguments) - 1):
            parts.append(parse_type(arguments[start:place]))
            start = place + 1
        depth += (char == "(") - (char == ")")
    return (name.strip(), *parts)


def _type_text(kind: Type) -> str:
    return f"{kind[0]}({', '.join(_type_text(part) for part in kind[1:])})" if len(kind) > 1 else kind[0]


def _null_for(name: str, other_type: str) -> bool:
    """Whether a type is a message type, of which null may be a value."""
    return name in {"timestamp", "duration"} and other_type == "null"


def _agree(left: Type, right: Type) -> bool:
    """Whether a value could be of both types."""
    if _DYN in {left, right}:
        return True
    if left[0] != right[0]:
        return _null_for(left[0], right[0]) or _null_for(right[0], left[0])
    if len(left) != len(right):  # a bare list or map has elements of any type
        return True
    return all(_agree(a, b) for a, b in zip(left[1:], right[1:], strict=True))


def _join(kinds: list[Type]) -> Type:
    """Return the common type of a literal's elements, dyn where they differ."""
    first = kinds[0] if kinds else _DYN
    return first if all(kind == first for kind in kinds) else _DYN


def _fits(formal: Type, actual: Type, parameters: dict[str, Type]) -> bool:
    """Whether an argument fits a declared type, in which each capital letter represents one type."""
    name = formal[0]
    if name in {"A", "B"}:
        if name in parameters and not _agree(parameters[name], actual):
            return False
        if parameters.get(name, _DYN) == _DYN:
            parameters[name] = actual
        return True
    if _DYN in {actual, formal}:
        return True
    if name != actual[0]:
        return _null_for(name, actual[0])
    return all(_fits(a, b, parameters) for a, b in zip(formal[1:], actual[1:], strict=False))


def _filled(formal: Type, parameters: dict[str, Type]) -> Type:
    if formal[0] in {"A", "B"}:
        return parameters.get(formal[0], _DYN)
    return (formal[0], *(_filled(part, parameters) for part in formal[1:]))


def _declared(text: str) -> Type:
    kind = _OF_FUNCTION.get(text)
    if kind is None:
        kind = _OF_FUNCTION[text] = parse_type(text)
    return kind


class _Checker:
    def __init__(self, types: Mapping[str, str] | None, container: str) -> None:
        self.open = types is None
        self.types = {name: parse_type(text) for name, text in (types or {}).items()}
        self.prefixes = prefixes(container)
        self.errors: list[CelError] = []

    def refuse(self, expr: Expr, message: str) -> Type:
        """Record a mismatch. The result is dyn, so that a fault is reported once."""
        self.errors.append(CelError("no_such_overload", message, expr.start, expr.end))
        return _DYN

    def visit(self, expr: Expr, variables: dict[str, Type]) -> Type:
        """Return the type of an expression."""
        op = expr.op
        if op == "literal":
            return (type_name(expr.value),)
        if op == "ident":
            return self.ident(expr, variables)
        if op in {"select", "has"}:
            return self.field(expr, variables)
        if op == "comprehension":
            return self.comprehension(expr, variables)
        if op == "bind":
            value = self.visit(expr.children[0], variables)
            return self.visit(expr.children[1], {**variables, expr.variables[0]: value})
        kinds = [self.visit(child, variables) for child in expr.children]
        if op == "list":
            return ("list", _join(kinds))
        if op == "map":
            return ("map", _join(kinds[::2]), _join(kinds[1::2]))
        if op in {"and", "or"}:
            for child, kind in zip(expr.children, kinds, strict=True):
                self.want_bool(child, kind)
            return _BOOL
        if op == "index":
            return self.index(expr, *kinds)
        if op == "in":
            return self.membership(expr, *kinds)
        if op == "conditional":
            return self.conditional(expr, *kinds)
        if op == "compare" and expr.name in {"==", "!="}:
            if not _agree(*kinds):
                self.refuse(
                    expr,
                    f"{_type_text(kinds[0])} {expr.name} {_type_text(kinds[1])}: the two sides have different types",
                )
            return _BOOL
        return self.call(expr, kinds)

    def want_bool(self, expr: Expr, kind: Type) -> None:
        if not _agree(kind, _BOOL):
            self.refuse(expr, f"a bool is needed here, and this is {_type_text(kind)}")

    def ident(self, expr: Expr, variables: dict[str, Type]) -> Type:
        if expr.name in variables and not expr.absolute:
            return variables[expr.name]
        names = candidates(expr, self.prefixes, variables)
        for name in names:
            if name in self.types:
                return self.types[name]
        if any(name in TYPES_BY_NAME for name in names):
            return ("type",)
        if self.open or any(declared.startswith(name + ".") for name in names for declared in self.types):
            return _DYN
        message = f"undeclared reference to {quoted(expr.name)}"
        error = CelError("no_such_attribute", message, expr.start, expr.end, key=expr.name, path=expr.name)
        self.errors.append(error)
        return _DYN

    def field(self, expr: Expr, variables: dict[str, Type]) -> Type:
        operand = expr.children[0]
        if expr.op == "has":
            names = [f"{name}.{expr.name}" for name in candidates(operand, self.prefixes, variables)]
        else:
            names = candidates(expr, self.prefixes, variables)
        for name in names:
            if name in self.types or name in TYPES_BY_NAME:
                return _BOOL if expr.op == "has" else self.types.get(name, ("type",))
        kind = self.visit(operand, variables)
        if kind[0] not in {"map", "dyn"}:
            self.refuse(expr, f"{_type_text(kind)} has no fields, so no {quoted(expr.name)}")
        if expr.op == "has":
            return _BOOL
        return kind[2] if len(kind) > 2 else _DYN  # noqa: PLR2004

    def index(self, expr: Expr, container: Type, key: Type) -> Type:
        if container[0] == "list":
            if not _agree(key, ("int",)):
                return self.refuse(expr, f"the index of a list must be int, not {_type_text(key)}")
            return container[-1] if len(container) > 1 else _DYN
        if container[0] == "map":
            if len(container) > 1 and not _agree(key, container[1]):
                return self.refuse(expr, f"the key of {_type_text(container)} cannot be {_type_text(key)}")
            return container[-1] if len(container) > 1 else _DYN
        return _DYN if container == _DYN else self.refuse(expr, f"{_type_text(container)} has no elements to index")

    def membership(self, expr: Expr, needle: Type, haystack: Type) -> Type:
        if haystack[0] not in {"list", "map", "dyn"}:
            self.refuse(expr, f"'in' looks into a list or the keys of a map, not into {_type_text(haystack)}")
        elif len(haystack) > 1 and not _agree(needle, haystack[1]):
            self.refuse(expr, f"{_type_text(needle)} cannot be in {_type_text(haystack)}")
        return _BOOL

    def conditional(self, expr: Expr, condition: Type, yes: Type, no: Type) -> Type:
        self.want_bool(expr.children[0], condition)
        if not _agree(yes, no):
            return self.refuse(expr, f"the two results have different types: {_type_text(yes)} and {_type_text(no)}")
        return yes if yes == no else _DYN

    def call(self, expr: Expr, kinds: list[Type]) -> Type:
        function = function_of(expr)
        if function is None:
            message = f"there is no {'method' if expr.method else 'function'} {quoted(expr.name)}"
            self.errors.append(CelError("no_such_function", message, *expr.name_at, key=expr.name))
            return _DYN
        results = _results(function, kinds)
        if not results:
            return self.refuse(expr, function.mismatch([_type_text(kind) for kind in kinds], method=expr.method))
        if expr.name == "matches" and kinds and isinstance(expr.children[-1].value, str):
            self.pattern(expr.children[-1])
        if expr.name in ("duration", "timestamp") and not expr.method and len(expr.children) == 1:
            self.instant(expr, expr.children[0])
        return _join(results)

    def instant(self, expr: Expr, literal: Expr) -> None:
        """Record a literal that is no duration or timestamp: cel-go's validators of literals refuse it."""
        if literal.op != "literal" or not isinstance(literal.value, str):
            return
        try:
            _INSTANTS[expr.name](literal.value)
        except CelError as error:
            error.start, error.end = literal.start, literal.end
            self.errors.append(error)

    def pattern(self, literal: Expr) -> None:
        """Record a regular expression, written as a literal, that RE2 does not compile."""
        try:
            compiled_pattern(str(literal.value))
        except CelError as error:
            if error.lacks:  # without RE2 a pattern cannot be validated
                return
            error.start, error.end = literal.start, literal.end
            self.errors.append(error)

    def comprehension(self, expr: Expr, variables: dict[str, Type]) -> Type:
        source = self.visit(expr.children[0], variables)
        if source[0] not in {"list", "map", "dyn"}:
            self.refuse(
                expr.children[0], f"{expr.name}() goes through a list or the keys of a map, not {_type_text(source)}"
            )
            source = _DYN
        parts = [*source[1:], _DYN, _DYN][:2]
        if len(expr.variables) == 1:
            turn = [parts[0]]
        else:
            turn = parts if source[0] == "map" else [("int",) if source[0] == "list" else _DYN, parts[0]]
        inner = {**variables, **dict(zip(expr.variables, turn, strict=True))}
        bodies = [self.visit(child, inner) for child in expr.children[1:]]
        makes = expr.name == "map" or expr.name.startswith("transform")
        for child, kind in zip(expr.children[1:], bodies, strict=True):
            if not makes or child is not expr.children[-1]:
                self.want_bool(child, kind)
        if expr.name == "filter":
            return ("list", parts[0])
        if expr.name in {"map", "transformList"}:
            return ("list", bodies[-1])
        if expr.name == "transformMap":
            return ("map", turn[0], bodies[-1])
        if expr.name == "transformMapEntry":
            if bodies[-1][0] not in {"map", "dyn"}:
                message = f"transformMapEntry() needs a map, and this is {_type_text(bodies[-1])}"
                return self.refuse(expr.children[-1], message)
            return bodies[-1]
        return _BOOL


def _results(function: Function, kinds: list[Type]) -> list[Type]:
    """Return the result types of the overloads that the arguments could match."""
    results: list[Type] = []
    for arguments, result in function.signatures:
        parameters: dict[str, Type] = {}
        if len(arguments) == len(kinds) and all(
            _fits(_declared(argument), kind, parameters) for argument, kind in zip(arguments, kinds, strict=True)
        ):
            results.append(_filled(_declared(result), parameters))
    return results
