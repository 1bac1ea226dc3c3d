"""IAM's wildcards: `*` matches any run of characters, `?` exactly one UTF-16 unit. Matching never backtracks.

Measured: a character beyond U+FFFF is two units, and needs two question marks (github.com/radkawar/stackd,
testdata/aws/iam/condition_strings.json, September 2026). Backslash and brackets are ordinary characters.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    # A part of a policy value: its text, whether `*` and `?` are wildcards in it, whether it may hold placeholders.
    Piece: TypeAlias = tuple[str, bool, bool]

LAST_OF_BMP = "\uffff"
_MOST_PLACES = 16  # of a literal run that are tried one by one


def _units(text: str) -> str:
    """Replace each character beyond U+FFFF by its two UTF-16 units."""
    if text.isascii() or max(text) <= LAST_OF_BMP:
        return text
    return "".join(
        character
        if character <= LAST_OF_BMP
        else chr(0xD800 + ((ord(character) - 0x10000) >> 10)) + chr(0xDC00 + ((ord(character) - 0x10000) & 0x3FF))
        for character in text
    )


class _Segment:
    """The pattern between two stars: literal runs at fixed offsets, every other position a `?`."""

    __slots__ = ("length", "longest", "masks", "runs")

    def __init__(self, runs: tuple[tuple[int, str], ...], length: int) -> None:
        self.runs = runs
        self.length = length
        self.longest = max(runs, key=lambda part: len(part[1]), default=(0, ""))
        self.masks: dict[str, int] | None = None

    @property
    def is_text(self) -> bool:
        """Whether it is one literal run, without a `?`."""
        return len(self.runs) == 1 and len(self.runs[0][1]) == self.length

    def at(self, text: str, position: int) -> bool:
        """Whether the segment matches at this offset. The caller ensures that the text is long enough."""
        return all(text.startswith(run, position + offset) for offset, run in self.runs)

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first offset in text[start:end] where the segment matches, or -1."""
        if start + self.length > end:
            return -1
        if not self.runs:
            return start
        if self.is_text:
            return text.find(self.runs[0][1], start, end)
        return self._find_by_run(text, start, end)

    def _find_by_run(self, text: str, start: int, end: int) -> int:
        """Look at the places of the longest literal run: nearly always they are few."""
        offset, run = self.longest
        place, last = start + offset, end - self.length + offset
        for _ in range(_MOST_PLACES):
            place = text.find(run, place, last + len(run))
            if place < 0:
                return -1
            if self.at(text, place - offset):
                return place - offset
            place += 1
        return self._find_with_gaps(text, place - offset, end)

    def _find_with_gaps(self, text: str, start: int, end: int) -> int:
        # Shift-And: bit i of `state` says that the first i + 1 positions match up to here. One step per character,
        # so a pattern such as *a?a?a?a cannot make the search quadratic in Python.
        if self.masks is None:
            self.masks = self._make_masks()
        masks, anything, accept = self.masks, self.masks[""], 1 << (self.length - 1)
        state = 0
        for position in range(start, end):
            state = ((state << 1) | 1) & masks.get(text[position], anything)
            if state & accept:
                return position - self.length + 1
        return -1

    def _make_masks(self) -> dict[str, int]:
        literal: dict[str, int] = {}
        covered = 0
        for offset, run in self.runs:
            for index, character in enumerate(run, offset):
                literal[character] = literal.get(character, 0) | (1 << index)
            covered |= ((1 << len(run)) - 1) << offset
        anything = ((1 << self.length) - 1) & ~covered
        masks = {character: bits | anything for character, bits in literal.items()}
        masks[""] = anything
        return masks


def _segments(pieces: Iterable[Piece]) -> list[_Segment]:
    segments: list[_Segment] = []
    runs: list[tuple[int, str]] = []
    pending: list[str] = []
    length = 0

    def flush() -> None:
        nonlocal length
        run = "".join(pending)
        if run:
            runs.append((length, run))
            length += len(run)
        pending.clear()

    for written, wildcards, _ in pieces:
        text = _units(written)
        if not wildcards:
            pending.append(text)
            continue
        for star, between in enumerate(text.split("*")):
            if star:
                flush()
                segments.append(_Segment(tuple(runs), length))
                runs.clear()
                length = 0
            for mark, literal in enumerate(between.split("?")):
                if mark:
                    flush()
                    length += 1
                pending.append(literal)
    flush()
    segments.append(_Segment(tuple(runs), length))
    return segments


def matcher(pieces: Iterable[Piece]) -> Callable[[str], bool]:
    """Return a function that tests whether a whole string matches."""
    segments = _segments(pieces)
    first, last = segments[0], segments[-1]
    first_is_literal = sum(len(run) for _, run in first.runs) == first.length
    if first_is_literal and len(segments) == 1:
        whole = first.runs[0][1] if first.runs else ""
        return whole.__eq__ if whole.isascii() else lambda text: _units(text) == whole
    if first_is_literal and first.runs and len(segments) == 2 and not last.length:  # noqa: PLR2004 - PREFIX*
        prefix = first.runs[0][1]
        # an ASCII pattern has no surrogates, so no match starts within a character
        if prefix.isascii():
            return lambda text: text.startswith(prefix)
        return lambda text: _units(text).startswith(prefix)
    if len(segments) == 3 and not first.length and not last.length and segments[1].is_text:  # noqa: PLR2004 - *TEXT*
        part = segments[1].runs[0][1]
        return (lambda text: part in text) if part.isascii() else lambda text: part in _units(text)
    if len(segments) == 1:
        return lambda text: len(text := _units(text)) == first.length and first.at(text, 0)

    middle = [segment for segment in segments[1:-1] if segment.length]
    minimum = sum(segment.length for segment in segments)
    longest = max((segment.longest[1] for segment in segments), key=len)
    must_have = longest if longest.isascii() else ""  # in any text that matches

    def match(text: str) -> bool:
        if must_have not in text:  # nearly always
            return False
        text = _units(text)
        if len(text) < minimum or not first.at(text, 0) or not last.at(text, len(text) - last.length):
            return False
        position, end = first.length, len(text) - last.length
        for segment in middle:  # taking the leftmost match each time never misses one
            position = segment.find(text, position, end)
            if position < 0:
                return False
            position += segment.length
        return True

    return match
