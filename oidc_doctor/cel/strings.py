"""Functions over strings: the standard ones, those of the strings extension, and Google's ``extract``.

Offsets and sizes count code points. No function may produce more than `MAX_SIZE` characters.
"""

from __future__ import annotations

from .errors import CelError, quoted
from .values import MAX_SIZE, adopt, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_WHITE: Final = (  # Unicode's white space
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_QUOTE: Final = {ord(char): "\\" + escape for char, escape in zip('\\"\a\b\f\n\r\t\v', '\\"abfnrtv', strict=True)}
_TRUE: Final = frozenset({"1", "t", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "false", "FALSE", "False"})
_DIGITS: Final = 40  # more significant digits than any 64-bit number has


def bounded(size: int) -> None:
    """Raise `CelError` for a value larger than the limit."""
    if size > MAX_SIZE:
        raise CelError("limit", "the expression makes a value that is too large")


def concat(left: Any, right: Any) -> Any:  # two strings, two bytes or two lists
    """``left + right``."""
    bounded(len(left) + len(right))
    return left + right


# Conversions ------------------------------------------------------------------------------------------------


def utf8(text: str) -> bytes:
    """``bytes(text)``; a lone surrogate, which JSON can carry, has no UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CelError("invalid_argument", "the string holds a lone surrogate and has no UTF-8 form") from None


def from_utf8(data: bytes) -> str:
    """``string(data)``."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CelError("invalid_argument", "the bytes are not UTF-8") from None


def to_bool(text: str) -> bool:
    """``bool(text)``."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise CelError("invalid_argument", f"not a bool: {quoted(text)}")


def to_int(text: str) -> int:
    """Parse a decimal integer, of any size up to well beyond 64 bits."""
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if not (digits.isascii() and digits.isdigit()):
        raise CelError("invalid_argument", f"not a whole number: {quoted(text)}")
    value = int("0" + digits.lstrip("0")[:_DIGITS])
    return -value if text[0] == "-" else value


def to_double(text: str) -> float:
    """``double(text)``."""
    if text.isascii() and "_" not in text and text == text.strip():
        try:
            return float(text)
        except ValueError:
            pass
    raise CelError("invalid_argument", f"not a number: {quoted(text)}")


def double_text(value: float) -> str:
    """``string(value)``."""
    if value != value:  # noqa: PLR0124  # NaN
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0")


# Standard functions -----------------------------------------------------------------------------------------

_compiled: dict[str, Any] = {}
_MANY: Final = 256
# Python's re is another language than RE2: an expression that Google accepts would be guessed, not evaluated.
_NO_RE2: Final = "matches() needs RE2, which is not installed: pip install google-re2"


def compiled_pattern(pattern: str) -> Any:  # re2 has no types
    """The pattern compiled by RE2. Raises CelError, with the code ``unknown`` where RE2 is not installed."""
    try:
        import re2  # type: ignore[import-untyped, unused-ignore]  # costs as much as all the rest
    except ImportError:
        raise CelError("unknown", _NO_RE2, lacks=_NO_RE2) from None

    options = re2.Options()
    options.log_errors = False  # otherwise RE2 logs an invalid pattern to stderr from C++
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if isinstance(error, re2.error) else "it holds a lone surrogate"
        if isinstance(reason, bytes):
            reason = reason.decode(errors="replace")
        raise CelError("bad_pattern", f"RE2 does not accept the pattern: {reason}") from None
    if len(_compiled) >= _MANY:
        _compiled.clear()
    _compiled[pattern] = compiled
    return compiled


def matches(text: str, pattern: str, spend: Callable[[int], None] = lambda _work: None) -> bool:
    """Whether RE2 finds the pattern anywhere in the text.

    `spend` is called with the work: for some patterns, the states of the automaton times the characters of the text.
    """
    compiled = _compiled.get(pattern) or compiled_pattern(pattern)
    spend(len(text) * compiled.programsize >> 9)
    return (
        compiled.search(utf8(text)) is not None
    )  # as bytes: the match's offset is not used, so no code points need to be counted


# The strings extension --------------------------------------------------------------------------------------


def _within(place: int, size: int) -> None:
    if not 0 <= place <= size:
        raise CelError("range", f"index out of range: {place}")


def char_at(text: str, place: int) -> str:
    """Return the character at an offset; empty just after the end."""
    _within(place, len(text))
    return text[place : place + 1]


def index_of(text: str, part: str, offset: int = 0) -> int:
    """Return the first offset of `part` from `offset` on, or -1."""
    _within(offset, len(text))
    return text.find(part, offset)


def last_index_of(text: str, part: str) -> int:
    """Return the last offset of `part`, or -1."""
    return text.rfind(part)


def last_index_of_from(text: str, part: str, offset: int) -> int:
    """Return the last offset of `part` that is not after `offset`, or -1."""
    _within(offset, len(text))
    return text.rfind(part, 0, offset + len(part))


def substring(text: str, start: int, end: int | None = None) -> str:
    """Return the characters from `start` up to, not including, `end`."""
    _within(start, len(text))
    if end is None:
        return text[start:]
    _within(end, len(text))
    if start > end:
        raise CelError("range", f"invalid substring range: start {start}, end {end}")
    return text[start:end]


def join(items: list[Any], separator: str = "") -> str:
    """Join the strings of a list with a separator."""
    size = 0
    for item in items:
        if not isinstance(item, str):
            raise CelError(
                "no_such_overload", f"join() takes a list of strings, and this one has {type_name(adopt(item))}"
            )
        size += len(item) + len(separator)
    bounded(size)
    return separator.join(items)


def split(text: str, separator: str, limit: int = -1) -> list[str]:
    """Split at a separator into at most `limit` pieces; an empty separator returns the characters."""
    if limit == 0:
        return []
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    if limit < 0 or limit >= len(text):
        return list(text)
    return [*text[: limit - 1], text[limit - 1 :]]


def replace(text: str, old: str, new: str, limit: int = -1) -> str:
    """Replace the first `limit` occurrences of `old` with `new`, or all of them."""
    count = text.count(old) if limit < 0 else min(limit, text.count(old))
    bounded(len(text) + count * (len(new) - len(old)))
    return text.replace(old, new, max(limit, -1) if limit >= 0 else -1)


def trim(text: str) -> str:
    """Remove Unicode white space at both ends."""
    return text.strip(_WHITE)


def lower_ascii(text: str) -> str:
    """Change A to Z to lower case; keep other letters."""
    return text.translate(_LOWER)


def upper_ascii(text: str) -> str:
    """Change a to z to upper case; keep other letters."""
    return text.translate(_UPPER)


def reverse(text: str) -> str:
    """Reverse the code points."""
    return text[::-1]


def quote_text(text: str) -> str:
    """``strings.quote(text)``."""
    return '"' + text.translate(_QUOTE) + '"'


def extract(text: str, template: str) -> str:
    """Return the part of `text` that ``{name}`` in the template represents; empty when the template does not match.

    The text before ``{name}`` is searched from the start, the text after it from there on; the first match counts.
    A function of Google's own, described under "extract" in the attribute reference of IAM Conditions.
    """
    before, opened, remainder = template.partition("{")
    _, closed, after = remainder.partition("}")
    if not opened or not closed or "{" in after or "}" in before + after or "{" in remainder[: remainder.find("}")]:
        raise CelError("invalid_argument", "extract() takes a template with one {name} in it")
    place = text.find(before)
    if place < 0:
        return ""
    start = place + len(before)
    if not after:
        return text[start:]
    end = text.find(after, start)
    return text[start:end] if end >= 0 else ""


# The encoders extension -------------------------------------------------------------------------------------


def base64_encode(data: bytes) -> str:
    """``base64.encode(data)``."""
    import base64

    return base64.b64encode(data).decode()


def base64_decode(text: str) -> bytes:
    """``base64.decode(text)``; padding may be missing."""
    import base64
    import binascii

    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise CelError("invalid_argument", f"not base64: {quoted(text)}") from None
