"""Sizes as people read them, and as --max-bytes accepts them."""

from __future__ import annotations

import math

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def size_text(size: float) -> str:
    """Return a number of bytes with three digits: 1.53 GB."""
    power = min(int(math.log10(size) / 3), len(_UNITS) - 1) if size >= 1 else 0
    return f"{size / 1000**power:.3g} {_UNITS[power]}" if power else f"{size:.0f} bytes"


def at_least(size: float) -> str:
    """Return a value of --max-bytes that is not less than the size: 2GB."""
    power = min(int(math.log10(size) / 3), len(_UNITS) - 1) if size >= 1 else 0
    return f"{math.ceil(size / 1000**power)}{_UNITS[power].upper() if power else 'B'}"
