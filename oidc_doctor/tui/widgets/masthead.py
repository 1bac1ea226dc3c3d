"""The first line of the five screens: the name of the evidence, and the tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from oidc_doctor.report.parts.escape import visible

if TYPE_CHECKING:
    from textual.app import ComposeResult

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

    def compose(self) -> ComposeResult:
        """Title on the left, tabs on the right."""
        yield Static("", markup=False, id="title")
        for mode, label in TABS:
            yield ScreenTab(mode, label, current=mode == self.mode)

    def retitle(self, text: str, as_of: str = "") -> None:
        """Show the name of the evidence, as the user wrote it, and of which time it is."""
        name = Content.styled(visible(text) or "oidc-doctor", "bold")
        when = Content.styled(f"   {as_of.rstrip(' ·')}", "$foreground-muted") if as_of else Content("")
        self.query_one("#title", Static).update(name + when)
