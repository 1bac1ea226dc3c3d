"""The token in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Static

from oidc_doctor.report.escape import visible
from oidc_doctor.tui.frame import ReportScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report


class TokenScreen(ReportScreen):
    """The token in words."""

    MODE: ClassVar[str] = "token"

    def body(self) -> ComposeResult:
        """One text, for now."""
        yield Static("", markup=False, id="token")

    def show_report(self, report: Report) -> None:
        """The headline."""
        self.query_one("#token", Static).update(visible(report.headline or report.verdict))
