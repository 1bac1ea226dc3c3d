"""The What-if screen: the decision on an edited policy, condition, mapping or claim."""

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
from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts.commands import visible_command
from oidc_doctor.report.parts.escape import contains_jwt, visible
from oidc_doctor.tui import trial_page
from oidc_doctor.tui.clipboard import copy
from oidc_doctor.tui.trial_screen import TrialScreen
from oidc_doctor.tui.widgets.editor import Editor
from oidc_doctor.tui.widgets.page_view import PageView
from oidc_doctor.whatif.marks import TextMark

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from oidc_doctor.findings.strangers import EditReach
    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.session import Session
    from oidc_doctor.tui.trials import Trial
    from oidc_doctor.whatif.ask import Answer, WhatIf
    from oidc_doctor.whatif.parts import PartId

_PAUSE = 0.04  # seconds without a key press before the edits are judged


class Parts(Tabs):
    """A tab for each text that can be edited."""

    HELP = "The texts that can be edited. ← and → choose one, Enter goes to it; the sign says which of them is edited."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.edit", "Edit", id="whatif.tabs.edit", show=False),
        Binding("h", "previous_tab", "Previous text", id="whatif.tabs.previous", show=False),
        Binding("l", "next_tab", "Next text", id="whatif.tabs.next", show=False),
    ]


class Answered(Message):
    """The decision on the edits. `reach`, the other affected subjects, takes longer and is None until it is known."""

    def __init__(self, what_if: WhatIf, answer: Answer, reach: EditReach | None) -> None:
        super().__init__()
        self.what_if = what_if
        self.answer = answer
        self.reach = reach


