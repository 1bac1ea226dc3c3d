"""The logged attempts in one line, below the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content, Span
from textual.widgets import Static

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import moment
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.widgets.chart import bars, lane
from oidc_doctor.tui.widgets.page_view import STYLES

if TYPE_CHECKING:
    from textual.events import Resize

    from oidc_doctor.model.report import Report

_WIDEST = 120
_TEXT = 46  # columns for the counts and the last change


class Pulse(Static):
    """All attempts as one line of bars, changes between them, and how many ended how. A click opens the timeline."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="pulse")
        self._report: Report | None = None

    async def on_click(self) -> None:
        """The whole timeline."""
        await self.run_action("app.show('timeline')")

    def show(self, report: Report) -> None:
        """Draw this one."""
        self._report = report
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Another width, other bars."""
        del event
        self._draw()

    def _draw(self) -> None:
        report, width = self._report, self.size.width - 2
        if report is None or width <= 0:
            return
        found, changes = log_rows.series(report), log_rows.changes(report)
        exchanges = sentences.in_order(report)
        if found is None or not report.attempts:
            told = sentences.logged(report, exchanges[0]) if exchanges else ""
            self.update(
                Content.styled(told or f"no attempt is logged · {sentences.window(report)}", "$foreground-muted")
            )
            return
        line = _bars(found, changes, min(max(width - _TEXT, 10), _WIDEST))
        for outcome in ("accepted", "refused", "unknown"):
            number = sum(found.counts.get(outcome, []))
            if number:
                sign = (f"  {log_rows.SIGNS[outcome]} ", STYLES[log_rows.STYLES[outcome]])
                line += Content.assemble(sign, f"{number:,} {outcome}")
        flips = [row for row in changes if (row.change or {}).get("flips")] or changes
        if flips:
            entry = flips[-1].change or {}
            told = visible(str(entry.get("what") or entry.get("text") or "change"))
            line += Content.assemble(("  ◆ ", STYLES["yellow"]), moment(entry.get("time"), report.evaluated_at))
            line += Content(f" {clip(told, 60)}")
        self.update(line)


def _bars(found: log_rows.Series, changes: list[log_rows.Row], width: int) -> Content:
    """The bars, in the colour of what prevails in each; a change stands in the place of its bar."""
    made = bars(0, found.buckets, width)
    refused, accepted = ([sum(found.counts.get(name, [])[bar.first : bar.last]) for bar in made] for name in _COMPARED)
    total = [sum(sum(counts[bar.first : bar.last]) for counts in found.counts.values()) for bar in made]
    marked = {int((row.time - found.start) // found.seconds) for row in changes}
    text, spans = "", list[Span]()
    for at, (bar, character) in enumerate(zip(made, lane(total, max(total), 1)[0], strict=True)):
        if any(bar.first <= bucket < bar.last for bucket in marked):
            body, style = "◆".ljust(bar.width), "yellow"
        else:
            body, style = character * bar.width, "bad" if refused[at] > accepted[at] else "green"
        if spans and spans[-1].style == STYLES[style]:
            spans[-1] = spans[-1]._replace(end=len(text) + len(body))
        else:
            spans.append(Span(len(text), len(text) + len(body), STYLES[style]))
        text += body
    return Content(text, spans)


_COMPARED = ("refused", "accepted")
