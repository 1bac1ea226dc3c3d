"""The Textual application: its screens, and the examination whose report they show."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.tui.colors import readable
from oidc_doctor.tui.examination import Examination, Failed, Finished, Progress
from oidc_doctor.tui.session import STOPS, Session
from oidc_doctor.tui.signals import closing_at_signals
from oidc_doctor.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.notifications import SeverityLevel
    from textual.screen import Screen
    from textual.widget import Widget

    from oidc_doctor.examine.examine import Examined
    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.examination import EvidenceSource
    from oidc_doctor.tui.health import HealthScreen, HealthSource
    from oidc_doctor.tui.preferences import Preferences
    from oidc_doctor.tui.report_screen import ReportScreen
    from oidc_doctor.tui.start import StartScreen
    from oidc_doctor.tui.target_dialog import ParseOptions


def _report_screen(mode: str, session: Session) -> ReportScreen:
    """Return a new screen for `mode`. Only the module of that screen is imported, to keep start-up fast."""
    if mode == "path":
        from oidc_doctor.tui.path import PathScreen

        return PathScreen(session)
    if mode == "timeline":
        from oidc_doctor.tui.timeline import TimelineScreen

        return TimelineScreen(session)
    if mode == "token":
        from oidc_doctor.tui.token import TokenScreen

        return TokenScreen(session)
    if mode == "whatif":
        from oidc_doctor.tui.whatif import WhatIfScreen

        return WhatIfScreen(session)
    from oidc_doctor.tui.events import EventsScreen

    return EventsScreen(session)


_TIME_TO_READ = 20.0  # seconds for the problems of a configuration file
_SECONDS_TO_QUIT = 3.0  # after Ctrl+C
_MARKDOWN_WIDTH = 80  # columns, as --report writes it


def _answer(report: Report) -> tuple[object, ...]:
    """Return what the user would call the answer: the verdict and the causes."""
    return report.verdict, report.headline, [(cause.exchange, cause.code, cause.status) for cause in report.causes]


class Doctor(App[None]):
    """The application. Without a `source`, the start screen asks for one; `parse_options` parses a live target."""

    TITLE = "oidc-doctor"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "export", "Export", id="export", tooltip="Write the report to a file, in any format"),
        Binding("r", "rerun", "Re-run", id="rerun", tooltip="Read all evidence again; while reading: stop"),
        Binding("f5,ctrl+r", "rerun", "Re-run", id="rerun", show=False),
        Binding("o", "show('start')", "Open another", id="open", tooltip="Your own evidence, or a bundled scenario"),
        Binding(
            "m", "copy_markdown", "Copy Markdown", id="markdown", tooltip="Copy the report as Markdown, for a ticket"
        ),
        Binding("0", "show('health')", "Health", id="show.health", tooltip="All targets of the health check"),
        Binding("1", "show('path')", "Path", id="show.path", show=False),
        Binding("2", "show('timeline')", "Timeline", id="show.timeline", show=False),
        Binding("3", "show('token')", "Token", id="show.token", show=False),
        Binding("4", "show('whatif')", "What-if", id="show.whatif", show=False),
        Binding("5", "show('events')", "Events", id="show.events", show=False),
        Binding(
            "colon", "command_palette", "Palette", id="palette", key_display=":", tooltip="Every action by its name"
        ),
        Binding("ctrl+p", "command_palette", "Palette", id="palette", show=False, priority=True),
        Binding("question_mark", "help", "Help", id="help", key_display="?", tooltip="The keys of the focused part"),
        Binding("f1", "help", "Help", id="help", show=False),
        Binding("ctrl+o", "jump", "Jump", id="jump", show=False, tooltip="A letter on each part, which goes to it"),
        Binding("q", "quit", "Quit", id="quit"),
        Binding("ctrl+q", "quit", "Quit", id="quit", show=False, priority=True),
        Binding(
            "ctrl+c",
            "interrupt",
            "Copy, or quit",
            id="interrupt",
            show=False,
            tooltip="Copy the marked text; without any, twice quits",
        ),
    ]

    def __init__(
        self,
        source: EvidenceSource | None = None,
        preferences: Preferences | None = None,
        parse_options: ParseOptions | None = None,
        health: HealthSource | None = None,
    ) -> None:
        without_color = "NO_COLOR" in os.environ
        super().__init__(ansi_color=True if without_color else None)
        if without_color:  # the terminal's own colours, of which Textual then removes the colour
            self.theme = "ansi-dark"
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (170, "-widest")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]
        self.session = Session(source)
        self._preferences = preferences
        self._parse_options = parse_options
        self._health = health
        self._screens: list[ReportScreen] = []  # created so far
        self._run: Examination | None = None
        self._asked_to_quit = 0.0  # when Ctrl+C was pressed with nothing to copy
        self.ended_by: int | None = None  # the number of the signal that closed the screens
        self.add_mode("start", self._make_start_screen)
        if health is not None:
            self.add_mode("health", partial(self._make_health_screen, health))
        for mode in ("path", "timeline", "token", "whatif", "events"):
            self.add_mode(mode, partial(self._make_report_screen, mode))

    def _make_start_screen(self) -> StartScreen:
        from oidc_doctor.tui.start import StartScreen

        return StartScreen(self.session, self._parse_options)

    def _make_health_screen(self, source: HealthSource) -> HealthScreen:
        from oidc_doctor.tui.health import HealthScreen

        return HealthScreen(source)

    def _make_report_screen(self, mode: str) -> ReportScreen:
        screen = _report_screen(mode, self.session)
        self._screens.append(screen)
        return screen

    def _mounted_screens(self) -> list[ReportScreen]:
        return [screen for screen in self._screens if screen.is_mounted]

    def on_mount(self) -> None:
        """Show the first screen; read the evidence after the first paint."""
        source = self.session.source
        if source is not None:
            self.session.status = f"reading {source.title} …"
        self.switch_mode("health" if self._health is not None else "start" if source is None else "path")
        if self._preferences is not None:
            self._apply(self._preferences)
        if source is not None:
            self.call_after_refresh(self.examine, source)

    def _apply(self, preferences: Preferences) -> None:
        """Apply the key bindings and the theme of the user; warn of each invalid setting."""
        self.set_keymap(preferences.keys)
        problems = list(preferences.problems)
        if preferences.keys:
            from oidc_doctor.tui.keys import unknown_names  # late: it imports every screen

            problems += unknown_names(preferences.keys)
        if preferences.theme in self.available_themes:
            self.theme = preferences.theme if not self.no_color else self.theme
        elif preferences.theme is not None:
            problems.append(f"theme {preferences.theme}: there are {', '.join(sorted(self.available_themes))}")
        if problems:
            text = "\n".join(map(visible, problems))
            self.call_after_refresh(self.notify, text, severity="warning", timeout=_TIME_TO_READ, markup=False)

    def get_css_variables(self) -> dict[str, str]:
        """Return the variables of the theme, in colours that can be read."""
        self.theme_variables = readable(super().get_css_variables(), ansi=self.current_theme.ansi)
        return self.theme_variables

    async def run_async(self, **how: Any) -> None:
        """Run the screens; a signal closes them as the key does."""
        with closing_at_signals(self._end):
            await super().run_async(**how)

    def _end(self, number: int) -> None:
        self.ended_by = number
        self.exit()

    def leave(self) -> None:
        """Cancel the examination after the screens are closed, and wait briefly until it has stopped."""
        if self._run is not None:
            self._run.leave()

    def examine(self, source: EvidenceSource) -> None:
        """Start an examination and cancel a running one."""
        if self._run is not None:
            self._run.cancel()
        if source != self.session.source:
            for screen in self._mounted_screens():
                screen.wait()
        self.session.begin(source)
        self._show_status(f"{STOPS}reading {source.title} …")
        self.session.is_reading = True
        self._run = Examination(source, self.post_message)
        self._run.start()

    def on_start_screen_chosen(self, message: StartScreen.Chosen) -> None:
        """Examine what the user chose on the start screen."""
        self.examine(message.source)
        self.switch_mode("path")

    def on_health_screen_chosen(self, message: HealthScreen.Chosen) -> None:
        """Examine the target that the user chose on the Health screen."""
        self.examine(message.source)
        self.switch_mode("path")

    def action_show(self, mode: str) -> None:
        """Show one of the five screens, or the start screen."""
        self.switch_mode(mode)

    def action_rerun(self) -> None:
        """Read all evidence again, or stop a running examination."""
        if self.session.is_reading and self._run is not None:
            self._run.cancel()
            self.session.is_reading = False
            self._show_status("stopped; r reads again")
        elif self.session.source is not None:
            self.examine(self.session.source)

    def action_jump(self) -> None:
        """Show a letter on each part of the screen; the letter gives it the focus."""
        from oidc_doctor.tui.jump import jump_screen  # late: many sessions need no letters

        behind = self.screen

        def focus(part: Widget | None) -> None:
            if part is not None:
                behind.set_focus(part)

        self.push_screen(jump_screen(behind), focus)

    def action_help(self) -> None:
        """Open the help for the focused part."""
        from oidc_doctor.tui.help import help_screen  # late: many sessions need no help

        self.push_screen(help_screen(self, self.screen))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is done with a report only once there is evidence."""
        if action == "show" and parameters == ("health",):
            return self._health is not None and self.current_mode != "health"
        if action in ("rerun", "export", "copy_markdown"):
            return self.session.source is not None
        return super().check_action(action, parameters)

    async def action_quit(self) -> None:
        """Close the screens."""
        self.exit()

    def action_interrupt(self) -> None:
        """Say how to quit; quit if this was said just before. A marked text is copied by the screen or the input."""
        now = monotonic()
        if now - self._asked_to_quit < _SECONDS_TO_QUIT:
            self.exit()
            return
        self._asked_to_quit = now
        self.notify("Ctrl+C again quits, as q does. It copies a text that is marked.", timeout=_SECONDS_TO_QUIT)

    def action_export(self) -> None:
        """Ask for a format and a file."""
        from oidc_doctor.tui.export_dialog import ExportScreen  # late: most sessions export nothing

        if self.session.report is not None:
            self.push_screen(ExportScreen(self.session.report))
        else:
            self.notify(self.session.missing_answer, markup=False)

    def action_copy_markdown(self) -> None:
        """Copy the report as `--format markdown` writes it."""
        from oidc_doctor.report.formats import render
        from oidc_doctor.tui.clipboard import copy

        if self.session.report is not None:
            copy(
                self, render(self.session.report, "markdown", width=_MARKDOWN_WIDTH, color=False), "report as Markdown"
            )
        else:
            self.notify(self.session.missing_answer, markup=False)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a message in the status line of the screen, or of the one behind a dialog: it covers nothing there."""
        for screen in reversed(self.screen_stack):
            for line in screen.query(StatusLine):
                line.say(f"{title}: {message}" if title else message, severity, timeout)
                return
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy with the terminal's escape sequence, and inside tmux also with tmux, which discards that sequence."""
        text = text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate has no encoding
        super().copy_to_clipboard(text)
        if os.environ.get("TMUX") and not self.is_headless:
            import subprocess

            try:
                subprocess.run(["tmux", "load-buffer", "-w", "-"], input=text.encode(), timeout=1, check=False)  # noqa: S607
            except (OSError, subprocess.TimeoutExpired) as error:
                self.log(f"tmux: {error}")

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        """Write a picture of the screen to a new file, where Textual does; in a browser, offer it for download."""
        if self.is_web:
            return super().deliver_screenshot(filename, path, time_format)
        from platformdirs import user_downloads_path  # late: few sessions take a picture

        from oidc_doctor import files

        folder = path or str(user_downloads_path())
        name = filename or f"oidc-doctor-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.svg"
        try:
            place = files.create_numbered(folder, name, self.export_screenshot().encode())
        except OSError as error:
            self.notify(f"Not written: {visible(str(error))}", severity="error", markup=False)
            return None
        self.notify(f"Written to {visible(os.path.abspath(place))}", markup=False)
        return None

    def get_key_display(self, binding: Binding) -> str:
        """Return the key as the footer, the help and the palette show it."""
        return visible(super().get_key_display(binding))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette."""
        from oidc_doctor.tui import palette  # late: not needed for the first paint

        yield from palette.commands(self, screen)

    def search_themes(self) -> None:
        """Open the palette of the themes."""
        from oidc_doctor.tui import palette

        self.push_screen(palette.themes())

    def action_keep_theme(self, name: str) -> None:
        """Use a theme, and keep it for the next start in the user's own configuration file.

        Without colours, no other theme is used: those of RGB colours mark a selection by its ground alone.
        """
        from oidc_doctor.tui import preferences

        self.theme = name if not self.no_color else self.theme
        try:
            path = preferences.keep_theme(preferences.config_file(), name)
        except preferences.NotKept as error:
            self.notify(f"Theme {name} for this session only: {visible(str(error))}", severity="warning", markup=False)
        else:
            unused = "; NO_COLOR is set, so it is not used now" if self.no_color else ""
            self.notify(f"Theme {name}, kept in {visible(path)}{unused}", markup=False)

    def on_progress(self, message: Progress) -> None:
        """Show the current read, and the exchange that was just judged."""
        if message.run is not self._run:
            return
        self._show_status(f"{STOPS}{message.text} …")
        if message.exchange is not None:
            self.session.judged.append(message.exchange)
            for screen in self._mounted_screens():
                screen.show_exchange(message.exchange)

    def on_finished(self, message: Finished) -> None:
        """Show the report, unless a newer examination runs."""
        if message.run is self._run:
            self.session.is_reading = False
            before = self.session.report
            self.present(message.examined)
            if before is not None:
                answer = (
                    "the same answer" if _answer(before) == _answer(message.report) else "another answer than before"
                )
                self.notify(f"Read again at {datetime.now(UTC):%H:%M:%S} UTC: {answer}.", markup=False)

    def present(self, examined: Examined) -> None:
        """Show a report on every mounted screen."""
        self.session.finish(examined)
        self._show_status("")
        for screen in self._mounted_screens():
            screen.present(examined.report)

    def on_failed(self, message: Failed) -> None:
        """Show the reason why there is no report."""
        if message.run is self._run:
            self.session.is_reading = False
            self._show_status(f"✗ {message.text}")

    def _show_status(self, text: str) -> None:
        self.session.status = text
        for screen in self._mounted_screens():
            screen.retitle()
