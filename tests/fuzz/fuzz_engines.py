"""What is fuzzed of log engines: places, tables, rows and results, extracts, and the command `sql`."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from fuzz_inputs import Target, json_of, text_of
from oidc_doctor.capture.redact_extract import extract_name, split_header
from oidc_doctor.capture.redact_texts import CollectedNames, Texts
from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.log_places import place_of
from oidc_doctor.cli.sql import sql
from oidc_doctor.logs.engines import google_rows, google_tables, insights_query
from oidc_doctor.logs.engines.athena_query import COLUMNS
from oidc_doctor.logs.engines.google_columns import NAMES
from oidc_doctor.logs.engines.google_query import queries
from oidc_doctor.logs.engines.partitions import (
    Listed,
    catalog_expression,
    days_without_partitions,
    locations,
    partition_predicate,
    selection,
)
from oidc_doctor.logs.engines.query import UnreadableTableError, Window
from oidc_doctor.logs.engines.result_file import RowsError, extract_of_rows
from oidc_doctor.logs.engines.table_query import table_query
from oidc_doctor.logs.engines.table_shape import table_shape
from oidc_doctor.logs.extract.file import ENDING, HEADER, Header, write_extract
from oidc_doctor.logs.extract.of_record import part_of
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.events import Source
from oidc_doctor.model.log_place import log_place

SOURCES: tuple[Source, ...] = ("cloudtrail", "gcp-logs")
_SINCE = 1_795_000_000.0
_WINDOW = Window(_SINCE, _SINCE + 3 * 86_400)
_TODAY = date(2026, 11, 30)
_MANY = 300  # of what an iterator yields


def _scanned(data: bytes, source: Source) -> ScannedLogs:
    """The records of a file as a report reads them."""
    return scan(lambda _: io.BytesIO(data), [f"x{ENDING}"], source, scope=WriteScope(), processes=1)


def log_places(data: bytes) -> None:
    """The place of a log, as typed. Raises ValueError; on the command line UsageError."""
    text = text_of(data)
    for source in SOURCES:
        with contextlib.suppress(ValueError):
            place = log_place(text, source)
            # what is a name in a query needs no escape there
            assert place is None or place.engine in ("s3", "gs") or not set("`'\"\\\0\n;") & set("".join(place.parts))
        with contextlib.suppress(UsageError):
            place_of(text, source, "--cloudtrail")


def _place_seeds() -> Iterator[bytes]:
    for place in ("s3://trail-logs/AWSLogs/", "athena:default.cloudtrail_logs", "cloudwatch:aws-cloudtrail-logs",
                  "gs://audit-logs/x", "bigquery:my-project.audit", "loganalytics:my-project.global._Default",
                  "arn:aws:logs:us-east-1:111122223333:log-group:trail:*", "arn:aws:s3:::trail-logs/*",
                  "https://console.cloud.google.com/storage/browser/audit-logs;tab=objects"):  # fmt: skip
        yield place.encode()


def tables(data: bytes) -> None:
    """A table as glue:GetTable or BigQuery's tables.get describes it. Raises UnreadableTableError."""
    answer = json_of(data)
    if not isinstance(answer, dict):
        return
    _of_bigquery(answer)
    for account, regions in (("111122223333", ("us-east-1",)), (None, ())):
        chosen = selection(_WINDOW, account, regions)
        try:
            shape = table_shape(answer, "default", "cloudtrail_logs")
            listed = Listed(shape, chosen)
            listed.days({key.name: "2026" for key in shape.partitions})
            days_without_partitions(shape, chosen, _TODAY)
            catalog_expression(shape, chosen)
            partition_predicate(shape, chosen)
            assert ";" not in table_query(shape, _WINDOW, chosen).text
            list(islice(locations(shape, chosen), _MANY))
        except UnreadableTableError as error:
            assert error.message.isprintable(), error.message


