"""Compact JWTs in texts: whole, wrapped to lines, and with their full stops encoded."""

from __future__ import annotations

import re
from typing import Final

Span = tuple[int, int]

_B64 = "[A-Za-z0-9_-]"
# A lookahead at each start of a segment finds all overlapping candidates, and reads a long run only once.
_COMPACT = re.compile(rf"(?<!{_B64})(?=({_B64}++)((?:\.{_B64}++){{2,4}}|\.(?:\.{_B64}++){{3}}))")
_STANDARD_ALPHABET = str.maketrans("-_", "+/")

# The beginning of a word, also behind an escape such as \n, %3D or \u0022
BEGINNING: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtfb])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
# base64url of { and a quotation mark or white space. What precedes it is checked last: few letters get that far.
_HEAD = re.compile(
    r"e(?=y[A-DI-L]|w[k-r0-3])"
    r"(?:(?<![A-Za-z0-9_-]e)|(?<=\\[nrt]e)|(?<=%[0-9A-Fa-f]{2}e)|(?<=\\u[0-9A-Fa-f]{4}e))"
)
_RUN = re.compile(rf"{_B64}*+")
_N = r"(?:=?\r?\n[ \t>]{0,16}|\\+n[ \t>]{0,16})?"  # a full stop that is encoded may be wrapped itself
_DOT = re.compile(
    rf"\.|%{_N}(?:2{_N}5{_N})*2{_N}[Ee]|\\+{_N}u{_N}0{_N}0{_N}2{_N}[eE]|\\+x{_N}2{_N}[eE]|=2E|&#(?:46|x2[eE]);"
)
_SOFT = re.compile(r"=(?:\r?\n|\\+r\\+n|\\+n|%0[Dd]%0[Aa]|%0[Aa])")  # a soft line break of quoted-printable
_LINE = re.compile(
    r"[ \t│┃|]{0,80}\\*(?:\r?\n|\\+r\\+n|\\+n|%0[Dd]%0[Aa]|%0[Aa]|\\+u000[Aa]|<br ?/?>)(?:[ \t>|│┃#+]|%20)*"
)
_SPACE = re.compile(r"[ \t]++|[\"']\s*+\+?\s*+[\"']")
_SEGMENTS: Final = 2  # full stops of a signed token; an encrypted one has four
_MOST_DOTS: Final = 4
_WIDE: Final = 200  # columns: a longer line was not wrapped
_LONG_PIECE, _PIECE, _SHORT_PIECE = 40, 20, 4  # characters of a part of a token in one line
_LONGEST: Final = 64 * 1024  # characters of a wrapped token
_MOST_FAILURES: Final = 2_000  # beginnings of tokens that are none, in one text
_LONGEST_HEADER: Final = 2048  # characters of its header, so that many beginnings cost little


def jwt_spans(text: str) -> list[Span]:
    """Return the spans of the compact JWTs in `text`, in order, not overlapping."""
    spans = _contiguous(text) if "." in text else []
    if "ey" in text or "ew" in text:
        spans = _with_wrapped(text, spans)
    return spans


def contains_jwt(text: str) -> bool:
    """Return whether `text` contains a compact JWT: three base64url segments, the first an object with `alg`."""
    return bool(jwt_spans(text))


def end_of_lines(text: str, start: int, end: int) -> int:
    """Return the end of a base64 value from `start` to `end`, with the lines that continue it."""
    width = end - start
    while width >= _LONG_PIECE:
        soft = _SOFT.match(text, end)
        line = soft or _LINE.match(text, end)
        if line is None:
            return end
        run = _STANDARD_RUN.match(text, line.end())
        length = len(run[0]) + len(line[0]) - len(line[0].rstrip("+")) if run else 0  # a line may begin with a plus
        if run is None or length > width or not (soft or length >= _PIECE or _ends_line(text, run.end())):
            return end
        end = run.end()
        if length < width:
            return end
    return end


_ALG: Final = ("ImFsZyI", "JhbGci", "iYWxnI")  # base64 of "alg", at its three places in a group of four
_STANDARD_RUN = re.compile(r"[A-Za-z0-9+/_%-]++=*+")


def _contiguous(text: str) -> list[Span]:
    spans: list[Span] = []
    if not any(alg in text for alg in _ALG):
        return spans
    for outline in _COMPACT.finditer(text):
        if spans and outline.start() < spans[-1][1]:
            continue
        start = _header_start(outline[1])
        if start is not None:
            spans.append((outline.start() + start, outline.end(2)))
    return spans


