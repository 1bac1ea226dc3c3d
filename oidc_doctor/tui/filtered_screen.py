"""The base of the screens whose rows can be filtered."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import DataTable, OptionList

from oidc_doctor.tui.report_screen import ReportScreen
from oidc_doctor.tui.widgets.filter import Filter


class FilteredScreen(ReportScreen):
    """A screen with rows, and a Filter with the id `filter` above them."""

    ROWS: ClassVar[str]  # the selector of the rows
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "n", "match(1)", "Next match", id="match.next", show=False, tooltip="After /: the next row that matches"
        ),
        Binding("escape", "end_filter", "End filter", id="filter.end"),
        Binding("N,shift+n", "match(-1)", "Previous match", id="match.previous", key_display="N", show=False),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next match only while the rows are filtered, and the end of the filter while it is shown."""
        if action == "match":
            return self.is_attached and bool(self.query_one(Filter).value)
        if action == "end_filter":
            return self.is_attached and self.query_one(Filter).display
        if action == "filter":  # in the line itself, its key is a character like others
            return not isinstance(self.focused, Filter)
        return super().check_action(action, parameters)

    def action_match(self, rows: int) -> None:
        """Go to the next or the previous row that matches the filter; after the last one, to the first."""
        listed = self.query_one(self.ROWS)
        if isinstance(listed, OptionList) and listed.option_count:
            listed.highlighted = ((listed.highlighted or 0) + rows) % listed.option_count
        elif isinstance(listed, DataTable) and listed.row_count:
            listed.move_cursor(row=(listed.cursor_row + rows) % listed.row_count)

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
