"""Every operator and function with its overloads, and which functions Google is not known to support.

An overload is chosen by the exact types of the values, as in the specification. The same rows are the checker's
declarations, so evaluation and checking cannot disagree.
"""

from __future__ import annotations

import operator

from . import numbers, strings, times
from .formatting import format_text
from .values import TYPES, Duration, Map, Timestamp, UInt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from .syntax import Expr
    from .values import Value

    Implementation = Callable[..., Value]
    Row = tuple[str, str, Implementation]  # types of the arguments, type of the result, what computes it

_PYTHON: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "uint": (UInt,),
    "double": (float,),
    "bool": (bool,),
    "string": (str,),
    "bytes": (bytes,),
    "list": (list,),
    "map": (dict, Map),
    "timestamp": (Timestamp,),
    "duration": (Duration,),
}

# Google documents the standard definitions, extract, split and join. These functions come with the same extensions;
# whether Google's workload identity pools support them is not known.
UNCONFIRMED: Final = frozenset({
    "charAt", "format", "indexOf", "lastIndexOf", "lowerAscii", "replace", "reverse", "substring", "trim", "upperAscii",
    "strings.quote", "base64.encode", "base64.decode", "cel.bind",
    "existsOne", "transformList", "transformMap", "transformMapEntry",
})  # fmt: skip


class Function:
    """A name with its overloads. `anything` computes the result for every single argument, whatever its type."""

    __slots__ = ("anything", "name", "overloads", "signatures")

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.name = name
        self.signatures = [(row[0].split(), row[1]) for row in rows]
        self.overloads: dict[tuple[type, ...], Implementation] = {}
        self.anything: Implementation | None = None
        for (arguments, _), (_, _, implementation) in zip(self.signatures, rows, strict=True):
            if arguments == ["A"]:
                self.anything = implementation
                continue
            keys: list[tuple[type, ...]] = [()]
            for argument in arguments:
                kinds = _PYTHON[argument.partition("(")[0]]
                keys = [(*key, kind) for key in keys for kind in kinds]
            for key in keys:
                self.overloads[key] = implementation

    def mismatch(self, types: Sequence[str], *, method: bool) -> str:
        """The message for types that no overload accepts."""
        if method:
            call = f"{types[0]}.{self.name}({', '.join(types[1:])})"
        elif not self.name.replace(".", "").isidentifier():
            call = f" {self.name} ".join(types) if len(types) > 1 else self.name + types[0]
        else:
            call = f"{self.name}({', '.join(types)})"
        return f"no such overload: {call}"


def _operators() -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for name, compute in numbers.ARITHMETIC.items():
        rows[name] = [
            ("int int", "int", numbers.on_ints(compute)),
            ("uint uint", "uint", numbers.on_uints(compute)),
        ]
    doubles: dict[str, Implementation] = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "/": numbers.divide_doubles,
    }  # fmt: skip
    for name, divide in doubles.items():
        rows[name].append(("double double", "double", divide))
    add, subtract = numbers.ARITHMETIC["+"], numbers.ARITHMETIC["-"]
    rows["+"] += [
        ("string string", "string", strings.concat),
        ("bytes bytes", "bytes", strings.concat),
        ("list(A) list(A)", "list(A)", strings.concat),
        ("timestamp duration", "timestamp", lambda left, right: times.make_timestamp(add(left, right))),
        ("duration timestamp", "timestamp", lambda left, right: times.make_timestamp(add(left, right))),
        ("duration duration", "duration", lambda left, right: times.make_duration(add(left, right))),
    ]
    rows["-"] += [
        ("timestamp duration", "timestamp", lambda left, right: times.make_timestamp(subtract(left, right))),
        ("timestamp timestamp", "duration", lambda left, right: times.make_duration(subtract(left, right))),
        ("duration duration", "duration", lambda left, right: times.make_duration(subtract(left, right))),
        ("int", "int", lambda value: numbers.int_result(-value)),
        ("double", "double", operator.neg),
    ]
    rows["!"] = [("bool", "bool", operator.not_)]
    for name, compare in numbers.COMPARISONS.items():
        kinds = ("int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration")
        rows[name] = [(f"{kind} {kind}", "bool", compare) for kind in kinds]
    return rows


_SIZE: Final[list[Row]] = [(kind, "int", len) for kind in ("string", "bytes", "list(A)", "map(A,B)")]
_MATCHES: Final[list[Row]] = [("string string", "bool", strings.matches)]


def _itself(value: Value) -> Value:
    return value


