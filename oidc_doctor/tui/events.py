"""The Events screen: signatures and changes as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.filtered_screen import FilteredScreen
from oidc_doctor.tui.raw_events import RawEventsScreen
from oidc_doctor.tui.widgets.filter import Filter
from oidc_doctor.tui.widgets.rows import LIST_KEYS

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Click

    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.session import Session

MOST_ROWS = 1_000  # mounted rows: a table of 100,000 rows takes 16 s to fill
_CELL = 200  # characters; the page of the row shows the full text
_REASONS = (
    24,
    40,
)  # characters of the reason on a narrow and on a wide terminal; the subject takes the remaining space
_WIDE = 110
_COLUMNS = ("time UTC", "outcome", "number", "why, or what and who", "subject or resource")


class Table(DataTable[Text]):
    """The table of signatures and changes."""

    HELP = (
        "Attempts that are alike are one row, with their number; ◆ is a change of the configuration, ◇ one that was "
        "refused. ↑ and ↓ select, Enter opens the raw events, / filters (words that a row must contain)."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Raw events", id="events.open"),
        *(key for key in LIST_KEYS if not key.action.startswith("screen.")),
    ]

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


class EventsScreen(FilteredScreen):
    """The fifth screen: all attempts and changes that the logs contain about the target."""

    MODE: ClassVar[str] = "events"
    ROWS = "Table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="events.filter", key_display="/"),
    ]

    class Filtered(Message):
        """The rows that contain all words of the filter."""

        def __init__(self, words: str, rows: list[log_rows.Row]) -> None:
            super().__init__()
            self.words = words
            self.rows = rows

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._all: list[log_rows.Row] = []
        self._rows: list[log_rows.Row] = []  # the rows in the table

    def body(self) -> ComposeResult:
        """Filter, table, the highlighted row, the number of rows."""
        yield Filter(placeholder="words that a row must contain", id="filter")
        yield Table(cursor_type="row", zebra_stripes=True, id="table")
        yield Static("", markup=False, id="row")
        yield Static("", markup=False, id="count")

    def on_mount(self) -> None:
        """Focus the table."""
        self.query_one("#filter").display = False
        self.query_one(Table).add_columns(*_COLUMNS)
        super().on_mount()
        self.query_one(Table).focus()

    def show_report(self, report: Report) -> None:
        """Show the rows that match the filter."""
        self._all = log_rows.rows(report)
        self._filter(self.query_one(Filter).value)

    @work(thread=True, exclusive=True)
    def _filter(self, text: str) -> None:
        """Search the rows in a thread, because there may be many."""
        report, worker = self.session.report, get_current_worker()
        words = text.lower().split()
        rows: list[log_rows.Row] = []
        for row in self._all if report is not None else ():
            if worker.is_cancelled:
                return
            if not words or report is None or _contains(report, row, words):
                rows.append(row)
        self.post_message(self.Filtered(text, rows))

    def on_events_screen_filtered(self, event: Filtered) -> None:
        """Fill the table, up to its limit."""
        report = self.session.report
        if report is None or event.words != self.query_one(Filter).value:
            return
        self._rows = event.rows[:MOST_ROWS]
        table = self.query_one(Table)
        table.clear()
        self.query_one("#row", Static).update("")
        for row in self._rows:
            table.add_row(*_cells(report, row, self._color(row), _REASONS[self.size.width >= _WIDE]), key=row.key)
        shown, matching, total = len(self._rows), len(event.rows), len(self._all)
        count = f"{matching:,} of {total:,}" if event.words else f"{total:,}"
        more = f"; the first {shown:,} are shown, / narrows them" if shown < matching else ""
        text = f"{count} signatures and changes{more}" if total else "The logs contain no attempt and no change."
        self.query_one("#count", Static).update(text)

    def _color(self, row: log_rows.Row) -> str:
        """Return the theme's colour for an outcome, in the syntax of Rich."""
        name = {"accepted": "text-success", "refused": "text-error"}.get(row.outcome, "text-warning")
        return self.app.theme_variables[name].removeprefix("ansi_")

    def on_input_changed(self) -> None:
        """Filter as the user types."""
        self._filter(self.query_one(Filter).value)

    def on_input_submitted(self) -> None:
        """Focus the table."""
        self.query_one(Table).focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the subject or resource of the row below the table, where there is more room than in its column."""
        report = self.session.report
        if report is not None and 0 <= event.cursor_row < len(self._rows):
            self.query_one("#row", Static).update(log_rows.table(report, self._rows[event.cursor_row])[3])

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the row's raw events."""
        report = self.session.report
        if report is not None and 0 <= event.cursor_row < len(self._rows):
            self.app.push_screen(RawEventsScreen(report, self._rows[event.cursor_row], self.session.read_events))


def _contains(report: Report, row: log_rows.Row, words: list[str]) -> bool:
    text = " ".join((*log_rows.table(report, row), *log_rows.event_ids(row))).lower()
    return all(word in text for word in words)


def _cells(report: Report, row: log_rows.Row, color: str, error_width: int) -> list[Text]:
    time, outcome, number, subject, error = log_rows.table(report, row)
    sign = log_rows.SIGNS.get(row.outcome, "?")
    return [
        Text(time.removesuffix(" UTC")),
        Text(f"{sign} {outcome}", style=color),
        Text(number, justify="right"),
        Text(clip(error, error_width)),
        Text(clip(subject, _CELL)),
    ]
