"""What all five screens have in common: the masthead with the tabs, the status line, the footer, the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Static

from oidc_doctor.report.parts.escape import visible

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.tui.app import Doctor

TABS = (
    ("path", "1 Path"),
    ("timeline", "2 Timeline"),
    ("token", "3 Token"),
    ("whatif", "4 What-if"),
    ("events", "5 Events"),
)


class Tab(Static):
    """A name to click on; the digit before it does the same."""

    def __init__(self, mode: str, label: str, *, current: bool) -> None:
        super().__init__(label, markup=False, classes="tab current" if current else "tab")
        self.mode = mode

    async def on_click(self) -> None:
        """Go there."""
        await self.run_action(f"app.show('{self.mode}')")


class Masthead(Horizontal):
    """What is examined, and the five screens."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode

    def compose(self) -> ComposeResult:
        """Title on the left, tabs on the right."""
        yield Static("", markup=False, id="title")
        for mode, label in TABS:
            yield Tab(mode, label, current=mode == self.mode)

    def retitle(self, text: str) -> None:
        """`text` is what is examined, as the person named it."""
        self.query_one("#title", Static).update(visible(text) or "oidc-doctor")


class ReportScreen(Screen[None]):
    """A screen that shows a part of the report.

    Subclasses give `body()` and `show_report()`. `show_report` is called once the screen is mounted and there is a
    report, and again for each new one (`r`). All values of a report are written by strangers: `visible()` first, and
    Content or Text objects, never markup.
    """

    MODE: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "fix", "Fix", id="fix", tooltip="The edit and the commands for the selected finding"),
        Binding("y", "copy", "Copy", id="copy", tooltip="Copy the selected finding's command"),
        Binding("x", "explain", "Explain", id="explain", tooltip="The page of the selected finding's cause"),
    ]

    def compose(self) -> ComposeResult:
        """Masthead, body, status, footer."""
        yield Masthead(self.MODE)
        with Vertical(id="body"):
            yield from self.body()
        yield Static("", markup=False, id="status")
        yield Footer(compact=True, show_command_palette=False)

    def body(self) -> ComposeResult:
        """The widgets between masthead and footer."""
        yield from ()

    @property
    def doctor(self) -> Doctor:
        """The app."""
        return cast("Doctor", self.app)

    def on_mount(self) -> None:
        """Show what is known by now."""
        self.retitle()
        for exchange in self.doctor.judged:
            self.show_exchange(exchange)
        if self.doctor.report is not None:
            self.answer(self.doctor.report)

    def on_screen_resume(self) -> None:
        """What was told while another screen was in front."""
        self.retitle()

    def retitle(self) -> None:
        """The masthead's title and the status line, from the app."""
        self.query_one(Masthead).retitle(self.doctor.title_text)
        status = self.query_one("#status", Static)
        status.update(visible(self.doctor.status_text))
        status.display = bool(self.doctor.status_text)

    def wait(self) -> None:
        """Something else is examined: nothing is known of it yet."""
        self.add_class("-waiting")

    def answer(self, report: Report) -> None:
        """There is a report."""
        self.remove_class("-waiting")
        self.show_report(report)

    def show_exchange(self, exchange: Exchange) -> None:
        """An exchange was judged; the report comes later."""

    def show_report(self, report: Report) -> None:
        """Put `report` on the screen, in place of what stands there."""

    def action_fix(self) -> None:
        """The fix of the selected finding on a page of its own."""
        from oidc_doctor.tui.pages import fix_page

        if self.doctor.report is not None and self.doctor.entry is not None:
            self.app.push_screen(fix_page(self.doctor.report, self.doctor.entry))
        else:
            self._nothing_yet()

    def action_copy(self) -> None:
        """The selected finding's command, else its fix in words."""
        from oidc_doctor.report.rows.listing import edit_of, remedy

        if self.doctor.report is not None and self.doctor.entry is not None:
            edit = edit_of(self.doctor.report, self.doctor.entry)
            more = "f, then d copies the document that it names" if edit is not None and edit.document else ""
            self.doctor.take(*remedy(self.doctor.report, self.doctor.entry), more=more)
        else:
            self._nothing_yet()

    def action_explain(self) -> None:
        """The page of the selected finding's cause."""
        from oidc_doctor.tui.pages import explain_page

        if self.doctor.entry is not None:
            page = explain_page(self.doctor.entry)
            if page is None:
                self.notify("Nothing is wrong here, so there is no page that explains it.", markup=False)
            else:
                self.app.push_screen(page)
        else:
            self._nothing_yet()

    def _nothing_yet(self) -> None:
        self.notify(self.doctor.status_text or "Nothing was examined yet.", markup=False)
