"""The Common Expression Language (github.com/google/cel-spec): evaluate an expression and explain every part of it."""

from __future__ import annotations

from .errors import CODES, CelError
from .program import Program, compile  # noqa: A004  # cel.compile(...) is how it reads
from .syntax import quote
from .values import UNKNOWN, CelType, Duration, Map, Timestamp, UInt

__all__ = [
    "CODES",
    "UNKNOWN",
    "CelError",
    "CelType",
    "Duration",
    "Map",
    "Program",
    "Timestamp",
    "UInt",
    "compile",
    "quote",
]
