"""What would be decided if a policy, a condition or a claim were another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, Tab, Tabs, TextArea
from textual.worker import get_current_worker

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.commands import visible_command
from oidc_doctor.report.parts.escape import contains_jwt, visible
from oidc_doctor.tui import trial_page
from oidc_doctor.tui.trials import DeskScreen
from oidc_doctor.tui.widgets.editor import Editor
from oidc_doctor.tui.widgets.page_view import PaperView
from oidc_doctor.whatif.ask import Mark

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from oidc_doctor.findings.strangers import EditReach
    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.trials import Trial
    from oidc_doctor.whatif.ask import Answer, PartId, WhatIf

_PAUSE = 0.04  # seconds without a key before the decision is asked for


class Parts(Tabs):
    """The texts of the exchange."""

    HELP = "The texts that can be edited. ← and → choose one, Enter goes to it; the sign says which of them is edited."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.edit", "Edit", id="whatif.tabs.edit", show=False)]


class Answered(Message):
    """What an edit leads to; `whom` comes after the decision, None until then."""

    def __init__(self, asked: WhatIf, answer: Answer, whom: EditReach | None) -> None:
        super().__init__()
        self.asked = asked
        self.answer = answer
        self.whom = whom


class WhatIfScreen(DeskScreen):
    """An editor, and the decision that follows it."""

    MODE: ClassVar[str] = "whatif"
    CSS_PATH = "whatif.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "Edit", id="whatif.edit", tooltip="Edit the text; Esc leaves it"),
        Binding("f", "fix", "Apply fix", id="whatif.fix", tooltip="Put the proposed fix into the text"),
        Binding("z", "reset", "Reset", id="whatif.reset", tooltip="Everything as it was read"),
        Binding(
            "w", "write", "Write file", id="whatif.write", tooltip="Write the edited text to a file in this folder"
        ),
        Binding("y", "copy", "Copy text", id="whatif.copy", tooltip="Copy the text as it stands", show=False),
        Binding("right_square_bracket", "turn(1)", "Next text", id="whatif.next", key_display="]", show=False),
        Binding("left_square_bracket", "turn(-1)", "Previous text", id="whatif.previous", key_display="[", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._waiting: Timer | None = None
        self._shown: tuple[Trial, PartId] | None = None  # what is in the editor
        self._answer: Answer | None = None
        self._whom: EditReach | None = None

    def body(self) -> ComposeResult:
        """The texts and the decision in one line; editor and answer below, or side by side."""
        yield Parts(id="parts")
        yield Static("", markup=False, id="decided")
        with Horizontal(id="bench"):
            with Vertical(id="left"):
                yield Editor()
                yield Static("", markup=False, id="problems")
            yield PaperView(id="answer")

    def on_mount(self) -> None:
        """The answer has the keys, so that the digits go to the other screens."""
        self.query_one("#problems").display = False
        self.query_one("#answer").focus()

    def show_report(self, report: Report) -> None:
        """The exchange in front, with what is tried on it."""
        del report
        if self.bench is None:
            self.query_one("#answer", PaperView).show(lambda paper: paper.say("No exchange was examined."))
            return
        self._lay_out()

    @work(exclusive=True, group="parts")
    async def _lay_out(self) -> None:
        """The tabs of the exchange, and the text of the chosen one."""
        bench = self.bench
        if bench is None:
            return
        tabs = self.query_one(Parts)
        wanted = [f"part-{part.id}" for part in bench.now.parts]
        if [tab.id for tab in tabs.query(Tab)] != wanted:
            with self.prevent(Tabs.TabActivated, Tabs.Cleared):
                await tabs.clear()
                for part in bench.now.parts:
                    await tabs.add_tab(Tab(part.title, id=f"part-{part.id}"))
        with self.prevent(Tabs.TabActivated):
            tabs.active = f"part-{bench.part}"
        self._show_text()

    def _show_text(self) -> None:
        bench = self.bench
        if bench is None:
            return
        part = bench.now.part(bench.part)
        editor = self.query_one(Editor)
        text = bench.text(bench.part)
        if self._shown != (bench, bench.part) or editor.text != text:
            line = bench.line or bench.now.first_line(bench.edits, bench.part)
            with self.prevent(TextArea.Changed):
                editor.show(text, part.language, line - 1)
            bench.line = 0
        self._shown = (bench, bench.part)
        read = visible(part.read_at) or "nothing was read: type or paste it here"
        editor.border_title = Content(f"{part.title} · {read} · no cloud is changed")
        self._ask_now()

    # From a key to a decision

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Keep the text, and ask once the person pauses."""
        event.stop()
        bench = self.bench
        if bench is None or self._shown is None or self._shown[0] is not bench:
            return
        text = self.query_one(Editor).text
        if contains_jwt(text):  # typed, or pasted in pieces
            with self.prevent(TextArea.Changed):
                self.query_one(Editor).show(bench.text(bench.part), "text")
            self._take_token(text)
            return
        bench.edit(bench.part, text)
        if self._waiting is not None:
            self._waiting.stop()
        self._waiting = self.set_timer(_PAUSE, self._ask_now)

    def _ask_now(self) -> None:
        bench = self.bench
        if bench is not None:
            self._ask(bench.now, dict(bench.edits))

    @work(thread=True, exclusive=True, group="what-if")
    def _ask(self, asked: WhatIf, edits: dict[PartId, str]) -> None:
        """The decision first, then whom else it concerns; neither once a newer text came."""
        worker = get_current_worker()
        answer = asked.ask(edits) if edits else asked.present
        if worker.is_cancelled:
            return
        self.post_message(Answered(asked, answer, None))
        whom = asked.reach(answer)
        if whom is not None and not worker.is_cancelled:
            self.post_message(Answered(asked, answer, whom))

    def on_answered(self, message: Answered) -> None:
        """Show it, unless the person went on."""
        bench, report = self.bench, self.doctor.report
        if bench is None or report is None or message.asked is not bench.now or message.answer.edits != bench.edits:
            return
        self._answer, self._whom = answer, whom = message.answer, message.whom
        own = bench.token is not None
        self.query_one("#decided", Static).update(trial_page.bar(bench.now, answer, own_token=own))
        problems = [one for one in answer.problems if one.part == bench.part or one.kind == "unreadable"]
        told = self.query_one("#problems", Static)
        told.update(trial_page.problem_lines(problems))
        told.display = bool(problems)
        self._mark(answer)
        for part in bench.now.parts:
            label = f"{part.title} •" if part.id in bench.edits else part.title
            for tab in self.query_one(Parts).query(f"#part-{part.id}").results(Tab):
                if tab.label_text != label:
                    tab.label = label
        page = self.query_one("#answer", PaperView)
        shown = trial_page.Shown(bench.now, answer, bench.part, whom, own, self.has_class("-low"))
        page.show(lambda paper: trial_page.write(paper, report, shown))

    def _mark(self, answer: Answer) -> None:
        """The lines of the text that decide, and those that cannot be read."""
        bench = self.bench
        if bench is None:
            return
        wrong = [
            one for one in answer.problems if one.part == bench.part and one.line is not None and one.kind != "note"
        ]
        self.query_one(Editor).mark(
            [(mark, "bold underline") for mark in bench.now.deciding(answer, bench.part)]
            + [(Mark(one.line or 1, max((one.column or 1) - 1, 0), one.column), "reverse") for one in wrong]
        )

    # Tokens

    def on_editor_token_pasted(self, message: Editor.TokenPasted) -> None:
        """A token in place of a text."""
        self._take_token(message.raw)

    def _take_token(self, raw: str) -> None:
        bench = self.bench
        if bench is None:
            return
        _, token = bench.read.pasted(raw)
        bench.take(token)
        bench.part = "claims"
        self.notify("The token was taken apart: its claims are judged now, its raw form is gone.", markup=False)
        self._lay_out()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done."""
        bench = self.bench if self.is_attached else None
        if action == "fix":
            return bench is not None and bool(bench.now.fixes)
        if action == "edit":
            return not isinstance(self.focused, Editor)
        if action == "explain":
            return False
        return super().check_action(action, parameters)

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        """Another text of the exchange."""
        bench = self.bench
        if bench is not None and event.tab.id is not None:
            name = event.tab.id.removeprefix("part-")
            bench.part = next((part.id for part in bench.now.parts if part.id == name), bench.part)
            self._show_text()

    def action_turn(self, by: int) -> None:
        """The next text, or the one before."""
        tabs = self.query_one(Parts)
        if by > 0:
            tabs.action_next_tab()
        else:
            tabs.action_previous_tab()

    def action_edit(self) -> None:
        """Into the text."""
        self.query_one(Editor).focus()

    def action_leave_text(self) -> None:
        """Out of the text."""
        self.query_one("#answer").focus()

    def action_fix(self) -> None:
        """Put the proposed fix into the text; of several, the next one."""
        bench = self.bench
        if bench is None or not bench.now.fixes:
            return
        edits = [bench.now.edits_of(fix) for fix in bench.now.fixes]
        place = next((at + 1 for at, one in enumerate(edits) if one.items() <= bench.edits.items()), 0)
        chosen = edits[place % len(edits)]
        bench.edits |= chosen
        bench.part = next(iter(chosen))
        self._shown = None
        self._lay_out()

    def action_reset(self) -> None:
        """As it was read."""
        bench = self.bench
        if bench is not None:
            bench.reset()
            self._shown = None
            self._lay_out()

    def action_copy(self) -> None:
        """The text as it stands."""
        bench = self.bench
        if bench is not None:
            self.doctor.take(bench.text(bench.part), bench.now.part(bench.part).title)

    def action_write(self) -> None:
        """Write the text to a new file in the working folder, and say what would store it."""
        from oidc_doctor.tui.pages import PageScreen

        bench = self.bench
        if bench is None:
            return
        try:
            made = bench.now.export(os.getcwd(), bench.part, bench.text(bench.part))
        except (OSError, Unreadable) as error:
            self.notify(f"Not written: {visible(str(error))}", severity="error", markup=False)
            return
        take = "\n".join(made.commands) if all(visible_command(one) for one in made.commands) else ""
        title = f"{sentences.CLOUDS[bench.now.cloud]} · {bench.now.part(bench.part).title}"
        self.app.push_screen(
            PageScreen(
                title,
                lambda paper: trial_page.written(paper, made.path, made.commands),
                (take, "command"),
            )
        )
