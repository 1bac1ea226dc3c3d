"""The logged attempts in one line, below the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from oidc_doctor.report import words

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report


class Pulse(Static):
    """How many attempts ended how; a click opens the timeline."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="pulse")

    async def on_click(self) -> None:
        """The whole timeline."""
        await self.run_action("app.show('timeline')")

    def show(self, report: Report) -> None:
        """Counts of the first exchange's attempts."""
        exchanges = words.in_order(report)
        told = words.logged(report, exchanges[0]) if exchanges else ""
        self.update(Content.styled(told or f"no attempt is logged · {words.window(report)}", "$foreground-muted"))
