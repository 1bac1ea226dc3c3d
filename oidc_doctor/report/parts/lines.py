"""Lines of a fixed width: columns, wrapping, and a sheet that rows are put on. All text comes in visible already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


# Our own signs, one column each: looked up here so that plain reports never load the Unicode tables.
_NARROW = frozenset("✓✗–…·→│◆◇")
_FIRST_WIDE = "\u1100"
_WORTH_FILLING = 20  # columns left on a line
GOOD_BREAKS = frozenset(":/,;&?·")

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "bad": "1;31", "good": "1;32"}


def columns(text: str) -> int:
    """How many columns a terminal needs for `text`, which holds no character that `escape.is_clear` refuses."""
    if text.isascii():
        return len(text)
    return sum(1 if character < _FIRST_WIDE or character in _NARROW else _columns(character) for character in text)


def _columns(character: str) -> int:
    import unicodedata  # late: most reports have no such character

    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> tuple[str, str]:
    """`text` in two, the first part as long as fits into `room` columns and at least one character."""
    if text.isascii():
        return text[: max(room, 1)], text[max(room, 1) :]
    used = 0
    for index, character in enumerate(text):
        used += columns(character)
        if used > room and index:
            return text[:index], text[index:]
    return text, ""


def wrap(text: str, room: int) -> list[str]:
    """`text` in lines of at most `room` columns. Runs of spaces are kept; long words are broken after a separator."""
    room = max(room, 1)  # less would never end
    lines: list[str] = []
    line: str | None = None
    used = 0
    for word in text.split(" "):
        width = columns(word)
        if line is not None and used + 1 + width <= room:
            line = f"{line} {word}"
            used += 1 + width
            continue
        rest = word
        if line is not None and width > room and room - used > _WORTH_FILLING:
            line, rest = _broken(f"{line} {word}", room)  # too long for any line: no need to start a new one
            rest = rest.removeprefix(" ")
        if line is not None:
            lines.append(line)
        while columns(rest) > room:
            head, rest = _broken(rest, room)
            lines.append(head)
        line, used = rest, columns(rest)
    return [*lines, line or ""]


def _broken(text: str, room: int) -> tuple[str, str]:
    """`text` in two, after a separator in the second half of the line where there is one."""
    head, tail = cut(text, room)
    good = next((at for at in range(len(head), len(head) // 2, -1) if head[at - 1] in GOOD_BREAKS), len(head))
    return head[:good], head[good:] + tail


def clip(text: str, limit: int) -> str:
    """`text`, or its beginning: for names, codes and places, where a long one is not meant to be read."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def shortened(text: str, limit: int) -> str:
    """`text`, or its beginning and how long it is: a stranger's text must not fill the screen."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text):,} characters, all in --format json)"


def paint(text: str, style: str, *, color: bool) -> str:
    """`text` in a style of `_STYLES`, or as it is."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color and style and text else text


class Sheet:
    """Lines of at most `width` columns: a label column, and texts beside it that hang under their own start."""

    def __init__(self, width: int, *, color: bool = False, indent: int = 4) -> None:
        """A sheet without lines."""
        self.width = width
        self.color = color
        self.indent = indent
        self.hang = indent + 10  # where texts beside a label start
        self.lines: list[str] = []

    @property
    def room(self) -> int:
        """The columns that a text beside a label has."""
        return self.width - self.hang

    def paint(self, text: str, style: str) -> str:
        """`text` in a style, where there is colour."""
        return paint(text, style, color=self.color)

    def gap(self) -> None:
        """One empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def say(
        self, text: str, indent: int = 0, lead: str = "", style: str = "", tag: str = "", *, bold: bool = False
    ) -> None:
        """A paragraph that hangs after `lead`; `tag` stands at the right end of its first line."""
        hang = indent + len(lead)
        room = self.width - hang
        kept = wrap(text, room)
        if tag and (len(kept) > 1 or columns(kept[0]) + 2 + columns(tag) > room):
            kept = wrap(text, max(room - columns(tag) - 3, room // 2))
        for index, line in enumerate(kept):
            start = " " * indent + self.paint(lead, style) if not index else " " * hang
            end = " " * (room - columns(line) - columns(tag)) + self.paint(tag, "dim") if tag and not index else ""
            self.lines.append(start + self.paint(line, "bold" if bold else "") + end)

    def row(self, label: str, text: str, style: str = "") -> None:
        """A label and its text."""
        for index, line in enumerate(wrap(text, self.room)):
            self.put(label if not index else "", self.paint(line, style))

    def put(self, label: str, line: str) -> None:
        """A label and a finished line."""
        gap = " " * (self.hang - self.indent - len(label))
        self.lines.append(" " * self.indent + self.paint(label, "dim") + gap + line)

    def flow(self, label: str, items: Iterable[tuple[str, str]]) -> None:
        """Short items (text, style) side by side, none of them broken that fits on a line."""
        line, used = "", 0
        parts = [(part, style) for item, style in items for part in wrap(item, self.room)]
        for text, style in parts:
            width = columns(text)
            if used and used + 1 + width > self.room:
                self.put(label, line)
                label, line, used = "", "", 0
            line += (" " if used else "") + self.paint(text, style)
            used += (1 if used else 0) + width
        self.put(label, line)
