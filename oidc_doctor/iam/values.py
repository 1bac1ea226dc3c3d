"""Parse values as the type that their operator requires. Every parser returns None for an invalid string.

The accepted syntax follows recorded evaluations (github.com/radkawar/stackd, testdata/aws/iam, September 2026) unless a
comment names another source. `operators` defines how the engine treats an invalid string.
"""

from __future__ import annotations

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
BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
MAPPED = 0xFFFF
"""The bits above the address in an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2)."""


def _all_digits(text: str) -> bool:
    return bool(text) and DIGITS.issuperset(text)


def number(text: str) -> Number | None:
    """Parse an integer or decimal, with optional exponent. No spaces, separators, hexadecimal, NaN or infinity."""
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
    whole, _, fraction = mantissa.partition(".")
    if not _all_digits(whole + fraction):
        return None
    digits = (whole + fraction).lstrip("0")
    magnitude = len(digits) - len(fraction) + exponent
    digits = digits.rstrip("0")
    if not digits:
        return 0, 0, ""
    return -1 if negative else 1, magnitude, digits


def order_numbers(left: Number, right: Number) -> int:
    """Return a number below, at or above zero if `left` is less than, equal to or greater than `right`."""
    if left[0] != right[0]:
        return left[0] - right[0]
    if left[1:] == right[1:]:
        return 0
    return left[0] if left[1:] > right[1:] else -left[0]


def instant(text: str) -> Instant | None:
    """Parse a W3C profile date (YYYY, YYYY-MM, YYYY-MM-DD, or with a time to minute, second or fraction) or epoch time.

    Four digits are a year. The profile requires a time zone with a time; measured: a time without a time zone is UTC.
    """
    signed = text[:1] in {"+", "-"}
    if _all_digits(text[signed:]) and (signed or len(text) != 4):  # noqa: PLR2004 - YYYY
        return (int(text), "") if len(text) <= LONGEST_INTEGER else None
    date, has_time, time = text.partition("T")
    days = _days(date)
    if days is None or not has_time:
        return None if days is None else (days * 86400, "")
    if len(date) != 10:  # noqa: PLR2004 - YYYY-MM-DD
        return None
    return _with_time(days, time)


def _days(date: str) -> int | None:
    """Days since 1970-01-01, with the first month and day where the date has none."""
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
    whole, dot, fraction = clock.partition(".")
    seconds = _clock(whole)
    if seconds is None or (dot and (len(whole) != 8 or not _all_digits(fraction))):  # noqa: PLR2004 - hh:mm:ss
        return None
    # measured: digits after a few are cut, not rounded; that milliseconds are kept is inferred
    return days * 86400 + seconds - offset, fraction[:3].rstrip("0")


def _clock(text: str) -> int | None:
    """Seconds since midnight of hh:mm or hh:mm:ss."""
    parts = text.split(":")
    if [len(part) for part in parts] not in ([2, 2], [2, 2, 2]) or not all(map(_all_digits, parts)):
        return None
    hour, minute, second = (*(int(part) for part in parts), 0)[:3]
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - a clock
        return None
    return hour * 3600 + minute * 60 + second


def truth(text: str) -> bool:
    """Parse a Boolean: "true" in any letter case is true, every other string is false."""
    return text.lower() == "true"


def is_base64(text: str) -> bool:
    """Whether a string is base64, with or without padding or surrounding blanks."""
    body = text.strip().rstrip("=")
    return BASE64.issuperset(body) and len(body) % 4 != 1


def address(text: str) -> Network | None:
    """Parse an IP address from a request. An IPv4-mapped IPv6 address counts as the IPv4 address."""
    if ":" not in text:
        bits = _ipv4(text)
        return None if bits is None else (4, bits, 32)
    prefix = "::ffff:"
    if "." in text and text[: len(prefix)].lower() == prefix:  # the only place for the dotted form
        bits = _ipv4(text[len(prefix) :])
        return None if bits is None else (4, bits, 32)
    bits = _ipv6(text)
    if bits is None:
        return None
    return (4, bits & 0xFFFFFFFF, 32) if bits >> 32 == MAPPED else (6, bits, 128)


def network(text: str) -> Network | None:
    """Parse an address or CIDR range from a policy. Host bits are cleared in IPv4 and unreadable in IPv6."""
    base, slash, length = text.partition("/")
    version, width = (6, 128) if ":" in base else (4, 32)
    bits = _ipv6(base) if version == 6 else _ipv4(base)  # noqa: PLR2004 - IPv6
    if bits is None:
        return None
    prefix = width
    if slash:
        digits = length.removeprefix("+")
        if not _all_digits(digits) or len(digits.lstrip("0")) > 3 or int(digits) > width:  # noqa: PLR2004 - 128
            return None
        prefix = int(digits)
    cut = bits >> (width - prefix) << (width - prefix)
    return None if version == 6 and cut != bits else (version, cut, prefix)  # noqa: PLR2004 - IPv6


def in_network(inner: Network, outer: Network) -> bool:
    """Whether all of `inner` is in `outer`. IPv4 and IPv6 ranges never overlap."""
    width = 128 if outer[0] == 6 else 32  # noqa: PLR2004 - IPv6
    return inner[0] == outer[0] and inner[2] >= outer[2] and (inner[1] ^ outer[1]) >> (width - outer[2]) == 0


def _ipv4(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4:  # noqa: PLR2004 - a.b.c.d
        return None
    bits = 0
    for part in parts:
        # leading zeros are allowed; that such a number is decimal and not octal is inferred
        digits = part.lstrip("0")
        if not _all_digits(part) or len(digits) > 3 or int(digits or "0") > 255:  # noqa: PLR2004 - an octet
            return None
        bits = bits << 8 | int(digits or "0")
    return bits


def _ipv6(text: str) -> int | None:
    """Split at `::` into at most two halves, each at `:`; an empty group is 0, and dropped at the end of a half."""
    halves = text.split("::")
    if len(halves) > 2:  # noqa: PLR2004 - before and after the gap
        return None
    before, after = _groups(halves[0]), _groups(halves[1]) if len(halves) > 1 else []
    if before is None or after is None:
        return None
    missing = 8 - len(before) - len(after)
    if (missing < 1) if len(halves) > 1 else (missing != 0):
        return None
    bits = 0
    for group in (*before, *([0] * missing), *after):
        bits = bits << 16 | group
    return bits


def _groups(text: str) -> list[int] | None:
    """Parse the 16-bit groups of one half of an IPv6 address."""
    text = text.rstrip(":")
    if not text:
        return []
    parts = text.split(":")
    if not all(len(part) <= 4 and HEXADECIMAL.issuperset(part) for part in parts):  # noqa: PLR2004 - hexadecimal digits
        return None
    return [int(part or "0", 16) for part in parts]
