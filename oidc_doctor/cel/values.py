"""The values of the language, and equality between them.

string, bool, double, bytes, null and list are Python's own types. A map is a `dict` when every key is a string, else a
`Map`. int is `int`; uint, timestamp and duration are subclasses of it, and bool is one in Python, so code here asks
``type(x) is``, never `isinstance`.
"""

from __future__ import annotations

from oidc_doctor.model import limits

from .errors import CelError, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Final

    Value = Any  # any value of the language; which one is decided by `type(x) is`

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
UINT_MAX: Final = 2**64 - 1

# Bounds of this evaluator, not of the language. Google allows a condition 4,096 characters.
MAX_DEPTH: Final = limits.CEL_DEPTH.most  # so that Python's own stack does not overflow first
MAX_SIZE: Final = limits.CEL_VALUE.most
WORK: Final = limits.CEL_WORK.most  # less than a second
TRACE_ROOM: Final = limits.CEL_TRACE.most


class UInt(int):
    """An unsigned 64-bit integer, ``1u``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


class Duration(int):
    """A signed span in nanoseconds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Duration({int(self)})"


class Timestamp(int):
    """Nanoseconds since 1970-01-01T00:00:00Z, years 1 to 9999."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Timestamp({int(self)})"


class CelType:
    """A type as a value, the result of ``type(x)``."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is CelType and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return self.name


class Map:
    """A map with keys that are not all strings. ``1``, ``1u`` and ``1.0`` name one key, ``true`` another."""

    __slots__ = ("_entries",)

    def __init__(self, pairs: Iterable[tuple[object, object]]) -> None:
        self._entries: dict[object, tuple[object, object]] = {_slot(key): (key, value) for key, value in pairs}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[object]:
        return (key for key, _ in self._entries.values())

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{key!r}: {value!r}" for key, value in self.items()) + "}"

    def items(self) -> Iterable[tuple[object, object]]:
        """Keys and values, in the order written."""
        return self._entries.values()

    def get(self, key: object, default: object = None) -> object:
        """Return the value of a key, which may be any value."""
        slot = _slot(key)
        entry = self._entries.get(slot) if slot is not None else None
        return default if entry is None else entry[1]


class Mark:
    """A named marker instead of a value."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


MISSING: Final = Mark("MISSING")

# Callers bind it, anywhere inside of their values, where they do not know the value nor whether there is one. Reading
# it, or testing whether it exists, is an error with the code ``unknown``, which && and || absorb like any other error.
UNKNOWN: Final = Mark("UNKNOWN")


class Scope:
    """The state of an evaluation: the bindings, the loop variables, and the remaining work."""

    __slots__ = ("bindings", "room", "text", "variables", "work")

    def __init__(self, bindings: Mapping[str, object], slots: int, text: str) -> None:
        self.bindings = bindings
        self.text = text
        self.variables: list[Value] = [None] * slots
        self.work = WORK
        self.room = TRACE_ROOM

    def spend(self, amount: int) -> None:
        """Count work and raise at the limit: expressions and claims are untrusted, so every evaluation must end."""
        self.work -= amount
        if self.work < 0:
            raise CelError("limit", "the expression is too expensive to evaluate")


TYPES: Final[dict[type, CelType]] = {
    int: CelType("int"),
    UInt: CelType("uint"),
    float: CelType("double"),
    bool: CelType("bool"),
    str: CelType("string"),
    bytes: CelType("bytes"),
    list: CelType("list"),
    dict: CelType("map"),
    Map: CelType("map"),
    type(None): CelType("null_type"),
    Timestamp: CelType("google.protobuf.Timestamp"),
    Duration: CelType("google.protobuf.Duration"),
    CelType: CelType("type"),
}
TYPES_BY_NAME: Final[dict[str, CelType]] = {kind.name: kind for kind in TYPES.values()}

# `int` is left out: a Python integer may be wider than 64 bits, so it goes the slow path of `adopt`.
READY: Final = frozenset(TYPES) - {int}
_SCALARS: Final = frozenset({str, bool, int, float, bytes, UInt, Timestamp, Duration, type(None), CelType})
_NUMBERS: Final = frozenset({int, UInt, float})


def type_name(value: object) -> str:
    """Return the name of a value's type in the language."""
    if value is None:
        return "null"
    kind = TYPES.get(type(value))
    return kind.name.removeprefix("google.protobuf.").lower() if kind else type(value).__name__


def adopt(value: Value) -> Value:
    """Convert a plain Python value that a caller bound to a value of the language.

    An integer beyond 64 bits becomes a double. Raises `CelError` for anything that JSON cannot hold.
    """
    kind = type(value)
    if kind in READY:
        return value
    if isinstance(value, int):
        if INT_MIN <= value <= INT_MAX:
            return int(value)
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if value is UNKNOWN:
        raise CelError("unknown", "the value is not known")
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return dict(value)  # any other Mapping
    raise CelError("invalid_argument", f"a value of the Python type {kind.__name__} cannot be used")


