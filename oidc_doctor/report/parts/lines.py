"""Lines of a fixed width: columns, wrapping, and a sheet of rows. Callers pass visible text (see escape)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


# The signs of a report, one column each; without this list, every report would load the Unicode tables.
_NARROW = frozenset("✓✗–…·→│◆◇")
_FIRST_WIDE = "\u1100"
_WORTH_FILLING = 20  # columns left on a line
_WORTH_A_MIDDLE = 9  # columns
GOOD_BREAKS = frozenset(":/,;&?·")

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "bad": "1;31", "good": "1;32"}


def columns(text: str) -> int:
    """Return the columns of `text` on a terminal; every character must satisfy `escape.is_clear`."""
    if text.isascii():
        return len(text)
    return sum(1 if character < _FIRST_WIDE or character in _NARROW else _columns(character) for character in text)


def _columns(character: str) -> int:
    import unicodedata  # late: most reports are ASCII

    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> tuple[str, str]:
    """Split `text` in two; the first part fills `room` columns at most and has at least one character."""
    if text.isascii():
        return text[: max(room, 1)], text[max(room, 1) :]
    used = 0
    for index, character in enumerate(text):
        used += columns(character)
        if used > room and index:
            return text[:index], text[index:]
    return text, ""


def wrap(text: str, room: int) -> list[str]:
    """Wrap `text` at `room` columns. Runs of spaces are kept; long words break after a separator."""
    room = max(room, 1)  # a smaller width would loop forever
    lines: list[str] = []
    line: str | None = None
    used = 0
    for word in text.split(" "):
        width = columns(word)
        if line is not None and used + 1 + width <= room:
            line = f"{line} {word}"
            used += 1 + width
            continue
        remaining = word
        if line is not None and width > room and room - used > _WORTH_FILLING:
            line, remaining = _broken(f"{line} {word}", room)  # longer than a line, so a new line does not help
            remaining = remaining.removeprefix(" ")
        if line is not None:
            lines.append(line)
        while columns(remaining) > room:
            head, remaining = _broken(remaining, room)
            lines.append(head)
        line, used = remaining, columns(remaining)
    return [*lines, line or ""]


def _broken(text: str, room: int) -> tuple[str, str]:
    """Split `text` in two, after a separator in the second half of the line if there is one."""
    head, tail = cut(text, room)
    break_at = next((at for at in range(len(head), len(head) // 2, -1) if head[at - 1] in GOOD_BREAKS), len(head))
    return head[:break_at], head[break_at:] + tail


def clip(text: str, limit: int) -> str:
    """Shorten a name, code or place to `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def cut_in_the_middle(text: str, room: int) -> str:
    """Shorten `text` to `room` columns; its end is kept, because texts that are alike often differ there."""
    if columns(text) <= room:
        return text
    if room < _WORTH_A_MIDDLE:
        return cut(text, max(room - 1, 1))[0] + "…"
    head = cut(text, (room - 1) // 2)[0]
    tail = text
    while columns(tail) > room - 1 - columns(head):
        tail = tail[1:]
    return f"{head}…{tail}"


def shortened(text: str, limit: int) -> str:
    """Shorten `text` and append its length: untrusted text must not fill the screen."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text):,} characters, all in --format json)"


def paint(text: str, style: str, *, color: bool) -> str:
    """Apply a style of `_STYLES` to `text`."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color and style and text else text


class Sheet:
    """Lines of at most `width` columns: a column of labels and a column of texts with a hanging indent."""

    def __init__(self, width: int, *, color: bool = False, indent: int = 4) -> None:
        """Start without lines."""
        self.width = width
        self.color = color
        self.indent = indent
        self.hang = indent + 10  # the column of the text after a label
        self.lines: list[str] = []

    @property
    def room(self) -> int:
        """Columns of the text after a label."""
        return self.width - self.hang

    def paint(self, text: str, style: str) -> str:
        """Apply a style if the sheet has colour."""
        return paint(text, style, color=self.color)

    def gap(self) -> None:
        """Add an empty line, never two in a row."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def say(
        self, text: str, indent: int = 0, lead: str = "", style: str = "", tag: str = "", *, bold: bool = False
    ) -> None:
        """Add a paragraph indented after `lead`; `tag` is at the right end of its first line."""
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
        """Add a label and its text."""
        for index, line in enumerate(wrap(text, self.room)):
            self.put(label if not index else "", self.paint(line, style))

    def put(self, label: str, line: str) -> None:
        """Add a label and a finished line."""
        gap = " " * (self.hang - self.indent - len(label))
        self.lines.append(" " * self.indent + self.paint(label, "dim") + gap + line)

    def changed(self, line: str) -> None:
        """Add a line of a diff, wrapped with its sign in front."""
        style = {"+": "green", "-": "red"}.get(line[:1], "")
        lead = len(line) - len(line.lstrip("+- "))
        inner = self.room - 2
        lead = min(lead, inner // 2)
        for index, part in enumerate(wrap(line[lead:], inner - lead)):
            self.put("", "  " + self.paint((line[:lead] if not index else " " * lead) + part, style))

    def command(self, lines: Iterable[str], indent: int) -> None:
        """Add the lines of a command, which are not wrapped: a broken one cannot be pasted."""
        self.lines += [" " * indent + line for line in lines]

    def flow(self, label: str, items: Iterable[tuple[str, str]]) -> None:
        """Add short items (text, style) side by side; no item that fits on a line is broken."""
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
