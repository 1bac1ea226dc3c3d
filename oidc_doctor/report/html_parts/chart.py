"""The attempts over time as a picture: accepted ones above a line, refused ones below it, and the changes between."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.report.parts import writes
from oidc_doctor.report.parts.attempts import call_of
from oidc_doctor.report.parts.times import parse, period, span
from oidc_doctor.report.rows import log_rows

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

_WIDTHS = {"wide": 960, "narrow": 340}  # of a desktop or paper, and of a phone
_BAR = 6  # the least width of a bar and the gap after it
_HALF = 44  # the height of the tallest bar, above or below the line
_TOP, _LABEL, _GAP = 26, 18, 10  # heights: of the marks of the changes, of the name of a call, between two calls
_AXIS = 22
_TICK = 130  # the width of an instant on the axis with the space around it
_MARK = 58  # likewise, of a change
_CHANGES = 60  # that are drawn


class Bar(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    outcome: str


class Panel(NamedTuple):
    """The attempts of one call."""

    name: str
    y: float
    line: float  # the line between accepted and refused attempts
    below: float  # the room below it
    bars: list[Bar]
    outages: list[tuple[float, float]]  # x and width


class Mark(NamedTuple):
    """A change of the configuration, or a refused one."""

    x: float
    kind: str  # change, failed-change
    flips: bool
    label: str
    anchor: str  # start and end: the label is right or left of the mark; "" for none


class Drawing(NamedTuple):
    """A picture of one width."""

    size: str  # wide, narrow
    width: int
    height: float
    panels: list[Panel]
    marks: list[Mark]
    ticks: list[tuple[float, str, str]]  # x, anchor, instant


class Chart(NamedTuple):
    """The picture in two widths, and what it shows in words."""

    title: str
    description: list[str]
    drawings: list[Drawing]
    has_unknown: bool
    has_changes: bool
    has_failed_changes: bool
    has_outages: bool


def chart_of(report: Report) -> Chart | None:
    """Return the picture of the attempts; None if the report has none."""
    series = log_rows.series(report)
    if series is None or not series.buckets:
        return None
    begin, end = series.start, series.start + series.buckets * series.seconds
    changes = [row for row in log_rows.changes(report) if begin <= row.time <= end]
    drawings = [_drawing(report, series, changes[-_CHANGES:], size) for size in _WIDTHS]
    kinds = {row.kind for row in changes}
    return Chart(
        f"Attempts, {period(_text(begin), _text(end), report.evaluated_at)}",
        _words(report, series, changes),
        drawings,
        any(series.counts[lane] and sum(series.counts[lane]) for lane in series.lanes if lane.outcome == "unknown"),
        "change" in kinds,
        "failed-change" in kinds,
        any(panel.outages for panel in drawings[0].panels),
    )


def _words(report: Report, series: log_rows.Series, changes: list[log_rows.Row]) -> list[str]:
    """Return what the picture shows, for readers who do not see it."""
    words = []
    for cloud, call in series.calls:
        lanes = [lane for lane in series.lanes if (lane.cloud, lane.call) == (cloud, call)]
        numbers = ", ".join(f"{sum(series.counts[lane]):,} {lane.outcome}" for lane in lanes)
        words.append(f"{log_rows.SHORT[cloud]} {call}s: {numbers}")
    for row in changes[-_CHANGES:]:
        kind = "change" if row.kind == "change" else "refused change"
        words.append(f"{kind}: {writes.brief(row.change or {}, report.evaluated_at)}")
    return words


def _text(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _drawing(report: Report, series: log_rows.Series, changes: list[log_rows.Row], size: str) -> Drawing:
    width = _WIDTHS[size]
    seconds = series.buckets * series.seconds
    scale = width / seconds
    together = max(1, -(-series.buckets // (width // _BAR)))  # buckets of one bar
    panels, y = [], float(_TOP if changes else 0)
    for cloud, call in series.calls:
        line = y + _LABEL + _HALF
        lanes = {
            lane.outcome: _summed(series.counts[lane], together)
            for lane in series.lanes
            if (lane.cloud, lane.call) == (cloud, call)
        }
        bars = _bars(lanes, line, together * series.seconds * scale, width)
        outages = _outages(report, series, (cloud, call), scale, width)
        name = f"{log_rows.SHORT[cloud]} {call}s, at most {_most(lanes):,} in {span(together * series.seconds)}"
        below = _HALF if outages or any(bar.outcome != "accepted" for bar in bars) else 0
        panels.append(Panel(name, y, line, below, bars, outages))
        y = line + below + _GAP
    marks = _marks([((row.time - series.start) * scale, row) for row in changes], width)
    number = max(2, width // _TICK)
    ticks = [
        (
            _place(width * at / (number - 1)),
            "start" if not at else "end" if at == number - 1 else "middle",
            log_rows.clock(series.start + seconds * at / (number - 1), seconds),
        )
        for at in range(number)
    ]
    return Drawing(size, width, _place(y + _AXIS), panels, marks, ticks)


def _marks(placed: list[tuple[float, log_rows.Row]], width: int) -> list[Mark]:
    """Return the marks of changes; one that changed an outcome has its time at the side that has room for it."""
    marks: list[Mark] = []
    for at, (x, row) in enumerate(placed):
        before = marks[-1].x + (_MARK if marks[-1].anchor == "start" else 0) if marks else 0
        after = placed[at + 1][0] if at + 1 < len(placed) else width
        flips = bool((row.change or {}).get("flips"))
        anchor = "start" if after - x >= _MARK else "end" if x - before >= _MARK else ""
        marks.append(Mark(_place(x), row.kind, flips, log_rows.clock(row.time, 0), anchor if flips else ""))
    return marks


def _summed(counts: list[int], together: int) -> list[int]:
    return [sum(counts[at : at + together]) for at in range(0, len(counts), together)]


def _most(lanes: dict[str, list[int]]) -> int:
    """Return the height of the tallest bar: refused and unknown attempts stand on each other."""
    below = map(sum, zip(*(counts for outcome, counts in lanes.items() if outcome != "accepted"), strict=True))
    return max((*lanes["accepted"], *below), default=0)


def _bars(lanes: dict[str, list[int]], line: float, step: float, width: int) -> list[Bar]:
    """Return the bars of a call: the unknown attempts are below the refused ones."""
    unit = _HALF / max(_most(lanes), 1)
    bars = []
    for at, accepted in enumerate(lanes["accepted"]):
        refused, unknown = lanes["refused"][at], lanes["unknown"][at] if "unknown" in lanes else 0
        x = at * step
        room = max(min(step, width - x) - 1, 1)
        for outcome, count, top in (
            ("accepted", accepted, line - accepted * unit),
            ("refused", refused, line),
            ("unknown", unknown, line + refused * unit),
        ):
            if count:
                bars.append(Bar(_place(x), _place(top), _place(room), _place(max(count * unit, 1)), outcome))
    return bars


def _outages(
    report: Report, series: log_rows.Series, whose: tuple[str, str], scale: float, width: int
) -> list[tuple[float, float]]:
    """Return the times in which a cause made this call fail, as places and widths."""
    found = []
    for cause in report.causes:
        since, until = parse(cause.timing.since), parse(cause.timing.until)
        is_other = cause.step == "permission" or (cause.cloud, call_of(cause.step)) != whose
        if is_other or since is None or (cause.status == "past" and until is None):
            continue
        start = min(max((since.timestamp() - series.start) * scale, 0), width)
        end = width if until is None else min(max((until.timestamp() - series.start) * scale, 0), width)
        if end > start:
            found.append((_place(start), _place(end - start)))
    return list(dict.fromkeys(found))


def _place(value: float) -> float:
    return round(value, 1)


class Spark(NamedTuple):
    """The attempts of a target in a small picture."""

    width: int
    bars: list[Bar]
    words: str


def spark_of(attempts: list[int], refused: list[int]) -> Spark | None:
    """Return the small picture of attempts and of those that were refused among them, by parts of the window."""
    if not attempts or not any(attempts) or len(refused) != len(attempts):
        return None
    accepted = [max(total - bad, 0) for total, bad in zip(attempts, refused, strict=True)]
    step = 120 / len(attempts)
    bars = _bars({"accepted": accepted, "refused": refused}, _HALF, step, 120)
    return Spark(120, bars, f"{sum(attempts):,} attempts, {sum(refused):,} refused")
