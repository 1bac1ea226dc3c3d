"""Printable text: untrusted characters are made visible, tokens and other secrets are removed from every output.

Claims, policies and log entries are untrusted. A control character, an invisible character, or one that reorders its
neighbours is printed as its escape, so that the printed text shows every character of the value.
"""

from __future__ import annotations

import re
from functools import lru_cache

from oidc_doctor.model.secret_texts import REMOVED, contains_jwt, contains_secret, without_secrets

__all__ = [
    "REMOVED",
    "cells",
    "code_point",
    "contains_jwt",
    "contains_secret",
    "exact",
    "forbid_tokens",
    "is_clear",
    "visible",
]

_BYTE, _PLANE, _DELETE = 0x100, 0x10000, 0x7F
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Printable by their category, but blank (fillers), or combined with a neighbour, so that columns are lost:
# Hangul vowels and finals, regional indicators, skin tones.
_UNCLEAR = re.compile("[\u115f-\u11ff\u2800\u3164\ud7b0-\ud7ff\uffa0\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
# Backslashes before an escape, or before text that looks like one, are doubled, so that no two values look the same.
_LOOKS_ESCAPED = re.compile(r"(?<!\\)\\++(?=[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[^\\ -~])")

_GAP = re.compile(" {2,}")


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
    """Return a claim's value as Python writes it, but with each character unchanged: `visible` escapes it."""
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


def forbid_tokens(text: str) -> str:
    """Remove every token and every other secret from `text`. Safe on finished JSON: quotes and escapes stay."""
    return without_secrets(text)
