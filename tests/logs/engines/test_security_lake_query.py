"""The query for Security Lake's tables, run over archives that are converted by the published mapping."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from archives import make_archive
from hypothesis import given
from hypothesis import strategies as st

import exchanges
import security_lake
from engine_tables import run, translated
from exchanges import extract_of
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.logs.engines.athena_query import COLUMNS
from oidc_doctor.logs.engines.partitions import selection
from oidc_doctor.logs.engines.query import EngineQuery, UnreadableTableError, Window
from oidc_doctor.logs.engines.result_file import extract_of_rows
from oidc_doctor.logs.engines.security_lake_query import security_lake_query
from oidc_doctor.logs.engines.table_shape import table_shape
from oidc_doctor.logs.extract.file import Header, write_extract
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.logs.records import cloudtrail
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt, Change, SessionDenial
from security_lake import Version

NOWHERE = Origin("")
VERSIONS: tuple[Version, ...] = ("1", "2", "2-flattened")
ALWAYS = Window(1_700_000_000.0, 1_900_000_000.0)


@functools.cache
def query_of(version: Version, window: Window = ALWAYS, account: str | None = None) -> EngineQuery:
    shape = table_shape(security_lake.described(version), security_lake.DATABASE, security_lake.table_of(version))
    return security_lake_query(shape, window, selection(window, account))


def records_of(log: list[dict[str, Any]], version: Version) -> list[dict[str, Any]]:
    query = query_of(version)
    with duckdb.connect() as connection:
        security_lake.fill(connection, log, version)
        return [query.record_of(row) for row in run(connection, query)]


def scanned(records: list[dict[str, Any]]) -> ScannedLogs:
    data = write_extract(Header("cloudtrail", selective=True), records)
    return scan(lambda _: io.BytesIO(data), ["a.extract.jsonl.gz"], "cloudtrail", scope=WriteScope())


def sort_key(event: Attempt | Change) -> tuple[float, str]:
    return event.time, event.event_id


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("plant", ["aws-subject-mistyped", "aws-mended"])
def test_the_scan_of_the_rows_is_that_of_the_log(tmp_path: Path, plant: str, version: Version) -> None:
    make_archive(tmp_path / "bundle", 4, plant=plant, events=600)
    folder = tmp_path / "bundle/aws/cloudtrail"
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    whole = scan(open_regular, files, "cloudtrail", scope=WriteScope())
    lake = scanned(records_of(security_lake.events_of(folder), version))

    def attempts(logs: ScannedLogs) -> list[Attempt]:
        found = [replace(attempt, origin=NOWHERE) for attempt in sorted(logs.attempts(), key=sort_key)]
        # flattened, session tags cannot be told from other members
        return found if version == "2" else [replace(attempt, claims=()) for attempt in found]

    assert attempts(lake) == attempts(whole)
    assert len(attempts(lake)) > 50

    def changes(logs: ScannedLogs) -> list[Any]:
        found = sorted(logs.changes, key=sort_key)
        return [(change.time, change.what, change.resource, change.by, change.error_code) for change in found]

    assert changes(lake) == changes(whole)
    for change, expected in zip(sorted(lake.changes, key=sort_key), sorted(whole.changes, key=sort_key), strict=True):
        assert _without_lists(change.record.get("requestParameters"), version) == _without_lists(
            expected.record.get("requestParameters"), version
        )

    def denials(logs: ScannedLogs) -> set[SessionDenial]:
        return {replace(denial, origin=NOWHERE) for denial in logs.denials}

    assert denials(lake) == denials(whole)


def _without_lists(value: Any, version: Version) -> Any:
    """A request as it can be made again of its flattened form: without lists and empty members, all values as texts."""
    if version == "2":
        return value or None
    if isinstance(value, dict):
        parts = {name: _without_lists(inner, version) for name, inner in value.items() if not isinstance(inner, list)}
        return {name: part for name, part in parts.items() if part is not None} or None
    return value if isinstance(value, str) or value is None else json.dumps(value)


def exchange(**more: Any) -> dict[str, Any]:
    members = {
        "eventVersion": "1.08",
        "recipientAccountId": "111122223333",
        "userIdentity": {**exchanges.exchange()["userIdentity"], "identityProvider": exchanges.PROVIDER},
        "requestParameters": {
            **exchanges.exchange()["requestParameters"],
            "roleSessionName": "s",
            "durationSeconds": 900,
            "principalTags": {"team": "a"},
        },
    }
    return exchanges.exchange(**members | more)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_outcome_of_an_exchange(version: Version) -> None:
    secret = {"accessKeyId": "ASIAEXAMPLE", "sessionToken": "SECRET", "expiration": "Nov 20, 2026, 11:00:00 AM"}
    response = {"credentials": secret, "audience": "aud", "subjectFromWebIdentityToken": "sub"}
    log = [
        exchange(eventID="accepted", responseElements=response),
        exchange(eventID="refused", errorCode="AccessDenied", errorMessage="no"),
        exchange(eventID="unknown"),
    ]
    records = records_of(log, version)
    assert "SECRET" not in json.dumps(records)
    attempts = {record["eventID"]: cloudtrail.attempt(record, NOWHERE) for record in records}
    for name, attempt in attempts.items():
        assert attempt is not None
        assert attempt.outcome == name
        assert attempt.target == "arn:aws:iam::111122223333:role/r"
        assert attempt.session_name == "s"
        assert attempt.provider == "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"
        assert (attempt.subject, attempt.audience, attempt.duration_seconds) == ("sub", "aud", 900)
        assert bool(attempt.claims) == (version == "2")
    assert attempts["accepted"] is not None
    assert attempts["accepted"].access_key == "ASIAEXAMPLE"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_user_that_is_no_role_is_not_the_requested_role(version: Version) -> None:
    identity = exchange()["userIdentity"] | {"arn": "arn:aws:sts::111122223333:assumed-role/other/session"}
    log = [exchange(userIdentity=identity, requestParameters=None, errorCode="AccessDenied")]
    (record,) = records_of(log, version)
    attempt = cloudtrail.attempt(record, NOWHERE)
    assert attempt is not None
    assert (attempt.target, attempt.session_name) == (None, None)
    assert attempt.subject == "sub"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_denied_call_of_a_session(version: Version) -> None:
    session = {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:s",
        "arn": "arn:aws:sts::111122223333:assumed-role/r/s",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/r"},
            "webIdFederationData": {"federatedProvider": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"},
        },
    }
    denied = exchange(
        eventName="GetObject",
        eventSource="s3.amazonaws.com",
        userIdentity=session,
        errorCode="AccessDenied",
        requestParameters={"bucketName": "b", "key": "k", "Host": "PRIVATE"},
    )
    saml = {"type": "SAMLUser", "principalId": "p", "identityProvider": "arn:aws:iam::111122223333:saml-provider/x"}
    others = [
        denied | {"userIdentity": saml, "eventID": "no session of a role"},
        denied | {"errorCode": None, "eventID": "accepted"},
        denied | {"userIdentity": session | {"sessionContext": {}}, "eventID": "another kind of session"},
    ]
    (record,) = records_of([denied, *others], version)
    assert extract_of(record, "cloudtrail") == extract_of(denied, "cloudtrail")
    assert "PRIVATE" not in json.dumps(record)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_strangers_wrote(version: Version) -> None:
    text = "'; DROP TABLE x; -- \"$.roleArn😀\\ requestParameters.roleArn"
    tags = {"requestParameters.roleArn": "arn:aws:iam::1:role/other", "x'y": text}
    write = exchange(
        eventName="UpdateAssumeRolePolicy",
        eventSource="iam.amazonaws.com",
        requestParameters={"roleName": "r", "policyDocument": text},
        userAgent=text,
        eventID="write",
    )
    request = exchange()["requestParameters"] | {"principalTags": tags, "roleSessionName": text}
    log = [exchange(userAgent=text, requestParameters=request), write]
    records = {record["eventID"]: record for record in records_of(log, version)}
    assert records["write"]["requestParameters"] == write["requestParameters"]
    attempt = cloudtrail.attempt(records[log[0]["eventID"]], NOWHERE)
    assert attempt is not None
    assert (attempt.target, attempt.session_name) == ("arn:aws:iam::111122223333:role/r", text)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_denied_write_without_a_request(version: Version) -> None:
    """What is unmapped of it is not its request."""
    message = "is not authorized to perform: iam:UpdateRole on resource: role Weights because no policy allows it"
    write = exchange(
        eventName="UpdateRole", eventSource="iam.amazonaws.com", requestParameters=None, errorCode="AccessDenied",
        errorMessage=message,
    )  # fmt: skip
    (record,) = records_of([write], version)
    assert "requestParameters" not in record
    assert scanned([record]).changes[0].resource == "Weights"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_result_that_somebody_saved_is_the_same_log(version: Version) -> None:
    query = query_of(version)
    with duckdb.connect() as connection:
        security_lake.fill(connection, [exchange(errorCode="AccessDenied")], version)
        (row,) = run(connection, query)
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([list(row), [value or "" for value in row.values()]])
    text.seek(0)
    data, number = extract_of_rows(text)
    logs = scan(lambda _: io.BytesIO(data), ["a.extract.jsonl.gz"], "cloudtrail", scope=WriteScope())
    assert number == 1
    assert [replace(attempt, origin=NOWHERE) for attempt in logs.attempts()] == [
        replace(attempt, origin=NOWHERE) for attempt in scanned([query.record_of(row)]).attempts()
    ]
    assert logs.coverage.first == 1_795_168_800.0


def test_many_attempts_alike_are_thinned() -> None:
    log = [
        exchange(eventID=f"e{number:03}", eventTime=f"2026-11-20T10:0{number // 60 % 10}:{number % 60:02}Z")
        for number in range(100)
    ]
    records = records_of(log, "2")
    assert len(records) == 40
    assert sum(scanned(records).rows.count) == 100


def test_a_window_reads_its_partitions_only() -> None:
    window = Window(1_795_000_000.0, 1_795_090_000.0)  # 2026-11-18 and 2026-11-19
    first = query_of("1", window, "111122223333")
    assert "\"eventday\" BETWEEN '20261118' AND '20261120'" in first.text
    assert "\"accountid\" = '111122223333'" in first.text
    second = query_of("2", window, "111122223333")
    assert "time_dt >= TIMESTAMP '2026-11-18'" in second.text
    assert "time_dt < TIMESTAMP '2026-11-20'" in second.text
    assert "accountid = '111122223333'" in second.text
    assert first.parameters == second.parameters == ("1795000000000", "1795090000000")
    inside = exchange(eventTime="2026-11-19T10:00:00Z", eventID="inside")
    outside = exchange(eventTime="2026-11-19T12:30:00Z", eventID="outside")
    for version in VERSIONS:
        with duckdb.connect() as connection:
            security_lake.fill(connection, [inside, outside], version)
            rows = run(connection, query_of(version, window))
        assert [row["eventid"] for row in rows] == ["inside"]


def test_the_text_has_no_value_of_a_user() -> None:
    for version in VERSIONS:
        query = query_of(version)
        assert query.text.count("?") == len(query.parameters) == 2
        assert translated(query.text)
        assert re.search(rf'FROM "{security_lake.DATABASE}"."{security_lake.table_of(version)}"', query.text)


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        ("time", "string", "the column time as a bigint"),
        ("api", "struct<operation:string>", "needs the column api.service.name"),
        ("actor", "struct<user:struct<uid:string,name:string>>", "neither version"),
        ("metadata", "string", "needs the column metadata.uid"),
    ],
)
def test_a_table_of_other_columns(column: str, kind: str, words: str) -> None:
    answer = security_lake.described("2")
    for one in answer["Table"]["StorageDescriptor"]["Columns"]:
        if one["Name"] == column:
            one["Type"] = kind
    shape = table_shape(answer, security_lake.DATABASE, security_lake.table_of("2"))
    with pytest.raises(UnreadableTableError, match=words):
        security_lake_query(shape, ALWAYS, selection(ALWAYS))


def test_a_table_without_requests() -> None:
    answer = security_lake.described("1")
    columns = answer["Table"]["StorageDescriptor"]["Columns"]
    columns[:] = [one for one in columns if one["Name"] != "unmapped"]
    shape = table_shape(answer, security_lake.DATABASE, security_lake.table_of("1"))
    with pytest.raises(UnreadableTableError, match="neither in api.request.data nor in unmapped"):
        security_lake_query(shape, ALWAYS, selection(ALWAYS))


@given(st.dictionaries(st.sampled_from([*COLUMNS, "attempts"]), st.none() | st.text(max_size=40), max_size=12))
def test_any_row_becomes_a_record(row: dict[str, str | None]) -> None:
    for version in VERSIONS:
        extract_of(query_of(version).record_of(row), "cloudtrail")


@given(st.recursive(st.text(max_size=5), lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=4)))
def test_any_unmapped_members_become_a_write(value: Any) -> None:
    flat = {f"requestParameters.{name}": value for name in ("", ".", "a", "a.b", "a[].b", "a.b.c")}
    row = {"kind": "change", "whole_requestparameters": f"unmapped:{json.dumps(flat)}"}
    query_of("1").record_of(row)
