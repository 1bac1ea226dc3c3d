"""The partitions of a table that a window needs: as a predicate, as locations, and for those that a catalog lists.

CloudTrail writes a file into the folder of the day on which it delivers it, so the day after the window is read as well
[CloudTrail user guide, "Finding your CloudTrail log files"]. A predicate prunes only if it compares partition columns
with literals [Athena user guide, "Partition your data"]: `literal` writes all of them.
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.logs.engines.query import UnreadableTableError, Window
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from oidc_doctor.logs.engines.table_shape import PartitionKey, TableShape

_LITERAL = re.compile(
    r"[0-9]{1,12}"  # an account, a year, a month, a day
    r"|[0-9]{4}(?P<apart>[/._-]?)[0-9]{2}(?P=apart)[0-9]{2}"  # a date
    r"|[a-z]{2}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2}"  # a Region
)
_DATE_FORMAT = re.compile(r"yyyy(?P<apart>[/._-]?)MM(?P=apart)dd")  # dates that sort as texts
_RELATIVE = re.compile(r"NOW(?:\s*([+-])\s*([0-9]{1,5})\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?")
_MONTHS = {"YEAR": 12, "MONTH": 1}
_INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint")
_MOST_LOCATIONS = limits.TABLE_LOCATIONS.most
_DELIVERY = timedelta(days=1)
_LONG = 10  # digits, more than any year, month or day has


class Selection(NamedTuple):
    """The partitions of a window. `account` and `regions` restrict a table that has such partition keys."""

    first: date
    last: date  # of the events; their partitions may be those of a day later
    account: str | None = None  # the target's
    regions: tuple[str, ...] = ()  # for a table that needs Regions in its queries

    @property
    def days(self) -> tuple[date, ...]:
        """Every day whose partition is read."""
        number = (self.last + _DELIVERY - self.first).days + 1
        return tuple(self.first + timedelta(days=day) for day in range(number))


def selection(window: Window, account: str | None = None, regions: Sequence[str] = ()) -> Selection:
    """Return the partitions of a window."""
    first, last = (datetime.fromtimestamp(moment, UTC).date() for moment in window)
    return Selection(first, last, account, tuple(dict.fromkeys(regions)))


def literal(value: str, kind: str = "string") -> str:
    """Return the SQL literal of a partition's value. Raises ValueError for one that is no account, Region or date."""
    if not _LITERAL.fullmatch(value):
        raise ValueError(f"{value!r} is no value of a partition")
    if kind in _INTEGERS:
        return str(int(value))
    return f"DATE '{value}'" if kind == "date" else f"'{value}'"


def partition_predicate(shape: TableShape, chosen: Selection) -> str:
    """Return the predicate on the table's partition columns; "" where none of them is restricted.

    Raises UnreadableTableError for keys whose values are not known.
    """
    parts = [part for key in shape.partitions if (part := _of_key(key, chosen))]
    return " AND ".join([*parts, *_of_calendar(shape, chosen)])


def locations(shape: TableShape, chosen: Selection) -> Iterator[str]:
    """Yield the location of every partition of a projected table: s3://… .

    Raises UnreadableTableError for a key whose values are not known, and for too many locations.
    """
    keys = [key for key in shape.partitions if key.meaning not in ("date", "year", "month", "day")]
    values = [_values(key, chosen) for key in keys]
    template = shape.template or _default_template(shape)
    number = 0
    for day in chosen.days if len(keys) < len(shape.partitions) else chosen.days[:1]:
        dated = {key.name: _of_day(key, day) for key in shape.partitions if key not in keys}
        for combination in itertools.product(*values):
            number += 1
            if number > _MOST_LOCATIONS:
                raise UnreadableTableError(f"the window has more than {_MOST_LOCATIONS:,} partitions of this table")
            named = dated | dict(zip((key.name for key in keys), combination, strict=True))
            yield _filled(template, named)


class Listed:
    """Which days of a selection the partitions have that a catalog lists. A catalog may list a hundred thousand."""

    def __init__(self, shape: TableShape, chosen: Selection) -> None:
        self._accounts = shape.keys("account") if chosen.account is not None else ()
        self._dated = tuple(key for key in shape.partitions if key.meaning in ("date", "year", "month", "day"))
        self._account = chosen.account or ""
        self._days: defaultdict[tuple[str, ...], set[date]] = defaultdict(set)
        for day in chosen.days:
            self._days[tuple(_bare(_of_day(key, day)) for key in self._dated)].add(day)

    def days(self, values: Mapping[str, str]) -> AbstractSet[date]:
        """Return the days that a partition has the files of, by its values by key; none if it is not read."""
        if not all(_bare(values.get(key.name, "")) == _bare(self._account) for key in self._accounts):
            return frozenset()
        return self._days.get(tuple(_bare(values.get(key.name, "")[:10]) for key in self._dated), frozenset())


