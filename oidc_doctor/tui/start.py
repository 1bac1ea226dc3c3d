"""The start screen: a line for whatever the user has, and the bundled scenarios."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from oidc_doctor.model.secret_texts import without_secrets
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip, cut_in_the_middle
from oidc_doctor.tui.examination import EvidenceSource
from oidc_doctor.tui.target_dialog import TargetScreen
from oidc_doctor.tui.widgets.key_bar import KeyBar
from oidc_doctor.tui.widgets.masked import MaskedInput, may_be_token
from oidc_doctor.tui.widgets.rows import Rows
from oidc_doctor.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Paste

    from oidc_doctor.things.thing import Thing
    from oidc_doctor.tui.session import Session
    from oidc_doctor.tui.target_dialog import ParseOptions

_PURPOSE = (
    "Why did AWS or Google Cloud refuse a workload's OIDC token? Paste or type\n"
    "what you have, one thing after the other, and press Enter:\n"
    "\n"
    "  the error text                a CloudTrail event or a log entry, as JSON\n"
    "  an AWS role ARN               a token, which is hidden at once\n"
    "  a Google provider's name      a subject, such as v=1:org=…\n"
    "  an issuer URL                 a file, a folder or an archive\n"
    "\n"
    "Ctrl+T asks for each in a form. Nothing is ever written to a cloud.\n"
    "Without a case of your own, pick a bundled scenario below."
)
_FORMS = (
    "This can be a path, a role ARN, a Google provider's name, an issuer URL, a token, a subject, an error text or a "
    "logged event."
)
_LARGE = 64 * 1024  # bytes of a file that is recognised in a thread
_WIDE, _SHORT_NAME = 110, 27  # columns of the screen, and of a scenario's name on a narrower one
_SHOWN = 60  # characters of a given thing that its row shows


class Scenario(NamedTuple):
    """A bundled scenario: its number in the list, its folder, and a summary."""

    number: int
    name: str
    path: str
    summary: str


def scenarios() -> list[Scenario]:
    """Return the bundled scenarios in the order of their names. Raises PackError if the installation is incomplete."""
    from oidc_doctor.findings import packs

    folders = packs.scenarios().items()
    return [Scenario(number, name, folder, _summary(folder)) for number, (name, folder) in enumerate(folders, 1)]


def _summary(folder: str) -> str:
    try:
        with open(os.path.join(folder, "expected.json"), encoding="utf-8") as stream:
            expected = json.load(stream)
    except (OSError, ValueError):
        return ""
    return str(expected.get("summary", "")) if isinstance(expected, dict) else ""


def _names_large_file(typed: str) -> bool:
    """Whether a typed word is the path of a file that takes a moment to read."""
    try:
        words = [typed, *shlex.split(typed)]
    except ValueError:  # a quotation mark without its partner
        words = [typed]
    return any(_size(os.path.expanduser(word)) > _LARGE for word in words)


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except (OSError, ValueError):  # no path, or one with a NUL
        return 0


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


class Own(NamedTuple):
    """The user's own case: the words that the command line would accept, and the kind of each."""

    words: tuple[str, ...]
    things: tuple[Thing, ...]

    @property
    def title(self) -> str:
        """The names of the files and the kinds of the other things, and no value of these: one may be a token."""
        return ", ".join(os.path.basename(thing.file.rstrip(os.sep)) or thing.noun for thing in self.things)

    @property
    def names_target(self) -> bool:
        """Whether a role or a provider is among the things, which is the title of a live run."""
        from oidc_doctor.things.thing import Kind

        return any(thing.kind in (Kind.ROLE, Kind.GCP_PROVIDER) for thing in self.things)


