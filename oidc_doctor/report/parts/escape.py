"""Printable text: untrusted characters are made visible, tokens are removed from every output.

Claims, policies and log entries are untrusted. A control character, an invisible character, or one that reorders its
neighbours is printed as its escape, so that the printed text shows every character of the value.
"""

from __future__ import annotations

import re
from functools import lru_cache

REMOVED = "[token removed]"

_BYTE, _PLANE, _DELETE = 0x100, 0x10000, 0x7F
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Printable by their category, but blank (fillers), or combined with a neighbour, so that columns are lost:
# Hangul vowels and finals, regional indicators, skin tones.
_UNCLEAR = re.compile("[\u115f-\u11ff\u2800\u3164\ud7b0-\ud7ff\uffa0\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
# Backslashes before an escape, or before text that looks like one, are doubled, so that no two values look the same.
_LOOKS_ESCAPED = re.compile(r"(?<!\\)\\++(?=[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[^\\ -~])")

_GAP = re.compile(" {2,}")
_B64 = "[A-Za-z0-9_-]"
# A lookahead at each start of a segment finds all overlapping candidates, and reads a long run only once.
_COMPACT = re.compile(rf"(?<!{_B64})(?=({_B64}++)((?:\.{_B64}++){{2,4}}))")
_STANDARD_ALPHABET = str.maketrans("-_", "+/")


def code_point(character: str) -> str:
    r"""Return the escape of one character: `\n`, `\x1b`, `\u200b`, `\U000e0041`."""
    number = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if number < _BYTE:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < _PLANE else f"\\U{number:08x}"


@lru_cache(maxsize=2048)
def is_clear(character: str) -> bool:
    """Return whether a character is printed as itself: not invisible, combining, reordering or a control character."""
    if character.isascii() or not character.isprintable():
        return (
            character.isprintable()
        )  # False: control, format, surrogate, private, unassigned, every space but the ASCII one
    import unicodedata  # late: most values are ASCII

    if _UNCLEAR.match(character) or unicodedata.category(character) in ("Mn", "Me"):
        return False
    return unicodedata.bidirectional(character) not in (
        "R",
        "AL",
        "AN",
    )  # right to left: a terminal would reorder the neighbours


def cells(text: str) -> list[str]:
    """Return each character of `text` as printed: itself or its escape. Tokens are not removed."""
    shown = [character if is_clear(character) else code_point(character) for character in text]
    if "\\" in text:
        for run in _LOOKS_ESCAPED.finditer(text):
            if run.end() < len(text) and (ord(text[run.end()]) < _DELETE or not is_clear(text[run.end()])):
                shown[run.start() : run.end()] = ["\\\\"] * (run.end() - run.start())
    return shown


def visible(text: str) -> str:
    """Return `text` on one line, ready to print: tokens removed, unclear characters escaped."""
    text = forbid_tokens(text)
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(cells(text))


def as_lines(text: str) -> str:
    """Return a text of several lines ready to print: tokens removed, unclear characters escaped.

    Backslashes are not doubled: commands are for pasting, and pages and tracebacks are texts of programs.
    """
    text = forbid_tokens(text)
    return "".join(char if char == "\n" or is_clear(char) else code_point(char) for char in text)


def as_written(value: object) -> str:
    """Return a claim's value as Python writes it, but with every character of a text as it is: `visible` escapes it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quoted(name)}: {_quoted(item)}' for name, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_quoted, value))}]"
    return str(value)


def _quoted(value: object) -> str:
    if not isinstance(value, str):
        return as_written(value)
    quote = '"' if "'" in value and '"' not in value else "'"
    return f"{quote}{value}{quote}"


def gapless(text: str) -> str:
    """Return `visible` text with its runs of spaces escaped: it cannot be laid out as a label and a column of ours."""
    return _GAP.sub(lambda gap: code_point(" ") * len(gap[0]), text)


def exact(text: str) -> str:
    """Return `visible` text in which a space at either end, where it is invisible, is escaped as well."""
    shown = visible(text)
    if shown.startswith(" "):
        shown = code_point(" ") + shown[1:]
    return shown[:-1] + code_point(" ") if shown.endswith(" ") else shown


def _decoded(segment: str) -> bytes:
    from binascii import Error, a2b_base64  # late: only for texts shaped like a token

    try:
        return a2b_base64(segment[: len(segment) - (len(segment) % 4 == 1)].translate(_STANDARD_ALPHABET) + "===")
    except Error:
        return b""


def _header_start(segment: str) -> int | None:
    r"""Return the start of a JOSE header in `segment`, or None. Text before it, such as a `\n` of JSON, is skipped.

    All four alignments are tried. An object with "alg" suffices, even if JSON parsers disagree about it.
    """
    for shift in range(4):
        data = _decoded(segment[shift:])
        alg = data.find(b'"alg"')
        if alg < 0:
            continue
        if not shift and data.lstrip().startswith(b"{"):
            return 0
        brace = data.rfind(b"{", 0, alg)
        if brace >= 0:
            # The character with the first bits of the brace; inside a group of four, a brace starts within a character.
            return shift + brace // 3 * 4 + brace % 3
    return None


def _tokens(text: str) -> list[tuple[int, int]]:
    """Return the spans of the compact JWTs in `text`, in order, not overlapping."""
    spans: list[tuple[int, int]] = []
    if "." not in text:  # a compact JWT has two full stops
        return spans
    for outline in _COMPACT.finditer(text):
        if spans and outline.start() < spans[-1][1]:
            continue
        start = _header_start(outline[1])
        if start is not None:
            spans.append((outline.start() + start, outline.end(2)))
    return spans


def contains_jwt(text: str) -> bool:
    """Return whether `text` contains a compact JWT: three base64url segments, the first an object with `alg`."""
    return bool(_tokens(text))


def forbid_tokens(text: str) -> str:
    """Replace every compact JWT in `text`. Safe on finished JSON: escape sequences and quotes are unchanged."""
    spans = _tokens(text)
    if not spans:
        return text
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        pieces += [text[end:start], REMOVED]
        end = stop
    return "".join([*pieces, text[end:]])
