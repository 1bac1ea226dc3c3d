"""The page of a log row: its details, and its raw events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from oidc_doctor.bundle.files import BundleError
from oidc_doctor.model.secret_texts import without_secrets, without_secrets_in
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.clipboard import copy
from oidc_doctor.tui.widgets.key_bar import KeyBar
from oidc_doctor.tui.widgets.page_view import PageView, StyledSheet
from oidc_doctor.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.session import ReadEvents

PAGE = 20  # events
_PLACE = 200  # characters of the file and the place of an event
_MOST_LINES = 8  # of a member of an event
# Members of an event that decide the outcome: the answer, the caller and the request, and a written policy.
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


class RawEventsScreen(Screen[None]):
    """The details of a row, and its raw events, a page at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "app.pop_screen", "Back", id="raw.back", key_display="esc"),
        Binding("n,right", "turn(1)", "Next events", id="raw.next"),
        Binding("p,left", "turn(-1)", "Previous", id="raw.previous"),
        Binding("y", "copy", "Copy the event ids", id="raw.copy"),
    ]

    class Read(Message):
        """A page of events was read; `problem` is the reason why there is none."""

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
        yield PageView()
        yield StatusLine()
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the details at once, and the events once they are read."""
        self._show(0, [], "" if self._read_events is not None else "no log with these events was read")
        self._read_page(0)

    @work(thread=True, exclusive=True)
    def _read_page(self, first: int) -> None:
        if self._read_events is None:
            return
        try:
            events = self._read_events(self._row, first, PAGE)
        except (OSError, ValueError, BundleError) as error:
            self.post_message(self.Read(first, [], str(error)))
            return
        self.post_message(self.Read(first, events))

    def on_raw_events_screen_read(self, event: Read) -> None:
        """Show the page of events; after the last page, keep the current one."""
        if event.events or event.problem or not event.first:
            self._first = event.first
            self._show(event.first, event.events, event.problem)

    def _show(self, first: int, events: list[tuple[str, str]], problem: str) -> None:
        def write(sheet: StyledSheet) -> None:
            log_rows.detail(sheet, self._report, self._row)
            if problem:
                sheet.gap()
                sheet.say(visible(problem), lead="raw events: ", style="dim")
            for number, (place, text) in enumerate(events, first + 1):
                sheet.gap()
                sheet.lines.append(sheet.paint(f"{number}  {clip(visible(place), _PLACE)}", "bold"))
                _write_event(sheet, text, _deciding_values(self._row))

        self.query_one(PageView).show(write)

    def action_turn(self, steps: int) -> None:
        """Read the next or the previous page of events."""
        first = max(self._first + steps * PAGE, 0)
        if first != self._first:
            self._read_page(first)

    def action_copy(self) -> None:
        """Copy all event ids, one per line."""
        copy(self.app, "\n".join(visible(event) for event in log_rows.event_ids(self._row)), "event ids")


def _deciding_values(row: log_rows.Row) -> tuple[str, ...]:
    """Return the values that decided the outcome of the attempt."""
    attempt = row.attempt
    if attempt is None:
        return ()
    return tuple(value for value in (attempt.subject, attempt.audience, attempt.error) if value)


def _write_event(sheet: StyledSheet, text: str, values: tuple[str, ...]) -> None:
    """Write an event as JSON, a line for each member, with a mark before the members that decide."""
    try:
        lines = json.dumps(without_secrets_in(json.loads(text)), indent=2, ensure_ascii=False).split("\n")
    except ValueError:
        lines = without_secrets(text).split("\n")
    width = max(sheet.width - 2, 1)
    for line in lines:
        name, _, value = line.strip().partition(": ")
        decides = name.strip('"') in _DECIDING or any(deciding_value in value for deciding_value in values)
        shown = clip(visible(line), width * _MOST_LINES)
        for start in range(0, len(shown), width):
            lead = "▶ " if decides and not start else "  "
            sheet.lines.append(sheet.paint(lead + shown[start : start + width], "yellow" if decides else ""))
