"""The logged attempts as bars, and their counts, below the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content, Span
from textual.widgets import Static

from oidc_doctor.report.parts import attempts, sentences
from oidc_doctor.report.parts.lines import columns
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.widgets.chart import bars, lane
from oidc_doctor.tui.widgets.page_view import STYLES

if TYPE_CHECKING:
    from textual.events import Resize

    from oidc_doctor.model.report import Report

_WIDEST = 120  # columns for the bars
_NARROWEST = 14
_GAP, _CHANGE = "  ", "  ◆ "


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
        counts = _counts(series)
        flips = [row for row in changes if (row.change or {}).get("flips")] or changes
        briefs = log_rows.change_briefs(flips[-1], report.evaluated_at) if flips else []
        beside = width - columns(counts.plain) - _NARROWEST - len(_GAP)
        in_two_lines = beside < min((columns(_CHANGE + brief) for brief in briefs), default=0)
        room = width - _NARROWEST if in_two_lines else beside
        brief = next((brief for brief in briefs if columns(_CHANGE + brief) <= room), "")
        change = Content.assemble((_CHANGE, STYLES["yellow"]), brief) if brief else Content("")
        if not in_two_lines:
            change = Content(_GAP) + counts + change
        drawn = _bars(series, changes, min(width - columns(change.plain), _WIDEST), colored=not self.app.no_color)
        self.update(drawn + change + (Content("\n") + counts if in_two_lines else Content("")))


def _counts(series: log_rows.Series) -> Content:
    """Return the counts of each call by outcome: "exchange ✓ 15  impersonation ✓ 7 ✗ 8"."""
    parts: list[Content] = []
    for cloud, call in series.calls:
        name = series.name(cloud, call)
        words = [Content.styled(name, "$foreground-muted")] if name else []
        for each in series.lanes:
            if (each.cloud, each.call) == (cloud, call) and any(series.counts[each]):
                sign = (f"{log_rows.SIGNS[each.outcome]} ", STYLES[log_rows.STYLES[each.outcome]])
                number = f"{sum(series.counts[each]):,}"
                words.append(Content.assemble(sign, number if name else f"{number} {each.outcome}"))
        parts.append(Content(" " if name else _GAP).join(words))
    return Content(_GAP).join(parts)


def _bars(series: log_rows.Series, changes: list[log_rows.Row], width: int, *, colored: bool) -> Content:
    """Return the bars, each in the colour of its most frequent outcome; a change replaces its bar.

    Without colours, a bar of refused attempts is a row of ✗.
    """
    shown = bars(0, series.buckets, width)
    counts = series.counts
    refused, accepted = (
        [sum(series.of(outcome)[bar.first : bar.last]) for bar in shown] for outcome in ("refused", "accepted")
    )
    total = [sum(sum(buckets[bar.first : bar.last]) for buckets in counts.values()) for bar in shown]
    changed = {int((row.time - series.start) // series.seconds) for row in changes}
    text, spans = "", list[Span]()
    for at, (bar, character) in enumerate(zip(shown, lane(total, max(total), 1)[0], strict=True)):
        if any(bar.first <= bucket < bar.last for bucket in changed):
            body, style = "◆".ljust(bar.width), "yellow"
        else:
            is_refused = refused[at] > accepted[at]
            body = ("✗" if is_refused and not colored else character) * bar.width
            style = "bad" if is_refused else "green"
        if spans and spans[-1].style == STYLES[style]:
            spans[-1] = spans[-1]._replace(end=len(text) + len(body))
        else:
            spans.append(Span(len(text), len(text) + len(body), STYLES[style]))
        text += body
    return Content(text, spans)
