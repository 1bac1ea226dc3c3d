"""Sizes as people read them, and as --max-bytes accepts them."""

from __future__ import annotations

import math

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def size_text(size: float) -> str:
    """Return a number of bytes with three digits: 1.53 GB."""
    power = _power(size)
    if power and round(size / 1000**power) >= 1000 and power < len(_UNITS) - 1:  # noqa: PLR2004 - the next unit
        power += 1
    return f"{size / 1000**power:.3g} {_UNITS[power]}" if power else f"{size:.0f} bytes"


def at_least(size: float) -> str:
    """Return a value of --max-bytes that is not less than the size: 2GB."""
    power = _power(size)
    return f"{math.ceil(size / 1000**power)}{_UNITS[power].upper() if power else 'B'}"


def _power(size: float) -> int:
    """Return how often the size has a thousand in it."""
    power = 0
    while size >= 1000 ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    return power
