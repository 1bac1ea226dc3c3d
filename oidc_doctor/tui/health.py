"""The Health screen: every target of a health check, with its state, its age and its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from oidc_doctor.report.parts import health as parts
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import cut_in_the_middle
from oidc_doctor.report.parts.times import moment, span
from oidc_doctor.tui.colors import in_rich
from oidc_doctor.tui.widgets.chart import bars, lane
from oidc_doctor.tui.widgets.key_bar import KeyBar
from oidc_doctor.tui.widgets.page_view import PageView
from oidc_doctor.tui.widgets.row_table import RowTable
from oidc_doctor.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from oidc_doctor.model.health import Health, TargetHealth
    from oidc_doctor.tui.examination import EvidenceSource, Narrate
    from oidc_doctor.tui.widgets.page_view import StyledSheet

_COLORS = {"✓": "text-success", "✗": "text-error", "?": "text-warning", "!": "text-warning"}
_SPARK, _NARROW_SPARK = 16, 8  # columns of the attempts
_NAME, _NARROW_NAME = 32, 18  # columns of a name, and on a narrow screen
_NARROW = 110  # columns of the screen
_STATE, _AGE = 14, 8  # columns
_AROUND = 2 * 5 + 2  # columns: the padding of five columns, and the scrollbar
_LEAST = 12  # columns of a finding


class HealthView(NamedTuple):
    """A health run, and the evidence of each target for the other screens, by the target's name."""

    health: Health
    sources: dict[str, EvidenceSource]


class HealthSource(NamedTuple):
    """Health runs. `run` calls its argument with what is being read; it raises `error` with one line for people."""

    title: str
    run: Callable[[Narrate], HealthView]
    seconds: float  # between two runs
    error: type[Exception]


class Targets(RowTable):
    """The table of the targets."""

    HELP = (
        "A target of the health check per row: its state, for how long, the logged attempts of the window, and its "
        "main finding. ↑ and ↓ select, Enter opens its path, r runs the check now."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Path", id="health.open"),
    ]