def _with_wrapped(text: str, spans: list[Span]) -> list[Span]:
    all_spans = list(spans)
    reached = failures = 0
    for head in _HEAD.finditer(text):
        if head.start() < reached:
            continue
        if failures > _MOST_FAILURES:  # a text that was made to cost time
            break
        end, is_token = _end_of_wrapped(text, head.start())
        if is_token:
            all_spans.append((head.start(), end))
        failures += not is_token
        reached = end
    return merged(all_spans)


def merged(spans: list[Span]) -> list[Span]:
    """Return the spans in order, those that overlap as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


class _Lines:
    """The widths of the lines of a token that is read, which tell a line break inside it from its end."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        before = max(text.rfind("\n", max(start - _WIDE, 0), start) + 1, start - _WIDE)
        self.column = start - before  # of the first character of the present line, 0 where unknown
        self.start = start
        self.full = 0  # the width of the lines between the first and the last

    def goes_on(self, at: int, first: int, *, complete: bool, behind_dot: bool) -> int | None:
        """Return the start of the next line of the token, whose present line ends at `at`; None where it ends."""
        width = at - self.start
        soft = _SOFT.match(self.text, at)
        gap = soft or _LINE.match(self.text, at) or _SPACE.match(self.text, at)
        if gap is None or gap.end() - first > _LONGEST:
            return None
        run = _RUN.match(self.text, gap.end())
        length = run.end() - run.start() if run else 0
        last = gap.end() + length
        is_line = gap[0].strip(" \t") != ""
        if behind_dot and is_line and length >= _PIECE:  # a line for each segment
            self.start, self.column, self.full = gap.end(), 0, 0
            return gap.end()
        alone = is_line and _ends_line(self.text, last)
        mixed = length > 0 and is_mixed(self.text[gap.end() : last])
        is_full = not self.full or (width >= self.full and length <= self.full)
        if soft:
            goes_on = True
        elif not complete:
            wraps = is_line and width + self.column >= _LONG_PIECE
            goes_on = length >= (_SHORT_PIECE if wraps else _PIECE) or (
                wraps and _DOT.match(self.text, last) is not None
            )
        elif width + self.column > _WIDE or not length:
            goes_on = False
        elif is_line:
            goes_on = (length >= _PIECE and (is_full or (alone and mixed))) or (
                width >= _PIECE and ((is_full and alone) or (mixed and (alone or (is_full and self.full > 0))))
            )
        else:
            goes_on = length >= _LONG_PIECE or (self.full > 0 and is_full and mixed)
        if not goes_on:
            return None
        if self.start != first or not self.column:
            self.full = width
        self.start, self.column = gap.end(), 0
        return gap.end()


def _end_of_wrapped(text: str, start: int) -> tuple[int, bool]:
    """Return the end of the JWT that begins at `start`, wrapped or with encoded full stops, and True.

    Where it is none, False, and the place before which no other can begin.
    """
    lines = _Lines(text, start)
    header: list[str] = []
    at, dots, size = start, 0, 0
    while at - start < _LONGEST:
        run = _RUN.match(text, at)
        piece = run[0] if run else ""
        if not dots:
            header.append(piece)
        at += len(piece)
        size += len(piece)
        dot = _DOT.match(text, at)
        if dot and size and (dots < _SEGMENTS or (dots < _MOST_DOTS and _RUN.match(text, dot.end())[0])):  # type: ignore[index]
            dots, size, at = dots + 1, 0, dot.end()
            if dots == 1 and not _is_header("".join(header)):
                return start, False
            continue
        if not dots and at - start > _LONGEST_HEADER:
            return start, False
        following = lines.goes_on(at, start, complete=dots >= _SEGMENTS and size > 0, behind_dot=not size)
        if following is None:
            break
        at = following
    is_token = dots >= _SEGMENTS and size > 0
    return at if is_token or not dots else start, is_token


def _is_header(segment: str) -> bool:
    data = _decoded(segment).strip()
    return b'"alg"' in data and data.startswith(b"{") and data.endswith(b"}")


def _ends_line(text: str, at: int) -> bool:
    """Return whether a line or a quotation ends at `at`."""
    return at >= len(text) or text[at] in "\r\n\"'`\\<" or bool(_SOFT.match(text, at))


def is_mixed(value: str) -> bool:
    """Return whether a value looks random: letters and digits, or small letters and capitals within it."""
    value = value[:_LONGEST_HEADER]
    low = value.lower()
    small = value.upper() != value
    letters = small or low != value
    return letters and (_DIGIT.search(value) is not None or (small and low[1:] != value[1:]))


def is_random(value: str) -> bool:
    """Return whether a value has digits, small letters and capitals."""
    value = value[:_LONGEST_HEADER]
    return _DIGIT.search(value) is not None and value.upper() != value and value.lower() != value


_DIGIT = re.compile(r"\d")


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
    if not any(alg in segment for alg in _ALG):
        return None
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
