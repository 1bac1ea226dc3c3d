"""The query of Google's audit logs in BigQuery, for the tables of a sink and for the views of Log Analytics.

One scan returns exchanges and impersonations, writes of configuration, and refused calls of federated principals. Times
are named parameters; names of methods and services are ours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.logs.engines.google_columns import DOCUMENTS, reads
from oidc_doctor.logs.engines.google_tables import EVERY_LOG_VIEW, NEEDED_LOGS, PREFIX, LogTable, view
from oidc_doctor.logs.extract.thinning import period_length, thinned_query
from oidc_doctor.logs.records.gcp_audit import EXCHANGE, FAILED, IAM_CREDENTIALS, IMPERSONATIONS, PRINCIPAL, STS
from oidc_doctor.logs.records.gcp_writes import SERVICES, SET_BUCKET_POLICY, WRITES
from oidc_doctor.model.times import days_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from oidc_doctor.model.log_place import LogPlace

MOST_TABLES = 100  # of a query; 1,000 may be named [BigQuery, quotas and limits], and its text may have a megabyte
_WRITTEN_LATE = timedelta(days=1)  # an entry's partition by ingestion may be this much later; earlier for a wrong clock

_AUDIT_LOGS = "cloudaudit.googleapis.com/"
# Attempts and refused calls that agree in these are of one signature and of one token's identity. An impersonation that
# does not name its principal is alike to no other, and an accepted exchange only to those from the same address and
# user agent in the same ten seconds: the exchange before an impersonation names its workload.
_ALIKE = (
    "severity", "email_id", "service", "method", "resource_name", "status_code", "status_message", "principal_email",
    "principal_subject", "delegate", "mapped_principal", "mapped_workforce", "chain", "audience", "lifetime",
    "request_name",
)  # fmt: skip
_OF_WRITES = (
    "log_name", "resource_type", "project_id", "operation_id", "operation_first", "operation_last", *DOCUMENTS,
)  # fmt: skip
_COLUMNS = ("kind", "event_id", "event_time", *_ALIKE, "caller_ip", "user_agent", *_OF_WRITES)
_FEDERATED = f"COALESCE(principal_subject LIKE '{PRINCIPAL}%' OR delegate LIKE '{PRINCIPAL}%', FALSE)"
_TEN_SECONDS = len("2026-11-30T10:00:0")
_FAILED = ", ".join(f"'{severity}'" for severity in FAILED)
_REFUSED = f"(COALESCE(status_code, 0) <> 0 OR COALESCE(severity IN ({_FAILED}), FALSE))"
_APART = f"""CASE
    WHEN kind <> 'attempt' THEN NULL
    WHEN service = '{IAM_CREDENTIALS}' AND NOT federated THEN COALESCE(event_id, event_time)
    WHEN service = '{STS}' AND NOT refused
      THEN CONCAT(SUBSTR(event_time, 1, {_TEN_SECONDS}), ' ', COALESCE(caller_ip, ''), ' ', COALESCE(user_agent, ''))
    END"""


class Query(NamedTuple):
    """A query, the values of its named parameters (all of the type TIMESTAMP), its tables and its period."""

    sql: str
    parameters: dict[str, datetime]
    tables: tuple[LogTable, ...]
    since: float
    until: float


def queries(tables: Sequence[LogTable], since: float, until: float) -> list[Query]:
    """Return the queries for a period, the newest first: one, or several where there are many tables of one day each.

    Each query has all events of its own part of the period, which ends and begins at midnight UTC.
    """
    length = period_length(until - since)
    return [_query(part, begin, end, length) for part, begin, end in _parts(tables, since, until)]


def printed(place: LogPlace, since: float, until: float) -> str:
    """Return the query for a place of which nothing was read, as a file for `bq query`, which the first line shows.

    The tables are taken to be partitioned and to have all columns. The name of a linked dataset is not known.
    """
    project = place.parts[0]
    if place.engine == "loganalytics":
        tables = [view(project, "LINKED_DATASET", place.parts[3] or EVERY_LOG_VIEW)]
    else:
        tables = [LogTable(project, place.parts[1], PREFIX + log, log=log) for log in NEEDED_LOGS]
    (query,) = queries(tables, since, until)
    times = [f"--parameter='{name}:TIMESTAMP:{time:%Y-%m-%d %H:%M:%S.%f}'" for name, time in query.parameters.items()]
    command = f"bq query --project_id={project} --nouse_legacy_sql --dry_run {' '.join(times)} < FILE"
    return f"-- {command}\n{query.sql}"


def _parts(tables: Sequence[LogTable], since: float, until: float) -> Iterator[tuple[list[LogTable], float, float]]:
    """Yield the tables of each part of the period, and its begin and end."""
    always = [table for table in tables if not table.day]
    of_day: dict[str, list[LogTable]] = {}
    for table in tables:
        if table.day:
            of_day.setdefault(table.day, []).append(table)
    part: list[LogTable] = []
    end, begin = until, since
    for day in map(str, reversed(days_of(since, until))):
        more = of_day.get(day, [])
        if part and len(part) + len(more) + len(always) > MOST_TABLES:
            yield [*always, *part], begin, end
            end = begin - 1e-6  # BigQuery's times have microseconds
            part = []
        part += more
        begin = max(since, datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())
    if always or part:
        yield [*always, *part], since, end


def _query(tables: Sequence[LogTable], since: float, until: float, length: int) -> Query:
    parameters = {name: datetime.fromtimestamp(value, UTC) for name, value in (("since", since), ("until", until))}
    if any(table.by_ingestion for table in tables):
        parameters["first_day"] = _midnight(parameters["since"] - _WRITTEN_LATE)
        parameters["last_day"] = _midnight(parameters["until"] + _WRITTEN_LATE)
    entries = "\n  UNION ALL\n".join(_entries(table) for table in tables)
    computed = (f"SUBSTR(event_time, 1, {length}) AS period", "1 AS known", f"{_APART} AS apart")
    shown = ", ".join((*_of_a_write(), *computed))
    events = f"""\