class Search(MaskedInput):
    """The line for the user's own case, or for a scenario; ↑ and ↓ go through the list below it."""

    HELP = (
        "Paste or type what you have: a path, a role ARN, a Google provider's name, an issuer URL, a token (hidden at "
        "once, never stored), a subject, an error text or a logged event. A text of several lines is kept above "
        "the line, so that you can add another. Enter examines all of it.\n\n"
        "A number, or words, find a bundled scenario."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.move(-1)", "Up", id="start.up", show=False),
        Binding("down", "screen.move(1)", "Down", id="start.down", show=False),
        Binding("pageup", "screen.move(-10)", "Page up", id="start.page-up", show=False),
        Binding("pagedown", "screen.move(10)", "Page down", id="start.page-down", show=False),
        Binding("enter", "submit", "Examine", id="start.examine"),
    ]

    class Pasted(Message):
        """The user has pasted a token, or a text of several lines. The line does not contain it."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def on_paste(self, event: Paste) -> None:
        """Keep a token, and what has several lines, out of the line."""
        text = event.text.strip()
        if "\n" in text or "\r" in text or may_be_token(text):
            event.prevent_default()
            event.stop()
            self.post_message(self.Pasted(text))


class Choices(Rows):
    """The user's own case, then the scenarios. The input line keeps the focus."""


