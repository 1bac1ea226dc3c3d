"""Instants and lengths of time for people. Given as RFC 3339, shown in UTC; what cannot be read is shown as given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip

if TYPE_CHECKING:
    from datetime import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LONG = 40  # characters of what should have been an instant


def parse(text: object) -> datetime | None:
    """The instant, or None."""
    from datetime import UTC, datetime  # late: a report without times is possible, and --help renders none

    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment(text: object, near: object = None, *, seconds: bool = False) -> str:
    """An RFC 3339 instant for people, in UTC; without the date on the day of `near`, without the year in its year."""
    when, beside = parse(text), parse(near)
    if when is None:
        return clip(visible(str(text)), _LONG)
    clock = f"{when:%H:%M:%S}" if seconds else f"{when:%H:%M}"
    return f"{_day(when, beside)}{clock} UTC"


def _day(when: datetime, beside: datetime | None) -> str:
    if beside is not None and when.date() == beside.date():
        return ""
    year = "" if beside is not None and when.year == beside.year else f"{when.year} "
    return f"{when.day} {_MONTHS[when.month - 1]} {year}"


def period(start: object, end: object, now: object) -> str:
    """From when to when; the dates are left out where all is on the day of `now`."""
    begun, ended, beside = parse(start), parse(end), parse(now)
    if begun is None or ended is None or begun == ended:
        return " – ".join(dict.fromkeys((moment(start, now), moment(end, now))))
    if begun.date() == ended.date():
        return f"{_day(begun, beside)}{begun:%H:%M} – {ended:%H:%M} UTC"
    january = None if beside is None else beside.replace(month=1 if beside.month > 1 else 12, day=1)
    return f"{_day(begun, january)}{begun:%H:%M} – {_day(ended, january)}{ended:%H:%M} UTC"


def days(start: object, end: object, now: object) -> str:
    """From which day to which."""
    begun, ended, beside = parse(start), parse(end), parse(now)
    if begun is None or ended is None:
        return period(start, end, now)
    near = None if beside is None else beside.replace(month=1 if beside.month > 1 else 12, day=1)
    return f"{_day(begun, near).strip()} – {_day(ended, near).strip()}"


def ago(text: object, now: object) -> str:
    """How long before `now`, in one unit: "9 h ago"; "" where that cannot be said."""
    when, end = parse(text), parse(now)
    if when is None or end is None or when > end:
        return ""
    return f"{span((end - when).total_seconds())} ago"


def span(seconds: float) -> str:
    """A length of time in one unit."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR - _MINUTE / 2:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"