WITH entries AS (
{entries}
),
sorted AS (
  SELECT *, FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', logged_at) AS event_time, {_FEDERATED} AS federated,
    {_REFUSED} AS refused,
    LOWER(REGEXP_EXTRACT(method, r'[^.]*$')) AS verb
  FROM entries
),
kinds AS (
  SELECT *, {_kind()} AS kind
  FROM sorted
)
SELECT {shown}
FROM kinds
WHERE kind IS NOT NULL"""  # noqa: S608 - names of our own columns
    return Query(thinned_query(events, _COLUMNS, (*_ALIKE, "apart")), parameters, tuple(tables), since, until)


def _entries(table: LogTable) -> str:
    """Return the SELECT of a table's entries in the period.

    Each predicate compares a column of partitions with a parameter, which BigQuery takes for a constant when it leaves
    partitions out (inferred; the dry run's bytes show it).
    """
    predicates = ["timestamp >= @since", "timestamp <= @until"]
    if table.by_ingestion:  # NULL: it was just written
        predicates.append("(_PARTITIONTIME >= @first_day AND _PARTITIONTIME <= @last_day OR _PARTITIONTIME IS NULL)")
    if table.shape == "analytics":
        predicates.append(f"STARTS_WITH(log_id, '{_AUDIT_LOGS}')")
    columns = ",\n    ".join(reads(table))
    place = f"`{table.project}`.`{table.dataset}`.`{table.name}`"
    return f"  SELECT\n    {columns}\n  FROM {place}\n  WHERE {' AND '.join(predicates)}"


def _kind() -> str:
    """Return the expression of an entry's kind: it is one where the readers of `logs.records` may read the entry.

    An impersonation is none where the entry names another caller: a user, or a service account by its e-mail.
    """
    other_caller = "COALESCE(email_id LIKE '%@%' AND principal_email <> email_id, FALSE)"
    return f"""CASE
    WHEN service IN ({_texts(sorted(SERVICES))})
      AND verb IN ({_texts(sorted(name.lower() for name in (*WRITES, SET_BUCKET_POLICY)))}) THEN 'change'
    WHEN service = '{STS}' AND verb = '{EXCHANGE.lower()}' THEN 'attempt'
    WHEN service = '{IAM_CREDENTIALS}' AND verb IN ({_texts(name.lower() for name in IMPERSONATIONS)})
      AND (federated OR NOT {other_caller}) THEN 'attempt'
    WHEN service NOT IN ('{STS}', '{IAM_CREDENTIALS}') AND federated AND refused THEN 'denial'
    END"""


def _of_a_write() -> Iterator[str]:
    """Yield the columns, of which those of a write are NULL in other rows."""
    for name in _COLUMNS:
        yield f"CASE WHEN kind = 'change' THEN {name} END AS {name}" if name in _OF_WRITES else name


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _texts(names: Iterable[str]) -> str:
    """Return names of ours as literals."""
    return ", ".join(f"'{name}'" for name in names)
