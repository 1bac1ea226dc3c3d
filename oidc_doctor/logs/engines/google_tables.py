"""The tables of a BigQuery dataset that have Google's audit logs, and the columns that each of them has.

A sink writes a table for each log: one that is partitioned, or one for each day (UTC) of the entries' timestamps
[Cloud Logging API, BigQueryOptions]. A table has the columns of the entries that it received, so any may be missing. A
linked dataset has the views of a log bucket, whose columns are those of a LogEntry in snake case [Observability
Analytics, query and view].
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.model.times import days_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Shape = Literal["sink", "analytics"]

EVERY_LOG_VIEW = "_AllLogs"  # of a linked dataset
# System events have no federated caller; a policy denial may have one.
LOGS = ("activity", "data_access", "policy", "system_event")
# Without the first, changes of the configuration are not seen; without the second, neither attempts nor impersonations.
NEEDED_LOGS = LOGS[:2]
PREFIX = "cloudaudit_googleapis_com_"

_TABLE = re.compile(rf"{PREFIX}({'|'.join(LOGS)})(?:_(\d{{8}}))?", re.ASCII)
_VIEW = re.compile(r"[\w-]{1,100}", re.ASCII)
_DEEPEST = 15  # levels of nested columns [BigQuery, quotas and limits]


class LogTable(NamedTuple):
    """A table or view with audit logs. Project, dataset and name have no character that needs an escape in SQL."""

    project: str
    dataset: str
    name: str
    shape: Shape = "sink"
    log: str = ""  # of LOGS; "" is a view with all of them
    day: str = ""  # YYYY-MM-DD of a table with the entries of one day
    by_ingestion: bool = False  # partitioned by the time at which an entry was written, not by its own
    columns: frozenset[str] | None = None  # dotted, in lower case; None: all that the shape may have


def log_tables(project: str, dataset: str, names: Iterable[str], since: float, until: float) -> list[LogTable]:
    """Return the tables among a dataset's names that have audit logs of a period: those of a sink, else the view.

    Names come from the dataset, which anyone who may create tables in it chooses: others are ignored.
    """
    listed = sorted(set(names))
    wanted = set(map(str, days_of(since, until)))
    tables = []
    for name in listed:
        match = _TABLE.fullmatch(name)
        if match is None:
            continue
        digits = match[2] or ""
        day = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else ""
        if not day or day in wanted:
            tables.append(LogTable(project, dataset, name, log=match[1], day=day))
    if not tables and not any(_TABLE.fullmatch(name) for name in listed) and EVERY_LOG_VIEW in listed:
        return [view(project, dataset, EVERY_LOG_VIEW)]
    return tables


def view(project: str, dataset: str, name: str) -> LogTable:
    """Return a view of a log bucket in its linked dataset. Raises ValueError for what cannot be its name."""
    if not _VIEW.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a view")
    return LogTable(project, dataset, name, "analytics")


def has_logs(names: Iterable[str]) -> bool:
    """Return whether a dataset with tables of these names has audit logs of any period."""
    return any(_TABLE.fullmatch(name) or name == EVERY_LOG_VIEW for name in names)


def missing_logs(names: Iterable[str]) -> tuple[str, ...]:
    """Return the needed logs of which a sink's dataset has no table at all; none for a linked dataset."""
    listed = set(names)
    present = {match[1] for name in listed if (match := _TABLE.fullmatch(name))}
    if not present and EVERY_LOG_VIEW in listed:
        return ()
    return tuple(log for log in NEEDED_LOGS if log not in present)


def with_schema(table: LogTable, resource: dict[str, Any]) -> LogTable:
    """Return the table with its columns and partitions, by its resource of the BigQuery API (tables.get).

    A view whose schema is not returned is taken to have all columns of its shape.
    """
    schema = resource.get("schema")
    fields = schema.get("fields") if isinstance(schema, dict) else None
    columns = frozenset(_paths(fields, "", 0)) if isinstance(fields, list) and fields else None
    partitioning = resource.get("timePartitioning")
    by_ingestion = isinstance(partitioning, dict) and not partitioning.get("field")
    return table._replace(columns=columns, by_ingestion=by_ingestion)


def _paths(fields: list[Any], above: str, depth: int) -> Iterable[str]:
    for field in fields:
        name = field.get("name") if isinstance(field, dict) else None
        if not isinstance(name, str):
            continue
        path = f"{above}{name.lower()}"
        yield path
        inside = field.get("fields")
        if isinstance(inside, list) and depth < _DEEPEST:
            yield from _paths(inside, f"{path}.", depth + 1)
