"""The expected value above the actual one, cut around the difference, with carets under differing characters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import cells, code_point, contains_secret, exact, forbid_tokens, is_clear, visible
from oidc_doctor.report.parts.lines import GOOD_BREAKS, columns

if TYPE_CHECKING:
    from oidc_doctor.model.refusal import Side

Piece = tuple[str, bool]  # text as shown, and whether it is part of the difference
Row = tuple[str, list[Piece]]  # "expected" | "actual" | "more" (of the same) | "carets", and its pieces

_CONTEXT = 12  # columns to keep right of the difference
_LEAST_CONTEXT = 8  # columns to keep left of a difference that does not fit
_FOLDED = 600  # characters of a lone value that are shown on several lines
_WIDEST_CELL = 10  # columns of an escape
_LONG_DIFFERENCE = 24  # characters; longer ones are not described
_SEGMENT = re.compile(r"(?:^|[:/;,&|?])([A-Za-z0-9_.-]{1,24})=[^:/;,&|?]*$")
_SEPARATORS = frozenset(":/;,&|?")


class _Strip:
    """A value as cells, with the columns of its difference. Only the visible part of a long value is kept."""

    def __init__(self, side: Side, room: int) -> None:
        value, spans = side.value, _spans(side)
        start, stop = (spans[0][0], spans[-1][1]) if spans else (0, 0)
        if stop - start > room:
            start, stop = spans[0]
        before, after = max(start - room, 0), stop + room
        self.cut_left, self.cut_right = before > 0, after < len(value)
        shown = cells(value[before:after])
        if shown and shown[0] == " " and not before:
            shown[0] = code_point(" ")  # a space at either end is invisible
        if shown and shown[-1] == " " and not self.cut_right:
            shown[-1] = code_point(" ")
        self.cells = shown
        self.widths = [columns(cell) for cell in shown]
        self.marks = {
            index - before for left, right in spans for index in range(left, right) if before <= index < after
        }
        self.points = {left - before for left, right in spans if left == right and before <= left <= after}
        self.focus = (start - before, min(stop - before, len(shown))) if spans else None
        self.left = sum(self.widths[: self.focus[0]]) if self.focus else 0
        self.middle = max(sum(self.widths[slice(*self.focus)]), 1) if self.focus else 0
        self.total = max(sum(self.widths), self.left + self.middle)

    def fits(self, room: int) -> bool:
        """Return whether the full value fits."""
        return not self.cut_left and not self.cut_right and self.total <= room

    def best_column(self, room: int) -> int:
        """Return the best column for the start of the difference."""
        if self.fits(room):
            return self.left
        right = self.total - self.left - self.middle
        free = room - self.middle - min(right, _CONTEXT) - 1
        return min(self.left, max(free, _LEAST_CONTEXT))  # a difference longer than the line is cut at its end

    def at(self, column: int, room: int) -> list[Piece]:
        """Return the value with its difference at `column`, in at most `room` columns."""
        first, last = self.focus or (0, 0)
        head: list[Piece] = []
        index = 0
        if self.left > column or (self.cut_left and self.left == column):
            index, used = first, 0
            while index and used + self.widths[index - 1] <= column - 1:
                index -= 1
                used += self.widths[index]
            head = [(" " * (column - 1 - used) + "…", False)] if column else []
            column -= used
        else:
            column = 0
        pieces = head
        used = column
        while index < len(self.cells):
            more = index + 1 < len(self.cells) or self.cut_right
            if used + self.widths[index] + (1 if more else 0) > room:
                break
            if index in self.points:
                pieces.append(("", True))
            pieces.append((self.cells[index], index in self.marks))
            used += self.widths[index]
            index += 1
        if index < len(self.cells) or self.cut_right:
            pieces.append(("…", index in self.marks and index < last))
        elif index in self.points:
            pieces.append(("", True))
        return pieces


def _spans(side: Side) -> list[tuple[int, int]]:
    """Return the spans inside the value, in order."""
    size = len(side.value)
    return sorted((left, min(right, size)) for left, right in side.spans if 0 <= left <= min(right, size))


def carets(pieces: list[Piece]) -> str:
    """Return the line of carets under `pieces`: one per differing column, a single one at a missing part."""
    marks: set[int] = set()
    column = 0
    for text, marked in pieces:
        width = columns(text)
        if marked:
            marks.update(range(column, column + max(width, 1)))
        column += width
    return "".join("^" if index in marks else " " for index in range(max(marks, default=-1) + 1))


def plain(pieces: list[Piece]) -> str:
    """Return the text of `pieces`."""
    return "".join(text for text, _ in pieces)


def pair(expected: Side | None, actual: Side | None, room: int) -> list[Row]:
    """Return the rows to draw: both values with their carets, aligned at their difference if they must be cut.

    Both sides share a row of carets if their differences are in the same columns.
    """
    sides = [(name, _safe(side)) for name, side in (("expected", expected), ("actual", actual)) if side is not None]
    if len(sides) == 1 and len(sides[0][1].value) <= _FOLDED:
        return _folded(*sides[0], room)
    strips = [_Strip(side, room) for _, side in sides]
    best_columns = [strip.best_column(room) for strip in strips]
    common_column = min((column for strip, column in zip(strips, best_columns, strict=True) if strip.focus), default=0)
    if all(strip.fits(room) for strip in strips) or not common_column:
        shown = [strip.at(column, room) for strip, column in zip(strips, best_columns, strict=True)]
    else:
        shown = [strip.at(common_column if strip.focus else 0, room) for strip in strips]
    rows: list[Row] = []
    caret_lines = [carets(pieces) for pieces in shown]
    for index, ((name, _), pieces) in enumerate(zip(sides, shown, strict=True)):
        rows.append((name, pieces))
        shared = index + 1 < len(caret_lines) and caret_lines[index] == caret_lines[index + 1]
        if caret_lines[index] and not shared:
            rows.append(("carets", [(caret_lines[index], True)]))
    return rows


def _folded(name: str, side: Side, room: int) -> list[Row]:
    """Return the lines of a value without a counterpart, which is shown in full."""
    strip = _Strip(side, len(side.value))
    pieces = strip.at(strip.left, len(side.value) * _WIDEST_CELL + 1)
    rows: list[Row] = []
    while pieces:
        used = count = 0
        break_at = 0
        while count < len(pieces) and used + max(columns(pieces[count][0]), 1) <= room:
            used += columns(pieces[count][0])
            count += 1
            if pieces[count - 1][0] in GOOD_BREAKS and used > room // 2:
                break_at = count
        if count < len(pieces):
            count = break_at or count
        rows.append((name if not rows else "more", pieces[:count]))
        caret_line = carets(pieces[:count])
        if caret_line:
            rows.append(("carets", [(caret_line, True)]))
        pieces = pieces[count:]
    return rows


def is_cut(side: Side, name: str, rows: list[Row]) -> bool:
    """Return whether `rows` show only a part of the side called `name`."""
    shown = "".join(plain(pieces) for kind, pieces in rows if kind in (name, "more"))
    return shown != exact(side.value)


def _safe(side: Side) -> Side:
    return side._replace(value=forbid_tokens(side.value), spans=()) if contains_secret(side.value) else side


def difference(expected: Side | None, actual: Side | None) -> str:
    """Describe the difference of the two values in a few words: "team differs in its last character". May be empty."""
    if expected is None or actual is None:
        return ""
    spans = _spans(expected), _spans(actual)
    if len(spans[0]) != 1 or len(spans[1]) != 1:
        return ""
    (left, stop), (start, end) = spans[0][0], spans[1][0]
    wanted, given = expected.value[left:stop], actual.value[start:end]
    if max(len(wanted), len(given)) > _LONG_DIFFERENCE or wanted == given:
        return ""
    unusual = next(
        (character for character in given + wanted if not character.isascii() or not is_clear(character)), ""
    )
    if unusual:
        import unicodedata  # late: rarely needed

        return f"U+{ord(unusual):04X} {unicodedata.name(unusual, '')}".rstrip()
    if not wanted.strip(" ") and not given.strip(" "):
        return "a space too many" if len(given) > len(wanted) else "a space is missing"
    if not given or not wanted:
        return f'missing "{visible(wanted)}"' if wanted else f'extra "{visible(given)}"'
    if wanted.casefold() == given.casefold():
        return "only upper and lower case differ"
    name = _segment(expected.value, left)
    if not name or name != _segment(actual.value, start):
        return ""
    last = len(wanted) == len(given) == 1 and _ends(expected.value, stop) and _ends(actual.value, end)
    return f"{name} differs in its last character" if last else f"{name} differs"


def _segment(value: str, at: int) -> str:
    """Return the key of the key=value segment that contains the character at `at`."""
    match = _SEGMENT.search(value[max(at - 200, 0) : at])
    return match[1] if match else ""


def _ends(value: str, at: int) -> bool:
    return at >= len(value) or value[at] in _SEPARATORS
