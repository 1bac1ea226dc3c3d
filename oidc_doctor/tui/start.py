"""The first thing to see when nothing was said: what this program does, and what it can look at."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.tui.examination import Inquiry

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.tui.app import Doctor

_WHAT = (
    "Why did AWS or Google Cloud refuse a workload's OIDC token? This compares\n"
    "what the token claims with what the cloud accepts, and names the clause.\n"
    "\n"
    "Pick a bundled scenario, type the path of a bundle of your own, or press\n"
    "Ctrl+T for a role or a provider. Nothing is ever written to a cloud."
)


class Scenario(NamedTuple):
    """A bundled scenario: its folder, and what happened there in a sentence."""

    number: int
    name: str
    path: str
    summary: str


def scenarios() -> list[Scenario]:
    """The bundled scenarios in the order of their names. PackError where the installation is incomplete."""
    from oidc_doctor.findings import packs

    folder = packs.bundled("_samples", "sample_logs")
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    return [Scenario(at, name, os.path.join(folder, name), _summary(folder, name)) for at, name in enumerate(names, 1)]


def _summary(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name, "expected.json"), encoding="utf-8") as stream:
            told = json.load(stream)
    except (OSError, ValueError):
        return ""
    return str(told.get("summary", "")) if isinstance(told, dict) else ""


def matching(known: list[Scenario], typed: str) -> list[Scenario]:
    """Those with this number; else those that hold all the words, the ones that hold them in their name first."""
    typed = typed.strip().lower()
    if typed.isdigit():
        return [one for one in known if str(one.number) == typed] + [
            one for one in known if str(one.number).startswith(typed) and str(one.number) != typed
        ]
    found = [one for one in known if all(word in f"{one.name} {one.summary}".lower() for word in typed.split())]
    return sorted(found, key=lambda one: not all(word in one.name for word in typed.split()))


class Search(Input):
    """Where to type; ↑ and ↓ go through the list below it."""

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
    """Scenarios, a bundle, or a live target."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "target", "Live target", id="start.target"),
        Binding("escape", "leave", "Clear, then leave", id="start.leave"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._known: list[Scenario] = []
        self._shown: list[Scenario | str] = []

    @property
    def doctor(self) -> Doctor:
        """The app."""
        return cast("Doctor", self.app)

    def compose(self) -> ComposeResult:
        """What it is, where to type, what there is."""
        yield Static("oidc-doctor", markup=False, classes="page-title")
        yield Static(_WHAT, markup=False, id="what")
        yield Search(placeholder="number, words, or the path of a folder, .zip or .tar.gz", id="search")
        yield Static("", markup=False, id="said")
        yield OptionList(markup=False, id="choices")
        yield Static("", markup=False, id="chosen")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Paint first, then read the scenarios."""
        self.query_one("#choices").can_focus = False
        self.call_after_refresh(self._read)

    def on_screen_resume(self) -> None:
        """Ready to type."""
        self.query_one(Search).focus()

    def _read(self) -> None:
        from oidc_doctor.findings.packs import PackError

        try:
            self._known = scenarios()
        except PackError as error:
            self.say(str(error))
        self._fill()

    def say(self, text: str) -> None:
        """A line about what was typed."""
        said = self.query_one("#said", Static)
        said.update(visible(text))
        said.set_class(bool(text), "wrong")

    def _fill(self) -> None:
        typed = self.query_one(Search).value
        path = os.path.expanduser(typed.strip())
        rows: list[Scenario | str] = []
        if typed.strip() and (os.sep in typed or os.path.exists(path)):
            rows.append(path)
        rows += matching(self._known, typed)
        self._shown = rows
        choices = self.query_one("#choices", OptionList)
        choices.clear_options()
        choices.add_options([Option(_row(row)) for row in rows])
        choices.highlighted = 0 if rows else None

    def on_input_changed(self) -> None:
        """The list follows what is typed."""
        self.say("")
        self._fill()

    def action_move(self, rows: int) -> None:
        """Through the list, from the place where one types."""
        choices = self.query_one("#choices", OptionList)
        if self._shown:
            choices.highlighted = min(max((choices.highlighted or 0) + rows, 0), len(self._shown) - 1)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The whole sentence, where the list has only its beginning."""
        row = self._shown[event.option_index] if event.option_index < len(self._shown) else ""
        told = row.summary if isinstance(row, Scenario) else f"{row}: a bundle"
        self.query_one("#chosen", Static).update(visible(told))

    def on_input_submitted(self) -> None:
        """Enter: examine what is highlighted."""
        choices = self.query_one("#choices", OptionList)
        if choices.highlighted is None:
            self.say("no scenario has these words, and no file or folder has this name")
        else:
            self._examine(self._shown[choices.highlighted])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The mouse does the same."""
        self._examine(self._shown[event.option_index])

    def _examine(self, chosen: Scenario | str) -> None:
        if isinstance(chosen, Scenario):
            self.doctor.examine(Inquiry(chosen.name, chosen.path))
        elif not os.path.exists(chosen):
            self.say(f"{chosen}: no such file or folder")
            return
        else:
            self.doctor.examine(Inquiry(chosen, chosen))
        self.doctor.action_show("path")

    def action_leave(self) -> None:
        """Clear what was typed; back to the report where there is one."""
        if self.query_one(Search).value:
            self.query_one(Search).value = ""
        elif self.doctor.inquiry is not None:
            self.doctor.action_show("path")
        else:
            self.app.exit()

    def action_target(self) -> None:
        """Ask for a role or a provider."""
        self.app.push_screen(TargetScreen(), self._target)

    def _target(self, inquiry: Inquiry | None) -> None:
        if inquiry is not None:
            self.doctor.examine(inquiry)
            self.doctor.action_show("path")


def _row(row: Scenario | str) -> Content:
    if isinstance(row, str):
        return Content.assemble(("   bundle ", "bold"), visible(row))
    return Content.assemble(
        (f"{row.number:>2} ", "$foreground-muted"), (f"{row.name:<26}", "bold"), " ", (row.summary, "$foreground-muted")
    )


class TargetScreen(ModalScreen[Inquiry | None]):
    """A role or a provider of one's own, by name."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", id="target.cancel")]
    FIELDS: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("role", "AWS role", "arn:aws:iam::123456789012:role/NAME"),
        ("provider", "Google provider", "projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID"),
        ("account", "Service account", "NAME@PROJECT.iam.gserviceaccount.com"),
        ("token", "Token", "file with the JWT, or with its claims as JSON"),
    )

    def compose(self) -> ComposeResult:
        """One line for each value; any may stay empty but the first two."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Live target"
            dialog.border_subtitle = "Tab next · Enter examine · Esc cancel"
            for name, label, example in self.FIELDS:
                yield Label(label, markup=False)
                yield Input(placeholder=example, id=name)
            yield Static("", markup=False, id="said")

    def on_input_submitted(self) -> None:
        """Enter on any line."""
        flags = {"role": "--role", "provider": "--gcp-provider", "account": "--service-account", "token": "--token"}
        given = {name: self.query_one(f"#{name}", Input).value.strip() for name in flags}
        said = self.query_one("#said", Static)
        if not given["role"] and not given["provider"]:
            said.update("a role or a provider is needed")
            return
        given["token"] = os.path.expanduser(given["token"])
        inquire = getattr(self.app, "inquire", None)
        if inquire is None:
            said.update("only the files that were given are read here")
            return
        try:
            self.dismiss(inquire([f"{flag}={given[name]}" for name, flag in flags.items() if given[name]]))
        except ValueError as error:
            said.update(visible(str(error)))