def _of_bigquery(answer: dict[str, Any]) -> None:
    names = [str(name) for name in answer.get("names", ())] if isinstance(answer.get("names"), list) else []
    google_tables.missing_logs(names)
    listed = google_tables.log_tables("project-id", "audit", names, *_WINDOW)
    tables = [google_tables.with_schema(table, answer) for table in listed]
    for query in queries(tables, *_WINDOW):
        assert ";" not in query.sql


def _table_seeds() -> Iterator[bytes]:
    columns = [
        {"Name": name, "Type": "string"} for name in ("eventtime", "eventname", "eventsource", "requestparameters")
    ]
    identity = "struct<type:string,sessioncontext:struct<webidfederationdata:map<string,string>>>"
    columns.append({"Name": "useridentity", "Type": identity})
    projected = {
        "projection.enabled": "true", "projection.day.type": "date", "projection.day.format": "yyyy/MM/dd",
        "projection.day.range": "2024/01/01,NOW", "projection.region.type": "enum",
        "projection.region.values": "us-east-1,us-west-2", "projection.account.type": "injected",
        "storage.location.template": "s3://b/AWSLogs/${account}/CloudTrail/${region}/${day}",
    }  # fmt: skip
    keys = [{"Name": name, "Type": "string"} for name in ("account", "region", "day")]
    calendar = [{"Name": name, "Type": "int"} for name in ("year", "month", "day")]
    numbered = {"projection.enabled": "true", "projection.year.type": "integer", "projection.year.range": "2020,2030"}
    for parameters, partitions in ((projected, keys), (numbered, calendar), ({}, calendar), ({}, [])):
        storage = {"Columns": columns, "Location": "s3://b/AWSLogs/"}
        yield json.dumps(
            {"Table": {"StorageDescriptor": storage, "PartitionKeys": partitions, "Parameters": parameters}}
        ).encode()
    ocsf = [{"Name": name, "Type": kind} for name, kind in (
        ("api", "struct<operation:string,service:struct<name:string>,request:struct<uid:string,data:string>>"),
        ("actor", "struct<user:struct<type:string,uid:string>>"), ("src_endpoint", "struct<ip:string>"),
        ("time", "bigint"), ("unmapped", "map<string,string>"), ("metadata", "struct<uid:string>"))]  # fmt: skip
    yield json.dumps({"Table": {"StorageDescriptor": {"Columns": ocsf}, "PartitionKeys": keys[2:]}}).encode()
    fields = [{"name": "insertId", "type": "STRING"}, {"name": "timestamp", "type": "TIMESTAMP"},
              {"name": "protopayload_auditlog", "fields": [{"name": "serviceName"}, {"name": "method"}]}]  # fmt: skip
    names = ["cloudaudit_googleapis_com_activity", "cloudaudit_googleapis_com_data_access_20261119", "_AllLogs"]
    yield json.dumps({"names": names, "schema": {"fields": fields}, "timePartitioning": {"type": "DAY"}}).encode()


def rows(data: bytes) -> None:
    """A result that was saved, and rows of each engine. Raises RowsError; what is read of them can be scanned."""
    with contextlib.suppress(RowsError):
        _scanned(extract_of_rows(io.StringIO(text_of(data), newline=""))[0], "cloudtrail")
    row = json_of(data)
    if not isinstance(row, dict):
        return
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    records = [query.record_of(texts) for query in (insights_query.attempts_query(), insights_query.changes_query())]
    _scanned(write_extract(Header("cloudtrail", selective=True), records), "cloudtrail")
    _scanned(write_extract(Header("gcp-logs", selective=True), [google_rows.entry_of(row)]), "gcp-logs")


