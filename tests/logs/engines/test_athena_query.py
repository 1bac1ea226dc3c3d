"""The query of Athena, run on DuckDB over archives in tables of every shape: its rows say what the files say."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import archive_world
import aws_shapes
import duckdb
import pytest
import sqlglot
from archives import PLANTS, make_archive

from engine_tables import BUCKET, DATABASE, SHAPES, TABLE, described, extract_of_table, fill, run
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.logs.engines.athena_query import COLUMNS, athena_query, parameter, record_of
from oidc_doctor.logs.engines.partitions import selection
from oidc_doctor.logs.engines.query import UnreadableTableError, Window
from oidc_doctor.logs.engines.table_shape import table_shape
from oidc_doctor.logs.extract.file import COUNT
from oidc_doctor.logs.extract.thinning import KEPT
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.document import Origin

WINDOW = Window(archive_world.START, archive_world.START + archive_world.HOURS * 3600 + 900)
ACCOUNT = "123456789012"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Weights"
EXTRACT = "aws/cloudtrail/athena-1.extract.jsonl.gz"
NOON = archive_world.START + 12 * 3600
AWS_PLANTS = sorted(plant for plant in PLANTS if plant.startswith("aws"))


def scanned(data: bytes) -> ScannedLogs:
    return scan(lambda _: io.BytesIO(data), [EXTRACT], "cloudtrail", scope=WriteScope())


def scan_of(folder: Path) -> ScannedLogs:
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    return scan(open_regular, files, "cloudtrail", scope=WriteScope())


def facts(logs: ScannedLogs, account: str | None = None) -> dict[str, Any]:
    """What a scan has, without the names of files; of one account where it is given."""
    nowhere = Origin("")
    changes = [change for change in logs.changes if account is None or change.record["recipientAccountId"] == account]
    return {
        "attempts": [replace(attempt, origin=nowhere) for attempt in logs.attempts()],
        "changes": [replace(change, origin=nowhere, record={}) for change in changes],
        "requests": [change.record.get("requestParameters") for change in changes],
        "responses": [change.record.get("responseElements") for change in changes],
        "denials": [replace(denial, origin=nowhere) for denial in logs.denials],
    }


def put(folder: Path, records: Iterable[dict[str, Any]]) -> Path:
    """A trail file with records."""
    place = folder / f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/19"
    place.mkdir(parents=True)
    (place / "file.json.gz").write_bytes(gzip.compress(json.dumps({"Records": list(records)}).encode()))
    return folder


def exchange(rng: Random, at: float, *, accepted: bool = True, **more: Any) -> dict[str, Any]:
    return aws_shapes.web_identity(rng, at, PROVIDER, "aud", "job:7", ROLE, accepted=accepted) | more


@pytest.mark.sweep
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("plant", AWS_PLANTS)
def test_a_table_says_what_the_files_say(tmp_path: Path, plant: str, shape: str) -> None:
    _compare(tmp_path, plant, SHAPES.index(shape), [shape])


def test_every_shape_says_what_the_files_say(tmp_path: Path) -> None:
    _compare(tmp_path, "aws-mended", 5, SHAPES)


def _compare(folder: Path, plant: str, seed: int, shapes: Iterable[str]) -> None:
    planted = make_archive(folder / "bundle", seed, plant=plant, events=400)
    match = re.search(r"::(\d{12}):role", (folder / "bundle/oidc-doctor.toml").read_text())
    assert match
    account, trail = match[1], folder / "bundle/aws/cloudtrail"
    whole = scan_of(trail)
    for shape in shapes:
        extract = scanned(extract_of_table(trail, shape, WINDOW, account=account))
        of_account = account if "account" in str(described(shape)["Table"]["PartitionKeys"]) else None
        assert facts(extract) == facts(whole, of_account), (shape, planted.plant)
        assert extract.coverage.selective


def test_refused_calls_of_a_session_are_found_in_every_shape(tmp_path: Path) -> None:
    rng = Random(1)
    opened = exchange(rng, NOON)
    denied = {"errorCode": "AccessDenied", "errorMessage": "not authorized", "resources": ...}
    get = {"requestParameters": {"bucketName": "weights", "key": "model/a b.bin", "x-id": "GetObject"}}
    resources = [{"ARN": "arn:aws:s3:::weights", "type": "AWS::S3::Bucket", "accountId": ACCOUNT}]
    calls = [
        aws_shapes.session_event(rng, NOON + 5, opened, "s3", "GetObject", **(denied | get)),
        aws_shapes.session_event(rng, NOON + 6, opened, "s3", "GetObject", **(denied | {"resources": resources})),
        aws_shapes.session_event(rng, NOON + 7, opened, "kms", "Decrypt"),  # accepted
        aws_shapes.session_event(
            rng, NOON + 8, opened, "iam", "UpdateAssumeRolePolicy",
            **(denied | {"requestParameters": {"roleName": "Weights", "policyDocument": "{}"}}),
        ),
        aws_shapes.aws_record(
            rng, NOON + 9, "s3", "GetObject", aws_shapes.assumed_role(rng, ACCOUNT, "Other", "x", NOON), ACCOUNT,
            errorCode="AccessDenied",
        ),
    ]  # fmt: skip
    other = exchange(rng, NOON, accepted=False)
    folder = put(tmp_path, [opened, other, *calls])
    whole = scan_of(folder)
    assert [(denial.action, denial.provider, denial.resource) for denial in whole.denials] == [
        ("UpdateAssumeRolePolicy", PROVIDER, None),
        ("GetObject", PROVIDER, "arn:aws:s3:::weights"),
        ("GetObject", PROVIDER, "weights/model/a b.bin"),
    ]
    for shape in SHAPES:
        extract = scanned(extract_of_table(folder, shape, WINDOW, account=ACCOUNT))
        assert facts(extract) == facts(whole), shape


def test_a_session_that_was_opened_before_the_window_is_known_by_its_own_record(tmp_path: Path) -> None:
    rng = Random(2)
    opened = exchange(rng, NOON)
    call = aws_shapes.session_event(rng, NOON + 900, opened, "s3", "GetObject", errorCode="AccessDenied")
    folder = put(tmp_path, [opened, call])
    later = Window(NOON + 60, NOON + 3600)
    found = {shape: len(scanned(extract_of_table(folder, shape, later, account=ACCOUNT)).denials) for shape in SHAPES}
    assert found == dict.fromkeys(SHAPES, 1) | {"older": 0, "numbered": 0}  # these lack webIdFederationData


def test_copies_of_an_exchange_without_an_id_count_once(tmp_path: Path) -> None:
    rng = Random(6)
    refused = [exchange(rng, NOON + number % 60, accepted=False) for number in range(100)]
    records = [{name: value for name, value in record.items() if name != "eventID"} for record in refused]
    folder = put(tmp_path, [*records, *records])
    logs = scanned(extract_of_table(folder, "console", WINDOW, account=ACCOUNT))
    assert sum(logs.rows.count) == sum(scan_of(folder).rows.count) == 100


def test_both_ends_of_the_window_belong_to_it(tmp_path: Path) -> None:
    rng = Random(5)
    folder = put(tmp_path, [exchange(rng, NOON + number) for number in range(-1, 5)])
    window = Window(NOON, NOON + 3.5)
    logs = scanned(extract_of_table(folder, "console", window, account=ACCOUNT))
    assert [attempt.time - NOON for attempt in logs.attempts()] == [0, 1, 2, 3]


def test_many_attempts_alike_are_counted(tmp_path: Path) -> None:
    rng = Random(3)
    records = [exchange(rng, NOON + number, accepted=False, sourceIPAddress="192.0.2.1") for number in range(90)]
    records += [exchange(rng, NOON + number) for number in (100, 101)]
    calls = [
        aws_shapes.session_event(rng, NOON + 110 + number, records[-1], "s3", "GetObject", errorCode="AccessDenied")
        for number in range(70)
    ]
    folder = put(tmp_path, [*records, *calls])
    answer = described("older")
    with duckdb.connect() as database:
        fill(database, answer, folder)
        query = athena_query(table_shape(answer, DATABASE, TABLE), WINDOW, selection(WINDOW, ACCOUNT))
        rows = [query.record_of(row) for row in run(database, query)]
    counts = Counter(row.get(COUNT, 1) for row in rows)
    assert counts == {1: 2 + 4 * KEPT - 2, 51: 1, 31: 1}
    counted = next(row for row in rows if row.get(COUNT) == 51)
    assert "sourceIPAddress" not in counted
    assert "roleSessionName" not in counted["requestParameters"]
    assert rows == sorted(rows, key=lambda row: (row["eventTime"], row["eventID"]), reverse=True)


def test_the_claims_of_an_exchange_and_its_copies(tmp_path: Path) -> None:
    rng = Random(4)
    request = {
        "roleArn": ROLE, "roleSessionName": "x", "durationSeconds": 900, "principalTags": {"team": "mü", "x": "'1'"},
        "transitiveTagKeys": ["team"], "sourceIdentity": "me",
    }  # fmt: skip
    tagged = exchange(rng, NOON, requestParameters=request)
    tagged["additionalEventData"]["RoleAuthorizedByIdp"] = True
    partial = {name: value for name, value in tagged.items() if name != "responseElements"}
    listed = exchange(rng, NOON + 1, requestParameters=request | {"principalTags": [{"key": "a", "value": "b"}]})
    nothing = exchange(rng, NOON + 2, requestParameters=None, responseElements={"credentials": None})
    folder = put(tmp_path, [partial, tagged, listed, nothing])
    whole = scan_of(folder)
    assert len(whole.rows) == 3
    assert "credentials" not in json.dumps([attempt.claims for attempt in whole.attempts()])
    for shape in SHAPES:
        assert facts(scanned(extract_of_table(folder, shape, WINDOW, account=ACCOUNT))) == facts(whole), shape


def test_no_credentials_are_read() -> None:
    for shape in SHAPES:
        window = selection(WINDOW, ACCOUNT)
        text = athena_query(table_shape(described(shape), DATABASE, TABLE), WINDOW, window).text
        assert set(re.findall(r"'\$\.credentials[^']*'", text)) == {"'$.credentials'", "'$.credentials.accessKeyId'"}
        assert "sessionToken" not in text
        # the whole response is read of a write alone, and whether there are credentials is a 1
        assert re.findall(r"CASE WHEN kind IN \('change'\) THEN responseelements END", text)
        assert re.search(r"json_format\(json_extract\(responseelements, '\$\.credentials'\)\)\s+NOT IN", text)
        assert text.count("json_extract(responseelements, '$.credentials')") == 2


def test_the_text_is_athenas_and_has_two_parameters() -> None:
    for shape in SHAPES:
        query = athena_query(table_shape(described(shape), DATABASE, TABLE), WINDOW, selection(WINDOW, ACCOUNT))
        parsed = sqlglot.parse_one(query.text, read="athena")
        assert len(list(parsed.find_all(sqlglot.exp.Placeholder))) == len(query.parameters) == 2
        assert query.text.count(f'FROM "{DATABASE}"."{TABLE}"') == 1  # one scan
        assert len(query.text) < 32_000
        assert BUCKET not in query.text


@pytest.mark.parametrize(
    ("column", "kind", "message"),
    [
        ("eventtime", "timestamp", "column eventtime as a string: the table has it as timestamp"),
        ("errorcode", None, "column errorcode as a string: the table does not have it"),
        ("requestparameters", "map<string,string>", "column requestparameters as a string: the table has it as map"),
        ("useridentity", "string", r"column useridentity\.type as a string: the table does not have it"),
        ("resources", "string", "column resources as an array of structs with arn, accountid and type"),
        ("useridentity", "struct<type:string", r"column useridentity\.type"),
    ],
)
def test_a_column_that_is_missing_or_otherwise_is_named(column: str, kind: str | None, message: str) -> None:
    answer = described("projected")
    columns = answer["Table"]["StorageDescriptor"]["Columns"]
    kept = [entry for entry in columns if entry["Name"] != column]
    answer["Table"]["StorageDescriptor"]["Columns"] = kept + ([{"Name": column, "Type": kind}] if kind else [])
    shape = table_shape(answer, DATABASE, TABLE)
    with pytest.raises(UnreadableTableError, match=message) as caught:
        athena_query(shape, WINDOW, selection(WINDOW))
    assert "sql athena --ddl" in caught.value.next_step


@pytest.mark.parametrize("value", ["", "{", "[1", "null", "17", '"x"', "[" * 5_000, "99999999999999999999"])
def test_a_row_of_a_strangers_values_is_a_record(value: str) -> None:
    for kind in ("attempt", "change", "denial", value):
        row: dict[str, str | None] = dict.fromkeys((*COLUMNS, "attempts"), value) | {"kind": kind}
        record = record_of(row)
        line = json.dumps(record)
        assert len(line) < 400_000
        scan(
            lambda _, line=line: io.BytesIO(line.encode()), ["aws/cloudtrail/a.json"], "cloudtrail", scope=WriteScope()
        )
    assert record_of({}) == {"userIdentity": {}}


@pytest.mark.parametrize("value", ["", "'", "''; DROP TABLE x; --", "a'b", "?", "\\'", "ü\u2028"])
def test_a_parameter_is_one_literal_whatever_it_has(value: str) -> None:
    literal = sqlglot.parse_one(f"SELECT {parameter(value)}", read="athena").expressions[0]
    assert isinstance(literal, sqlglot.exp.Literal)
    assert literal.this == value
