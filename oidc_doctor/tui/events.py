"""The Events screen: signatures and changes as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.colors import in_rich
from oidc_doctor.tui.filtered_screen import FilteredScreen
from oidc_doctor.tui.raw_events import RawEventsScreen
from oidc_doctor.tui.widgets.filter import Filter
from oidc_doctor.tui.widgets.row_table import RowTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.session import Session

MOST_ROWS = 1_000  # mounted rows: a table of 100,000 rows takes 16 s to fill
_AROUND = 2 * 5 + 1  # columns: the padding of five columns, the scrollbar
_COLUMNS = ("time UTC", "outcome", "number", "subject", "reason")


class Table(RowTable):
    """The table of signatures and changes."""

    HELP = (
        "Attempts that are alike are one row, with their number; ◆ is a change of the configuration, ◇ one that was "
        "refused. ↑ and ↓ select, Enter opens the raw events, / filters (words that a row must contain)."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Raw events", id="events.open"),
    ]


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
        self._width = 0  # the width in columns for which they are formatted

    def body(self) -> ComposeResult:
        """Filter, table, the highlighted row, the number of rows."""
        yield Filter(placeholder="words that a row must contain", id="filter")
        yield Table(cursor_type="row", zebra_stripes=True, id="table")
        yield Static("", markup=False, id="row")
        yield Static("", markup=False, id="count")

    def on_mount(self) -> None:
        """Focus the table."""
        self.query_one("#filter").display = False
        super().on_mount()
        self.query_one(Table).focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._fill())

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
        self._fill()
        shown, matching, total = len(self._rows), len(event.rows), len(self._all)
        count = f"{matching:,} of {total:,}" if event.words else f"{total:,}"
        more = f"; the first {shown:,} are shown, / narrows them" if shown < matching else ""
        rows = "signatures and changes" if total > 1 else "signature or change"
        text = f"{count} {rows}{more}" if total else f"No attempt and no change is logged · {sentences.window(report)}"
        self.query_one("#count", Static).update(text)

    def _fill(self) -> None:
        """Write the rows into the table, for its width and in the colours of the theme."""
        report, table = self.session.report, self.query_one(Table)
        if report is None or self.size.width <= 0:
            return
        selected = table.cursor_row
        self._width = self.size.width
        table.clear(columns=True)
        self.query_one("#row", Static).update("")
        cells = log_rows.cells(report, self._rows, self.size.width - _AROUND)
        table.add_columns(*_COLUMNS)
        for row, texts in zip(self._rows, cells, strict=True):
            table.add_row(*_drawn(row, texts, self._color(row)), key=row.key)
        table.move_cursor(row=selected)

    def on_resize(self) -> None:
        """Write the rows for another width."""
        if self.size.width != self._width:
            self._fill()

    def _color(self, row: log_rows.Row) -> str:
        """Return the theme's colour for an outcome, in the syntax of Rich."""
        name = {"accepted": "text-success", "refused": "text-error"}.get(row.outcome, "text-warning")
        return in_rich(self.app.theme_variables, name)

    def on_input_changed(self) -> None:
        """Filter as the user types."""
        self._filter(self.query_one(Filter).value)

    def on_input_submitted(self) -> None:
        """Focus the table."""
        self.query_one(Table).focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show subject and reason of the row below the table, where there is more room than in their columns."""
        report = self.session.report
        if report is not None and 0 <= event.cursor_row < len(self._rows):
            _, _, _, subject, reason = log_rows.table(report, self._rows[event.cursor_row])
            self.query_one("#row", Static).update("\n".join(filter(None, (subject, reason))))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the row's raw events."""
        report = self.session.report
        if report is not None and 0 <= event.cursor_row < len(self._rows):
            self.app.push_screen(RawEventsScreen(report, self._rows[event.cursor_row], self.session.read_events))


def _contains(report: Report, row: log_rows.Row, words: list[str]) -> bool:
    text = " ".join((*log_rows.table(report, row), *log_rows.event_ids(row))).lower()
    return all(word in text for word in words)


def _drawn(row: log_rows.Row, texts: log_rows.Cells, color: str) -> list[Text]:
    sign = log_rows.SIGNS.get(row.outcome, "?")
    return [
        Text(texts.time),
        Text(f"{sign} {texts.outcome}", style=color),
        Text(texts.number, justify="right"),
        Text(texts.subject),
        Text(texts.reason),
    ]
