"""Arithmetic on numbers and conversions between them, within 64 bits."""

from __future__ import annotations

import math
import operator

from .errors import CelError
from .strings import double_text, to_int
from .values import INT_MAX, INT_MIN, UINT_MAX, UInt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Number = int | float
    Arithmetic = Callable[[int, int], int]

COMPARISONS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def int_result(value: int) -> int:
    """Return a result that is in the range of int; raise `CelError` otherwise."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise CelError("overflow", "the result does not fit an int")


def uint_result(value: int) -> UInt:
    """Return a result that is in the range of uint; raise `CelError` otherwise."""
    if 0 <= value <= UINT_MAX:
        return UInt(value)
    raise CelError("overflow", "the result does not fit a uint")


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise CelError("divide_by_zero", "division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise CelError("divide_by_zero", "modulus by zero")
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


ARITHMETIC: Final[dict[str, Arithmetic]] = {
    "+": lambda left, right: int(left) + int(right),
    "-": lambda left, right: int(left) - int(right),
    "*": lambda left, right: int(left) * int(right),
    "/": lambda left, right: _quotient(int(left), int(right)),
    "%": lambda left, right: _remainder(int(left), int(right)),
}


def on_ints(compute: Arithmetic) -> Arithmetic:
    """Return the operation between two ints."""
    return lambda left, right: int_result(compute(left, right))


def on_uints(compute: Arithmetic) -> Arithmetic:
    """Return the operation between two uints."""
    return lambda left, right: uint_result(compute(left, right))


def divide_doubles(left: float, right: float) -> float:
    """IEEE division, where a zero divisor results in an infinity or NaN."""
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def as_doubles(compare: Callable[[float, float], bool]) -> Callable[[Number, Number], bool]:
    """Return the comparison of two numbers of which one is a double."""
    return lambda left, right: compare(float(left), float(right))


def int_in_range(value: float, name: str = "an int", low: int = INT_MIN, high: int = INT_MAX) -> int:
    """Truncate a number to an int; raises `CelError` outside of the range.

    A double equal to the limit is refused: it also represents numbers beyond the limit.
    """
    exact = type(value) is not float
    if not (low <= value <= high if exact else (value > low or value == low == 0) and value < high):  # NaN fits neither
        raise CelError("range", f"{value if exact else double_text(value)} does not fit {name}")
    return int(value)


def uint_in_range(value: float) -> UInt:
    """``uint(value)``."""
    return UInt(int_in_range(value, "a uint", 0, UINT_MAX))


def int_of_text(text: str) -> int:
    """``int(text)``."""
    return int_in_range(to_int(text))


def uint_of_text(text: str) -> UInt:
    """``uint(text)``; no sign is accepted."""
    if text[:1] in {"+", "-"}:
        raise CelError("invalid_argument", "a uint is written without a sign")
    return uint_in_range(to_int(text))
