"""The shape of a table with CloudTrail's events, from the answer of glue:GetTable.

Tables in use differ in their columns and partitions: those of the Athena user guide (with `webidfederationdata` as a
struct, and older ones without it), tables of organisation trails (with a map), tables that the CloudTrail console makes
(without partitions), and Security Lake's, whose columns are those of OCSF. Whoever made a table named its columns.

Sources: Athena user guide, "Query AWS CloudTrail logs" and "Partition projection with Amazon Athena"; AWS Glue API,
GetTable; Security Lake user guide, "Open Cybersecurity Schema Framework".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.logs.engines.hive_types import HiveType, hive_type
from oidc_doctor.logs.engines.query import UnreadableTableError

if TYPE_CHECKING:
    from collections.abc import Mapping

Meaning = Literal["account", "region", "date", "year", "month", "day", "other"]
Kind = Literal["cloudtrail", "ocsf"]

_NAME = re.compile(r"[A-Za-z_][\w-]{0,254}", re.ASCII)  # of a partition key
# Names of partition keys that are not in a location's template: those of the Athena user guide, of AWS samples, and of
# Security Lake.
_MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(
        ("account", "accountid", "account_id", "account_partition", "awsaccount", "awsaccountid", "aws_account",
         "aws_account_id"),
        "account",
    ),
    **dict.fromkeys(("region", "region_partition", "awsregion", "aws_region"), "region"),
    "year": "year", "month": "month", "day": "day", "eventday": "date",
}  # fmt: skip
_EVENT_DAY = "yyyyMMdd"  # of Security Lake's eventday
_OCSF = frozenset({"api", "actor", "src_endpoint"})
_CLOUDTRAIL = frozenset({"eventname", "useridentity", "eventtime"})
_MOST_COLUMNS = 2_000
_KEY_IN_TEMPLATE = re.compile(r"\$\{([^{}]{1,255})\}")


class PartitionKey(NamedTuple):
    """A partition key under the table's own name.

    `format` is that of a date, in the letters of Java (yyyy/MM/dd); "" if it is not known. `values` are those of a
    projected enum. `range` are the ends of a projected range as written: dates, numbers, or NOW-2YEARS and NOW.
    """

    name: str
    type: str  # string, int, date, …
    meaning: Meaning
    projection: str = ""  # enum, injected, date, integer; "" if the partitions are in the catalog
    format: str = ""
    values: tuple[str, ...] = ()
    range: tuple[str, str] = ("", "")


class TableShape(NamedTuple):
    """What a query needs of a table. `template` is the location of a projected partition, with ${KEY}."""

    database: str
    table: str
    kind: Kind
    columns: Mapping[str, HiveType]  # by name in lower case
    partitions: tuple[PartitionKey, ...]
    location: str  # s3://…
    template: str = ""
    is_projected: bool = False
    is_iceberg: bool = False

    def column(self, path: str) -> HiveType | None:
        """Return the type of a column, or of a field in one: "useridentity.sessioncontext"."""
        name, *fields = path.split(".")
        found = self.columns.get(name)
        for field in fields:
            found = found.field(field) if found is not None else None
        return found

    def keys(self, meaning: Meaning) -> tuple[PartitionKey, ...]:
        """Return the partition keys with a meaning."""
        return tuple(key for key in self.partitions if key.meaning == meaning)


def table_shape(answer: Mapping[str, Any], database: str, table: str) -> TableShape:
    """Return the shape of the table in an answer of glue:GetTable. Raises UnreadableTableError.

    `database` and `table` are the names that a query uses: those of a resource link, where the answer is of its target.
    """
    found = _members(answer.get("Table"))
    if found.get("TableType") == "VIRTUAL_VIEW" or found.get("ViewDefinition"):
        raise UnreadableTableError(
            "the table is a view, whose partitions are not known", "name the table that the view reads"
        )
    storage = _members(found.get("StorageDescriptor"))
    columns = _columns(storage.get("Columns"))
    kind = _kind(columns)
    parameters = {str(name).casefold(): str(value) for name, value in _members(found.get("Parameters")).items()}
    is_projected = parameters.get("projection.enabled", "").casefold() == "true"
    template = parameters.get("storage.location.template", "") if is_projected else ""
    keys = tuple(
        _key(name, kind_of_key.name, parameters if is_projected else {}, _meanings_of(template))
        for name, kind_of_key in _columns(found.get("PartitionKeys"), keys=True).items()
    )
    return TableShape(
        database,
        table,
        kind,
        columns,
        _with_one_day(keys),
        str(storage.get("Location") or ""),
        template,
        is_projected,
        parameters.get("table_type", "").casefold() == "iceberg",
    )


def _kind(columns: Mapping[str, HiveType]) -> Kind:
    if columns.keys() >= _OCSF:
        return "ocsf"
    missing = sorted(_CLOUDTRAIL - columns.keys())
    if missing:
        have = ", ".join(printable(name, 40) for name in list(columns)[:8]) or "none"
        raise UnreadableTableError(
            f"the table has no column {missing[0]}: its columns are not those of CloudTrail's records ({have}, …)",
            "oidc-doctor sql athena --ddl prints a table with the columns that are read",
        )
    return "cloudtrail"


def _columns(value: Any, *, keys: bool = False) -> dict[str, HiveType]:
    columns: dict[str, HiveType] = {}
    for entry in (value if isinstance(value, list) else [])[:_MOST_COLUMNS]:
        column = _members(entry)
        name, text = column.get("Name"), column.get("Type")
        if not isinstance(name, str) or not isinstance(text, str):
            continue
        parsed = hive_type(text)
        if parsed is None and not keys:
            parsed = HiveType("unknown")
        if parsed is None or (keys and not _NAME.fullmatch(name)):
            raise UnreadableTableError(f"the partition key {printable(name, 80)} has a name or a type that is not read")
        columns[name if keys else name.casefold()] = parsed
    return columns


def _key(name: str, kind: str, projected: Mapping[str, str], places: Mapping[str, Meaning]) -> PartitionKey:
    prefix = f"projection.{name.casefold()}."
    projection = projected.get(f"{prefix}type", "").casefold()
    meaning = places.get(name.casefold()) or _MEANINGS.get(name.casefold(), "other")
    form = projected.get(f"{prefix}format", "")
    if projection == "date" or kind == "date":
        meaning = "date"
    elif name.casefold() == "eventday" and not form:
        form = _EVENT_DAY
    begin, _, end = projected.get(f"{prefix}range", "").partition(",")
    return PartitionKey(
        name,
        kind,
        meaning,
        projection,
        form,
        tuple(value.strip() for value in projected.get(f"{prefix}values", "").split(",") if value.strip()),
        (begin.strip(), end.strip()),
    )


def _meanings_of(template: str) -> dict[str, Meaning]:
    """Return the meanings of the keys in a template, by their place in a trail's path.

    A trail writes …/AWSLogs/[ORGANISATION/]ACCOUNT/CloudTrail/REGION/YEAR/MONTH/DAY/ [CloudTrail user guide, "Finding
    your CloudTrail log files"].
    """
    folders = template.rstrip("/").split("/")
    if "CloudTrail" not in folders:
        return {}
    middle = folders.index("CloudTrail")
    after: tuple[Meaning, ...] = ("region", "year", "month", "day")
    if len(folders) < middle + 4:  # the whole date is one key, which is read if it is a projected date
        after = after[:1]
    meanings: dict[str, Meaning] = {}
    placed: list[tuple[str, Meaning]] = [(folders[middle - 1], "account")] if middle else []
    placed += zip(folders[middle + 1 :], after, strict=False)
    for folder, meaning in placed:
        if key := _KEY_IN_TEMPLATE.fullmatch(folder):
            meanings[key[1].casefold()] = meaning
    return meanings


def _with_one_day(keys: tuple[PartitionKey, ...]) -> tuple[PartitionKey, ...]:
    """Return the keys; a year, a month or a day that is not preceded by the larger ones is no date."""
    meanings = {key.meaning for key in keys}
    usable = {"year"} if "year" in meanings else set()
    usable |= {"month"} if "month" in meanings and usable else set()
    usable |= {"day"} if "day" in meanings and "month" in usable else set()
    return tuple(
        key._replace(meaning="other") if key.meaning in ("year", "month", "day") and key.meaning not in usable else key
        for key in keys
    )


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
