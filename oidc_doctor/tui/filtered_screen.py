"""The base of the screens whose rows can be filtered."""

from __future__ import annotations

from typing import ClassVar

from oidc_doctor.tui.report_screen import ReportScreen
from oidc_doctor.tui.widgets.filter import Filter


class FilteredScreen(ReportScreen):
    """A screen with rows, and a Filter with the id `filter` above them."""

    ROWS: ClassVar[str]  # the selector of the rows

    def action_filter(self) -> None:
        """Show the filter and move the focus there."""
        self.query_one("#filter").display = True
        self.query_one("#filter").focus()

    def action_end_filter(self) -> None:
        """Show all rows again."""
        words = self.query_one(Filter)
        words.value = ""
        words.display = False
        self.query_one(self.ROWS).focus()
