"""Format instants and spans in words. All times are UTC; a token's are epoch seconds, written by its issuer."""

from __future__ import annotations

from oidc_doctor.model.times import number, on_calendar, rfc3339

__all__ = ("number", "on_calendar", "relative", "rfc3339", "seconds_of", "span")

_UNITS_SHOWN = 2
_DIGITS = 20  # longer numbers are no time, and Python limits the digits that it parses
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """Format as `2 h 55 min`: the two largest units, never negative."""
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
    """Format as `3 h ago`, `in 10 min` or `now`."""
    delta = instant - now
    if abs(delta) < 1:
        return "now"
    return f"in {span(delta)}" if delta > 0 else f"{span(delta)} ago"


def seconds_of(value: object) -> int | None:
    """Parse a token time as AWS does: an integer or a string of digits (recorded); None for anything else.

    None for integers of more than 64 bits too, since AWS's handling was never recorded.
    """
    if isinstance(value, int):
        return value if number(value) is not None else None
    if isinstance(value, str) and len(value) < _DIGITS and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return None
