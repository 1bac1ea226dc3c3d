"""Private keys in lines that stand behind the words of a log, and those of PuTTY without the first line.

Each line of a PEM body has 64 characters (RFC 7468, section 2), or 76, and the last is shorter: it has no form of its
own, and is known by its place behind the same words as the lines before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from oidc_doctor.model.secret_texts.tokens import Span, is_mixed

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY-----|Private-Lines:[ \t]{0,4}\d{1,4}(?=[\s\\\"'])")
_BREAK = re.compile(r"\\+r\\+n|\\+[nr]|\r\n|[\r\n]")
_BEFORE = r"(?:(?<![A-Za-z0-9+/=])|(?<=\\[nr]))"
_FULL = re.compile(_BEFORE + r"[A-Za-z0-9+/]{48,80}={0,2}(?![A-Za-z0-9+/=])")
_SHORT = re.compile(r"[A-Za-z0-9+/]{1,79}={0,2}(?=[\"'}\s\\]|$)")
_ALONE = re.compile(_BEFORE + r"[A-Za-z0-9+/]{4,47}={0,2}(?=[\"'}\s\\]|$)")
_REST = re.compile(r"\s*(?:\\*[\"'].*)?")  # of a JSON record, after the line break in its text
_WORD = re.compile(r"[A-Za-z]?[a-z]*|[A-Z]+|[0-9]+")
_LONGEST: Final = 240  # characters of a line in which its part of the key is looked for
_MOST_RESTS: Final = 2  # lines without a part of the key, one after the other


def key_line_spans(text: str) -> Iterator[Span]:
    """Yield the lines of private keys each of which may stand behind words of a log."""
    reached = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < reached:
            continue
        lead: str | None = None
        rests = 0
        at = begin.end()
        while rests <= _MOST_RESTS:
            line_break = _BREAK.search(text, at, at + _LONGEST)
            if line_break is None:
                break
            at = line_break.end()
            ending = _BREAK.search(text, at, at + _LONGEST)
            end = ending.start() if ending else min(at + _LONGEST, len(text))
            full = _FULL.search(text, at, end)
            if full is not None and (lead is None or full.start() - at <= len(lead) + _DRIFT):
                lead = text[at : full.start()] if lead is None else lead
                yield full.span()
                rests = 0
                at = full.end()
            elif lead != "" and _REST.fullmatch(text, at, end) and not (lead and _starts_with(lead, text, at, end)):
                rests += 1
            else:
                short = None if lead is None else _last(lead, text, at, end)
                if short is not None:
                    yield short
                break
        reached = at


_DRIFT: Final = 16  # characters by which the words before a line may grow: a time, a number


def _starts_with(lead: str, text: str, at: int, end: int) -> re.Match[str] | None:
    """Return the words before a part of the key, whose numbers may differ from those of the line before it."""
    pattern = "".join(r"\d+" if part.isdigit() else re.escape(part) for part in re.split(r"(\d+)", lead) if part)
    return re.compile(pattern).match(text, at, end)


def _last(lead: str, text: str, at: int, end: int) -> Span | None:
    """Return the span of the last line of a key, which is shorter than the others."""
    words = _starts_with(lead, text, at, end)
    if words is not None:
        short = _SHORT.match(text, words.end(), end)
        return short.span() if short and not _WORD.fullmatch(short[0]) else None
    return next(
        (short.span() for short in _ALONE.finditer(text, at, end) if short[0].endswith("=") or is_mixed(short[0])), None
    )
