"""The base of the five screens: masthead, status line and footer, and the actions on the selected finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.times import moment
from oidc_doctor.tui.clipboard import copy
from oidc_doctor.tui.widgets.key_bar import KeyBar
from oidc_doctor.tui.widgets.masthead import Masthead
from oidc_doctor.tui.widgets.page_view import PageView, StyledSheet
from oidc_doctor.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.tui.session import Session


class ReportScreen(Screen[None]):
    """A screen that shows a part of the report.

    Subclasses define `body()` and `show_report()`. `show_report` is called once the screen is mounted and there is a
    report, and again for each new one (`r`). Values of a report come from untrusted sources: pass
    them through `visible()`, and use Content or Text objects, never markup.
    """

    MODE: ClassVar[str] = ""
    LIST: ClassVar[str] = ""  # the list of the screen, if there is a page next to it
    PAGE: ClassVar[str] = ""  # the page next to it, which says what is read until there is an answer
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "fix", "Fix", id="fix", tooltip="The edit and the commands for the selected finding"),
        Binding("y", "copy", "Copy", id="copy", tooltip="The command of the selected finding, or its fix in words"),
        Binding("x", "explain", "Explain", id="explain", tooltip="The page of the selected finding's cause"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        """Masthead, what kept a live run from reading, body, status, footer."""
        yield Masthead(self.MODE)
        yield Static("", markup=False, id="obstacles")
        with Vertical(id="body"):
            yield from self.body()
        yield StatusLine()
        yield KeyBar()

    def body(self) -> ComposeResult:
        """Yield the widgets between masthead and footer."""
        yield from ()

    def on_mount(self) -> None:
        """Show the report, or the exchanges judged so far."""
        self.retitle()
        for exchange in self.session.judged:
            self.show_exchange(exchange)
        if self.session.report is not None:
            self.present(self.session.report)

    def on_screen_resume(self) -> None:
        """Show a status that was set while another screen was active."""
        self.retitle()

    def on_screen_suspend(self) -> None:
        """Remove the message of an action: it belongs to what the user saw then."""
        self.query_one(StatusLine).clear()

    def retitle(self) -> None:
        """Show the session's title and status."""
        report = self.session.report
        self.query_one(Masthead).retitle(self.session.title, _as_of(report) if report is not None else ())
        self.query_one(StatusLine).state(visible(self.session.status))
        if self.session.report is None and self.PAGE:
            text = self.session.missing_answer
            if not self.session.is_reading and self.session.source is not None:
                text += "\n\nr reads it again, o opens other evidence."
            self.query_one(self.PAGE, PageView).show(lambda sheet: _say(sheet, text))

    def wait(self) -> None:
        """Hide the report on the previous evidence until there is a new one."""
        self.add_class("-waiting")

    def present(self, report: Report) -> None:
        """Show a new report."""
        self.remove_class("-waiting")
        obstacles = self.query_one("#obstacles", Static)
        obstacles.display = bool(report.obstacles)
        if report.obstacles:
            from oidc_doctor.report.parts.obstacles import in_short  # late: of live runs alone

            obstacles.update("\n".join(in_short(obstacle) for obstacle in report.obstacles))
        self.retitle()
        self.show_report(report)

    def show_exchange(self, exchange: Exchange) -> None:
        """Show an exchange that was judged before the report is complete."""

    def show_report(self, report: Report) -> None:
        """Show `report` instead of the present content."""

    def action_fix(self) -> None:
        """Open the fix of the selected finding."""
        from oidc_doctor.tui.finding_pages import fix_page  # late: not needed for the first paint

        if self.session.report is not None and self.session.entry is not None:
            self.app.push_screen(fix_page(self.session.report, self.session.entry))
        else:
            self._say_why_nothing_is_selected()

    def action_copy(self) -> None:
        """Copy the command of the selected finding, or its fix in words."""
        from oidc_doctor.report.rows.listing import text_to_copy

        report, entry = self.session.report, self.session.entry
        if report is not None and entry is not None:
            copy(self.app, *text_to_copy(report, entry))
        else:
            self._say_why_nothing_is_selected()

    def action_explain(self) -> None:
        """Open the page of the selected finding's cause."""
        from oidc_doctor.tui.finding_pages import explain_page

        if self.session.entry is not None:
            page = explain_page(self.session.entry)
            if page is None:
                self.app.notify("No problem found, so there is nothing to explain.", markup=False)
            else:
                self.app.push_screen(page)
        else:
            self._say_why_nothing_is_selected()

    def action_enter_page(self) -> None:
        """Move the focus from the list to the page next to it."""
        self.query_one(self.PAGE, PageView).focus()

    def action_enter_list(self) -> None:
        """Move the focus from the page to the list."""
        if self.LIST:
            self.query_one(self.LIST).focus()

    def action_scroll_page(self, pages: int) -> None:
        """Scroll the page next to the list."""
        page = self.query_one(self.PAGE, PageView)
        page.scroll_relative(y=pages * max(page.size.height - 1, 1), animate=False)

    def _say_why_nothing_is_selected(self) -> None:
        self.app.notify(self.session.missing_answer or "No finding is selected.", markup=False)


def _as_of(report: Report) -> tuple[str, ...]:
    """Return of which time the report is, from the longest text to the shortest: the lists omit this day."""
    when, logs = moment(report.evaluated_at), sentences.window(report)
    day = when.removesuffix(" UTC").rpartition(" ")[0]
    return (f"as of {when} · {logs}".rstrip(" ·"), f"as of {when}", f"as of {day}", day.rpartition(" ")[0])


def _say(sheet: StyledSheet, text: str) -> None:
    for paragraph in text.split("\n\n"):
        sheet.say(paragraph)
        sheet.gap()
