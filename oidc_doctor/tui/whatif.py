"""What would be decided if a policy, a condition or a claim were another."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Static

from oidc_doctor.report.escape import visible
from oidc_doctor.tui.frame import ReportScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report


class WhatIfScreen(ReportScreen):
    """What would be decided if a policy, a condition or a claim were another."""

    MODE: ClassVar[str] = "whatif"

    def body(self) -> ComposeResult:
        """One text, for now."""
        yield Static("", markup=False, id="whatif")

    def show_report(self, report: Report) -> None:
        """The headline."""
        self.query_one("#whatif", Static).update(visible(report.headline or report.verdict))
