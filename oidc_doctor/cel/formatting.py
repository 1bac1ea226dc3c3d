"""``text.format([...])`` of the strings extension."""

from __future__ import annotations

from .errors import CelError, quoted
from .strings import bounded, double_text, from_utf8
from .times import duration_text, timestamp_text
from .values import MAX_DEPTH, CelType, Duration, Map, Timestamp, UInt, adopt, entries, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .values import Value

_PRECISION: Final = 6
_MAX_PRECISION: Final = 1000
_INTEGERS: Final = frozenset({int, UInt})


def format_text(template: str, values: list[Value]) -> str:
    """Return the template with ``%s %d %f %e %b %o %x %X`` filled in order; raises `CelError`."""
    parts: list[str] = []
    size = used = at = 0
    while True:
        percent = template.find("%", at)
        if percent < 0:
            parts.append(template[at:])
            break
        parts.append(template[at:percent])
        at = percent + 1
        if template.startswith("%", at):
            parts.append("%")
            at += 1
            continue
        verb, precision, at = _clause(template, at)
        if used >= len(values):
            raise CelError("invalid_argument", f"format() has no value number {used + 1}")
        parts.append(_filled(verb, precision, adopt(values[used])))
        used += 1
        size += len(parts[-1])
        bounded(size)
    text = "".join(parts)
    bounded(len(text))
    return text


def _clause(template: str, at: int) -> tuple[str, int, int]:
    """Return the letter after a percent sign, the precision before it, and the offset after both."""
    precision = _PRECISION
    if template.startswith(".", at):
        start = at = at + 1
        while template[at : at + 1] in set("0123456789"):
            at += 1
        if at == start or at - start > len(str(_MAX_PRECISION)) or int(template[start:at]) > _MAX_PRECISION:
            raise CelError("invalid_argument", f"format() accepts a precision up to {_MAX_PRECISION}")
        precision = int(template[start:at])
    verb = template[at : at + 1]
    if not verb or verb not in "sdfeboxX":
        raise CelError("invalid_argument", f"format() does not know {quoted('%' + verb)}")
    return verb, precision, at + 1


def _filled(verb: str, precision: int, value: Value) -> str:
    kind = type(value)
    digits: str
    if verb == "s":
        parts: list[str] = []
        _write(value, parts, 0, 0)
        return "".join(parts)
    if verb == "d":
        if kind in _INTEGERS:
            return str(int(value))
        if kind is float and (value != value or value in {float("inf"), float("-inf")}):  # noqa: PLR0124
            return double_text(value)
    elif verb in "fe":
        if kind in _INTEGERS:
            value = float(value)
        if type(value) is float:
            digits = format(value, f".{precision}{verb}")
            return digits if digits[-1].isdigit() else double_text(value)
    elif verb in "xX":
        if kind is str or kind is bytes:
            digits = (value if kind is bytes else value.encode(errors="surrogatepass")).hex()
            return digits.upper() if verb == "X" else digits
        if kind in _INTEGERS:
            return format(int(value), verb)
    elif kind in _INTEGERS or (kind is bool and verb == "b"):
        return format(int(value), verb)
    raise CelError("no_such_overload", f"format() cannot write {type_name(value)} as %{verb}")


def _write(value: Value, parts: list[str], size: int, depth: int) -> int:
    """Append the text of any value, and return the size so far: a list may contain another list many times."""
    if depth > MAX_DEPTH:
        raise CelError("limit", "a value is nested too deeply to format")
    kind = type(value)
    if kind is list:
        parts.append("[")
        for number, item in enumerate(value):
            if number:
                parts.append(", ")
            size = _write(adopt(item), parts, size + 2, depth + 1)
        parts.append("]")
    elif kind is dict or kind is Map:
        texts: list[tuple[str, Value]] = []
        for key, item in entries(value):
            key_text: list[str] = []
            size = _write(adopt(key), key_text, size + 4, depth + 1)
            texts.append((key_text[0], item))
        parts.append("{")
        for number, (text, item) in enumerate(sorted(texts, key=lambda entry: entry[0])):
            parts.append(f"{', ' if number else ''}{text}: ")
            size = _write(adopt(item), parts, size, depth + 1)
        parts.append("}")
    else:
        parts.append(_scalar(value))
    size += len(parts[-1])
    bounded(size)
    return size


def _scalar(value: Value) -> str:
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bytes:
        return from_utf8(value)
    if kind is float:
        return double_text(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is Timestamp:
        return timestamp_text(value)
    if kind is Duration:
        return duration_text(value)
    if kind is CelType:
        return str(value.name)
    if value is None:
        return "null"
    return str(int(value))
