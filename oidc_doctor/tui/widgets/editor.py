"""The editor of What-if: JSON and CEL in colours, with marks at the deciding lines. It keeps no token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from oidc_doctor.report.parts.escape import contains_jwt
from oidc_doctor.tui.colors import in_rich
from oidc_doctor.whatif.parts import editable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text
    from textual.events import Paste

    from oidc_doctor.whatif.marks import TextMark

# A token of JSON or CEL never spans lines, so each line is coloured separately. tree-sitter, which Textual supports, is
# not used: its current release (0.26.1) crashes the process, and it parses untrusted text in native code.
_TOKENS = {
    "json": re.compile(
        r'(?P<name>"(?>(?:\\.|[^"\\]++)*)"(?=\s*:))|(?P<text>"(?>(?:\\.|[^"\\]++)*)"?)|(?P<word>\b(?:true|false|null)\b)'
        r"|(?P<number>-?\b\d[\d.eE+-]*)|(?P<sign>[\[\]{},:])"
    ),
    "cel": re.compile(
        r"""(?P<text>'(?>(?:\\.|[^'\\]++)*)'?|"(?>(?:\\.|[^"\\]++)*)"?)|(?P<name>\b(?:assertion|google|attribute)\b)"""
        r"|(?P<word>\b(?:true|false|null|in)\b)|(?P<number>\b\d[\d.eE]*)|(?P<sign>[\[\]{}(),:])"
    ),
}
_COLORS = {
    "name": "text-secondary",
    "text": "text-success",
    "word": "text-warning",
    "number": "text-warning",
    "sign": "foreground-muted",
}
_LONGEST_LINE = 4000  # characters of a line that are coloured


class Editor(TextArea):
    """The editor of a policy, a condition, a mapping or claims."""

    HELP = (
        "The text of the exchange. Type, and the decision next to it follows; Esc leaves the text, so that the keys "
        "below work. Ctrl+Z undoes, Ctrl+Y redoes. A token pasted here is decoded: only its claims are kept."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.leave_text", "Leave the text", id="whatif.leave", key_display="esc"),
    ]

    class TokenPasted(Message):
        """The user has pasted a compact token. The editor does not contain it, and it must not be shown."""

        def __init__(self, raw: str) -> None:
            super().__init__()
            self.raw = raw

    def __init__(self) -> None:
        super().__init__("", show_line_numbers=True, tab_behavior="focus", soft_wrap=True, id="text", classes="pane")
        self.highlight_cursor_line = False  # the cursor line's style would replace the colours
        self.marks: list[tuple[TextMark, str]] = []
        self._tokens: re.Pattern[str] | None = None

    def show(self, text: str, language: str, line: int = 0) -> None:
        """Show another text, with an empty undo history."""
        self._tokens = _TOKENS.get(language)
        self.marks = []
        self.load_text(text)
        self.move_cursor((max(0, min(line, self.document.line_count - 1)), 0))
        self.scroll_cursor_visible(center=True, animate=False)

    def mark(self, marks: Sequence[tuple[TextMark, str]]) -> None:
        """Mark pieces of lines, each with a style: the deciding clauses, and the unreadable place."""
        if list(marks) != self.marks:
            self.marks = list(marks)
            self.notify_style_update()  # discards the cached lines
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        """Return a line in colours, with its marks."""
        line = super().get_line(line_index)
        if self._tokens is not None:
            variables = self.app.theme_variables
            styles = {token: Style(color=in_rich(variables, name)) for token, name in _COLORS.items()}
            for token in self._tokens.finditer(line.plain[:_LONGEST_LINE]):
                line.stylize(styles[token.lastgroup or "sign"], *token.span())
        for mark, style in self.marks:
            if mark.line == line_index + 1:
                space = len(line.plain) - len(line.plain.lstrip())
                line.stylize(style, max(mark.start, space), mark.end)
        return line

    def on_paste(self, event: Paste) -> None:
        """Post a pasted token instead of inserting it; insert other texts with invisible characters as escapes."""
        event.prevent_default()
        event.stop()
        if contains_jwt(event.text):
            self.post_message(self.TokenPasted(event.text))
            return
        pasted = self.replace(editable(event.text), *self.selection, maintain_selection_offset=False)
        self.move_cursor(pasted.end_location)

    def action_undo(self) -> None:
        """Undo what was typed; then what was done to the whole text, such as a reset."""
        if not self.history.undo_stack:
            raise SkipAction
        super().action_undo()

    def action_redo(self) -> None:
        """Do again what was typed and undone; else what was done to the whole text."""
        if not self.history.redo_stack:
            raise SkipAction
        super().action_redo()

    def action_paste(self) -> None:
        """Paste from the app's own clipboard."""
        if contains_jwt(self.app.clipboard):
            self.post_message(self.TokenPasted(self.app.clipboard))
            return
        super().action_paste()
