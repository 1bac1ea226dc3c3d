"""Attempts over time by outcome, with the changes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.frame import ReportScreen
from oidc_doctor.tui.widgets.chart import Chart
from oidc_doctor.tui.widgets.page_view import STYLES, PaperView, StyledSheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report

_CHANGES, _ZOOM = Binding.Group("Change", compact=True), Binding.Group("Zoom", compact=True)
_MOST = 500  # rows in the list beside the chart; the events screen has a filter


class Moments(OptionList):
    """What lies in the selected bar."""

    HELP = (
        "Signatures (attempts that are alike, with their number) and changes of the selected bar, or of all that is in "
        "sight. ↑ and ↓ select, Enter opens the raw events. Tab goes to the chart."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Raw", id="moments.open", tooltip="The raw events"),
    ]


class TimelineScreen(ReportScreen):
    """The second screen: when it broke, and what changed then."""

    MODE: ClassVar[str] = "timeline"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "chart('change(1)')", "Next change", id="timeline.next", group=_CHANGES),
        Binding("p", "chart('change(-1)')", "Previous change", id="timeline.previous", group=_CHANGES),
        Binding("plus,equals_sign", "chart('zoom(1)')", "Zoom in", id="timeline.in", key_display="+", group=_ZOOM),
        Binding("minus", "chart('zoom(-1)')", "Zoom out", id="timeline.out", key_display="-", group=_ZOOM),
        Binding("0", "chart('zoom(0)')", "Whole window", id="timeline.all", group=_ZOOM),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._known: list[log_rows.Row] = []
        self._rows: list[log_rows.Row] = []

    def body(self) -> ComposeResult:
        """The chart above, what it is made of below."""
        yield Chart()
        with Horizontal(id="main"):
            yield Moments(markup=False, id="findings")
            yield PaperView(id="detail")

    def on_mount(self) -> None:
        """The keys are the chart's."""
        super().on_mount()
        self.query_one(Chart).focus()

    def show_report(self, report: Report) -> None:
        """Chart, list, page."""
        self._known = log_rows.rows(report)
        self.query_one(Chart).show(log_rows.series(report), log_rows.changes(report))
        self._fill(report, None, None)

    def on_chart_selected(self, event: Chart.Selected) -> None:
        """The list follows the chart."""
        if self.doctor.report is not None:
            self._fill(self.doctor.report, event.span, event.change)

    def _fill(self, report: Report, span: tuple[float, float] | None, change: log_rows.Row | None) -> None:
        rows = self._known if span is None else log_rows.during(self._known, *span)
        if span is None:  # the changes first: they are what one looks for
            rows = [row for row in rows if row.change is not None] + [row for row in rows if row.change is None]
        self._rows = rows[:_MOST]
        moments = self.query_one(Moments)
        moments.clear_options()
        found = log_rows.series(report)
        parts = [log_rows.count_during(report, row, found, *span) if span is not None else None for row in self._rows]
        told = log_rows.briefs(report, self._rows)
        moments.add_options([Option(_label(*one)) for one in zip(self._rows, told, parts, strict=True)])
        flips = [at for at, row in enumerate(self._rows) if row.change is not None and row.change.get("flips")]
        wanted = [at for at, row in enumerate(self._rows) if change is not None and row.key == change.key]
        moments.highlighted = (wanted or flips or [0])[0] if self._rows else None
        if not self._rows:
            basis = sentences.window(report)
            self.query_one("#detail", PaperView).show(lambda paper: _nothing(paper, basis, chosen=span is not None))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The page follows the list."""
        report = self.doctor.report
        if report is not None and event.option_index < len(self._rows):
            row = self._rows[event.option_index]
            self.query_one("#detail", PaperView).show(lambda paper: log_rows.detail(paper, report, row))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter: the raw events."""
        from oidc_doctor.tui.events import open_events

        if self.doctor.report is not None:
            open_events(self.doctor, self._rows[event.option_index])

    async def action_chart(self, action: str) -> None:
        """A key that the chart answers, wherever the focus is."""
        await self.query_one(Chart).run_action(action)


def _label(row: log_rows.Row, brief: str, part: int | None) -> Content:
    style = STYLES[log_rows.STYLES.get(row.outcome, "yellow")]
    flips = row.change is not None and bool(row.change.get("flips"))
    told = ("" if part is None else f"{part:,} of ") + brief
    return Content.assemble((log_rows.SIGNS.get(row.outcome, "?"), style), " ", (told, "bold" if flips else ""))


def _nothing(paper: StyledSheet, basis: str, *, chosen: bool) -> None:
    told = "No attempt and no change in this bar." if chosen else "The logs hold no attempt and no change."
    paper.say(told, bold=True)
    if not chosen:
        paper.gap()
        paper.say(basis)
