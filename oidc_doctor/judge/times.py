"""Instants and spans in words. All times are UTC; a token's are seconds since the epoch, written by its issuer."""

from __future__ import annotations

from oidc_doctor.model.times import number, on_calendar, rfc3339

__all__ = ("number", "on_calendar", "relative", "rfc3339", "seconds_of", "span")

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


def seconds_of(value: object) -> int | None:
    """A token time as AWS reads it: an integer or a string of digits (recorded); anything else is not a time.

    An integer of more than 64 bits is none either: no one has recorded how AWS reads it.
    """
    if isinstance(value, int):
        return value if number(value) is not None else None
    if isinstance(value, str) and len(value) < _DIGITS and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return None
