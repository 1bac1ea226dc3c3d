"""Text to tokens."""

from __future__ import annotations

from .errors import CelError, quoted
from .values import INT_MAX, UINT_MAX, UInt

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Final

    Token = tuple[str, int, int, object]  # kind, start, end, and the value: of an op or name its text

RESERVED: Final = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "namespace",
    "package", "return", "var", "void", "while",
})  # fmt: skip

# Possessive repeats and atomic groups: the text is untrusted and must not cause catastrophic backtracking. A group is
# never repeated possessively: Python before 3.11.5 then matches too much (CPython issue 106052).
_PATTERN: Final = r"""
  (?P<space>(?>(?:[\t\n\f\r ]++|//[^\n]*+)+))
| (?P<text>[bB]?(?:
      [rR](?: '''(?>(?:[^']++|'(?!''))*)''' | \"\"\"(?>(?:[^"]++|"(?!""))*)\"\"\" | '[^'\n\r]*+' | "[^"\n\r]*+" )
    | '''(?>(?:[^'\\]++|\\[\s\S]|'(?!''))*)''' | \"\"\"(?>(?:[^"\\]++|\\[\s\S]|"(?!""))*)\"\"\"
    | '(?>(?:[^'\\\n\r]++|\\[^\n\r])*)' | "(?>(?:[^"\\\n\r]++|\\[^\n\r])*)" ))
| (?P<double>[0-9]*+\.[0-9]++(?:[eE][+-]?[0-9]++)? | [0-9]++[eE][+-]?[0-9]++)
| (?P<int>(?:0x[0-9a-fA-F]++|[0-9]++)[uU]?)
| (?P<name>[_a-zA-Z][_a-zA-Z0-9]*+)
| (?P<quoted>`[-_a-zA-Z0-9./ ]++`)
| (?P<op>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}])
"""

_HINTS: Final = {
    "=": "use == to compare",
    "&": "use && for 'and'",
    "|": "use || for 'or'",
    "'": "the string is not closed",
    '"': "the string is not closed",
    "\N{LEFT SINGLE QUOTATION MARK}": "a typographic quote; use ' or \"",
    "\N{RIGHT SINGLE QUOTATION MARK}": "a typographic quote; use ' or \"",
    "\N{LEFT DOUBLE QUOTATION MARK}": "a typographic quote; use ' or \"",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "a typographic quote; use ' or \"",
    "\N{NO-BREAK SPACE}": "a no-break space; use a plain one",
    "\\": "a backslash is allowed only inside a string",
    "`": "a quoted name is allowed only after a dot, and contains letters, digits and _ . - / or space",
}

_SIMPLE_ESCAPES: Final = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))
_HEX_ESCAPES: Final = {"x": 2, "X": 2, "u": 4, "U": 8}
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_OCTAL: Final = frozenset("01234567")

_compiled: list[re.Pattern[str]] = []


def _pattern() -> re.Pattern[str]:
    if not _compiled:
        import re  # compiling an expression needs it, importing the package does not

        _compiled.append(re.compile(_PATTERN, re.VERBOSE))
    return _compiled[0]


def tokenize(text: str) -> list[Token]:
    """Return the tokens of an expression, the last of the kind ``end``; raises `CelError`.

    Kinds: ``literal`` (with its value), ``name``, ``quoted`` (a name in backticks), ``op``, ``end``.
    """
    match = _pattern().match
    tokens: list[Token] = []
    add = tokens.append
    place = 0
    length = len(text)
    while place < length:
        token = match(text, place)
        if token is None:
            raise _unexpected(text, place)
        end = token.end()
        kind = token.lastgroup
        if kind in {"op", "name"}:
            add((kind, place, end, token.group()))
        elif kind == "text":
            add(("literal", place, end, _text_value(text, place, end)))
        elif kind == "int":
            add(("literal", place, end, _int_value(token.group(), place, end)))
        elif kind == "double":
            add(("literal", place, end, float(token.group())))
        elif kind == "quoted":
            add((kind, place, end, text[place + 1 : end - 1]))
        place = end
    add(("end", length, length, ""))
    return tokens


def _unexpected(text: str, place: int) -> CelError:
    char = text[place]
    hint = _HINTS.get(char)
    if char in "bBrR":
        hint = "the string is not closed"
    message = f"unexpected character {quoted(char)}" + (f": {hint}" if hint else "")
    return CelError("syntax", message, place, place + 1)


def _int_value(digits: str, start: int, end: int) -> int | UInt:
    """Return an integer's value. The magnitude of the smallest int is accepted: only the parser knows its sign."""
    unsigned = digits[-1] in "uU"
    body = digits[:-1] if unsigned else digits
    bare = body[2:] if body[:2] == "0x" else body
    largest = UINT_MAX if unsigned else INT_MAX + 1
    value = int(bare, 16 if bare is not body else 10) if len(bare.lstrip("0")) <= len(str(UINT_MAX)) else UINT_MAX + 1
    if value > largest:
        raise CelError("syntax", f"the number does not fit {'a uint' if unsigned else 'an int'}", start, end)
    return UInt(value) if unsigned else value


def _text_value(text: str, start: int, end: int) -> str | bytes:
    """Return the value of a string or bytes literal; raises `CelError` for an invalid escape."""
    place = start
    is_bytes = text[place] in "bB"
    place += is_bytes
    raw = text[place] in "rR"
    place += raw
    quote = 3 if text.startswith(("'''", '"""'), place, end) and end - place >= 6 else 1  # noqa: PLR2004
    body = text[place + quote : end - quote]
    if raw or "\\" not in body:
        return _utf8(body, start, end) if is_bytes else body
    parts: list[str | bytes] = []
    offset = place + quote
    at = 0
    while True:
        slash = body.find("\\", at)
        if slash < 0:
            parts.append(body[at:])
            break
        parts.append(body[at:slash])
        code, at = _escape(body, slash + 1, offset, is_bytes=is_bytes)
        parts.append(bytes((code,)) if is_bytes else chr(code))
    if is_bytes:
        return b"".join(part if type(part) is bytes else _utf8(part, start, end) for part in parts)  # type: ignore[arg-type]
    return "".join(parts)  # type: ignore[arg-type]


def _escape(body: str, at: int, offset: int, *, is_bytes: bool) -> tuple[int, int]:
    """Return the code point of the escape whose letter is at `at`, and the offset after it."""
    letter = body[at]
    simple = _SIMPLE_ESCAPES.get(letter)
    if simple is not None:
        return ord(simple), at + 1
    here = offset + at - 1
    if letter in "0123":
        digits = body[at : at + 3]
        if len(digits) == 3 and _OCTAL.issuperset(digits):  # noqa: PLR2004
            return int(digits, 8), at + 3
    elif letter in _HEX_ESCAPES and not (is_bytes and letter in "uU"):
        after = at + 1 + _HEX_ESCAPES[letter]
        digits = body[at + 1 : after]
        if len(digits) == _HEX_ESCAPES[letter] and _HEX.issuperset(digits):
            code = int(digits, 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004
                raise CelError("syntax", "the escape is not a Unicode character", here, offset + after)
            return code, after
    raise CelError("syntax", f"not an escape: {quoted(body[at - 1 : at + 1])}", here, offset + at + 1)


def _utf8(text: str, start: int, end: int) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CelError("syntax", "the bytes literal holds a lone surrogate", start, end) from None
