"""Instants and spans in words. All times are UTC; a token's are seconds since the epoch, written by its issuer."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS_SHOWN = 2
_DIGITS = 20  # more are no time, and Python limits how many it reads
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """`2 h 55 min`: the two largest units, never negative."""
    rest = round(abs(seconds))
    parts = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
        if len(parts) == _UNITS_SHOWN:
            break
    return " ".join(parts) or "0 s"


def relative(instant: float, now: float) -> str:
    """`3 h ago`, `in 10 min`, `now`."""
    delta = instant - now
    if abs(delta) < 1:
        return "now"
    return f"in {span(delta)}" if delta > 0 else f"{span(delta)} ago"


def rfc3339(instant: float) -> str:
    """`2026-11-22T22:40:00Z`; far-off values that no calendar holds come back as the number."""
    try:
        return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(instant)


def seconds_of(value: object) -> int | None:
    """A token time as AWS reads it: an integer or a string of digits (recorded); anything else is not a time."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) < _DIGITS and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return None
