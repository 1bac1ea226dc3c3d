"""Attempts over time by outcome, with the changes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Static

from oidc_doctor.report.escape import visible
from oidc_doctor.tui.frame import ReportScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report


class TimelineScreen(ReportScreen):
    """Attempts over time by outcome, with the changes between them."""

    MODE: ClassVar[str] = "timeline"

    def body(self) -> ComposeResult:
        """One text, for now."""
        yield Static("", markup=False, id="timeline")

    def show_report(self, report: Report) -> None:
        """The headline."""
        self.query_one("#timeline", Static).update(visible(report.headline or report.verdict))
