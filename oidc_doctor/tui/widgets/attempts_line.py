"""The logged attempts as one line of bars, below the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content, Span
from textual.widgets import Static

from oidc_doctor.report.parts import attempts, sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import moment
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.widgets.chart import bars, lane
from oidc_doctor.tui.widgets.page_view import STYLES

if TYPE_CHECKING:
    from textual.events import Resize

    from oidc_doctor.model.report import Report

_WIDEST = 120  # columns for the bars
_TEXT = 46  # columns for the counts and the last change


class AttemptsLine(Static):
    """Bars of all attempts, the changes between them, and the count of each outcome. A click opens the timeline."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="attempts")
        self._report: Report | None = None

    async def on_click(self) -> None:
        """Open the timeline."""
        await self.run_action("app.show('timeline')")

    def show(self, report: Report) -> None:
        """Draw the attempts of a report."""
        self._report = report
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Draw for another width."""
        del event
        self._draw()

    def _draw(self) -> None:
        report, width = self._report, self.size.width - 2
        if report is None or width <= 0:
            return
        series, changes = log_rows.series(report), log_rows.changes(report)
        exchanges = sentences.in_order(report)
        if series is None or not report.attempts:
            logged = attempts.logged(report, exchanges[0]) if exchanges else ""
            text = logged or f"no attempt is logged · {sentences.window(report)}"
            self.update(Content.styled(text, "$foreground-muted"))
            return
        line = _bars(series, changes, min(max(width - _TEXT, 10), _WIDEST))
        for outcome in ("accepted", "refused", "unknown"):
            number = sum(series.counts.get(outcome, []))
            if number:
                sign = (f"  {log_rows.SIGNS[outcome]} ", STYLES[log_rows.STYLES[outcome]])
                line += Content.assemble(sign, f"{number:,} {outcome}")
        flips = [row for row in changes if (row.change or {}).get("flips")] or changes
        if flips:
            entry = flips[-1].change or {}
            what = visible(str(entry.get("what") or entry.get("text") or "change"))
            line += Content.assemble(
                ("  ◆ ", STYLES["yellow"]), moment(entry.get("time"), report.evaluated_at, dated=False)
            )
            line += Content(f" {clip(what, 60)}")
        self.update(line)


def _bars(series: log_rows.Series, changes: list[log_rows.Row], width: int) -> Content:
    """Return the bars, each in the colour of its most frequent outcome; a change replaces its bar."""
    columns = bars(0, series.buckets, width)
    counts = series.counts
    refused, accepted = (
        [sum(counts.get(outcome, [])[bar.first : bar.last]) for bar in columns] for outcome in ("refused", "accepted")
    )
    total = [sum(sum(buckets[bar.first : bar.last]) for buckets in counts.values()) for bar in columns]
    changed = {int((row.time - series.start) // series.seconds) for row in changes}
    text, spans = "", list[Span]()
    for at, (bar, character) in enumerate(zip(columns, lane(total, max(total), 1)[0], strict=True)):
        if any(bar.first <= bucket < bar.last for bucket in changed):
            body, style = "◆".ljust(bar.width), "yellow"
        else:
            body, style = character * bar.width, "bad" if refused[at] > accepted[at] else "green"
        if spans and spans[-1].style == STYLES[style]:
            spans[-1] = spans[-1]._replace(end=len(text) + len(body))
        else:
            spans.append(Span(len(text), len(text) + len(body), STYLES[style]))
        text += body
    return Content(text, spans)
