"""The first line of the five screens: the name of the evidence, and the tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.events import Resize

_GAP = "   "
TABS = (
    ("path", "1 Path"),
    ("timeline", "2 Timeline"),
    ("token", "3 Token"),
    ("whatif", "4 What-if"),
    ("events", "5 Events"),
)


class ScreenTab(Static):
    """The name of a screen. A click opens the screen, as its digit does."""

    def __init__(self, mode: str, label: str, *, current: bool) -> None:
        super().__init__(label, markup=False, classes="tab current" if current else "tab")
        self.mode = mode

    async def on_click(self) -> None:
        """Open the screen."""
        await self.run_action(f"app.show('{self.mode}')")


class Masthead(Horizontal):
    """The name of the evidence, and the tabs of the five screens; `mode` is the current screen."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode
        self._evidence = ""
        self._as_of: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        """Title on the left, tabs on the right."""
        yield Static("", markup=False, id="title")
        if self.app.check_action("show", ("health",)):  # the way back to the targets of a health check
            yield ScreenTab("health", "0 Health", current=False)
        for mode, label in TABS:
            yield ScreenTab(mode, label, current=mode == self.mode)

    def retitle(self, text: str, as_of: Sequence[str] = ()) -> None:
        """Show the name of the evidence, as the user wrote it, and the longest of the texts on its time that fits."""
        self._evidence, self._as_of = visible(text) or "oidc-doctor", as_of
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Draw for another width."""
        del event
        self.call_after_refresh(self._draw)  # once the title has its own

    def _draw(self) -> None:
        title = self.query_one("#title", Static)
        room = title.content_size.width - columns(self._evidence) - len(_GAP)
        fitting = sorted((text for text in self._as_of if columns(text) <= room), key=columns)
        when = Content.styled(_GAP + fitting[-1], "$foreground-muted") if fitting else Content("")
        title.update(Content.styled(self._evidence, "bold") + when)