_GLOBALS: Final[dict[str, list[Row]]] = {
    "size": _SIZE,
    "matches": _MATCHES,
    "dyn": [("A", "dyn", _itself)],
    "type": [("A", "type", lambda value: TYPES[type(value)])],
    "int": [
        ("int", "int", _itself),
        ("uint", "int", numbers.int_in_range),
        ("double", "int", numbers.int_in_range),
        ("string", "int", numbers.int_of_text),
        ("timestamp", "int", lambda value: int(value) // times.SECOND),
    ],
    "uint": [
        ("uint", "uint", _itself),
        ("int", "uint", numbers.uint_in_range),
        ("double", "uint", numbers.uint_in_range),
        ("string", "uint", numbers.uint_of_text),
    ],
    "double": [
        ("double", "double", _itself),
        ("int", "double", float),
        ("uint", "double", float),
        ("string", "double", strings.to_double),
    ],
    "string": [
        ("string", "string", _itself),
        ("int", "string", str),
        ("uint", "string", lambda value: str(int(value))),
        ("double", "string", strings.double_text),
        ("bool", "string", lambda value: "true" if value else "false"),
        ("bytes", "string", strings.from_utf8),
        ("timestamp", "string", times.timestamp_text),
        ("duration", "string", times.duration_text),
    ],
    "bytes": [("bytes", "bytes", _itself), ("string", "bytes", strings.utf8)],
    "bool": [("bool", "bool", _itself), ("string", "bool", strings.to_bool)],
    "timestamp": [
        ("timestamp", "timestamp", _itself),
        ("string", "timestamp", times.parse_timestamp),
        ("int", "timestamp", lambda value: times.make_timestamp(value * times.SECOND)),
    ],
    "duration": [("duration", "duration", _itself), ("string", "duration", times.parse_duration)],
    "strings.quote": [("string", "string", strings.quote_text)],
    "base64.encode": [("bytes", "string", strings.base64_encode)],
    "base64.decode": [("string", "bytes", strings.base64_decode)],
}

_METHODS: Final[dict[str, list[Row]]] = {
    "size": _SIZE,
    "matches": _MATCHES,
    "startsWith": [("string string", "bool", str.startswith)],
    "endsWith": [("string string", "bool", str.endswith)],
    "contains": [("string string", "bool", str.__contains__)],
    "extract": [("string string", "string", strings.extract)],
    "charAt": [("string int", "string", strings.char_at)],
    "indexOf": [("string string", "int", strings.index_of), ("string string int", "int", strings.index_of)],
    "lastIndexOf": [
        ("string string", "int", strings.last_index_of),
        ("string string int", "int", strings.last_index_of_from),
    ],
    "substring": [("string int", "string", strings.substring), ("string int int", "string", strings.substring)],
    "join": [("list(string)", "string", strings.join), ("list(string) string", "string", strings.join)],
    "split": [
        ("string string", "list(string)", strings.split),
        ("string string int", "list(string)", strings.split),
    ],
    "replace": [
        ("string string string", "string", strings.replace),
        ("string string string int", "string", strings.replace),
    ],
    "trim": [("string", "string", strings.trim)],
    "lowerAscii": [("string", "string", strings.lower_ascii)],
    "upperAscii": [("string", "string", strings.upper_ascii)],
    "reverse": [("string", "string", strings.reverse)],
    "format": [("string list(dyn)", "string", format_text)],
    "getMilliseconds": [
        ("timestamp", "int", times.get_milliseconds),
        ("timestamp string", "int", times.get_milliseconds),
        ("duration", "int", times.get_milliseconds),
    ],
    **{
        name: [
            ("timestamp", "int", part),
            ("timestamp string", "int", part),
            *([("duration", "int", times.DURATION_PARTS[name])] if name in times.DURATION_PARTS else []),
        ]
        for name, part in times.PARTS.items()
    },
}


def _built(rows: dict[str, list[Row]]) -> dict[str, Function]:
    return {name: Function(name, overloads) for name, overloads in rows.items()}


OPERATORS: Final = _built(_operators())
for (
    _name,
    _compare,
) in numbers.COMPARISONS.items():  # across number types: for values only, since the checker has no such overloads
    _through = numbers.as_doubles(_compare)
    OPERATORS[_name].overloads |= {(int, UInt): _compare, (UInt, int): _compare}
    OPERATORS[_name].overloads |= {(kind, float): _through for kind in (int, UInt)}
    OPERATORS[_name].overloads |= {(float, kind): _through for kind in (int, UInt)}
GLOBALS: Final = _built(_GLOBALS)
METHODS: Final = _built(_METHODS)


def function_of(expr: Expr) -> Function | None:
    """Return the function of a call or of an operator that is no special form; None where it does not exist."""
    if expr.op == "call":
        return (METHODS if expr.method else GLOBALS).get(expr.name)
    return OPERATORS[expr.name]