def catalog_expression(shape: TableShape, chosen: Selection) -> str:
    """Return the expression of glue:GetPartitions that leaves out other years and accounts; "" for none."""
    parts = []
    for key in shape.partitions:
        if key.meaning == "year":
            years = sorted({day.year for day in chosen.days})
            parts.append(_in(key.name, [literal(f"{year:04}", key.type) for year in years]))
        elif key.meaning == "account" and chosen.account is not None:
            parts.append(f"{key.name} = {literal(chosen.account, key.type)}")
    return " AND ".join(parts)


def days_without_partitions(shape: TableShape, chosen: Selection, today: date) -> tuple[date, ...]:
    """Return the days of the events that a projected table has no partition for: Athena reads nothing of them."""
    days = chosen.days[:-1]
    missing: set[date] = set()
    for key in shape.partitions:
        if key.projection == "date":
            begin, end = (_edge(key, text, today) for text in key.range)
            missing |= {day for day in days if (begin and day < begin) or (end and day > end)}
        elif key.projection in ("enum", "integer") and key.meaning in ("year", "month", "day"):
            missing |= {day for day in days if not _has(key, getattr(day, key.meaning))}
    return tuple(sorted(missing))


# --------------------------------------------------------------------------------------------------------- predicates


def _of_key(key: PartitionKey, chosen: Selection) -> str:
    """Return the predicate of an account, a Region or a date; "" where all values are read."""
    name = _quoted(key.name)
    if key.meaning == "date":
        first, last = (literal(_of_day(key, day), key.type) for day in (chosen.days[0], chosen.days[-1]))
        return f"{name} BETWEEN {first} AND {last}"
    if key.meaning == "account" and chosen.account is not None:
        if key.projection == "enum" and chosen.account not in key.values:
            raise UnreadableTableError(
                f"projection.{key.name}.values of the table does not have the account {chosen.account} of the role",
                f"add {chosen.account} to the property, or name the table of that account",
            )
        return f"{name} = {literal(chosen.account, key.type)}"
    if key.projection == "injected":
        return _in(name, [literal(value, key.type) for value in _values(key, chosen)])
    return ""


def _of_calendar(shape: TableShape, chosen: Selection) -> list[str]:
    """Return the predicate on year, month and day: whole years and months without their days."""
    keys = {key.meaning: key for key in shape.partitions if key.meaning in ("year", "month", "day")}
    if "year" not in keys:
        return []
    months: dict[int, dict[int, list[int]]] = {}
    for day in chosen.days:
        months.setdefault(day.year, {}).setdefault(day.month, []).append(day.day)
    clauses: list[str] = []
    for year, of_year in months.items():
        in_year = _calendar(keys["year"], [year])
        if "month" not in keys:
            clauses.append(in_year)
            continue
        whole = [
            month
            for month, days in of_year.items()
            if "day" not in keys or len(days) == calendar.monthrange(year, month)[1]
        ]
        if whole:
            clauses.append(f"{in_year} AND {_calendar(keys['month'], whole)}")
        for month, days in of_year.items():
            if month not in whole:
                parts = (in_year, _calendar(keys["month"], [month]), _calendar(keys["day"], days))
                clauses.append(" AND ".join(parts))
    return ["(" + " OR ".join(f"({clause})" for clause in clauses) + ")" if len(clauses) > 1 else clauses[0]]


def _calendar(key: PartitionKey, numbers: Sequence[int]) -> str:
    """Return the predicate for years, months or days, whose texts in a catalog may lack a leading zero."""
    texts: list[str] = []
    for number in numbers:
        padded = f"{number:04}" if key.meaning == "year" else f"{number:02}"
        texts += [padded] if key.projection or key.type in _INTEGERS else dict.fromkeys((padded, str(number)))
    return _in(_quoted(key.name), [literal(text, key.type) for text in texts])


def _in(name: str, literals: Sequence[str]) -> str:
    return f"{name} = {literals[0]}" if len(literals) == 1 else f"{name} IN ({', '.join(literals)})"


