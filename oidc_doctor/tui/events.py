"""Signatures and changes as a table, and the raw events behind them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Static
from textual.worker import get_current_worker

from oidc_doctor.bundle.files import BundleError
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.path import Filter, FilteredScreen
from oidc_doctor.tui.widgets.page_view import PaperView, StyledSheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.app import Doctor

    # A row of the table, how many of its events to pass over, how many to give: (where it was read, JSON text)
    ReadEvents = Callable[[log_rows.Row, int, int], list[tuple[str, str]]]

MOST_ROWS = 1_000  # that are mounted: a table of 100,000 takes 16 s to fill
PAGE = 20  # events
_CELL = 200  # characters; what is longer is on the row's own page
_REASONS = (24, 40)  # characters of why, on a narrow and on a wide terminal; the subject has the rest of the line
_WIDE = 110
_COLUMNS = ("time UTC", "outcome", "number", "why, or what and who", "subject or resource")
# What decides in an event of either cloud: the answer, who asked for what, and a written policy.
_DECIDING = (
    "errorCode",
    "errorMessage",
    "eventName",
    "methodName",
    "policyDocument",
    "attributeCondition",
    "allowedAudiences",
    "clientIDList",
    "policyDelta",
    "subjectFromWebIdentityToken",
    "audience",
    "roleArn",
    "status",
    "code",
    "message",
)


class Table(DataTable[Text]):
    """Rows of signatures and changes."""

    HELP = (
        "Attempts that are alike are one row, with their number; ◆ is a change of the configuration, ◇ one that was "
        "refused. ↑ and ↓ select, Enter opens the raw events, / filters (words that a row must hold)."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Raw events", id="events.open")]


class EventsScreen(FilteredScreen):
    """The fifth screen: everything that the logs hold about the target."""

    MODE: ClassVar[str] = "events"
    ROWS = "Table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="events.filter", key_display="/"),
    ]

    class Filtered(Message):
        """The rows that hold all the words, and how many there are in all."""

        def __init__(self, words: str, rows: list[log_rows.Row]) -> None:
            super().__init__()
            self.words = words
            self.rows = rows

    def __init__(self) -> None:
        super().__init__()
        self._known: list[log_rows.Row] = []
        self._rows: list[log_rows.Row] = []

    def body(self) -> ComposeResult:
        """Filter, table, and how much of it is shown."""
        yield Filter(placeholder="words that a row must hold", id="filter")
        yield Table(cursor_type="row", zebra_stripes=True, id="table")
        yield Static("", markup=False, id="row")
        yield Static("", markup=False, id="count")

    def on_mount(self) -> None:
        """The table is where the keys go."""
        self.query_one("#filter").display = False
        self.query_one(Table).add_columns(*_COLUMNS)
        super().on_mount()
        self.query_one(Table).focus()

    def show_report(self, report: Report) -> None:
        """All rows, then those that the filter leaves."""
        self._known = log_rows.rows(report)
        self._sift(self.query_one(Filter).value)

    @work(thread=True, exclusive=True)
    def _sift(self, words: str) -> None:
        """Look for the words, beside the screen: there may be many rows."""
        report, worker = self.doctor.report, get_current_worker()
        wanted = words.lower().split()
        found: list[log_rows.Row] = []
        for row in self._known if report is not None else ():
            if worker.is_cancelled:
                return
            if not wanted or report is None or _holds(report, row, wanted):
                found.append(row)
        self.post_message(self.Filtered(words, found))

    def on_events_screen_filtered(self, event: Filtered) -> None:
        """Mount what was found, as much of it as a table can bear."""
        report = self.doctor.report
        if report is None or event.words != self.query_one(Filter).value:
            return
        self._rows = event.rows[:MOST_ROWS]
        table = self.query_one(Table)
        table.clear()
        self.query_one("#row", Static).update("")
        for row in self._rows:
            table.add_row(*_cells(report, row, self._color(row), _REASONS[self.size.width >= _WIDE]), key=row.key)
        shown, found, known = len(self._rows), len(event.rows), len(self._known)
        told = f"{found:,} of {known:,} signatures and changes" if event.words else f"{known:,} signatures and changes"
        more = f"; the first {shown:,} are shown, / narrows them" if shown < found else ""
        self.query_one("#count", Static).update(told + more if known else "The logs hold no attempt and no change.")

    def _color(self, row: log_rows.Row) -> str:
        """The theme's colour for an outcome, as Rich names it."""
        name = {"accepted": "text-success", "refused": "text-error"}.get(row.outcome, "text-warning")
        return self.app.theme_variables[name].removeprefix("ansi_")

    def on_input_changed(self) -> None:
        """Filter as the person types."""
        self._sift(self.query_one(Filter).value)

    def on_input_submitted(self) -> None:
        """From the words to the rows."""
        self.query_one(Table).focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """The row's last cell in full, as far as two lines hold it: the column shows its beginning."""
        report = self.doctor.report
        if report is not None and 0 <= event.cursor_row < len(self._rows):
            self.query_one("#row", Static).update(log_rows.table(report, self._rows[event.cursor_row])[3])

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter or a click: the raw events."""
        if 0 <= event.cursor_row < len(self._rows):
            open_events(self.doctor, self._rows[event.cursor_row])


def _holds(report: Report, row: log_rows.Row, wanted: list[str]) -> bool:
    told = " ".join((*log_rows.table(report, row), *log_rows.event_ids(row))).lower()
    return all(word in told for word in wanted)


def _cells(report: Report, row: log_rows.Row, color: str, reason: int) -> list[Text]:
    when, what, number, who, why = log_rows.table(report, row)
    sign = log_rows.SIGNS.get(row.outcome, "?")
    return [
        Text(when.removesuffix(" UTC")),
        Text(f"{sign} {what}", style=color),
        Text(number, justify="right"),
        Text(clip(why, reason)),
        Text(clip(who, _CELL)),
    ]


def open_events(doctor: Doctor, row: log_rows.Row) -> None:
    """The raw events of a row on a page of their own."""
    if doctor.report is not None:
        doctor.push_screen(RawScreen(doctor.report, row, doctor.read_events))


class RawScreen(Screen[None]):
    """What is behind a row: the row in words, and its events as the log has them, a page at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "app.pop_screen", "Back", id="raw.back", key_display="esc"),
        Binding("n,right", "turn(1)", "Next events", id="raw.next"),
        Binding("p,left", "turn(-1)", "Previous", id="raw.previous"),
        Binding("y", "copy", "Copy the event ids", id="raw.copy"),
    ]

    class Read(Message):
        """A page of events; `problem` says why there is none."""

        def __init__(self, first: int, events: list[tuple[str, str]], problem: str = "") -> None:
            super().__init__()
            self.first = first
            self.events = events
            self.problem = problem

    def __init__(self, report: Report, row: log_rows.Row, read: ReadEvents | None) -> None:
        super().__init__()
        self._report = report
        self._row = row
        self._read_events = read
        self._first = 0

    def compose(self) -> ComposeResult:
        """A title and the page."""
        yield Static(log_rows.label(self._report, self._row), markup=False, classes="page-title")
        yield PaperView()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """The row first; its events when they are read."""
        self._show(0, [], "" if self._read_events is not None else "no log was read that holds them")
        self._turn(0)

    @work(thread=True, exclusive=True)
    def _turn(self, first: int) -> None:
        if self._read_events is None:
            return
        try:
            events = self._read_events(self._row, first, PAGE)
        except (OSError, ValueError, BundleError) as error:
            self.post_message(self.Read(first, [], str(error)))
            return
        self.post_message(self.Read(first, events))

    def on_raw_screen_read(self, event: Read) -> None:
        """Show the page; past the last one, stay."""
        if event.events or event.problem or not event.first:
            self._first = event.first
            self._show(event.first, event.events, event.problem)

    def _show(self, first: int, events: list[tuple[str, str]], problem: str) -> None:
        def write(paper: StyledSheet) -> None:
            log_rows.detail(paper, self._report, self._row)
            if problem:
                paper.gap()
                paper.say(visible(problem), lead="raw events: ", style="dim")
            for number, (place, text) in enumerate(events, first + 1):
                paper.gap()
                paper.lines.append(paper.paint(f"{number}  {clip(visible(place), _CELL)}", "bold"))
                raw(paper, text, deciding(self._row))

        self.query_one(PaperView).show(write)

    def action_turn(self, steps: int) -> None:
        """The next or the previous page of events."""
        wanted = max(self._first + steps * PAGE, 0)
        if wanted != self._first:
            self._turn(wanted)

    def action_copy(self) -> None:
        """All ids, one to a line."""
        text = "\n".join(visible(event) for event in log_rows.event_ids(self._row))
        cast("Doctor", self.app).take(text, "event ids")


def deciding(row: log_rows.Row) -> tuple[str, ...]:
    """Values that decided: what to look for in a raw event."""
    one = row.attempt
    if one is None:
        return ()
    return tuple(value for value in (one.subject, one.audience, one.error) if value)


def raw(paper: StyledSheet, text: str, values: tuple[str, ...]) -> None:
    """An event as JSON, a line for each member; those that decide have a mark before them."""
    try:
        lines = json.dumps(json.loads(text), indent=2, ensure_ascii=False).split("\n")
    except ValueError:
        lines = text.split("\n")
    for line in lines:
        name, _, value = line.strip().partition(": ")
        told = name.strip('"') in _DECIDING or any(one in value for one in values)
        shown = clip(visible(line), max(paper.width - 2, 1) * 8)
        for at in range(0, len(shown), max(paper.width - 2, 1)):
            part = shown[at : at + paper.width - 2]
            lead = "▶ " if told and not at else "  "
            paper.lines.append(paper.paint(lead + part, "yellow" if told else ""))
