"""Times as strangers write them: texts and numbers that may lie on no calendar, fit no machine word, or be no time."""

from __future__ import annotations

import math
from datetime import UTC, datetime

FIRST, END = -62_135_596_800, 253_402_300_800  # epoch seconds: the years 1 to 9999, which Python's calendar holds
_WORD = 1 << 63  # a larger whole number fits no integer of a vendor's


def number(value: object) -> float | None:
    """Return a finite number of at most 64 bits; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_WORD <= value < _WORD and math.isfinite(value) else None


def on_calendar(seconds: float) -> bool:
    """Return whether epoch seconds have a date."""
    return FIRST <= seconds < END  # false for NaN


def epoch_of(text: object) -> float | None:
    """Return an RFC 3339 time as epoch seconds, UTC where it has no offset; None where the text is no time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)  # cuts nanoseconds to microseconds
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds if on_calendar(seconds) else None


def rfc3339(instant: float) -> str:
    """`2026-11-22T22:40:00Z`; a number that is on no calendar comes back as it is."""
    if not on_calendar(instant):
        return str(instant)
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