def _quoted(name: str) -> str:
    return f'"{name}"'  # table_shape accepts letters, digits, _ and - only


# ------------------------------------------------------------------------------------------------------------- values


def _values(key: PartitionKey, chosen: Selection) -> tuple[str, ...]:
    """Return the values that a query reads of an account, a Region or another key."""
    if key.meaning == "account" and chosen.account is not None:
        return (chosen.account,)
    if key.projection == "enum" and key.values:
        return key.values
    if key.meaning == "account":
        raise UnreadableTableError(
            f"a query of this table has to name the account (partition key {key.name})",
            "add --role with the ARN of the role",
            lacks="account",
        )
    if key.meaning == "region" and chosen.regions:
        return chosen.regions
    message = f"a query of this table has to name values of its partition key {key.name}"
    if key.meaning == "region":
        raise UnreadableTableError(message, "add --region with the Region of the exchanges", lacks="region")
    raise UnreadableTableError(message)


def _of_day(key: PartitionKey, day: date) -> str:
    """Return a date, a year, a month or a day as the table has it. Raises UnreadableTableError for other formats."""
    if key.meaning != "date":
        return f"{getattr(day, key.meaning):0{4 if key.meaning == 'year' else 2}}"
    if key.type == "date" and not key.format:
        return day.isoformat()
    match = _DATE_FORMAT.fullmatch(key.format)
    if match is None or not key.type.startswith(("date", "string", "varchar")):
        form = f"the format {printable(key.format, 80)}" if key.format else "no known format"
        raise UnreadableTableError(
            f"the partition key {key.name} ({printable(key.type, 40)}) has {form}; dates like yyyy/MM/dd are read"
        )
    apart = "-" if key.type == "date" else match["apart"]
    return f"{day.year:04}{apart}{day.month:02}{apart}{day.day:02}"


def _bare(value: str) -> str:
    """Return a number without leading zeros, which a catalog may have or not; any other text as it is."""
    return value.lstrip("0") if value.isascii() and value.isdigit() else value


def _filled(template: str, values: Mapping[str, str]) -> str:
    by_name = {name.casefold(): value for name, value in values.items()}
    return re.sub(r"\$\{([^{}]{1,255})\}", lambda match: by_name.get(match[1].casefold(), match[0]), template)


def _default_template(shape: TableShape) -> str:
    """Return the location of projected partitions of a table without a template: KEY=VALUE, as Apache Hive names them.

    [Athena user guide, "Set up partition projection"]
    """
    return shape.location.rstrip("/") + "".join(f"/{key.name}=${{{key.name}}}" for key in shape.partitions) + "/"


def _has(key: PartitionKey, number: int) -> bool:
    if key.projection == "enum":
        return any(_bare(value) == str(number) for value in key.values)
    begin, end = map(_number, key.range)
    return (begin is None or number >= begin) and (end is None or number <= end)


def _number(text: str) -> int | None:
    """Return an end of a projected range of numbers; None where it is none. Whoever made the table wrote its digits."""
    digits = text.lstrip("0") or text[:1]
    if not digits.isascii() or not digits.isdigit():
        return None
    return int(digits) if len(digits) < _LONG else 10**_LONG


def _edge(key: PartitionKey, text: str, today: date) -> date | None:
    """Return the day of an end of a projected range; None where it is not a day."""
    if match := _RELATIVE.fullmatch(text.strip()):
        sign, number, unit = match.groups()
        return _moved(today, (-1 if sign == "-" else 1) * int(number or 0), unit or "DAY")
    for day_format in (key.format, "yyyy-MM-dd"):
        if _DATE_FORMAT.fullmatch(day_format):
            python = day_format.replace("yyyy", "%Y").replace("MM", "%m").replace("dd", "%d")
            try:
                return datetime.strptime(text.strip()[:10], python).replace(tzinfo=UTC).date()
            except ValueError:
                continue
    return None


def _moved(day: date, number: int, unit: str) -> date | None:
    """Return the day so many years, months, weeks or days later; None beyond the calendar."""
    try:
        if unit in _MONTHS:
            year, month = divmod(day.year * 12 + day.month - 1 + number * _MONTHS[unit], 12)
            return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
        return day + timedelta(days=number * (7 if unit == "WEEK" else unit == "DAY"))
    except (ValueError, OverflowError):
        return None
