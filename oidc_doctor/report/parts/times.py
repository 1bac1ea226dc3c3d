"""Instants and durations for people: RFC 3339 in, UTC out; an unreadable text is shown unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip

if TYPE_CHECKING:
    from datetime import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LONG = 40  # characters of an unreadable instant


def parse(text: object) -> datetime | None:
    """Parse an instant; None if it is unreadable."""
    from datetime import UTC, datetime  # late: --help needs no times

    from oidc_doctor.model.times import epoch_of

    seconds = epoch_of(str(text))
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def moment(text: object, near: object = None, *, seconds: bool = False, dated: bool = True) -> str:
    """Format an RFC 3339 instant in UTC, without the year in the year of `near`.

    Where space is scarce and the day of `near` is shown, `dated=False` omits the date on that day. A ticket is read on
    other days, so a report keeps it.
    """
    when, reference = parse(text), parse(near)
    if when is None:
        return clip(visible(str(text)), _LONG)
    clock = f"{when:%H:%M:%S}" if seconds else f"{when:%H:%M}"
    return f"{_day(when, reference, dated=dated)}{clock} UTC"


def _day(when: datetime, reference: datetime | None, *, dated: bool = True) -> str:
    if not dated and reference is not None and when.date() == reference.date():
        return ""
    year = "" if reference is not None and when.year == reference.year else f"{when.year} "
    return f"{when.day} {_MONTHS[when.month - 1]} {year}"


def period(start: object, end: object, now: object, *, dated: bool = True) -> str:
    """Format a period; the date once if both ends are of one day. `dated` is that of `moment`."""
    begun, ended, reference = parse(start), parse(end), parse(now)
    if begun is None or ended is None or begun == ended:
        return " – ".join(dict.fromkeys((moment(start, now, dated=dated), moment(end, now, dated=dated))))
    if begun.date() == ended.date():
        return f"{_day(begun, reference, dated=dated)}{begun:%H:%M} – {ended:%H:%M} UTC"
    january = None if reference is None else reference.replace(month=1 if reference.month > 1 else 12, day=1)
    return f"{_day(begun, january)}{begun:%H:%M} – {_day(ended, january)}{ended:%H:%M} UTC"


def days(start: object, end: object, now: object) -> str:
    """Format a period of days."""
    begun, ended, reference = parse(start), parse(end), parse(now)
    if begun is None or ended is None:
        return period(start, end, now)
    near = None if reference is None else reference.replace(month=1 if reference.month > 1 else 12, day=1)
    return f"{_day(begun, near).strip()} – {_day(ended, near).strip()}"


def ago(text: object, now: object) -> str:
    """Format the distance to `now` in one unit: "9 h ago"; "" if it is unknown."""
    when, end = parse(text), parse(now)
    if when is None or end is None or when > end:
        return ""
    return f"{span((end - when).total_seconds())} ago"


def span(seconds: float) -> str:
    """Format a duration in one unit."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR - _MINUTE / 2:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"
