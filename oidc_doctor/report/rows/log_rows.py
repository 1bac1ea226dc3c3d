"""The logs as rows in time: signatures of attempts, changes, and counts of attempts per bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts import attempts, fixes, sentences, writes
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip, columns, cut_in_the_middle, shortened
from oidc_doctor.report.parts.times import moment, parse, period

if TYPE_CHECKING:
    from collections.abc import Collection

    from oidc_doctor.model.report import AttemptRow, Report
    from oidc_doctor.model.steps import Cloud
    from oidc_doctor.report.parts.lines import Sheet

SIGNS = {"accepted": "✓", "refused": "✗", "unknown": "?", "change": "◆", "failed-change": "◇"}
STYLES = {"accepted": "good", "refused": "bad", "unknown": "yellow", "change": "bold", "failed-change": "dim"}
SHORT: dict[Cloud, str] = {"aws": "AWS", "gcp": "GCP"}
_LONG = 400
_LEAST_CELL, _LEAST_SUBJECT, _LEAST_ACTION = 12, 26, 16  # columns
_BETWEEN = ":/|"  # between the segments of a subject
_SIGN = "✗ "  # before an outcome
_NARROW_TABLE = 90  # columns, below which an outcome is its sign
_WIDE_TABLE = 130  # columns, from which clouds have their full names
_MANY_EVENTS = 20
_DAY = 86_400
_LONG_AXIS = 10 * _DAY
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Kind = Literal["attempts", "change", "failed-change"]


class Row(NamedTuple):
    """A signature or a change. `time` and `until` are epoch seconds; `key` is equal in every run."""

    kind: Kind
    key: str
    time: float
    until: float
    attempt: AttemptRow | None = None
    change: dict[str, Any] | None = None
    number: int = -1  # its index in report.attempts or report.timeline

    @property
    def outcome(self) -> str:
        """The outcome or the kind of change, by which rows are counted and coloured."""
        return self.attempt.outcome if self.attempt is not None else self.kind


class Lane(NamedTuple):
    """The attempts of one call (a step of a cloud) with one outcome."""

    cloud: Cloud
    call: str  # "exchange" or "impersonation"
    outcome: str


class Series(NamedTuple):
    """Counts per bucket, by call and outcome; `start` is epoch seconds, `seconds` the length of a bucket."""

    start: float
    seconds: int
    counts: dict[Lane, list[int]]

    @property
    def lanes(self) -> list[Lane]:
        """The lanes in a fixed order: by call, the accepted attempts first."""
        return sorted(self.counts, key=lambda lane: (lane.cloud, lane.call, list(SIGNS).index(lane.outcome)))

    @property
    def calls(self) -> list[tuple[Cloud, str]]:
        """The calls, in the order of the lanes."""
        return list(dict.fromkeys((lane.cloud, lane.call) for lane in self.lanes))

    def of(self, outcome: str) -> list[int]:
        """Return the counts per bucket of all calls with an outcome."""
        chosen = [counts for lane, counts in self.counts.items() if lane.outcome == outcome]
        return [sum(numbers) for numbers in zip(*chosen, strict=True)]

    def name(self, cloud: Cloud, call: str) -> str:
        """Return the name of a call among others: "GCP exchange", or "exchange" in one cloud; "" if it is alone."""
        if len(self.calls) == 1:
            return ""
        return f"{SHORT[cloud]} {call}" if len({cloud for cloud, _ in self.calls}) > 1 else call

    @property
    def buckets(self) -> int:
        """Total of all outcomes."""
        return max((len(counts) for counts in self.counts.values()), default=0)


def _seconds(text: object) -> float | None:
    instant = parse(text)
    return None if instant is None else instant.timestamp()


def rows(report: Report) -> list[Row]:
    """Return signatures and changes in the order of their start."""
    listed: list[Row] = []
    for index, attempt in enumerate(report.attempts):
        first, last = _seconds(attempt.first_seen), _seconds(attempt.last_seen)
        if first is not None:
            end = last if last is not None else first
            listed.append(Row("attempts", f"a{index}", first, end, attempt, None, index))
    listed += changes(report)
    return sorted(listed, key=lambda row: (row.time, row.until))


def changes(report: Report) -> list[Row]:
    """Return the logged changes of the configuration, refused writes included, in the order of time."""
    listed: list[Row] = []
    for index, entry in enumerate(report.timeline):
        kind, at = entry.get("kind"), _seconds(entry.get("time"))
        if at is not None and (kind in ("change", "failed-change")):
            sort: Kind = "change" if kind == "change" else "failed-change"
            listed.append(Row(sort, f"c{index}", at, at, None, entry, index))
    return sorted(listed, key=lambda row: row.time)


def series(report: Report) -> Series | None:
    """Return the attempts over time; None if the report has no counts."""
    start = _seconds(report.window.get("buckets_from"))
    seconds, number = report.window.get("bucket_seconds"), report.window.get("buckets")
    if start is None or not isinstance(seconds, int) or not isinstance(number, int) or seconds < 1 or number < 1:
        return None
    counts: dict[Lane, list[int]] = {}
    for attempt in report.attempts:
        lane = Lane(attempt.cloud, attempts.call_of(attempt.step), attempt.outcome)
        numbers = counts.setdefault(lane, [0] * number)
        for index, count in enumerate(attempt.counts[:number]):
            numbers[index] += count
    if not counts:
        return None
    for lane in list(counts):  # that a call was never refused is an answer too
        for outcome in ("accepted", "refused"):
            counts.setdefault(lane._replace(outcome=outcome), [0] * number)
    before, after = _room_for_changes(report, start, seconds, number)
    padded = {lane: [0] * before + numbers + [0] * after for lane, numbers in counts.items()}
    return Series(start - before * seconds, seconds, padded)


def _room_for_changes(report: Report, start: float, seconds: int, number: int) -> tuple[int, int]:
    """Return the empty buckets to add on either side, so that changes just outside the attempts are visible."""
    most = max(number // 4, 4)
    times = [row.time for row in changes(report)]
    before = [int((start - time) // seconds) + 1 for time in times if time < start]
    after = [int((time - start) // seconds) + 1 - number for time in times if time >= start + number * seconds]
    return max((count for count in before if count <= most), default=0), max(
        (count for count in after if count <= most), default=0
    )


def during(listed: list[Row], begin: float, end: float) -> list[Row]:
    """Return the rows that overlap two instants (the second excluded)."""
    return [row for row in listed if row.time < end and row.until >= begin]


def count_during(report: Report, row: Row, totals: Series | None, begin: float, end: float) -> int | None:
    """Count the attempts of a signature between two instants, to the bucket; None if unknown."""
    counts = row.attempt.counts if row.attempt is not None else []
    if totals is None or not counts:
        return None
    shift = int((totals.start - (_seconds(report.window.get("buckets_from")) or totals.start)) // totals.seconds)
    low, high = (int((at - totals.start) // totals.seconds) + shift for at in (begin, end))
    return sum(counts[max(low, 0) : max(high, 0)])


def clock(seconds: float, spread: float) -> str:
    """Format an instant of an axis, with the day if the axis is longer than a day."""
    from datetime import UTC, datetime

    when = datetime.fromtimestamp(seconds, UTC)
    if spread <= _DAY:
        return f"{when:%H:%M}"
    return f"{when.day} {_MONTHS[when.month - 1]}" + ("" if spread > _LONG_AXIS else f" {when:%H:%M}")


def label(report: Report, row: Row) -> str:
    """Format a row on one line."""
    now = report.evaluated_at
    if row.attempt is not None:
        attempt = row.attempt
        who = visible(attempt.family) if attempt.family else attempts.whose(attempt)
        return f"{attempts.counted(attempt)}, {period(attempt.first_seen, attempt.last_seen, now, dated=False)}: {who}"
    return f"{moment((row.change or {}).get('time'), now)} {_done(row)}"


def briefs(report: Report, listed: list[Row], room: int) -> list[str]:
    """Format each row for a list of `room` columns, without the sign; subjects are cut in the middle."""
    now, dated = report.evaluated_at, _is_of_several_days(report, listed)
    whose = _apart([attempts.whose(row.attempt) if row.attempt is not None else None for row in listed])
    texts = []
    calls = len({calls_of(row.attempt) for row in listed if row.attempt is not None})
    clouds = len({row.attempt.cloud for row in listed if row.attempt is not None})
    for row, who in zip(listed, whose, strict=True):
        if row.attempt is not None:
            attempt = row.attempt
            seen_in = period(attempt.first_seen, attempt.last_seen, now, dated=dated).removesuffix(" UTC")
            of_call = f" {attempts.call_of(attempt.step)}" if clouds == 1 else f" {_outcome(row, '', 0)}"
            start = f"{attempt.count:,}{of_call if calls > 1 else ''}, {seen_in.replace(' – ', '–')}"
            beside = room - columns(start) - 1
            if who and columns(who) > beside and beside < _LEAST_SUBJECT:
                start, beside = f"{start}\n ", room - 1
            texts.append(f"{start} {cut_in_the_middle(who or '', beside)}".rstrip())
            continue
        briefs = [brief.replace(" UTC", "") for brief in change_briefs(row, now, room, dated=dated)]
        texts.append(next((brief for brief in briefs if columns(brief) <= room), cut_in_the_middle(briefs[-1], room)))
    return texts


def calls_of(attempt: AttemptRow) -> str:
    """Return the cloud and the step of a signature: "AWS exchange"."""
    return f"{CLOUDS[attempt.cloud]} {attempts.call_of(attempt.step)}"


def _apart(subjects: list[str | None]) -> list[str | None]:
    """Return the subjects without the segments that all have in common at the start and at the end."""
    named = {subject for subject in subjects if subject is not None}
    if len(named) < 2:  # noqa: PLR2004 - a single subject needs no distinction
        return subjects
    first = next(iter(named))
    cut = max(first.rfind(sign, 0, _alike(named)) for sign in _BETWEEN) + 1
    ends = [subject[cut:][::-1] for subject in named]
    alike_at_end = ends[0][: _alike(ends)]
    left_out = max(alike_at_end.rfind(sign) for sign in _BETWEEN) + 1
    if any(len(end) <= left_out for end in ends):
        left_out = 0
    start, end = "…" if cut else "", "…" if left_out else ""
    return [
        None if subject is None else f"{start}{subject[cut : len(subject) - left_out]}{end}" for subject in subjects
    ]


def _alike(texts: Collection[str]) -> int:
    """Return the number of characters with which all texts start."""
    least, most = min(texts), max(texts)  # all texts start with the common prefix of these two
    return next((at for at, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), len(least))


def _done(row: Row) -> str:
    """Format a change: action and author."""
    entry = row.change or {}
    by = _short_by(entry)
    return visible(str(entry.get("what") or entry.get("text") or row.kind)) + (f" by {by}" if by else "")


def _is_of_several_days(report: Report, listed: list[Row]) -> bool:
    """Whether a row needs a date. Then all have one: below a date, a time without any seems to be of that day."""
    return any(int(at // _DAY) != _day_of(report) for row in listed for at in (row.time, row.until))


def _day_of(report: Report) -> int | None:
    now = _seconds(report.evaluated_at)
    return None if now is None else int(now // _DAY)


def change_briefs(row: Row, now: str, room: int = 0, *, dated: bool = False) -> list[str]:
    """Format a change as time, action and author, from the longest text to the shortest.

    With `room`, in columns, one of them has the action cut to it: two writes of a minute differ by their action alone.
    """
    entry = row.change or {}
    when, by = moment(entry.get("time"), now, dated=dated), _short_by(entry)
    if not by:
        return [f"{when} {_done(row)}", when]
    name, what = by.partition("@")[0], _done(row).removesuffix(f" by {by}")
    left = room - columns(f"{when}  by {name}")
    return [
        f"{when} {what} by {by}",
        f"{when} {what} by {name}",
        *([f"{when} {cut_in_the_middle(what, left)} by {name}"] if left >= _LEAST_ACTION else []),
        f"{when} by {name}",
        f"{when.removesuffix(' UTC')} {name}",
    ]


def _short_by(entry: dict[str, Any]) -> str:
    """Return the author of a change by the last part of the name: session, user or address."""
    return visible(str(entry.get("by") or "")).rpartition("/")[2]


class Cells(NamedTuple):
    """A row as cells that fit into a width."""

    time: str
    outcome: str
    number: str
    subject: str
    reason: str


def cells(report: Report, listed: list[Row], room: int) -> list[Cells]:
    """Format rows as cells of `room` columns together, the sign of an outcome and the heads of the columns included.

    Subjects lack the leading segments that all have in common; what does not fit is cut in the middle.
    """
    dated = _is_of_several_days(report, listed)
    whole = [table(report, row, dated=dated) for row in listed]
    whose = _apart([cell[3] if row.attempt is not None else None for row, cell in zip(listed, whole, strict=True)])
    subjects = [who or cell[3] for who, cell in zip(whose, whole, strict=True)]
    times = [cell[0].removesuffix(" UTC") for cell in whole]
    outcomes = [_outcome(row, cell[1], room) for row, cell in zip(listed, whole, strict=True)]
    numbers = [cell[2] for cell in whole]
    heads = (("time UTC", times), ("outcome", [f"{_SIGN}{text}" for text in outcomes]), ("number", numbers))
    taken = sum(max(map(columns, (head, *texts))) for head, texts in heads)
    left = max(room - taken, 2 * _LEAST_CELL)
    longest = max(map(columns, ("reason", *(cell[4] for cell in whole))))
    reason = min(longest, max(left - max(map(columns, ("subject", *subjects))), left // 2))
    return [
        Cells(time, outcome, cell[2], cut_in_the_middle(who, left - reason), cut_in_the_middle(cell[4], reason))
        for time, outcome, cell, who in zip(times, outcomes, whole, subjects, strict=True)
    ]


def _outcome(row: Row, outcome: str, room: int) -> str:
    """Return an outcome in words; where there is little room, without what its sign says."""
    if row.attempt is None or room > _WIDE_TABLE:
        return outcome
    call = f"{SHORT[row.attempt.cloud]} {attempts.call_of(row.attempt.step)}"
    return call if room < _NARROW_TABLE else f"{call} {row.attempt.outcome}"


def table(report: Report, row: Row, *, dated: bool = False) -> tuple[str, str, str, str, str]:
    """Format a row as cells: time, outcome or change, count, subject or resource, reason."""
    now = report.evaluated_at
    if row.attempt is not None:
        attempt = row.attempt
        why = attempt.cause or attempt.error or ""
        who = attempts.whose(attempt)
        return (
            moment(attempt.first_seen, now, dated=dated),
            f"{calls_of(attempt)} {attempt.outcome}",
            f"{attempt.count:,}",
            who,
            shortened(visible(why), _LONG),
        )
    entry = row.change or {}
    change = visible(str(entry.get("what") or entry.get("text") or ""))
    by = _short_by(entry)
    on = visible(str(entry.get("resource") or entry.get("cloud") or ""))
    when = moment(entry.get("time"), now, dated=dated)
    return when, row.kind.replace("-", " "), "1", on, f"{change} by {by}" if by else change


def event_ids(row: Row) -> list[str]:
    """Return the ids of the events of a row that the report names."""
    if row.attempt is not None:
        return list(row.attempt.event_ids)
    entry = row.change or {}
    many, single = entry.get("event_ids"), entry.get("event_id")
    return [str(event) for event in many] if isinstance(many, list) else [str(single)] if single else []


def detail(sheet: Sheet, report: Report, row: Row) -> None:
    """Write the details of a row."""
    if row.attempt is not None:
        _signature(sheet, report, row, row.attempt)
    elif row.change is not None:
        _change(sheet, report, row, row.change)


def _signature(sheet: Sheet, report: Report, row: Row, attempt: AttemptRow) -> None:
    now = report.evaluated_at
    sign = SIGNS.get(attempt.outcome, "?")
    sheet.say(attempts.counted(attempt), lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
    sheet.gap()
    sheet.row("seen", period(attempt.first_seen, attempt.last_seen, now, dated=False))
    sheet.row("subject", shortened(visible(attempt.subject or "not recorded"), _LONG))
    for name, value in (("audience", attempt.audience), ("target", attempt.target), ("provider", attempt.provider)):
        if value:
            sheet.row(name, shortened(visible(value), _LONG))
    if attempt.principal:
        sheet.row("principal", shortened(visible(attempt.principal), _LONG))
    if attempt.error:
        sheet.row("answered", shortened(visible(attempt.error), _LONG))
    if attempt.cause:
        sheet.row("cause", visible(attempt.cause))
    if attempt.replay:
        replay = f"{attempt.replay.get('decision')} on the configuration of that time: {attempt.replay.get('revision')}"
        sheet.row("replayed", shortened(visible(replay), _LONG))
    if attempt.rate_per_hour is not None:
        sheet.row("rate", f"{attempt.rate_per_hour:,} an hour")
    if attempt.callers:
        sheet.row("callers", shortened(_several(attempt.callers, "address"), _LONG))
    if attempt.regions:
        sheet.row("regions", shortened(_several(attempt.regions, "region"), _LONG))
    if attempt.inferred_from:
        sheet.row("", f"the subject was taken from the exchange {visible(attempt.inferred_from)} (inferred)")
    _events(sheet, row)


def _several(groups: list[dict[str, Any]], key: str) -> str:
    return ", ".join(f"{visible(str(group.get(key)))} ({group.get('count')})" for group in groups)


def _change(sheet: Sheet, report: Report, row: Row, entry: dict[str, Any]) -> None:
    now = report.evaluated_at
    _, lines = writes.change(entry, now)
    action = visible(str(entry.get("what") or entry.get("text") or "change"))
    when = moment(entry.get("time"), now, seconds=True)
    refused = ", refused" if row.kind == "failed-change" else ""
    sheet.say(shortened(f"{when}: {action}{refused}", _LONG), lead=f"{SIGNS[row.kind]} ", bold=True)
    sheet.gap()
    if entry.get("flips"):
        before, after = ((entry.get("replay") or {}).get(side) for side in ("before", "after"))
        is_known = {before, after} == {"accepted", "refused"}
        of_token = f"Replaying the token: {before} before this change, {after} after."
        sheet.row(
            "outcome",
            of_token if is_known else "The replayed decision on a logged token changes here.",
            style="good" if is_known and after == "accepted" else "bad",
        )
    fixes.changed(sheet, lines)
    if not lines:
        sheet.row("diff", "the log does not show what this write changed")
    sheet.gap()
    for name, key in (("by", "by"), ("on", "resource"), ("answered", "error")):
        if entry.get(key):
            sheet.row(name, shortened(visible(str(entry[key])), _LONG))
    _events(sheet, row)


def _events(sheet: Sheet, row: Row) -> None:
    ids = event_ids(row)
    if ids:
        shown = ", ".join(clip(visible(event), 60) for event in ids[:_MANY_EVENTS])
        more = f" and {len(ids) - _MANY_EVENTS:,} more" if len(ids) > _MANY_EVENTS else ""
        sheet.gap()
        sheet.row("events", shown + more)