class HealthScreen(Screen[None]):
    """All targets, checked again and again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "check", "Check now", id="health.check", tooltip="Run the health check now"),
        Binding("escape", "nothing", "Stay", id="health.stay", show=False),
    ]

    class Chosen(Message):
        """The user has chosen a target."""

        def __init__(self, source: EvidenceSource) -> None:
            super().__init__()
            self.source = source

    class Ran(Message):
        """A run has ended: with a view, or with a reason."""

        def __init__(self, view: HealthView | None, reason: str = "") -> None:
            super().__init__()
            self.view = view
            self.reason = reason

    def __init__(self, source: HealthSource) -> None:
        super().__init__()
        self._source = source
        self._view: HealthView | None = None
        self._shown: list[TargetHealth] = []
        self._is_running = False
        self._width = 0  # for which the rows are written

    def compose(self) -> ComposeResult:
        """Yield a title, the table, and the findings of the selected target."""
        yield Static(visible(self._source.title), markup=False, classes="page-title", id="health-title")
        yield Targets(cursor_type="row", zebra_stripes=True, id="table")
        yield PageView("Findings", id="detail")
        yield StatusLine()
        yield KeyBar()

    def on_mount(self) -> None:
        """Run the first check, and one after each interval."""
        self.query_one(Targets).focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._fill())
        self.call_after_refresh(self.action_check)
        self.set_interval(self._source.seconds, self.action_check)

    def action_nothing(self) -> None:
        """Stay: Escape leads back from every other screen, and this is the first."""

    def action_check(self) -> None:
        """Start a run, unless one is at work."""
        if not self._is_running:
            self._is_running = True
            self._say("checking …")
            self._check()

    @work(thread=True)
    def _check(self) -> None:
        worker = get_current_worker()

        def narrate(text: str) -> None:
            if not worker.is_cancelled:
                self.app.call_from_thread(self._say, f"checking: {visible(text)}")

        try:
            message = self.Ran(self._source.run(narrate))
        except self._source.error as error:
            message = self.Ran(None, str(error))
        self.post_message(message)

    def on_health_screen_ran(self, message: Ran) -> None:
        """Show the result; after a failed run, the last one stays, and the status says why."""
        self._is_running = False
        every = f"every {span(self._source.seconds)}"
        if message.view is None:
            self._say(f"the check failed: {visible(message.reason)}; {every}, r checks now")
            return
        self._view = message.view
        health = message.view.health
        self._say(f"checked {moment(health.evaluated_at, health.evaluated_at)}, {every}; r checks now")
        title = f"{visible(self._source.title)} · {parts.summary(health)}"
        self.query_one("#health-title", Static).update(title)
        self._fill()

    def _say(self, text: str) -> None:
        self.query_one(StatusLine).state(text)

    # The table

    def _fill(self) -> None:
        """Write the rows for the width and in the colours of the theme; the selected target stays selected."""
        table = self.query_one(Targets)
        if self._view is None or self.size.width <= 0:
            return
        selected = self._selected()
        health = self._view.health
        self._shown = parts.in_order(health)
        self._width = self.size.width
        name = _NARROW_NAME if self._width < _NARROW else _NAME
        spark = _NARROW_SPARK if self._width < _NARROW else _SPARK
        room = max(self._width - name - _STATE - _AGE - spark - _AROUND, _LEAST)
        table.clear(columns=True)
        for label, width in (
            ("target", name),
            ("state", _STATE),
            ("for", _AGE),
            ("attempts", spark),
            ("finding", room),
        ):
            table.add_column(label, width=width)
        for target in self._shown:
            table.add_row(*self._cells(health, target, name, spark, room), key=target.name)
        row = next((index for index, target in enumerate(self._shown) if target.name == selected), 0)
        table.move_cursor(row=row)
        self._show_findings(row)

    def _selected(self) -> str:
        row = self.query_one(Targets).cursor_row
        return self._shown[row].name if 0 <= row < len(self._shown) else ""

    def _cells(self, health: Health, target: TargetHealth, name: int, spark: int, room: int) -> list[Text]:
        sign = parts.SIGNS[target.state]
        color = in_rich(self.app.theme_variables, _COLORS[sign])
        finding = parts.main_finding(target)
        text = visible(target.reason or (f"{finding.code} {finding.name}" if finding is not None else ""))
        return [
            Text(cut_in_the_middle(visible(target.name), name)),
            Text(f"{sign} {parts.STATES[target.state]}", style=color),
            Text(parts.age(target.since, health.evaluated_at), justify="right"),
            self._spark(target, spark),
            Text(text if len(text) <= room else f"{text[: room - 1]}…"),
        ]

    def _spark(self, target: TargetHealth, width: int) -> Text:
        """Return the attempts of the window as bars; those with more refused than accepted attempts are red."""
        shown = bars(0, len(target.attempts), width) if target.attempts else []
        total = [sum(target.attempts[bar.first : bar.last]) for bar in shown]
        refused = [sum(target.refused[bar.first : bar.last]) for bar in shown]
        characters = "".join(lane(total, max(total, default=0), 1))
        spark = Text()
        for bar, character, every, bad in zip(shown, characters, total, refused, strict=True):
            is_bad = bad * 2 > every
            body = "✗" if is_bad and self.app.no_color else character
            style = in_rich(self.app.theme_variables, "text-error" if is_bad else "text-success")
            spark.append(body * bar.width, style=style)
        return spark

    def on_resize(self) -> None:
        """Write the rows for another width."""
        if self.size.width != self._width:
            self._fill()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the findings of the selected target."""
        self._show_findings(event.cursor_row)

    def _show_findings(self, row: int) -> None:
        if self._view is None or not 0 <= row < len(self._shown):
            return
        health, target = self._view.health, self._shown[row]

        def write(sheet: StyledSheet) -> None:
            parts.write_target(sheet, health, target)

        self.query_one(PageView).show(write)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the selected target's path."""
        if self._view is None or not 0 <= event.cursor_row < len(self._shown):
            return
        target = self._shown[event.cursor_row]
        source = self._view.sources.get(target.name)
        if source is None:
            self.app.notify(visible(target.reason) or "There is no evidence of this target.", markup=False)
        else:
            self.post_message(self.Chosen(source))