class StartScreen(Screen[None]):
    """Asks for the user's own case, a scenario, or a live target. `parse_options`: see TargetScreen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+t", "target", "Live target", id="start.target", tooltip="Ask for role, provider, token in a form"
        ),
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
        self._shown: list[Scenario | Own] = []
        self._given = Own((), ())  # what was pasted or examined, in this process alone
        self._reading = ""  # the typed text whose large files are being recognised
        self._is_submitted = False  # Enter was pressed while they were
        self._is_narrow = False  # the width for which the rows are written

    def compose(self) -> ComposeResult:
        """Yield the purpose, what was given, the input line, the choices, and the summary of the highlighted choice."""
        yield Static("oidc-doctor", markup=False, classes="page-title")
        yield Static(_PURPOSE, markup=False, id="what")
        yield Static("", markup=False, id="given")
        yield Search(placeholder="what you have, or the number or words of a scenario", id="search")
        yield Static("", markup=False, id="said")
        yield Choices(markup=False, id="choices")
        yield Static("", markup=False, id="chosen")
        yield StatusLine()
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the scenarios after the first paint."""
        self.query_one("#choices").can_focus = False
        self._show_given()
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
        self._prepare()

    @work(thread=True)
    def _prepare(self) -> None:
        """Import what recognises a text, so that the first key does not wait for it."""
        from oidc_doctor.things.recognise import recognise_text

        recognise_text("AccessDenied")

    def say(self, text: str) -> None:
        """Show a problem with the typed text; an empty text removes it."""
        message = self.query_one("#said", Static)
        message.update(visible(without_secrets(text)))
        message.set_class(bool(text), "wrong")

    # The user's own case

    def _own(self, typed: str) -> Own:
        """Return what was given so far, and the things that the typed text is: one, or several words."""
        from oidc_doctor.things.recognise import recognise_word  # late: not needed for the first paint
        from oidc_doctor.things.thing import Kind

        if not typed:
            return self._given
        try:
            split = shlex.split(typed)
        except ValueError:  # a quotation mark without its partner
            split = []
        for words in ([typed], split):
            things = [recognise_word(os.path.expanduser(word)) for word in words]
            if things and all(thing.kind is not Kind.NOTHING for thing in things):
                given = self._given
                return Own((*given.words, *map(os.path.expanduser, words)), (*given.things, *things))
        return Own((), ())

    def on_search_pasted(self, event: Search.Pasted) -> None:
        """Keep what was pasted, and show what it is."""
        own = self._own(event.text)
        if own.words:
            self._given = own
            self.say("")
        else:
            self.say(self._why_nothing(event.text))
        self._show_given()
        self._fill()

    def _show_given(self) -> None:
        given = self.query_one("#given", Static)
        given.update("\n".join(f"given: {described(thing)}" for thing in self._given.things))
        given.display = bool(self._given.things)

    def _why_nothing(self, text: str) -> str:
        from oidc_doctor.things.recognise import recognise_word

        hint = recognise_word(os.path.expanduser(text)).hint
        return f"{hint[:1].upper()}{hint[1:]}. {_FORMS}"

    # The list

    def _fill(self) -> None:
        """List what the typed text means. Large files are recognised in a thread, until when scenarios alone match."""
        typed = self.query_one(Search).value.strip()
        self._is_submitted = False
        if not _names_large_file(typed):
            self._reading = ""
            self._list(typed, self._own(typed))
            return
        self._reading = typed
        self._list(typed, Own((), ()))
        self._recognise(typed)

    @work(thread=True, exclusive=True, group="recognise")
    def _recognise(self, typed: str) -> None:
        own = self._own(typed)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._recognised, typed, own)

    def _recognised(self, typed: str, own: Own) -> None:
        if typed != self._reading:
            return
        self._reading = ""
        self._list(typed, own)
        if self._is_submitted:
            self.on_input_submitted()

    def _list(self, typed: str, own: Own) -> None:
        rows: list[Scenario | Own] = [own] if own.words else []
        rows += matching(self._scenarios, typed)
        self._shown = rows
        self._label_rows(0)
        if not rows:
            text = "Reading the file …" if self._reading else "Nothing matches. F1 lists what can be given."
            self.query_one("#chosen", Static).update(text)

    def _label_rows(self, highlighted: int) -> None:
        """Write the rows for the width, and highlight one of them."""
        self._is_narrow = self.size.width < _WIDE
        width = max((len(scenario.name) for scenario in self._scenarios), default=0)
        if self._is_narrow:  # the summaries say more than the names
            width = min(width, _SHORT_NAME)
        choices = self.query_one("#choices", OptionList)
        choices.clear_options()
        choices.add_options([Option(_row(row, width)) for row in self._shown])
        choices.highlighted = highlighted if self._shown else None

    def on_resize(self) -> None:
        """Write the rows for another width."""
        if self._is_narrow != (self.size.width < _WIDE):
            self._label_rows(self.query_one("#choices", OptionList).highlighted or 0)

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
        row = self._shown[event.option_index] if event.option_index < len(self._shown) else None
        text = row.summary if isinstance(row, Scenario) else "" if row is None else f"Your own case: {row.title}"
        self.query_one("#chosen", Static).update(visible(text))

    def on_input_submitted(self) -> None:
        """Examine the highlighted choice, once it is known what a file is."""
        if self._reading:
            self._is_submitted = True
            return
        choices = self.query_one("#choices", OptionList)
        if choices.highlighted is not None:
            self._examine(self._shown[choices.highlighted])
        else:
            self.say(self._why_nothing(self.query_one(Search).value.strip()))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Examine the choice that was clicked twice."""
        self._examine(self._shown[event.option_index])

    def _examine(self, chosen: Scenario | Own) -> None:
        if isinstance(chosen, Scenario):
            self.post_message(self.Chosen(EvidenceSource(chosen.name, chosen.path)))
            return
        if self._parse_options is None:
            path = chosen.things[0].file
            if path and len(chosen.things) == 1:
                self.post_message(self.Chosen(EvidenceSource(path, path)))
            else:
                self.say("Only files are read here.")
            return
        try:
            source = self._parse_options(["--quiet", "--", *chosen.words])
        except ValueError as error:
            self.say(str(error))
            return
        if source.live is None or not chosen.names_target:
            source = source._replace(title=chosen.title)
        self._given = chosen  # so that the missing half can be added later: o, and paste it
        self.query_one(Search).value = ""
        self._show_given()
        self.post_message(self.Chosen(source))

    async def action_leave(self) -> None:
        """Clear the typed text, then what was given; then return to the report, or quit the program."""
        if self.query_one(Search).value:
            self.query_one(Search).value = ""
        elif self._given.words:
            self._given = Own((), ())
            self._show_given()
            self._fill()
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


def described(thing: Thing) -> str:
    """Return a thing for the screen: its kind, and its path or name. A token, and what may be one, is not quoted."""
    from oidc_doctor.things.thing import Kind

    if thing.kind in (Kind.TOKEN, Kind.NOTHING):
        return f"{thing.noun} (hidden)" if thing.kind is Kind.TOKEN else thing.noun
    text = without_secrets(thing.file or thing.value).strip()
    lines = text.count("\n") + 1
    quoted = clip(visible(text.partition("\n")[0]), _SHOWN)
    return f"{thing.noun}: {quoted}" + (f" ({lines} lines)" if lines > 1 else "")


def _row(row: Scenario | Own, width: int) -> Content:
    if isinstance(row, Own):
        return Content.assemble((" examine ", "bold"), "; ".join(map(described, row.things)))
    return Content.assemble(
        (f"{row.number:>2} ", "$foreground-muted"),
        (f"{cut_in_the_middle(row.name, width):<{width}}", "bold"),
        " ",
        (row.summary, "$foreground-muted"),
    )