def _row_seeds() -> Iterator[bytes]:
    values = {
        "kind": "attempt", "eventtime": "2026-11-19T17:40:00Z", "eventname": "AssumeRoleWithWebIdentity",
        "eventsource": "sts.amazonaws.com", "eventid": "e-1", "useridentity_username": "v=1:org=a:team=b",
        "attempts": "12", "whole_requestparameters": '{"roleArn": "arn:aws:iam::111122223333:role/R"}',
    }  # fmt: skip
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    names = (*COLUMNS, "attempts")
    writer.writerows((names, [values.get(name, "") for name in names]))
    yield stream.getvalue().encode()
    entry = dict.fromkeys(NAMES, "") | {
        "kind": "change", "event_id": "g-1", "event_time": "2026-11-19T17:40:00.000000Z", "attempts": 3,
        "service": "iam.googleapis.com", "method": "google.iam.v1.UpdateWorkloadIdentityPoolProvider",
        "request": '{"workloadIdentityPoolProvider": {"attributeCondition": "true"}}', "status_code": 7,
    }  # fmt: skip
    yield json.dumps(entry).encode()
    message = {
        "eventName": "UpdateAssumeRolePolicy",
        "eventSource": "iam.amazonaws.com",
        "eventTime": "2026-11-19T17:40:00Z",
    }
    yield json.dumps(
        {"@message": json.dumps(message), "x_eventName": "AssumeRoleWithWebIdentity", "x_resources": "[]"}
    ).encode()


def extracts(data: bytes) -> None:
    """An extract, packed or not, and its redaction. Raises nothing."""
    for source in SOURCES:
        _scanned(data, source)
        texts = Texts(CollectedNames())
        split_header(iter([text_of(data)]), source, texts)
        extract_name(text_of(data[:80]) + ENDING, texts)
        for line in data.splitlines()[:20]:
            record = json_of(line)
            if isinstance(record, dict):
                part_of(record, source)


def _extract_seeds() -> Iterator[bytes]:
    record = {
        "eventTime": "2026-11-19T17:40:00Z", "eventName": "AssumeRoleWithWebIdentity", "eventID": "e-1",
        "eventSource": "sts.amazonaws.com", "errorCode": "AccessDenied", "oidcDoctorCount": 40,
        "userIdentity": {"type": "WebIdentityUser", "userName": "v=1:org=a"},
        "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/R"},
    }  # fmt: skip
    header = {HEADER: 1, "source": "cloudtrail", "selective": False, "since": "2026-11-19T00:00:00Z", "events": 9}
    yield b"\n".join(json.dumps(line).encode() for line in (header, record))
    yield write_extract(Header("cloudtrail", selective=True, since=_SINCE, regions=("us-east-1",)), [record])
    payload = {
        "serviceName": "sts.googleapis.com",
        "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
    }
    entry = {"timestamp": "2026-11-19T17:40:00Z", "insertId": "g", "protoPayload": payload, "oidcDoctorCount": 2}
    yield b"\n".join(json.dumps(line).encode() for line in ({HEADER: 1, "source": "gcp-logs"}, entry))


def sql_commands(data: bytes) -> None:
    """The words of `oidc-doctor sql`. Raises UsageError and prints SQL, or ends with help."""
    words = text_of(data).split("\n")[:12]
    if {"-o", "--rows", "--get-table"} & {word.partition("=")[0] for word in words}:
        return  # files
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(io.StringIO()):
        try:
            sql(words)
        except (UsageError, SystemExit):
            return
    lines = shown.getvalue().splitlines()
    assert all(line.isprintable() for line in lines), lines


def _sql_seeds() -> Iterator[bytes]:
    for words in ("athena default.cloudtrail_logs --account 111122223333 --region us-east-1 --since 3d",
                  "athena --ddl --bucket s3://b/AWSLogs --organization o-abcdefghij --region us-east-1,eu-west-1",
                  "athena --ddl --bucket s3://b --account 111122223333 --table logs.trail --since 30d",
                  "bigquery my-project.audit --since 24h --until 2026-11-22T13:00:00Z",
                  "loganalytics my-project.global._Default.view"):  # fmt: skip
        yield words.replace(" ", "\n").encode()


TARGETS = {
    "log_places": Target(log_places, _place_seeds),
    "tables": Target(tables, _table_seeds),
    "rows": Target(rows, _row_seeds),
    "extracts": Target(extracts, _extract_seeds),
    "sql_commands": Target(sql_commands, _sql_seeds),
}
