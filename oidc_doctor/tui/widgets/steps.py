"""The steps of each exchange on a line, each with the sign of its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import columns
from oidc_doctor.tui.widgets.page_view import STYLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.events import Click, Resize

    from oidc_doctor.model.report import Exchange, Report, StepRow

SHORT = {"aws": "AWS", "gcp": "GCP"}
_JOIN, _LABEL = " → ", 5
_PLAIN = frozenset(("passed", "refused"))  # states whose sign needs no word


class Steps(Static, can_focus=True):
    """All exchanges, a line of steps each. Arrow keys move a cursor; Enter or a click selects the finding of a step."""

    HELP = (
        "The steps that the cloud takes, in its order. ← and → go from step to step, ↑ and ↓ to the other cloud; "
        "Enter shows the finding of the step.\n\n"
        "✓ passed · = implied: the observed error comes from a later step · ~ assumed · ✗ refused · ? unknown · "
        "– not reached"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(0,-1)", "Step back", id="steps.back", show=False),
        Binding("right,l", "move(0,1)", "Step on", id="steps.on", show=False),
        Binding("up,k", "move(-1,0)", "Exchange above", id="steps.above", show=False),
        Binding("down,j", "move(1,0)", "Exchange below", id="steps.below", show=False),
        Binding("enter", "choose", "Open", id="steps.open"),
    ]

    class Moved(Message):
        """The cursor has moved to another step; `chosen` if the user has asked for its finding."""

        def __init__(self, exchange: Exchange, step: StepRow, *, chosen: bool) -> None:
            super().__init__()
            self.exchange = exchange
            self.step = step
            self.chosen = chosen

    def __init__(self) -> None:
        super().__init__("", markup=False, id="steps")
        self._report: Report | None = None
        self._exchanges: list[Exchange] = []
        self.at = (0, 0)

    def show(self, exchanges: Sequence[Exchange], report: Report | None) -> None:
        """Draw the exchanges, with the cursor on the first refused or unknown step."""
        self._exchanges = list(exchanges)
        self._report = report
        self.at = (0, self._first_refused_or_unknown(self._exchanges[0])) if self._exchanges else (0, 0)
        self._draw()

    def point(self, exchange: Exchange, step: str | None) -> None:
        """Move the cursor to a step of an exchange, if it is among those shown."""
        for row, other in enumerate(self._exchanges):
            for column, candidate in enumerate(other.steps):
                if other.id == exchange.id and candidate.id == step:
                    self.at = (row, column)
                    self._draw()

    def _first_refused_or_unknown(self, exchange: Exchange) -> int:
        states = [step.state for step in exchange.steps]
        return next((states.index(state) for state in ("refused", "unknown") if state in states), 0)

    def on_resize(self, event: Resize) -> None:
        """Draw for another width."""
        del event
        self._draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor while the steps have the focus, and alone then."""
        super().watch_has_focus(has_focus)
        self._draw()

    def action_move(self, rows: int, steps: int) -> None:
        """Move the cursor."""
        if not self._exchanges:
            return
        row = min(max(self.at[0] + rows, 0), len(self._exchanges) - 1)
        last = len(self._exchanges[row].steps) - 1
        column = (
            self._first_refused_or_unknown(self._exchanges[row])
            if row != self.at[0]
            else min(max(self.at[1] + steps, 0), last)
        )
        self.at = (row, column)
        self._draw()
        self._post_moved(chosen=False)

    def action_choose(self) -> None:
        """Select the finding of the step."""
        self._post_moved(chosen=True)

    def on_click(self, event: Click) -> None:
        """Select the finding of the clicked step."""
        if "step" in event.style.meta:
            self.at = event.style.meta["step"]
            self._draw()
            self._post_moved(chosen=True)

    def _post_moved(self, *, chosen: bool) -> None:
        if self._exchanges:
            exchange = self._exchanges[self.at[0]]
            self.post_message(self.Moved(exchange, exchange.steps[self.at[1]], chosen=chosen))

    def _draw(self) -> None:
        width = self.size.width - 2
        if width > 0:
            lines = [line for row in range(len(self._exchanges)) for line in self._lines(row, width)]
            if not lines and self._report is not None:  # nothing read names a role or provider
                lines = [Content(" ".join(sentences.headline(self._report)))]
            self.update(Content("\n").join(self._with_legend(lines, width)))

    def _with_legend(self, lines: list[Content], width: int) -> list[Content]:
        """Add the words of the signs that need them, after the last line if there is room."""
        states = {step.state for exchange in self._exchanges for step in exchange.steps} - _PLAIN
        words = [f"{sign} {word}" for state, (sign, word, _) in sentences.STATES.items() if state in states]
        legend = Content.styled(f"({', '.join(words)})", "$foreground-muted") if words else Content("")
        if not lines or not words:
            return lines
        if columns(lines[-1].plain) + 3 + columns(legend.plain) <= width:
            return [*lines[:-1], lines[-1] + "   " + legend]
        return [*lines, Content(" " * _LABEL) + legend]

    def _lines(self, row: int, width: int) -> list[Content]:
        exchange = self._exchanges[row]
        lines: list[Content] = []
        if self._report is not None and len({other.target_name for other in self._exchanges}) > 1:
            lines.append(Content.styled(sentences.name(self._report, exchange), "bold"))
        line, used = Content.styled(f"{SHORT[exchange.cloud]:<{_LABEL}}", "bold"), _LABEL
        for column, step in enumerate(exchange.steps):
            item = self._item(row, column, step, exchange)
            join = _JOIN if column else ""
            if used > _LABEL and used + len(join) + columns(item.plain) > width:
                lines.append(line + Content.styled(" →", "$foreground-muted"))
                line, used, join = Content(" " * _LABEL), _LABEL, ""
            line = line + Content.styled(join, "$foreground-muted") + item
            used += len(join) + columns(item.plain)
        return [*lines, line]

    def _item(self, row: int, column: int, step: StepRow, exchange: Exchange) -> Content:
        """Return a step with the sign of its state, and the word where the step is refused.

        Reverse video shows the refused step in every theme, and without colours.
        """
        sign, word, style = sentences.STATES[step.state]
        text = f"{sign} {sentences.title(exchange, step.id)}"
        text_style = STYLES.get(style, "")
        if step.state == "refused":
            text_style, text = f"{STYLES['bad']} reverse", f" {text} {word} "
        if (row, column) == self.at and self.has_focus:
            text_style += " underline" if step.state == "refused" else " reverse"
        return Content.styled(text, text_style).stylize(Style.from_meta({"step": (row, column)}))


def describe(exchange: Exchange, step: StepRow) -> str:
    """Return a step as one line: its name and state, its question, the reason, and the place of the reason."""
    from oidc_doctor.model.steps import STEPS

    sign, word, _ = sentences.STATES[step.state]
    question = next((row.question for row in STEPS[exchange.cloud] if row.id == step.id), "")
    parts = [
        f"{sentences.title(exchange, step.id)} {sign} {word}",
        question,
        visible(step.note),
        visible(step.at or ""),
    ]
    return " · ".join(filter(None, parts))
