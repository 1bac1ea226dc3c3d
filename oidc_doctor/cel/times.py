"""Timestamps and durations: their text, their parts, their arithmetic."""

from __future__ import annotations

from .errors import CelError, quoted
from .values import INT_MAX, INT_MIN, Duration, Timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from typing import Final

SECOND: Final = 1_000_000_000
_FIRST: Final = -62_135_596_800 * SECOND  # 0001-01-01T00:00:00Z
_AFTER: Final = 253_402_300_800 * SECOND  # 10000-01-01T00:00:00Z
_EPOCH_DAY: Final = 719_163  # dt.date(1970, 1, 1).toordinal()
_UNITS: Final = {"h": 3600 * SECOND, "m": 60 * SECOND, "s": SECOND, "ms": 1_000_000, "us": 1000, "ns": 1}
_UNITS["\u00b5s"] = _UNITS["\u03bcs"] = 1000  # a micro sign, and the letter
_LONGEST: Final = 64  # of the text of a duration, and of a time zone


def make_timestamp(nanoseconds: int) -> Timestamp:
    """Return a timestamp; raises `CelError` outside of the years 1 to 9999."""
    if not _FIRST <= nanoseconds < _AFTER:
        raise CelError("range", "the timestamp is outside of the years 1 to 9999")
    return Timestamp(nanoseconds)


def make_duration(nanoseconds: int) -> Duration:
    """Return a duration; raises `CelError` beyond 64 bits of nanoseconds, about 290 years."""
    if not INT_MIN <= nanoseconds <= INT_MAX:
        raise CelError("range", "the duration is longer than about 290 years")
    return Duration(nanoseconds)


def _bad_timestamp(text: str) -> CelError:
    return CelError("invalid_argument", f"not an RFC 3339 time such as 2026-01-31T09:30:00Z: {quoted(text)}")


def parse_timestamp(text: str) -> Timestamp:
    """Parse an RFC 3339 text; raises `CelError`."""
    import datetime as dt  # few expressions hold a time
    import re

    match = re.fullmatch(
        r"(\d{4,5})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([-+])(\d\d):(\d\d))", text, re.ASCII
    )
    if match is None:
        raise _bad_timestamp(text)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, zone_hour, zone_minute = match.groups()[6:]
    offset = 0
    if sign:
        offset = int(zone_hour) * 3600 + int(zone_minute) * 60
        if int(zone_hour) > 23 or int(zone_minute) > 59:  # noqa: PLR2004
            raise _bad_timestamp(text)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise CelError("range", "the timestamp is outside of the years 1 to 9999")
    try:
        moment = dt.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the offset follows
    except ValueError:
        raise _bad_timestamp(text) from None
    seconds = (moment.toordinal() - _EPOCH_DAY) * 86400 + hour * 3600 + minute * 60 + second
    seconds += offset if sign == "-" else -offset
    return make_timestamp(seconds * SECOND + int((fraction or "").ljust(9, "0")))


def _bad_duration(text: str) -> CelError:
    return CelError("invalid_argument", f"not a duration such as 1h30m or 90s: {quoted(text)}")


def parse_duration(text: str) -> Duration:
    """Parse a text such as ``1h45m`` or ``-1.5s``; raises `CelError`."""
    import re

    body = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if body == "0":
        return Duration(0)
    pattern = r"(\d*)(?:\.(\d*))?(h|ms|us|\u00b5s|\u03bcs|ns|m|s)"
    if len(text) > _LONGEST or not re.fullmatch(rf"(?:{pattern})+", body, re.ASCII):
        raise _bad_duration(text)
    total = 0
    for digits, fraction, unit in re.findall(pattern, body, re.ASCII):
        if not digits and not fraction:
            raise _bad_duration(text)
        total += int(digits or 0) * _UNITS[unit]
        if fraction:
            total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
    return make_duration(-total if text.startswith("-") else total)


def _fraction(nanoseconds: int) -> str:
    return f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""


def timestamp_text(value: Timestamp) -> str:
    """Format as RFC 3339 in UTC, with as many digits after the second as are needed."""
    seconds, nanoseconds = divmod(int(value), SECOND)
    moment = _in_zone(seconds, None)
    # strftime does not pad the year on every platform
    return f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T{moment.time().isoformat()}{_fraction(nanoseconds)}Z"


def duration_text(value: Duration) -> str:
    """Format as seconds, such as ``90s`` or ``-1.5s``."""
    seconds, nanoseconds = divmod(abs(int(value)), SECOND)
    return f"{'-' if value < 0 else ''}{seconds}{_fraction(nanoseconds)}s"


def _in_zone(seconds: int, zone: str | None) -> dt.datetime:
    """Return the civil time; raises `CelError` for a zone that is neither an offset nor in the IANA database."""
    import datetime as dt

    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    try:
        if zone is None or zone == "UTC":
            return moment.replace(tzinfo=None)
        return moment.astimezone(_zone(zone)).replace(tzinfo=None)
    except OverflowError:
        raise CelError("range", "the local time is outside of the years 1 to 9999") from None


def _zone(name: str) -> dt.tzinfo:
    import datetime as dt
    import re

    offset = re.fullmatch(r"([-+]?)(\d\d):(\d\d)", name, re.ASCII)
    if offset:
        span = dt.timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if span < dt.timedelta(days=1) and int(offset[3]) <= 59:  # noqa: PLR2004
            return dt.timezone(-span if offset[1] == "-" else span)
    elif len(name) <= _LONGEST:
        import zoneinfo

        try:
            return zoneinfo.ZoneInfo(name)
        except (LookupError, ValueError, OSError):  # a name may be a directory of the database, or no valid file name
            pass
    raise CelError("invalid_argument", f"not a time zone: {quoted(name)}")


def _part(read: Callable[[dt.datetime], int]) -> Callable[..., int]:
    def get(value: Timestamp, zone: str | None = None) -> int:
        return read(_in_zone(int(value) // SECOND, zone))

    return get


# Months, days of the month and days of the year count from 0, days of the week from Sunday.
PARTS: Final = {
    "getFullYear": _part(lambda moment: moment.year),
    "getMonth": _part(lambda moment: moment.month - 1),
    "getDate": _part(lambda moment: moment.day),
    "getDayOfMonth": _part(lambda moment: moment.day - 1),
    "getDayOfWeek": _part(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _part(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _part(lambda moment: moment.hour),
    "getMinutes": _part(lambda moment: moment.minute),
    "getSeconds": _part(lambda moment: moment.second),
}


def get_milliseconds(value: Timestamp | Duration, zone: str | None = None) -> int:
    """Return the milliseconds within the second."""
    if zone is not None:
        _in_zone(int(value) // SECOND, zone)  # a time zone does not change milliseconds, but an invalid one is an error
    sign = -1 if type(value) is Duration and value < 0 else 1
    return sign * (sign * int(value) % SECOND // 1_000_000)


def _whole_units(unit: int) -> Callable[[Duration], int]:
    def get(value: Duration) -> int:
        return -(-int(value) // unit) if value < 0 else int(value) // unit

    return get


DURATION_PARTS: Final = {
    "getHours": _whole_units(3600 * SECOND),
    "getMinutes": _whole_units(60 * SECOND),
    "getSeconds": _whole_units(SECOND),
}
