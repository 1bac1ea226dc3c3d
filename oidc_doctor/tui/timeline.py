"""The Timeline screen: attempts over time by outcome, and the changes of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets.option_list import Option

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.lines import columns
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.report_screen import ReportScreen
from oidc_doctor.tui.widgets.chart import Chart
from oidc_doctor.tui.widgets.page_view import STYLES, PageView, StyledSheet
from oidc_doctor.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import OptionList

    from oidc_doctor.model.report import Report
    from oidc_doctor.tui.session import Session

_CHANGES, _ZOOM = Binding.Group("Change", compact=True), Binding.Group("Zoom", compact=True)
_BESIDE = 2  # columns: a space and the scrollbar
_AROUND = 2 + _BESIDE  # the sign and a space too
_MOST = 500  # rows in the list of the chart; the events screen has a filter


class Moments(Rows):
    """The signatures and changes of the selected bar."""

    HELP = (
        "Signatures (attempts that are alike, with their number) and changes of the selected bar, or of the whole "
        "view. ↑ and ↓ select, Enter opens the raw events. Tab goes to the chart."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Raw", id="moments.open", tooltip="The raw events"),
    ]


class TimelineScreen(ReportScreen):
    """The second screen: the time since which attempts fail, and the changes at that time."""

    MODE: ClassVar[str] = "timeline"
    LIST: ClassVar[str] = "#findings"
    PAGE: ClassVar[str] = "#detail"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "chart('change(1)')", "Next change", id="timeline.next", group=_CHANGES),
        Binding("p", "chart('change(-1)')", "Previous change", id="timeline.previous", group=_CHANGES),
        Binding("plus,equals_sign", "chart('zoom(1)')", "Zoom in", id="timeline.in", key_display="+", group=_ZOOM),
        Binding("minus", "chart('zoom(-1)')", "Zoom out", id="timeline.out", key_display="-", group=_ZOOM),
        Binding("0", "chart('zoom(0)')", "Whole window", id="timeline.all", group=_ZOOM),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._all: list[log_rows.Row] = []
        self._rows: list[log_rows.Row] = []  # the rows in the list
        self._width = 0  # the width in columns for which they are formatted

    def body(self) -> ComposeResult:
        """Yield the chart, and below it its rows."""
        yield Chart()
        with Horizontal(id="main"):
            moments = Moments(markup=False, id="findings", classes="pane")
            moments.border_title = " Attempts and changes "
            yield moments
            yield PageView("Selected", id="detail")

    def on_mount(self) -> None:
        """Focus the chart."""
        super().on_mount()
        self.query_one(Chart).focus()

    def show_report(self, report: Report) -> None:
        """Show chart, list and page."""
        self._all = log_rows.rows(report)
        self.query_one(Chart).show(log_rows.series(report), log_rows.changes(report))
        self._fill(report, None, None)

    def on_chart_selected(self, event: Chart.Selected) -> None:
        """List the rows of the selected bar."""
        if self.session.report is not None:
            self._fill(self.session.report, event.span, event.change)

    def _fill(self, report: Report, span: tuple[float, float] | None, to_select: log_rows.Row | None) -> None:
        rows = self._all if span is None else log_rows.during(self._all, *span)
        if span is None:  # changes come first: one of them is the likely cause
            rows = [row for row in rows if row.change is not None] + [row for row in rows if row.change is None]
        self._rows = rows[:_MOST]
        moments = self.query_one(Moments)
        moments.clear_options()
        series = log_rows.series(report)
        counts = [log_rows.count_during(report, row, series, *span) if span is not None else None for row in self._rows]
        moments.add_options([Option(label) for label in self._labels(report, counts)])
        flips = [index for index, row in enumerate(self._rows) if row.change is not None and row.change.get("flips")]
        selected = [index for index, row in enumerate(self._rows) if to_select is not None and row.key == to_select.key]
        moments.highlighted = (selected or flips or [0])[0] if self._rows else None
        if not self._rows:
            basis = sentences.window(report)
            self.query_one("#detail", PageView).show(lambda sheet: _empty(sheet, basis, bar=span is not None))

    def _labels(self, report: Report, counts: list[int | None]) -> list[Content]:
        """Return the rows, and make the list as wide as they need: two fifths of the screen, or up to a half."""
        self._width = self.size.width
        of_bar = max((len(f"{count:,} of ") for count in counts if count is not None), default=0)
        width, labels = self._width * 2 // 5, list[Content]()
        for _ in range(2):  # in a wider list, more of the subjects fits
            briefs = log_rows.briefs(report, self._rows, max(width - _AROUND - of_bar, _AROUND))
            labels = [_label(*label) for label in zip(self._rows, briefs, counts, strict=True)]
            widest = max((columns(line) for label in labels for line in label.plain.split("\n")), default=0)
            width = max(width, min(widest + _BESIDE, self._width // 2))
        self.query_one(Moments).styles.width = width
        return labels

    def on_resize(self) -> None:
        """Write the rows for another width."""
        report, at = self.session.report, self.query_one(Moments).highlighted
        if report is not None and self._width and self._width != self.size.width:
            self._fill(report, self.query_one(Chart).span, self._rows[at] if at is not None else None)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the page of the highlighted row."""
        report = self.session.report
        if report is not None and event.option_index < len(self._rows):
            row = self._rows[event.option_index]
            self.query_one("#detail", PageView).show(lambda sheet: log_rows.detail(sheet, report, row))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the row's raw events."""
        from oidc_doctor.tui.raw_events import RawEventsScreen  # late: most sessions open no raw events

        report = self.session.report
        if report is not None:
            self.app.push_screen(RawEventsScreen(report, self._rows[event.option_index], self.session.read_events))

    async def action_chart(self, action: str) -> None:
        """Run an action of the chart, whichever widget has the focus."""
        await self.query_one(Chart).run_action(action)


def _label(row: log_rows.Row, brief: str, count: int | None) -> Content:
    style = STYLES[log_rows.STYLES.get(row.outcome, "yellow")]
    flips = row.change is not None and bool(row.change.get("flips"))
    text = ("" if count is None else f"{count:,} of ") + brief
    return Content.assemble((log_rows.SIGNS.get(row.outcome, "?"), style), " ", (text, "bold" if flips else ""))


def _empty(sheet: StyledSheet, basis: str, *, bar: bool) -> None:
    """Write the page for a bar or a report without rows; `basis` names the logs that were read."""
    sheet.say("No attempt and no change in this bar." if bar else "No attempt and no change is logged.", bold=True)
    if not bar:
        sheet.gap()
        sheet.say(basis)
