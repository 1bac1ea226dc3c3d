"""Untrusted times: strings and numbers that may be off the calendar, too large, or no time at all."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

FIRST, END = -62_135_596_800, 253_402_300_800  # epoch seconds: the years 1 to 9999 of Python's calendar
_WORD = 1 << 63  # a larger integer exceeds every vendor's integers


def number(value: object) -> float | None:
    """Return a finite number of at most 64 bits; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_WORD <= value < _WORD and math.isfinite(value) else None


def on_calendar(seconds: float) -> bool:
    """Return whether epoch seconds have a date."""
    return FIRST <= seconds < END  # false for NaN


def epoch_of(text: object) -> float | None:
    """Return an RFC 3339 time as epoch seconds, UTC without an offset; None for an invalid time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)  # cuts nanoseconds to microseconds
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds if on_calendar(seconds) else None


def days_of(since: float, until: float) -> list[date]:
    """Return the days (UTC) from one moment to another, epoch seconds, both included."""
    first, last = (datetime.fromtimestamp(moment, UTC).date() for moment in (since, until))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def rfc3339(instant: float) -> str:
    """Format as `2026-11-22T22:40:00Z`; a number off the calendar is returned unformatted."""
    if not on_calendar(instant):
        return str(instant)
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
