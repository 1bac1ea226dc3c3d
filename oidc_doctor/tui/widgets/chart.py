"""Attempts over time: a lane of bars for each outcome, the changes on the axis, and a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content, Span
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.rows import log_rows
from oidc_doctor.tui.widgets.page_view import STYLES

if TYPE_CHECKING:
    from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LABELS = (16, 24)  # columns, for one call and for several
_FEWEST = 6  # buckets in the view


class Bar(NamedTuple):
    """A bar of the chart: its buckets, and its columns."""

    first: int
    last: int  # exclusive
    left: int
    width: int


def bars(low: int, high: int, columns: int) -> list[Bar]:
    """Return the buckets from `low` to `high` as bars of several buckets each, or of several columns each."""
    number, columns = max(high - low, 1), max(columns, 1)
    buckets_per_bar = -(-number // columns)
    count = -(-number // buckets_per_bar)
    width = max(columns // count, 1)
    return [
        Bar(low + at * buckets_per_bar, min(low + (at + 1) * buckets_per_bar, high), at * width, width)
        for at in range(count)
    ]


def lane(counts: list[int], most: int, rows: int) -> list[str]:
    """Bars of `counts` as `rows` lines of block characters, one column each; no count above zero is invisible."""
    lines = [""] * rows
    for count in counts:
        eighths = 0 if not count else max(round(count * rows * 8 / max(most, 1)), 1)
        for row in range(rows):
            lines[row] += _BLOCKS[min(max(eighths - (rows - 1 - row) * 8, 0), 8)]
    return lines


class Chart(Static, can_focus=True):
    """The chart. A bar is selected by the arrow keys or a click, a change by `n` and `p`."""

    HELP = (
        "Attempts over time, one lane for each outcome. ← and → select a bar, Home and End the first and the last, "
        "n and p the next and the previous change (◆, refused ones ◇); Esc selects all again. + and - zoom (the mouse "
        "wheel too), Shift+← and Shift+→ pan, 0 shows the whole window. Times are UTC."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Bar before", id="chart.left", show=False),
        Binding("right,l", "move(1)", "Next bar", id="chart.right", show=False),
        Binding("home,g", "end(0)", "First bar", id="chart.home", show=False),
        Binding("end,G,shift+g", "end(-1)", "Last bar", id="chart.end", show=False),
        Binding("shift+left", "pan(-1)", "Pan back", id="chart.pan-back", show=False),
        Binding("shift+right", "pan(1)", "Pan on", id="chart.pan-on", show=False),
        Binding("escape", "all", "All", id="chart.all", show=False),
    ]

    class Selected(Message):
        """The user has selected the time between two instants, the whole view (None), or a change."""

        def __init__(self, span: tuple[float, float] | None, change: log_rows.Row | None = None) -> None:
            super().__init__()
            self.span = span
            self.change = change

    def __init__(self) -> None:
        super().__init__("", markup=False, id="chart")
        self._series: log_rows.Series | None = None
        self._changes: list[log_rows.Row] = []
        self._low = self._high = 0
        self._cursor: int | None = None  # a bucket
        self._change: int | None = None

    def show(self, series: log_rows.Series | None, changes: list[log_rows.Row]) -> None:
        """Draw the full window."""
        self._series, self._changes = series, changes
        self._low, self._high = 0, series.buckets if series else 0
        self._cursor = self._change = None
        self._draw()

    @property
    def span(self) -> tuple[float, float] | None:
        """Return the start and the end of the selected bar."""
        if self._series is None or self._cursor is None:
            return None
        bar = next((bar for bar in self._bars() if bar.first <= self._cursor < bar.last), None)
        return None if bar is None else (self._time(bar.first), self._time(bar.last))

    def _time(self, bucket: int) -> float:
        return self._series.start + bucket * self._series.seconds if self._series is not None else 0.0

    def _bucket(self, time: float) -> int:
        return int((time - self._series.start) // self._series.seconds) if self._series is not None else 0

    def _bars(self) -> list[Bar]:
        return bars(self._low, self._high, self.size.width - 2 - self._label)

    @property
    def _label(self) -> int:
        """The columns of the labels."""
        return _LABELS[self._series is not None and len(self._series.calls) > 1]

    # Keys

    def action_move(self, steps: int) -> None:
        """Select the previous or the next bar."""
        shown = self._bars()
        if self._series is None:
            return
        cursor = -1 if self._cursor is None else self._cursor
        selected = next((at for at, bar in enumerate(shown) if bar.first <= cursor < bar.last), None)
        at = (len(shown) - 1 if steps < 0 else 0) if selected is None else min(max(selected + steps, 0), len(shown) - 1)
        self._select(shown[at].first)

    def action_end(self, index: int) -> None:
        """Select the first or the last bar."""
        if self._series is not None:
            self._select(self._bars()[index].first)

    def action_all(self) -> None:
        """Select no bar and no change."""
        self._cursor = self._change = None
        self._draw()
        self.post_message(self.Selected(None))

    def action_change(self, steps: int) -> None:
        """Go to the next or the previous change."""
        if not self._changes or self._series is None:
            self.app.notify("No change of the configuration is logged.", markup=False)
            return
        at = (0 if steps > 0 else -1) if self._change is None else self._change + steps
        self._change = at % len(self._changes)
        row = self._changes[self._change]
        bucket = min(max(self._bucket(row.time), 0), self._series.buckets - 1)
        width = self._high - self._low
        if not self._low <= bucket < self._high:
            self._to(bucket - width // 2, width)
        self._cursor = bucket
        self._draw()
        self.post_message(self.Selected(self.span, row))

    def action_zoom(self, steps: int) -> None:
        """Show half of the current period, twice the period, or (0) all of it."""
        if self._series is None:
            return
        width = self._high - self._low
        middle = self._cursor if self._cursor is not None else self._low + width // 2
        zoomed = {0: self._series.buckets, 1: width // 2}.get(steps, width * 2)
        zoomed = min(max(zoomed, _FEWEST), self._series.buckets)
        part = (middle - self._low) / max(width, 1)
        self._to(round(middle - part * zoomed), zoomed)

    def action_pan(self, steps: int) -> None:
        """Move the view by a quarter of its period."""
        width = self._high - self._low
        self._to(self._low + steps * max(width // 4, 1), width)

    def _to(self, low: int, width: int) -> None:
        if self._series is not None:
            self._low = min(max(low, 0), self._series.buckets - width)
            self._high = self._low + width
            self._draw()

    def _select(self, bucket: int) -> None:
        self._cursor, self._change = bucket, None
        self._draw()
        self.post_message(self.Selected(self.span))

    # The mouse

    def on_click(self, event: Click) -> None:
        """Select the clicked bar; on the axis, the change."""
        bar = self._bar_at(event.x)
        if bar is None:
            return
        near = [at for at, row in enumerate(self._changes) if bar.first <= self._bucket(row.time) < bar.last]
        if near and event.style.meta.get("changes"):
            self._change = near[0] - 1
            self.action_change(1)
        else:
            self._select(bar.first)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.action_zoom(1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.action_zoom(-1)

    def _bar_at(self, x: int) -> Bar | None:
        at = x - 1 - self._label
        return next((bar for bar in self._bars() if bar.left <= at < bar.left + bar.width), None)

    # Drawing

    def on_resize(self, event: Resize) -> None:
        """Draw for another width."""
        del event
        self._draw()

    def _draw(self) -> None:
        self.set_class(self._series is None, "-empty")
        if self.size.width <= self._label + 2:
            return
        if self._series is None:
            self.update(Content.styled("The report contains no counts over time.", "$foreground-muted"))
            return
        shown = self._bars()
        lanes = self._series.lanes
        self.styles.min_height = len(lanes) + 2
        rows = max((self.size.height - 2) // len(lanes), 1)
        sums = {each: [sum(self._series.counts[each][bar.first : bar.last]) for bar in shown] for each in lanes}
        most = max((count for counts in sums.values() for count in counts), default=0)
        lines: list[Content] = []
        for each in lanes:
            sign, number = log_rows.SIGNS[each.outcome], f"{sum(sums[each]):,}"
            name = self._series.name(each.cloud, each.call)
            labels = [f"{sign} {number} {each.outcome}", f"  {name}"]
            if rows == 1 and name:
                labels = [f"{sign} {number} {name}"]
            for at, text in enumerate(lane(sums[each], most, rows)):
                label = labels[at] if at < len(labels) else ""
                lines.append(self._line(label, text, shown, STYLES[log_rows.STYLES[each.outcome]]))
        lines += [self._marks(shown), self._axis(shown, most)]
        self.update(Content("\n").join(lines))

    def _line(self, label: str, text: str, shown: list[Bar], style: str, *, changes: bool = False) -> Content:
        """Return a label, and a character for each bar, repeated to its width. Few spans, because each costs time."""
        pieces = [f"{clip(label, self._label - 1):<{self._label}}"]
        selection: tuple[int, int] | None = None
        cursor = -1 if self._cursor is None else self._cursor
        for bar, character in zip(shown, text, strict=True):
            gap = bar.width > 2 and not changes  # noqa: PLR2004 - narrower bars touch each other, and the axis is a line
            mark = character in ("◆", "◇")
            body = character.ljust(bar.width, "─") if mark else character * (bar.width - gap) + " " * gap
            if bar.first <= cursor < bar.last:
                selection = (self._label + bar.left, self._label + bar.left + bar.width)
                body = "┃" + body[1:] if changes and not mark else body
            pieces.append(body)
        line = "".join(pieces)
        spans = [Span(0, self._label, "$foreground-muted"), Span(self._label, len(line), style)]
        if changes:
            spans.append(Span(self._label, len(line), Style.from_meta({"changes": True})))
        if selection is not None:
            spans.append(Span(*selection, "reverse" if self.app.native_ansi_color else "on $block-cursor-background"))
        return Content(line, spans)

    def _marks(self, shown: list[Bar]) -> Content:
        marks = []
        for bar in shown:
            kinds = [row.kind for row in self._changes if bar.first <= self._bucket(row.time) < bar.last]
            marks.append("◆" if "change" in kinds else "◇" if kinds else "─")
        stored = sum(row.kind == "change" and self._low <= self._bucket(row.time) < self._high for row in self._changes)
        label = f"◆ {stored} changes" if stored != 1 else "◆ 1 change"
        return self._line(label, "".join(marks), shown, STYLES["yellow"], changes=True)

    def _axis(self, shown: list[Bar], most: int) -> Content:
        """Return the axis: as many times as fit, and the count of the highest bar."""
        spread = self._time(self._high) - self._time(self._low)
        line, free = f"{f'highest bar {most:,}':<{self._label}}", self._label
        for bar in shown:
            at = self._label + bar.left
            text = log_rows.clock(self._time(bar.first), spread)
            if at >= free and at + len(text) <= self.size.width - len("  UTC "):
                line, free = f"{line:<{at}}{text}", at + 2 * len(text) + 2
        return Content.styled(f"{line} UTC", "$foreground-muted")
