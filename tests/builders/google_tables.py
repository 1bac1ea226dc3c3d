"""Audit logs as the tables that BigQuery has of them: a sink's, and a log bucket's view.

The columns are those that the two maps of `logs.engines` read, and a few more. `duckdb_of` makes the tables in DuckDB,
where sqlglot's translation of a query runs; `rest_fields` is their schema in the BigQuery API.
"""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlglot

from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.logs.engines.google_query import Query
from oidc_doctor.logs.engines.google_rows import entry_of
from oidc_doctor.logs.extract.file import ENDING, Header, write_extract
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.logs.records.gcp_writes import deltas_of, operation_of, policy_of
from oidc_doctor.model.document import Origin

Json = dict[str, Any]

_SINK: Json = {
    "logName": "STRING",
    "timestamp": "TIMESTAMP",
    "receiveTimestamp": "TIMESTAMP",
    "severity": "STRING",
    "insertId": "STRING",
    "resource": {"type": "STRING", "labels": dict.fromkeys(("project_id", "email_id", "unique_id"), "STRING")},
    "operation": {"id": "STRING", "producer": "STRING", "first": "BOOLEAN", "last": "BOOLEAN"},
    "protopayload_auditlog": {
        **dict.fromkeys(("serviceName", "methodName", "resourceName"), "STRING"),
        "status": {"code": "INTEGER", "message": "STRING"},
        "authenticationInfo": {
            "principalEmail": "STRING",
            "principalSubject": "STRING",
            "serviceAccountDelegationInfo": [{"principalSubject": "STRING"}],
        },
        "requestMetadata": {"callerIp": "STRING", "callerSuppliedUserAgent": "STRING"},
        **dict.fromkeys(("metadataJson", "requestJson", "responseJson"), "STRING"),
        "servicedata_v1_iam": {
            "policyDelta": {
                "bindingDeltas": [
                    {"action": "STRING", "role": "STRING", "member": "STRING", "condition": {"expression": "STRING"}}
                ]
            }
        },
    },
}
_ANALYTICS: Json = {
    "log_name": "STRING",
    "log_id": "STRING",
    "timestamp": "TIMESTAMP",
    "receive_timestamp": "TIMESTAMP",
    "severity": "STRING",
    "insert_id": "STRING",
    "resource": {"type": "STRING", "labels": "JSON"},
    "operation": {"id": "STRING", "producer": "STRING", "first": "BOOLEAN", "last": "BOOLEAN"},
    "proto_payload": {
        "type": "STRING",
        "audit_log": {
            **dict.fromkeys(("service_name", "method_name", "resource_name"), "STRING"),
            "status": {"code": "INTEGER", "message": "STRING"},
            "authentication_info": {
                "principal_email": "STRING",
                "principal_subject": "STRING",
                "service_account_delegation_info": [{"principal_subject": "STRING"}],
            },
            "request_metadata": {"caller_ip": "STRING", "caller_supplied_user_agent": "STRING"},
            **dict.fromkeys(("metadata", "request", "response", "service_data"), "JSON"),
        },
    },
}
FIELDS = {"sink": _SINK, "analytics": _ANALYTICS}
_DUCKDB = {"STRING": "VARCHAR", "TIMESTAMP": "TIMESTAMP", "INTEGER": "BIGINT", "BOOLEAN": "BOOLEAN", "JSON": "JSON"}


def without(fields: Json, *paths: str) -> Json:
    """The columns of a table that never received an entry with these, dotted."""
    kept = {}
    for name, inside in fields.items():
        below = [path.partition(".")[2] for path in paths if path.partition(".")[0] == name]
        if "" not in below:
            kept[name] = without(inside, *below) if isinstance(inside, dict) else inside
    return kept


def rest_fields(fields: Json) -> list[Json]:
    """A schema's fields in the BigQuery API."""
    found = []
    for name, inside in fields.items():
        one = inside[0] if isinstance(inside, list) else inside
        field: Json = {"name": name, "mode": "REPEATED" if isinstance(inside, list) else "NULLABLE"}
        found.append(
            field | ({"type": "RECORD", "fields": rest_fields(one)} if isinstance(one, dict) else {"type": one})
        )
    return found


def row_of(entry: Json, shape: str) -> Json:
    """An entry as a row: Google leaves out of a table what is empty in the entry."""
    return _sink_row(entry) if shape == "sink" else _analytics_row(entry)


def _sink_row(entry: Json) -> Json:
    payload = entry["protoPayload"]
    texts = {
        f"{name}Json": json.dumps(payload[name]) for name in ("metadata", "request", "response") if payload.get(name)
    }
    return _members(
        entry, "logName", "timestamp", "receiveTimestamp", "severity", "insertId", "resource", "operation"
    ) | {
        "protopayload_auditlog": {
            **_members(payload, "serviceName", "methodName", "resourceName", "authenticationInfo", "requestMetadata"),
            "status": payload.get("status") or None,
            **texts,
            "servicedata_v1_iam": payload.get("serviceData") or None,
        }
    }


def _analytics_row(entry: Json) -> Json:
    payload = entry["protoPayload"]
    audit = {
        name: _snake(payload.get(name)) or None
        for name in ("serviceName", "methodName", "resourceName", "authenticationInfo", "requestMetadata", "status")
    }
    documents = {name: payload.get(name) for name in ("metadata", "request", "response", "serviceData")}
    resource = entry["resource"]
    return {
        **_snake(_members(entry, "logName", "timestamp", "receiveTimestamp", "severity", "insertId", "operation")),
        "log_id": entry["logName"].partition("/logs/")[2].replace("%2F", "/"),
        "resource": {"type": resource.get("type"), "labels": resource.get("labels")},
        "proto_payload": {"type": payload.get("@type"), "audit_log": _snake_names(audit | documents)},
    }


