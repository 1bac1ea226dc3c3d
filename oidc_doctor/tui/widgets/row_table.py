"""Tables of rows: the keys of vi as well as the arrow keys, and a mouse that selects before it opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widgets import DataTable

from oidc_doctor.tui.widgets.rows import LIST_KEYS

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.events import Click


class RowTable(DataTable[Text]):
    """A table whose rows are selected as those of a list. A click selects a row; a second click, or Enter, opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [key for key in LIST_KEYS if not key.action.startswith("screen.")]

    def action_first(self) -> None:
        """Go to the first row."""
        self.move_cursor(row=0)

    def action_last(self) -> None:
        """Go to the last row."""
        self.move_cursor(row=self.row_count - 1)

    def on_click(self, event: Click) -> None:
        """Select the clicked row; the table itself would open it at the first click."""
        row = event.style.meta.get("row", -1)
        if event.chain == 1 and row >= 0:
            event.prevent_default()
            self.move_cursor(row=row)
