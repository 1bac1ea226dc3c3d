"""The application: which screens there are, what is examined, and the run that fills them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.tui.examination import Examination, Failed, Finished, Inquiry, Progress
from oidc_doctor.tui.frame import ReportScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.dom import DOMNode
    from textual.screen import Screen

    from oidc_doctor.examine.examine import Examined
    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.report.rows.listing import Entry
    from oidc_doctor.tui.events import ReadEvents
    from oidc_doctor.tui.preferences import Preferences
    from oidc_doctor.tui.trials import Trials

_TOLD = 300  # characters of what was copied


def _start() -> Screen[None]:
    from oidc_doctor.tui.start import StartScreen

    return StartScreen()


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
    # each screen is made when it is first shown: start-up pays for one
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        "start": _start,
        "path": _path,
        "timeline": _timeline,
        "token": _token,
        "whatif": _whatif,
        "events": _events,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "export", "Export", id="export", tooltip="The same report as --report writes, to a file"),
        Binding("1", "show('path')", "Path", id="show.path", show=False),
        Binding("2", "show('timeline')", "Timeline", id="show.timeline", show=False),
        Binding("3", "show('token')", "Token", id="show.token", show=False),
        Binding("4", "show('whatif')", "What-if", id="show.whatif", show=False),
        Binding("5", "show('events')", "Events", id="show.events", show=False),
        Binding("o", "show('start')", "Open another", id="open", show=False, tooltip="Scenarios, bundles, a target"),
        Binding("r", "rerun", "Re-run", id="rerun", tooltip="Read everything again; while it reads: stop"),
        Binding("question_mark", "help", "Help", id="help", key_display="?", tooltip="What the focused part can do"),
        Binding("q", "quit", "Quit", id="quit"),
    ]

    def __init__(
        self,
        inquiry: Inquiry | None = None,
        preferences: Preferences | None = None,
        inquire: Callable[[list[str]], Inquiry] | None = None,
    ) -> None:
        super().__init__()
        self.inquire = inquire  # makes an inquiry of flags, as on the command line; ValueError where they are wrong
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (170, "-widest")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]
        self.inquiry = inquiry
        self.report: Report | None = None
        self.desk: Trials | None = None  # what is tried on the exchanges
        self.judged: list[Exchange] = []  # while the run goes on
        self.entry: Entry | None = None  # the selected finding
        self.read_events: ReadEvents | None = None
        self.status_text = ""
        self._preferences = preferences
        self._reading = False
        self._run: Examination | None = None

    @property
    def title_text(self) -> str:
        """What is examined."""
        return self.inquiry.title if self.inquiry is not None else ""

    def on_mount(self) -> None:
        """The first screen, painted before anything is read."""
        if self._preferences is not None:
            self._prefer(self._preferences)
        self.switch_mode("path" if self.inquiry is not None else "start")
        if self.inquiry is not None:
            self.call_after_refresh(self.examine, self.inquiry)

    def _prefer(self, preferences: Preferences) -> None:
        """The person's keys and theme; what cannot be used is said."""
        self.set_keymap(preferences.keys)
        problems = list(preferences.problems)
        if preferences.theme in self.available_themes:
            self.theme = preferences.theme
        elif preferences.theme is not None:
            problems.append(f"theme {preferences.theme}: there are {', '.join(sorted(self.available_themes))}")
        for problem in problems:
            self.notify(visible(problem), severity="warning", markup=False)

    def leave(self) -> None:
        """After the screens are closed: a run that goes on is given a moment to stop."""
        if self._run is not None:
            self._run.leave()

    def examine(self, inquiry: Inquiry) -> None:
        """Read and judge; what an earlier run still finds is dropped."""
        if self._run is not None:
            self._run.cancel()
        if inquiry != self.inquiry:
            self.report = self.entry = None
            for screen in self._report_screens():
                screen.wait()
        self.inquiry = inquiry
        self.judged = []
        self._reading = True
        self._run = Examination(inquiry, self.post_message)
        self._run.start()

    def action_show(self, mode: str) -> None:
        """Go to one of the five screens."""
        self.switch_mode(mode)

    def action_rerun(self) -> None:
        """Read everything again; while that goes on, stop."""
        if self._reading and self._run is not None:
            self._run.cancel()
            self._reading = False
            self._tell("stopped; r reads again")
        elif self.inquiry is not None:
            self.examine(self.inquiry)

    def action_help(self) -> None:
        """Help for the focused widget, and all keys; again: away with it."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def action_export(self) -> None:
        """Ask for a format and a file."""
        from oidc_doctor.tui.pages import ExportScreen

        if self.report is not None:
            self.push_screen(ExportScreen(self.report))

    def take(self, text: str, what: str, *, more: str = "") -> None:
        """Copy `text` to the clipboard and say so."""
        if not text:
            self.notify("There is nothing to copy here.", markup=False)
            return
        self.copy_to_clipboard(text)
        first = text.split("\n", 1)[0]
        told = first if len(first) <= _TOLD else first[:_TOLD] + "…"
        told = f"{visible(told)}\n\n{more}" if more else visible(told)
        self.notify(told, title=f"Copied: {what}", markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """By the terminal's own escape code; inside tmux also by tmux, which swallows that code."""
        super().copy_to_clipboard(text)
        if os.environ.get("TMUX") and not self.is_headless:
            import subprocess

            try:
                subprocess.run(["tmux", "load-buffer", "-w", "-"], input=text.encode(), timeout=1, check=False)  # noqa: S607
            except (OSError, subprocess.TimeoutExpired) as error:
                self.log(f"tmux: {error}")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The command palette: every action that has a key, then Textual's own."""
        listed: set[tuple[DOMNode, str]] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if active.enabled and binding.description and not binding.system:
                if (active.node, binding.action) in listed:  # another key for the same
                    continue
                listed.add((active.node, binding.action))
                name = binding.description
                key = self.get_key_display(binding)
                yield SystemCommand(
                    name, f"{active.tooltip or name} ({key})", partial(self._do, active.node, binding.action)
                )
        for command in super().get_system_commands(screen):
            if command.title != "Quit":  # it has a key
                yield command

    async def _do(self, node: DOMNode, action: str) -> None:
        await self.run_action(action, node)

    def on_progress(self, message: Progress) -> None:
        """Tell what is being read."""
        if message.run is not self._run:
            return
        self._tell(f"r stops · {message.text} …")
        if message.exchange is not None:
            self.judged.append(message.exchange)
            for screen in self._report_screens():
                screen.show_exchange(message.exchange)

    def on_finished(self, message: Finished) -> None:
        """The answer of the run that is wanted."""
        if message.run is self._run:
            self._reading = False
            self.present(message.examined)

    def present(self, examined: Examined) -> None:
        """Show an answer on every screen that there is."""
        from oidc_doctor.report.rows.listing import entries
        from oidc_doctor.tui.trials import Trials

        self.report, self.judged = examined.report, []
        self.entry = next(iter(entries(examined.report)), None)
        self.desk = Trials(examined, self.desk)
        raw, inquiry = examined.raw, self.inquiry
        self.read_events = partial(inquiry.read_events, raw) if inquiry is not None and raw is not None else None
        self._tell("")
        for screen in self._report_screens():
            screen.answer(examined.report)

    def on_failed(self, message: Failed) -> None:
        """Say why there is no answer."""
        if message.run is self._run:
            self._reading = False
            self._tell(f"✗ {message.text}")

    def _tell(self, text: str) -> None:
        self.status_text = text
        for screen in self._report_screens():
            screen.retitle()

    def _report_screens(self) -> list[ReportScreen]:
        """The screens that are mounted, hidden ones too."""
        stacks = self._screen_stacks.values()
        return [one for stack in stacks for one in stack if isinstance(one, ReportScreen) and one.is_mounted]
