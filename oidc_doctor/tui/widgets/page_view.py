"""Lines of a report as styled content in the colours of the theme, never as markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.content import Content, Span
from textual.widgets import Static

from oidc_doctor.report.parts.escape import forbid_tokens
from oidc_doctor.report.parts.lines import Sheet, columns, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.events import Resize

STYLES = {
    "bold": "bold",
    "dim": "$foreground-muted",
    "red": "$text-error",
    "green": "$text-success",
    "yellow": "$text-warning",
    "bad": "bold $text-error",
    "good": "bold $text-success",
}
# All text on a sheet has passed `visible`, so an escape character can only start a mark of the sheet.
_MARK = re.compile("\x1b(?:<(\\w+)>|/)")
_NARROWEST = 22  # columns
_FOLD = 2  # columns by which the rest of a folded line is indented


class StyledSheet(Sheet):
    """A sheet whose lines contain style marks."""

    def __init__(self, width: int) -> None:
        super().__init__(max(width, _NARROWEST), indent=0)

    def paint(self, text: str, style: str) -> str:
        """Return `text` between two style marks."""
        return f"\x1b<{style}>{text}\x1b/" if style and text else text

    def put(self, label: str, line: str) -> None:
        """Add a label and a finished line; one that is too long for the page, such as a command, is folded.

        On a screen, the end of a line that is out of view is as good as missing; a key copies the text without folds.
        """
        lead = len(line) - len(line.lstrip(" "))
        if "\x1b" in line or columns(line) <= self.room:
            super().put(label, line)
            return
        for number, part in enumerate(wrap(line[lead:], self.room - lead - _FOLD)):
            super().put("" if number else label, " " * (lead + (_FOLD if number else 0)) + part)

    def content(self) -> Content:
        """Return the lines as styled content."""
        return content(self.lines)


def content(lines: list[str]) -> Content:
    """Convert lines with style marks to styled content."""
    marked = forbid_tokens("\n".join(line.rstrip() for line in lines))
    parts: list[str] = []
    spans: list[Span] = []
    open_marks: list[tuple[int, str]] = []
    length = mark_end = 0
    for mark in _MARK.finditer(marked):
        parts.append(marked[mark_end : mark.start()])
        length += mark.start() - mark_end
        mark_end = mark.end()
        if mark[1]:
            open_marks.append((length, STYLES[mark[1]]))
        elif open_marks:
            start, style = open_marks.pop()
            spans.append(Span(start, length, style))
    parts.append(marked[mark_end:])
    return Content("".join(parts), spans)


class PageView(ScrollableContainer, can_focus=True):
    """A page that is formatted again for every width."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Scroll down", id="text.down", show=False),
        Binding("k", "scroll_up", "Scroll up", id="text.up", show=False),
        Binding("g", "scroll_home", "To the top", id="text.top", show=False),
        Binding("G,shift+g", "scroll_end", "To the end", id="text.end", key_display="G", show=False),
        Binding("ctrl+d", "half(1)", "Half a page down", id="text.half-down", show=False),
        Binding("ctrl+u", "half(-1)", "Half a page up", id="text.half-up", show=False),
        Binding("space", "page_down", "Page down", id="text.page-down", show=False),
        Binding("h", "to_list", "Back to the list", id="text.list", show=False),
    ]
    HELP = (
        "The page next to the list. Arrow keys, Page Up, Page Down, Home and End scroll; text can be marked by mouse."
    )

    def __init__(self, title: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        """Create a page; with a title, the page is a pane next to others."""
        super().__init__(id=id, classes="pane" if title else None)
        self._title = title
        self._write: Callable[[StyledSheet], None] | None = None
        self._width = 0

    def compose(self) -> ComposeResult:
        """The page."""
        yield Static("", markup=False, classes="page")

    def show(self, write: Callable[[StyledSheet], None]) -> None:
        """Show the lines that `write` adds to a sheet, scrolled to the top."""
        self._write = write
        self._width = 0
        self.scroll_home(animate=False)
        self._render_page()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the way back to the list only next to a list."""
        del parameters
        return action != "to_list" or bool(getattr(self.screen, "LIST", ""))

    async def action_to_list(self) -> None:
        """Move the focus to the list."""
        await self.run_action("screen.enter_list")

    def action_half(self, pages: int) -> None:
        """Scroll by half of the height."""
        self.scroll_relative(y=pages * max(self.size.height // 2, 1), animate=False)

    def on_resize(self, event: Resize) -> None:
        """Format the page for another width."""
        del event
        if self._title:  # beside a corner, Textual puts a space before it
            self.border_title = f"{self._title} " if self.styles.border_left[0] else f" {self._title} "
        self._render_page()

    def _render_page(self) -> None:
        width = self.scrollable_content_region.width - 2  # a column on either side
        if self._write is None or width <= 0 or width == self._width:
            return
        self._width = width
        sheet = StyledSheet(width)
        self._write(sheet)
        self.query_one(".page", Static).update(sheet.content())
