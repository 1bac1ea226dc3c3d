"""The application: which screens there are, what is examined, and the run that fills them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from oidc_doctor.tui.frame import ReportScreen
from oidc_doctor.tui.inquiry import Examination, Failed, Finished, Inquiry, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from oidc_doctor.model.report import Report
    from oidc_doctor.pipeline import Examined


def _path() -> Screen[None]:
    from oidc_doctor.tui.path import PathScreen

    return PathScreen()


def _timeline() -> Screen[None]:
    from oidc_doctor.tui.timeline import TimelineScreen

    return TimelineScreen()


def _token() -> Screen[None]:
    from oidc_doctor.tui.token import TokenScreen

    return TokenScreen()


def _whatif() -> Screen[None]:
    from oidc_doctor.tui.whatif import WhatIfScreen

    return WhatIfScreen()


def _events() -> Screen[None]:
    from oidc_doctor.tui.events import EventsScreen

    return EventsScreen()


class Doctor(App[None]):
    """`inquiry` is what to examine; None asks for it on the start screen."""

    TITLE = "oidc-doctor"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [(0, "-narrow"), (110, "-wide"), (170, "-widest")]
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]] | None] = [(0, "-low"), (34, "-tall")]
    # each screen is made when it is first shown: start-up pays for one
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        "path": _path,
        "timeline": _timeline,
        "token": _token,
        "whatif": _whatif,
        "events": _events,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "show('path')", "Path", id="show.path", show=False),
        Binding("2", "show('timeline')", "Timeline", id="show.timeline", show=False),
        Binding("3", "show('token')", "Token", id="show.token", show=False),
        Binding("4", "show('whatif')", "What-if", id="show.whatif", show=False),
        Binding("5", "show('events')", "Events", id="show.events", show=False),
        Binding("r", "rerun", "Re-run", id="rerun"),
        Binding("q", "quit", "Quit", id="quit"),
    ]

    def __init__(self, inquiry: Inquiry | None = None) -> None:
        super().__init__()
        self.inquiry = inquiry
        self.report: Report | None = None
        self.examined: Examined | None = None  # what the report was made from: where a what-if edit begins
        self.status_text = ""
        self._run: Examination | None = None

    @property
    def title_text(self) -> str:
        """What is examined."""
        return self.inquiry.title if self.inquiry is not None else ""

    def on_mount(self) -> None:
        """The first screen, painted before anything is read."""
        self.switch_mode("path")
        if self.inquiry is not None:
            self.call_after_refresh(self.examine, self.inquiry)

    def examine(self, inquiry: Inquiry) -> None:
        """Read and judge; what an earlier run still finds is dropped."""
        if self._run is not None:
            self._run.cancel()
        self.inquiry = inquiry
        self._run = Examination(inquiry, self.post_message)
        self._run.start()

    def action_show(self, mode: str) -> None:
        """Go to one of the five screens."""
        self.switch_mode(mode)

    def action_rerun(self) -> None:
        """Read everything again."""
        if self.inquiry is not None:
            self.examine(self.inquiry)

    def on_progress(self, message: Progress) -> None:
        """Tell what is being read."""
        if message.run is self._run:
            self._tell(message.text)

    def on_finished(self, message: Finished) -> None:
        """Show the answer on every screen that there is."""
        if message.run is not self._run:
            return
        self.report, self.examined = message.report, message.examined
        self._tell("")
        for screen in self._report_screens():
            screen.show_report(message.report)

    def on_failed(self, message: Failed) -> None:
        """Say why there is no answer."""
        if message.run is self._run:
            self._tell(message.text)

    def _tell(self, text: str) -> None:
        self.status_text = text
        for screen in self._report_screens():
            screen.retitle()

    def _report_screens(self) -> list[ReportScreen]:
        """The screens that are mounted, hidden ones too."""
        stacks = self._screen_stacks.values()
        return [one for stack in stacks for one in stack if isinstance(one, ReportScreen) and one.is_mounted]
