"""Signatures and changes as a table, and the raw events behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Static

from oidc_doctor.report.escape import visible
from oidc_doctor.tui.frame import ReportScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report


class EventsScreen(ReportScreen):
    """Signatures and changes as a table, and the raw events behind them."""

    MODE: ClassVar[str] = "events"

    def body(self) -> ComposeResult:
        """One text, for now."""
        yield Static("", markup=False, id="events")

    def show_report(self, report: Report) -> None:
        """The headline."""
        self.query_one("#events", Static).update(visible(report.headline or report.verdict))
