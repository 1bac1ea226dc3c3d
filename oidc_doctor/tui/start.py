"""The start screen: the purpose of the program, the bundled scenarios, and an input line for a path."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.tui.examination import EvidenceSource
from oidc_doctor.tui.target_dialog import TargetScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.tui.session import Session
    from oidc_doctor.tui.target_dialog import ParseOptions

_PURPOSE = (
    "Why did AWS or Google Cloud refuse a workload's OIDC token? This compares\n"
    "what the token claims with what the cloud accepts, and names the clause.\n"
    "\n"
    "Pick a bundled scenario, type the path of a bundle of your own, or press\n"
    "Ctrl+T for a role or a provider. Nothing is ever written to a cloud."
)


class Scenario(NamedTuple):
    """A bundled scenario: its number in the list, its folder, and a summary."""

    number: int
    name: str
    path: str
    summary: str


def scenarios() -> list[Scenario]:
    """Return the bundled scenarios in the order of their names. Raises PackError if the installation is incomplete."""
    from oidc_doctor.findings import packs

    folder = packs.bundled("_samples", "sample_logs")
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    return [Scenario(at, name, os.path.join(folder, name), _summary(folder, name)) for at, name in enumerate(names, 1)]


def _summary(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name, "expected.json"), encoding="utf-8") as stream:
            expected = json.load(stream)
    except (OSError, ValueError):
        return ""
    return str(expected.get("summary", "")) if isinstance(expected, dict) else ""


def matching(scenarios: list[Scenario], typed: str) -> list[Scenario]:
    """Return the scenarios with this number, or with all these words; matches of the name come first."""
    typed = typed.strip().lower()
    if typed.isdigit():
        numbered = [scenario for scenario in scenarios if str(scenario.number).startswith(typed)]
        return sorted(numbered, key=lambda scenario: str(scenario.number) != typed)
    words = typed.split()
    with_words = [
        scenario
        for scenario in scenarios
        if all(word in f"{scenario.name} {scenario.summary}".lower() for word in words)
    ]
    return sorted(with_words, key=lambda scenario: not all(word in scenario.name for word in words))


class Search(Input):
    """The input line; ↑ and ↓ go through the list below it."""

    HELP = (
        "Type a scenario's number or words of it, or the path of a bundle: a folder, .zip or .tar.gz with what the "
        "vendors' own tools print (docs/bundle.md), or a single file such as a trust policy. Enter examines it."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.move(-1)", "Up", id="start.up", show=False),
        Binding("down", "screen.move(1)", "Down", id="start.down", show=False),
        Binding("pageup", "screen.move(-10)", "Page up", id="start.page-up", show=False),
        Binding("pagedown", "screen.move(10)", "Page down", id="start.page-down", show=False),
        Binding("enter", "submit", "Examine", id="start.examine"),
    ]


class StartScreen(Screen[None]):
    """Asks for a scenario, a bundle, or a live target. `parse_options`: see TargetScreen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "target", "Live target", id="start.target"),
        Binding("escape", "leave", "Clear, then leave", id="start.leave"),
    ]

    class Chosen(Message):
        """The user has chosen the evidence."""

        def __init__(self, source: EvidenceSource) -> None:
            super().__init__()
            self.source = source

    def __init__(self, session: Session, parse_options: ParseOptions | None = None) -> None:
        super().__init__()
        self.session = session
        self._parse_options = parse_options
        self._scenarios: list[Scenario] = []
        self._shown: list[Scenario | str] = []

    def compose(self) -> ComposeResult:
        """Yield the purpose, the input line, the choices, and the summary of the highlighted choice."""
        yield Static("oidc-doctor", markup=False, classes="page-title")
        yield Static(_PURPOSE, markup=False, id="what")
        yield Search(placeholder="number, words, or the path of a folder, .zip or .tar.gz", id="search")
        yield Static("", markup=False, id="said")
        yield OptionList(markup=False, id="choices")
        yield Static("", markup=False, id="chosen")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Read the scenarios after the first paint."""
        self.query_one("#choices").can_focus = False
        self.call_after_refresh(self._read)

    def on_screen_resume(self) -> None:
        """Focus the input line."""
        self.query_one(Search).focus()

    def _read(self) -> None:
        from oidc_doctor.findings.packs import PackError

        try:
            self._scenarios = scenarios()
        except PackError as error:
            self.say(str(error))
        self._fill()

    def say(self, text: str) -> None:
        """Show a problem with the typed text; an empty text removes it."""
        message = self.query_one("#said", Static)
        message.update(visible(text))
        message.set_class(bool(text), "wrong")

    def _fill(self) -> None:
        typed = self.query_one(Search).value
        path = os.path.expanduser(typed.strip())
        rows: list[Scenario | str] = []
        if typed.strip() and (os.sep in typed or os.path.exists(path)):
            rows.append(path)
        rows += matching(self._scenarios, typed)
        self._shown = rows
        choices = self.query_one("#choices", OptionList)
        choices.clear_options()
        width = max((len(scenario.name) for scenario in self._scenarios), default=0)
        choices.add_options([Option(_row(row, width)) for row in rows])
        choices.highlighted = 0 if rows else None

    def on_input_changed(self) -> None:
        """List the choices that match the typed text."""
        self.say("")
        self._fill()

    def action_move(self, rows: int) -> None:
        """Move in the list while the input line has the focus."""
        choices = self.query_one("#choices", OptionList)
        if self._shown:
            choices.highlighted = min(max((choices.highlighted or 0) + rows, 0), len(self._shown) - 1)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the full summary, which the list cuts off."""
        row = self._shown[event.option_index] if event.option_index < len(self._shown) else ""
        text = row.summary if isinstance(row, Scenario) else f"{row}: a bundle"
        self.query_one("#chosen", Static).update(visible(text))

    def on_input_submitted(self) -> None:
        """Examine the highlighted choice."""
        choices = self.query_one("#choices", OptionList)
        if choices.highlighted is None:
            self.say("no scenario has these words, and no file or folder has this name")
        else:
            self._examine(self._shown[choices.highlighted])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Examine the clicked choice."""
        self._examine(self._shown[event.option_index])

    def _examine(self, chosen: Scenario | str) -> None:
        if isinstance(chosen, Scenario):
            self.post_message(self.Chosen(EvidenceSource(chosen.name, chosen.path)))
        elif os.path.exists(chosen):
            self.post_message(self.Chosen(EvidenceSource(chosen, chosen)))
        else:
            self.say(f"{chosen}: no such file or folder")

    async def action_leave(self) -> None:
        """Clear the typed text; if there is none, return to the report, or quit the program."""
        if self.query_one(Search).value:
            self.query_one(Search).value = ""
        elif self.session.source is not None:
            await self.run_action("app.show('path')")
        else:
            self.app.exit()

    def action_target(self) -> None:
        """Ask for a role or a provider."""
        self.app.push_screen(TargetScreen(self._parse_options), self._examine_target)

    def _examine_target(self, source: EvidenceSource | None) -> None:
        if source is not None:
            self.post_message(self.Chosen(source))


def _row(row: Scenario | str, width: int) -> Content:
    if isinstance(row, str):
        return Content.assemble(("   bundle ", "bold"), visible(row))
    return Content.assemble(
        (f"{row.number:>2} ", "$foreground-muted"),
        (f"{row.name:<{width}}", "bold"),
        " ",
        (row.summary, "$foreground-muted"),
    )