def _members(value: Json, *names: str) -> Json:
    return {name: value[name] for name in names if name in value}


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake_name(name): _snake(inside) for name, inside in value.items()}
    return [_snake(inside) for inside in value] if isinstance(value, list) else value


def _snake_names(value: Json) -> Json:
    return {_snake_name(name): inside for name, inside in value.items()}


def _snake_name(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def entries_of(folder: Path) -> Iterator[Json]:
    """The entries of a sink's files in a folder."""
    for path in sorted(folder.rglob("*.json")):
        for line in path.read_text().splitlines():
            yield json.loads(line)


def log_of(entry: Json) -> str:
    """The log of an entry: activity, data_access."""
    return str(entry["logName"]).rpartition("%2F")[2]


class Warehouse:
    """Datasets in DuckDB, in which the queries of BigQuery run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        self.schemas: dict[tuple[str, str, str], Json] = {}

    def table(self, project: str, dataset: str, name: str, fields: Json, rows: Iterable[Json]) -> None:
        """Make a table; of the rows, only the columns count."""
        self.schemas[project, dataset, name] = fields
        file = self.folder / f"{name}.rows"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        columns = ", ".join(f"'{column}': '{_type(inside)}'" for column, inside in fields.items())
        connection = self.connection
        connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS \"{project}\"")
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{project}"."{dataset}"')
        connection.execute(
            f'CREATE TABLE "{project}"."{dataset}"."{name}" AS SELECT * '  # noqa: S608 - names of the tests
            f"FROM read_json('{file}', format = 'newline_delimited', columns = {{{columns}}})"
        )
        file.unlink()

    def sink(
        self, project: str, dataset: str, entries: Iterable[Json], *, dated: bool = False, fields: Json = _SINK
    ) -> None:
        """A sink's tables: one of each log, or one of each log and day."""
        tables: dict[str, list[Json]] = {}
        for entry in entries:
            day = f"_{entry['timestamp'][:10].replace('-', '')}" if dated else ""
            tables.setdefault(f"cloudaudit_googleapis_com_{log_of(entry)}{day}", []).append(_sink_row(entry))
        for name, rows in tables.items():
            self.table(project, dataset, name, fields, rows)

    def bucket(self, project: str, dataset: str, entries: Iterable[Json], *, fields: Json = _ANALYTICS) -> None:
        """A linked dataset, with the view of all logs."""
        self.table(project, dataset, "_AllLogs", fields, map(_analytics_row, entries))

    def run(self, sql: str, parameters: Mapping[str, datetime]) -> list[Json]:
        """The rows of a query in BigQuery's dialect. DuckDB's times are UTC: those with a zone need an extension."""
        values = {name: value.astimezone(UTC).replace(tzinfo=None) for name, value in parameters.items()}
        found = self.connection.cursor().execute(_translated(sql), values)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def extract(self, queries: Iterable[Query]) -> list[Json]:
        """The entries that a reader makes of queries."""
        return [entry_of(row) for query in queries for row in self.run(query.sql, query.parameters)]


@functools.cache
def _translated(sql: str) -> str:
    """The text for DuckDB, whose tables have no partitions: each day is one."""
    days = sql.replace("_PARTITIONTIME", "TIMESTAMP_TRUNC(timestamp, DAY)")
    return sqlglot.transpile(days, read="bigquery", write="duckdb")[0]


@functools.cache
def tables_named(sql: str) -> frozenset[tuple[str, str, str]]:
    """Project, dataset and name of each table that a query names."""
    found = sqlglot.parse_one(sql, read="bigquery").find_all(sqlglot.exp.Table)
    return frozenset((table.catalog, table.db, table.name) for table in found if table.db)


def _type(inside: Any) -> str:
    if isinstance(inside, list):
        return f"{_type(inside[0])}[]"
    if isinstance(inside, dict):
        members = ", ".join(f'"{name}" {_type(value)}' for name, value in inside.items())
        return f"STRUCT({members})"
    return _DUCKDB[inside]


def scanned(data: bytes) -> ScannedLogs:
    """The scan of the file of an extract."""
    return scan(lambda _: io.BytesIO(data), [f"gcp/logs/x{ENDING}"], "gcp-logs", scope=WriteScope())


def scanned_entries(entries: list[Json]) -> ScannedLogs:
    """The scan of an extract with these entries."""
    return scanned(write_extract(Header("gcp-logs", selective=True), entries))


def scan_of_folder(folder: Path) -> ScannedLogs:
    """The scan of a bundle's logs."""
    files = sorted(str(path) for path in (folder / "gcp/logs").rglob("*") if path.is_file())
    return scan(open_regular, files, "gcp-logs", scope=WriteScope())


def everything(logs: ScannedLogs) -> tuple[Any, ...]:
    """What is read of a scan, without the places in files."""
    nowhere = Origin("")
    return (
        [(replace(attempt, origin=nowhere), logs.rows.count[row]) for row, attempt in enumerate(logs.attempts())],
        [replace(change, origin=nowhere, record={}) for change in logs.changes],
        [(operation_of(change), policy_of(change), deltas_of(change)) for change in logs.changes],
        [change.record["protoPayload"].get("request") for change in logs.changes],
        [replace(denial, origin=nowhere) for denial in logs.denials],
    )