def _slot(key: Value) -> object:
    """Return the slot under which a key is stored, or None where no key can equal it."""
    kind = type(key)
    if kind is str:
        return key
    if kind is bool:
        return (key,)
    if kind is int or kind is UInt:
        return int(key)
    if kind is float and key.is_integer():
        return int(key)
    return None


def make_map(literal_entries: list[tuple[Value, Value]]) -> dict[str, Value] | Map:
    """Build a map from a literal's entries; raises `CelError` for a key of another type and for a duplicate key."""
    plain = True
    for key, _ in literal_entries:
        kind = type(key)
        if kind is not str:
            plain = False
            if kind is not int and kind is not UInt and kind is not bool:
                raise CelError("no_such_overload", f"a map key must be int, uint, bool or string, not {type_name(key)}")
    mapping: dict[str, Value] | Map = dict(literal_entries) if plain else Map(literal_entries)
    if len(mapping) != len(literal_entries):
        raise CelError("invalid_argument", "the map has the same key twice")
    return mapping


def lookup(mapping: dict[Any, Any] | Map, key: Value) -> Value:
    """Return the value of a key, or `MISSING`."""
    if type(mapping) is Map:
        return mapping.get(key, MISSING)
    assert type(mapping) is dict  # noqa: S101  # callers dispatch on the type
    if type(key) is str:
        return mapping.get(key, MISSING)
    slot = _slot(key)
    if slot is None or key not in mapping:
        return MISSING
    # In a dict that a caller bound, Python treats True as 1, so the stored key has to be compared.
    for stored_key, value in mapping.items():
        if type(stored_key) is not str and _slot(adopt(stored_key)) == slot:
            return value
    return MISSING


def is_there(value: Value) -> bool:
    """Whether a result of `lookup` is a value; raises `CelError` where that is not known."""
    if value is UNKNOWN:
        adopt(value)
    return value is not MISSING


def entries(mapping: dict[Any, Any] | Map) -> Iterable[tuple[Value, Value]]:
    """Return the keys and values of a map."""
    return mapping.items()


def equal(left: Value, right: Value, scope: Scope, depth: int = 0) -> bool:
    """Return whether two values are equal in the language: different types are no error, numbers compare by value.

    Elements visited are counted as work: a value can contain another many times, so its size does not bound the work.
    """
    left_kind, right_kind = type(left), type(right)
    if (left_kind is right_kind and left_kind in _SCALARS) or (left_kind in _NUMBERS and right_kind in _NUMBERS):
        is_equal: bool = left == right
        return is_equal
    if depth > MAX_DEPTH:
        raise CelError("limit", "a value is nested too deeply to compare")
    if left_kind is list and right_kind is list:
        return _equal_lists(left, right, scope, depth)
    if (left_kind is dict or left_kind is Map) and (right_kind is dict or right_kind is Map):
        return _equal_maps(left, right, scope, depth)
    if left_kind not in TYPES or right_kind not in TYPES:  # inside a bound list or map
        return equal(adopt(left), adopt(right), scope, depth + 1)
    return False


def _equal_lists(left: list[Value], right: list[Value], scope: Scope, depth: int) -> bool:
    if len(left) != len(right):
        return False
    scope.spend(2 + 2 * len(left))
    return all(equal(a, b, scope, depth + 1) for a, b in zip(left, right, strict=True))


def _equal_maps(left: dict[Any, Any] | Map, right: dict[Any, Any] | Map, scope: Scope, depth: int) -> bool:
    if len(left) != len(right):
        return False
    scope.spend(4 + 4 * len(left))
    for key, value in entries(left):
        right_value = lookup(right, adopt(key))
        if right_value is MISSING or not equal(value, right_value, scope, depth + 1):
            return False
    return True


def contains(needle: Value, haystack: Value, scope: Scope) -> bool:
    """Apply the operator ``in``; raises `CelError` when the right side is neither list nor map."""
    kind = type(haystack)
    if kind is list:
        scope.spend(len(haystack) >> 3)
        if type(needle) is str:  # Python's own test is right for strings, which equal nothing else
            is_element = needle in haystack
        else:
            is_element = any(equal(needle, item, scope) for item in haystack if item is not UNKNOWN)
        if not is_element and UNKNOWN in haystack:
            adopt(UNKNOWN)
        return is_element
    if kind is dict or kind is Map:
        return is_there(lookup(haystack, needle))
    raise CelError(
        "no_such_overload",
        f"'in' looks into a list or the keys of a map, not into {type_name(haystack)}",
    )


def index(container: Value, key: Value) -> Value:
    """``container[key]``; raises `CelError`."""
    kind = type(container)
    if kind is dict or kind is Map:
        value = lookup(container, key)
        if value is MISSING:
            raise CelError("no_such_key", f"no such key: {quoted(key)}", key=key)
        return adopt(value)
    if kind is list:
        place = key
        if type(key) is float and key.is_integer():
            place = int(key)
        if type(place) is not int and type(place) is not UInt:
            raise CelError("invalid_argument", f"the index of a list must be a whole number, not {type_name(key)}")
        if not 0 <= place < len(container):
            raise CelError("invalid_argument", f"index out of range: {place}")
        return adopt(container[place])
    raise CelError("no_such_overload", f"{type_name(container)} has no elements to index")
