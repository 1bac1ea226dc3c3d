"""The sheet of a page: what the other formats write in columns is kept as labels with their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.report.parts.lines import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNBROKEN = 1_000_000  # columns: a browser breaks the lines
_NEXT = "next"  # the label of a sentence without one, which asks for evidence


class Piece(NamedTuple):
    """A paragraph, the lines of a command or the lines of a diff, under a label."""

    kind: Literal["text", "command", "diff"]
    lines: list[str]


class Row(NamedTuple):
    """A label and what belongs to it."""

    label: str
    pieces: list[Piece]


class Rows(Sheet):
    """A sheet without columns and without colours."""

    def __init__(self) -> None:
        super().__init__(_UNBROKEN, indent=0)
        self.rows: list[Row] = []

    def gap(self) -> None:
        """Add nothing: the page sets its own distances."""

    def say(
        self, text: str, indent: int = 0, lead: str = "", style: str = "", tag: str = "", *, bold: bool = False
    ) -> None:
        """Add a sentence, to a row of sentences if it follows one."""
        del indent, style, tag, bold
        self._add("" if self.rows and self.rows[-1].label == _NEXT else _NEXT, "text", lead + text)

    def put(self, label: str, line: str) -> None:
        """Add a label and its text; without a label, a text of the label above."""
        self._add(label, "text", line.strip())

    def changed(self, line: str) -> None:
        """Add a line of a diff."""
        self._add("", "diff", line)

    def command(self, lines: Iterable[str], indent: int) -> None:
        """Add the lines of a command."""
        del indent
        self._add("", "command", *lines)

    def flow(self, label: str, items: Iterable[tuple[str, str]]) -> None:
        """Add short items as one text."""
        self._add(label, "text", " ".join(text for text, _ in items))

    def _add(self, label: str, kind: Literal["text", "command", "diff"], *lines: str) -> None:
        if label or not self.rows:
            self.rows.append(Row(label, []))
        pieces = self.rows[-1].pieces
        if kind == "diff" and pieces and pieces[-1].kind == "diff":
            pieces[-1].lines.extend(lines)
        else:
            pieces.append(Piece(kind, list(lines)))
