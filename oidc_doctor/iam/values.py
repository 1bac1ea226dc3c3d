"""Parse values as the type of their operator. Every parser returns None for a text that is not of its type.

Measured: the real engine fails on such a value, so that an Allow does not grant and a Deny applies.
"""

from __future__ import annotations

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    # Sign, magnitude of the first digit, digits without trailing zeros: ordered without ever building the number.
    Number: TypeAlias = tuple[int, int, str]
    # Seconds since 1970 and the digits of the fraction without trailing zeros.
    Instant: TypeAlias = tuple[int, str]
    # IP version, the bits, the length of the prefix.
    Network: TypeAlias = tuple[int, int, int]

LONGEST_INTEGER = 18
DIGITS = frozenset("0123456789")
HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def _all_digits(text: str) -> bool:
    return bool(text) and DIGITS.issuperset(text)


def number(text: str) -> Number | None:
    """Parse an integer or decimal number, an exponent allowed. No spaces, separators, hexadecimal, NaN or infinity."""
    mantissa, exponent_mark, exponent_text = text.partition("e") if "e" in text else text.partition("E")
    exponent = 0
    if exponent_mark:
        unsigned = exponent_text[1:] if exponent_text[:1] in {"+", "-"} else exponent_text
        if not _all_digits(unsigned) or len(unsigned) > LONGEST_INTEGER:
            return None
        exponent = int(exponent_text)
    negative = mantissa[:1] == "-"
    if mantissa[:1] in {"+", "-"}:
        mantissa = mantissa[1:]
    integer, _, fraction = mantissa.partition(".")
    if not _all_digits(integer + fraction):
        return None
    digits = (integer + fraction).lstrip("0")
    magnitude = len(digits) - len(fraction) + exponent
    digits = digits.rstrip("0")
    if not digits:
        return 0, 0, ""
    return -1 if negative else 1, magnitude, digits


def order_numbers(left: Number, right: Number) -> int:
    """Return a number below, at or above zero as `left` is less than, equal to or greater than `right`."""
    if left[0] != right[0]:
        return left[0] - right[0]
    if left[1:] == right[1:]:
        return 0
    return left[0] if left[1:] > right[1:] else -left[0]


def instant(text: str) -> Instant | None:
    """Parse a W3C profile date (YYYY, YYYY-MM, YYYY-MM-DD, or a time to minute, second or fraction); epoch seconds.

    Four digits are a year. The profile requires a time zone with a time; a time without one is read as UTC, which is
    not documented.
    """
    negative = text[:1] == "-"
    if _all_digits(text[negative:]) and (negative or len(text) != 4):  # noqa: PLR2004 - YYYY
        return (int(text), "") if len(text) <= LONGEST_INTEGER else None
    date, has_time, time = text.partition("T")
    days = _days(date)
    if days is None or not has_time:
        return None if days is None else (days * 86400, "")
    if len(date) != 10:  # noqa: PLR2004 - YYYY-MM-DD
        return None
    return _with_time(days, time)


def _days(date: str) -> int | None:
    """Return days since 1970-01-01, with the first month and day where the date has none."""
    parts = date.split("-")
    if [len(part) for part in parts] not in ([4], [4, 2], [4, 2, 2]) or not all(map(_all_digits, parts)):
        return None
    year, month, day = (*(int(part) for part in parts), 1, 1)[:3]
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (year and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]):  # noqa: PLR2004 - months
        return None
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + sum(lengths[: month - 1]) + day - 719163


def _with_time(days: int, time: str) -> Instant | None:
    zone_at = next((index for index, character in enumerate(time) if character in "Z+-"), len(time))
    clock, zone = time[:zone_at], time[zone_at:]
    offset = 0
    if zone not in {"", "Z"}:
        away = _clock(zone[1:])
        if away is None or len(zone) != 6:  # noqa: PLR2004 - +hh:mm
            return None
        offset = away if zone[0] == "+" else -away
    clock_time, dot, fraction = clock.partition(".")
    seconds = _clock(clock_time)
    if seconds is None or (dot and (len(clock_time) != 8 or not _all_digits(fraction))):  # noqa: PLR2004 - hh:mm:ss
        return None
    return days * 86400 + seconds - offset, fraction.rstrip("0")


def _clock(text: str) -> int | None:
    """Return the seconds since midnight of hh:mm or hh:mm:ss."""
    parts = text.split(":")
    if [len(part) for part in parts] not in ([2, 2], [2, 2, 2]) or not all(map(_all_digits, parts)):
        return None
    hour, minute, second = (*(int(part) for part in parts), 0)[:3]
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - a clock
        return None
    return hour * 3600 + minute * 60 + second


def truth(text: str) -> bool | None:
    """Parse a Boolean, in upper or lower case."""
    return {"true": True, "false": False}.get(text.lower())


def binary(text: str) -> bytes | None:
    """Decode padded Base64, the form of binary values in policy and request (IAM User Guide, Binary operators)."""
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:
        return None


def network(text: str) -> Network | None:
    """Parse an IPv4 or IPv6 address or a range in CIDR form, without host bits. An address is a range of one."""
    address, slash, length = text.partition("/")
    bits = _ipv6(address) if ":" in address else _ipv4(address)
    if bits is None:
        return None
    version, width = (6, 128) if ":" in address else (4, 32)
    prefix = width
    if slash:
        if not _all_digits(length) or len(length) > 3 or int(length) > width:  # noqa: PLR2004 - 128
            return None
        prefix = int(length)
    return version, bits >> (width - prefix) << (width - prefix), prefix


def in_network(inner: Network, outer: Network) -> bool:
    """Whether `outer` contains all of `inner`. IPv4 and IPv6 ranges never overlap."""
    width = 128 if outer[0] == 6 else 32  # noqa: PLR2004 - IPv6
    return inner[0] == outer[0] and inner[2] >= outer[2] and (inner[1] ^ outer[1]) >> (width - outer[2]) == 0


def _ipv4(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4:  # noqa: PLR2004 - a.b.c.d
        return None
    bits = 0
    for part in parts:
        # A leading zero is octal to some and decimal to others: not an address.
        if not _all_digits(part) or len(part) > 3 or (part[0] == "0" and part != "0") or int(part) > 255:  # noqa: PLR2004
            return None
        bits = bits << 8 | int(part)
    return bits


def _ipv6(text: str) -> int | None:
    head, gap, tail = text.partition("::")
    if gap and ("::" in tail or tail.startswith(":")):
        return None
    before = _groups(head, last=not gap)
    after = _groups(tail, last=True)
    if before is None or after is None:
        return None
    missing = 8 - len(before) - len(after)
    if (missing < 1) if gap else (missing != 0):
        return None
    bits = 0
    for group in (*before, *([0] * missing), *after):
        bits = bits << 16 | group
    return bits


def _groups(text: str, *, last: bool) -> list[int] | None:
    """Return the 16-bit groups; the last of an address may be written as IPv4."""
    if not text:
        return []
    groups = []
    parts = text.split(":")
    for index, part in enumerate(parts):
        if "." in part and last and index == len(parts) - 1:
            bits = _ipv4(part)
            if bits is None:
                return None
            groups += [bits >> 16, bits & 0xFFFF]
        elif 1 <= len(part) <= 4 and HEXADECIMAL.issuperset(part):  # noqa: PLR2004 - four hexadecimal digits
            groups.append(int(part, 16))
        else:
            return None
    return groups