class WhatIfScreen(TrialScreen):
    """The fourth screen: an editor, and the decision on the edited text."""

    MODE: ClassVar[str] = "whatif"
    PAGE: ClassVar[str] = "#answer"
    CSS_PATH = "whatif.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "Edit", id="whatif.edit", tooltip="Edit the text; Esc leaves it"),
        Binding("f", "fix", "Apply fix", id="whatif.fix", tooltip="Put the proposed fix into the text"),
        Binding("z", "reset", "Reset", id="whatif.reset", tooltip="Everything as it was read; Ctrl+Z undoes it"),
        Binding("ctrl+z", "undo", "Undo", id="whatif.undo", tooltip="Undo a reset, an applied fix or another token"),
        Binding("ctrl+y", "redo", "Redo", id="whatif.redo", show=False),
        Binding(
            "w", "write", "Write file", id="whatif.write", tooltip="Write the edited text to a file in this folder"
        ),
        Binding("y", "copy", "Copy text", id="whatif.copy", tooltip="Copy the text with its edits"),
        Binding("right_square_bracket", "turn(1)", "Next text", id="whatif.next", key_display="]"),
        Binding("left_square_bracket", "turn(-1)", "Previous text", id="whatif.previous", key_display="["),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._timer: Timer | None = None  # runs while the user types
        self._edited: tuple[Trial, PartId] | None = None  # the part whose text is in the editor

    def body(self) -> ComposeResult:
        """Yield a line of tabs and a line for the decision; below, the editor and the answer."""
        yield Parts(id="parts")
        yield Static("", markup=False, id="decided")
        with Horizontal(id="sides"):
            with Vertical(id="left"):
                yield Editor()
                yield Static("", markup=False, id="problems")
            yield PageView("Decision", id="answer")

    def on_mount(self) -> None:
        """Focus the answer, so that the digits open the other screens."""
        self.query_one("#problems").display = False
        self.query_one("#answer").focus()

    def show_report(self, report: Report) -> None:
        """Show the current exchange with its edits."""
        if self.trial is None:
            self.query_one("#answer", PageView).show(
                lambda sheet: trial_page.without_exchange(sheet, report, whole=False)
            )
            return
        self._show_trial()

    @work(exclusive=True, group="parts")
    async def _show_trial(self) -> None:
        """Show the tabs of the exchange, and the text of the selected tab."""
        trial = self.trial
        if trial is None:
            return
        tabs = self.query_one(Parts)
        names = [f"part-{part.id}" for part in trial.current.parts]
        if [tab.id for tab in tabs.query(Tab)] != names:
            with self.prevent(Tabs.TabActivated, Tabs.Cleared):
                await tabs.clear()
                for part in trial.current.parts:
                    await tabs.add_tab(Tab(part.title, id=f"part-{part.id}"))
        with self.prevent(Tabs.TabActivated):
            tabs.active = f"part-{trial.part}"
        self._show_text()

    def _show_text(self) -> None:
        trial = self.trial
        if trial is None:
            return
        part = trial.current.part(trial.part)
        editor = self.query_one(Editor)
        text = trial.text(trial.part)
        if self._edited != (trial, trial.part) or editor.text != text:
            line = trial.line or trial.current.first_line(trial.edits, trial.part)
            with self.prevent(TextArea.Changed):
                editor.show(text, part.language, line - 1)
            trial.line = 0
        self._edited = (trial, trial.part)
        origin = visible(part.read_at) or "nothing was read: type or paste it here"
        editor.border_title = Content(f"{part.title} · {origin} · no cloud is changed")
        self._ask_about_edits()

    # From a key to a decision

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Store the text, and judge it once the user pauses."""
        event.stop()
        trial = self.trial
        if trial is None or self._edited is None or self._edited[0] is not trial:
            return
        text = self.query_one(Editor).text
        if contains_jwt(text):  # typed, or pasted in pieces
            with self.prevent(TextArea.Changed):
                self.query_one(Editor).show(trial.text(trial.part), "text")
            self._judge_pasted(text)
            return
        trial.edit(trial.part, text)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE, self._ask_about_edits)

    def _ask_about_edits(self) -> None:
        trial = self.trial
        if trial is not None:
            self._ask(trial.current, dict(trial.edits))

    @work(thread=True, exclusive=True, group="what-if")
    def _ask(self, what_if: WhatIf, edits: dict[PartId, str]) -> None:
        """Post the decision, then the other affected subjects, unless there is a newer text."""
        worker = get_current_worker()
        answer = what_if.ask(edits) if edits else what_if.present
        if worker.is_cancelled:
            return
        self.post_message(Answered(what_if, answer, None))
        reach = what_if.reach(answer)
        if reach is not None and not worker.is_cancelled:
            self.post_message(Answered(what_if, answer, reach))

    def on_answered(self, message: Answered) -> None:
        """Show the decision, unless it is on an older text."""
        trial, report, answer = self.trial, self.session.report, message.answer
        if trial is None or report is None or message.what_if is not trial.current or answer.edits != trial.edits:
            return
        pasted = trial.token is not None
        self.query_one("#decided", Static).update(trial_page.status_line(report, trial.current, answer, pasted=pasted))
        problems = [
            problem for problem in answer.problems if problem.part == trial.part or problem.kind == "unreadable"
        ]
        below = self.query_one("#problems", Static)
        below.update(trial_page.problem_lines(problems))
        below.display = bool(problems)
        self._mark(answer)
        for part in trial.current.parts:
            label = f"{part.title} •" if part.id in trial.edits else part.title
            for tab in self.query_one(Parts).query(f"#part-{part.id}").results(Tab):
                if tab.label_text != label:
                    tab.label = label
        page = self.query_one("#answer", PageView)
        low = self.has_class("-low")
        shown = trial_page.Shown(trial.current, answer, trial.part, message.reach, pasted=pasted, low=low)
        page.show(lambda sheet: trial_page.write(sheet, report, shown))

    def _mark(self, answer: Answer) -> None:
        """Mark the deciding lines of the text, and the unreadable ones."""
        trial = self.trial
        if trial is None:
            return
        marks = [(mark, "bold underline") for mark in trial.current.deciding(answer, trial.part)]
        for problem in answer.problems:
            if problem.part == trial.part and problem.line is not None and problem.kind != "note":
                start = max((problem.column or 1) - 1, 0)
                marks.append((TextMark(problem.line, start, problem.column), "reverse"))
        self.query_one(Editor).mark(marks)

    # Tokens

    def on_editor_token_pasted(self, message: Editor.TokenPasted) -> None:
        """Judge a token that was pasted into the editor."""
        self._judge_pasted(message.raw)

    def _judge_pasted(self, raw: str) -> None:
        trial = self.trial
        if trial is None:
            return
        _, token = trial.read.pasted(raw)
        trial.use_token(token)
        trial.part = "claims"
        self._show_trial()
        self.app.notify("The token was decoded: its claims are judged now, and its raw form is gone.", markup=False)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only actions that have an effect."""
        trial = self.trial if self.is_attached else None
        if action == "fix":
            return trial is not None and bool(trial.current.proposals)
        if action == "edit":
            return not isinstance(self.focused, Editor)
        if action == "explain":
            return False
        return super().check_action(action, parameters)

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        """Show another text of the exchange."""
        trial = self.trial
        if trial is not None and event.tab.id is not None:
            name = event.tab.id.removeprefix("part-")
            trial.part = next((part.id for part in trial.current.parts if part.id == name), trial.part)
            self._show_text()

    def action_turn(self, by: int) -> None:
        """Show the next or the previous text."""
        tabs = self.query_one(Parts)
        if by > 0:
            tabs.action_next_tab()
        else:
            tabs.action_previous_tab()

    def action_edit(self) -> None:
        """Focus the text."""
        self.query_one(Editor).focus()

    def action_leave_text(self) -> None:
        """Leave the text."""
        self.query_one("#answer").focus()

    def action_fix(self) -> None:
        """Apply the proposed fix to the text; press again for the next fix."""
        trial = self.trial
        fixes = trial.current.proposals if trial is not None else []
        if trial is None or not fixes:
            return
        following = next((number for number, fix in enumerate(fixes, 1) if fix.items() <= trial.edits.items()), 0)
        chosen = fixes[following % len(fixes)]
        trial.remember()
        trial.edits |= chosen
        trial.part = next(iter(chosen))
        self._edited = None
        self._show_trial()

    def action_reset(self) -> None:
        """Restore the texts and the token that were read."""
        trial = self.trial
        if trial is not None and (trial.edits or trial.token is not None):
            trial.reset()
            self._show_other_state("Everything is as it was read. Ctrl+Z brings the edits back.")

    def action_undo(self) -> None:
        """Undo the last reset, applied fix or exchanged token."""
        trial = self.trial
        if trial is not None and trial.undo():
            self._show_other_state("Undone. Ctrl+Y does it again.")
        else:
            self.app.notify("There is nothing to undo.", markup=False)

    def action_redo(self) -> None:
        """Redo the step that was undone last."""
        trial = self.trial
        if trial is not None and trial.redo():
            self._show_other_state("Done again. Ctrl+Z undoes it.")
        else:
            self.app.notify("There is nothing to redo.", markup=False)

    def _show_other_state(self, said: str) -> None:
        self._edited = None
        self._show_trial()
        self.app.notify(said, markup=False)

    def action_copy(self) -> None:
        """Copy the text in the editor."""
        trial = self.trial
        if trial is not None:
            copy(self.app, trial.text(trial.part), trial.current.part(trial.part).title)

    def action_write(self) -> None:
        """Write the text to a new file in the working folder, and show the commands that apply it."""
        from oidc_doctor.tui.page import PageScreen
        from oidc_doctor.whatif.export import export

        trial = self.trial
        if trial is None:
            return
        try:
            exported = export(trial.current, os.getcwd(), trial.part, trial.text(trial.part))
        except (OSError, Unreadable) as error:
            self.app.notify(f"Not written: {visible(str(error))}", severity="error", markup=False)
            return
        safe = all(visible_command(command) for command in exported.commands)
        commands = "\n".join(exported.commands) if safe else ""
        title = f"{CLOUDS[trial.current.cloud]} · {trial.current.part(trial.part).title}"
        self.app.push_screen(
            PageScreen(
                title,
                lambda sheet: trial_page.written(sheet, exported.path, exported.commands),
                (commands, "command"),
            )
        )
