"""`oidc-doctor sql`: the query, the table, and a result that becomes a log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlglot

import security_lake
from engine_tables import described
from oidc_doctor.cli.main import main
from oidc_doctor.logs.engines.athena_query import COLUMNS

ACCOUNT = "123456789012"


def test_the_query_with_its_parameters(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    window = ("--since", "2026-11-20T00:00:00Z", "--until", "2026-11-20T12:00:00Z")
    assert main(["sql", "athena", "--account", ACCOUNT, "--region", "us-east-1,eu-west-1", *window]) == 0
    text = capsys.readouterr().out
    assert text.startswith("-- execution parameters: '2026-11-20T00:00:00Z', '2026-11-20T12:00:00Z'\nWITH events AS")
    assert 'FROM "default"."cloudtrail_logs"' in text
    assert "\"day\" BETWEEN '2026/11/20' AND '2026/11/21'" in text
    assert sqlglot.parse_one(text, read="athena")
    file = tmp_path / "table.json"
    file.write_text(json.dumps(described("manual")))
    assert main(["sql", "athena", "--get-table", str(file), "--table", "a.b-c", *window]) == 0
    text = capsys.readouterr().out
    assert 'FROM "a"."b-c"' in text
    assert main(["sql", "athena", "athena:a.b-c", "--get-table", str(file), *window]) == 0
    assert capsys.readouterr().out == text
    assert "\"day\" IN ('20', '21')" in text


def test_the_query_of_security_lake_is_experimental(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    file.write_text(json.dumps(security_lake.described("2")))
    assert main(["sql", "athena", "--get-table", str(file), "--table", "lake.trail", "--account", ACCOUNT]) == 0
    captured = capsys.readouterr()
    assert 'FROM "lake"."trail"' in captured.out
    assert f"accountid = '{ACCOUNT}'" in captured.out
    assert captured.err.startswith("experimental: ")


def test_the_table_of_a_trail(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "athena", "--ddl", "--bucket", "s3://my-trail", "--organization", "o-abcdefghij"]) == 0
    captured = capsys.readouterr()
    assert "CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`cloudtrail_logs`" in captured.out
    assert "LOCATION 's3://my-trail/AWSLogs/o-abcdefghij/'" in captured.out
    assert captured.err.splitlines() == [
        "each query of this table names the account; in a run, --role does",
        "each query of this table names the Regions; in a run, --region does",
        "then: oidc-doctor --report --cloudtrail athena:default.cloudtrail_logs --role ARN",
    ]
    since = ["--since", "2026-05-06T07:08:09Z", "--table", "logs.trail", "--region", "us-east-1"]
    assert main(["sql", "athena", "--ddl", "--bucket", "s3://my-trail/x", "--account", ACCOUNT, *since]) == 0
    captured = capsys.readouterr()
    assert "'projection.day.range' = '2026/05/06,NOW'" in captured.out
    assert "names" not in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ddl"], "--ddl needs the bucket of the trail: --bucket s3://BUCKET/PREFIX"),
        (["--ddl", "--bucket", "s3://b-b"], "--ddl needs --account ID, or --organization ID"),
        (["--ddl", "--bucket", "b-b", "--account", ACCOUNT], "'b-b' is not of the form s3://BUCKET/PREFIX"),
        (["--ddl", "--bucket", "s3://b'); DROP TABLE x", "--account", ACCOUNT], "is not of the form"),
        (["--ddl", "--bucket", "s3://b-b/x\ny", "--account", ACCOUNT], "is not of the form"),
        (
            ["--ddl", "--bucket", "s3://b-b", "--account", ACCOUNT, "--until", "2026-11-20"],
            "--until would have no effect with --ddl",
        ),
        (["--ddl", "--bucket", "s3://b-b", "--account", ACCOUNT, "--table", "a.b'c"], "not of the form athena:"),
        (["--account", "1", "--region", "us-east-1"], "the account '1' is not of the form: 12 digits"),
        (["--account", f"{ACCOUNT},{ACCOUNT}"], "a query is for one account"),
        (["--region", "us-east-1"], "has to name the account (partition key account); add --account with its id"),
        (["--account", ACCOUNT], "partition key region; add --region with the Regions of the exchanges"),
        (["--since", "3 moons"], "--since 3 moons: not a"),
        (["--until", "2026-11-20", "--since", "2026-11-21"], "--until is before --since"),
        (["--get-table", "nothing.json"], "--get-table nothing.json: No such file"),
        (["--rows", "x.csv"], "--rows FILE and -o FILE go together"),
        (["--rows", "x.csv", "-o", "x.json"], "the name of such a log ends in .extract.jsonl.gz"),
        (["--rows", "x.csv", "-o", "x.extract.jsonl.gz"], "x.csv: No such file"),
    ],
)
def test_what_is_not_accepted(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["sql", "athena", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


def test_an_answer_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    for text, message in (("{", "not JSON"), ("[]", "not an answer of aws glue get-table"), ("{}", "not an answer")):
        file.write_text(text)
        assert main(["sql", "athena", "--get-table", str(file)]) == 2
        assert message in capsys.readouterr().err
    answer = described("manual")
    answer["Table"]["StorageDescriptor"]["Columns"].pop(2)
    file.write_text(json.dumps(answer))
    assert main(["sql", "athena", "--get-table", str(file)]) == 2
    assert "the table has no column eventtime" in capsys.readouterr().err


def test_a_result_becomes_a_log(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    row = {
        "kind": "attempt", "eventname": "AssumeRoleWithWebIdentity", "eventtime": "2026-11-20T10:00:00Z",
        "eventid": "11111111-2222-3333-4444-555555555555", "errorcode": "AccessDenied", "attempts": "41",
        "identity_principalid": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com:aud:sub",
        "identity_username": "sub", "requestparameters_rolearn": f"arn:aws:iam::{ACCOUNT}:role/r",
    }  # fmt: skip
    names = [*COLUMNS, "attempts"]
    values = ",".join(f'"{row[name]}"' if name in row else "" for name in names)
    Path("rows.csv").write_text(",".join(f'"{name}"' for name in names) + f"\n{values}\n")
    made = ["sql", "athena", "--rows", "rows.csv", "-o", "trail.extract.jsonl.gz"]
    assert main(made) == 0
    assert capsys.readouterr().err.splitlines() == [
        "trail.extract.jsonl.gz written: 1 events",
        "then: oidc-doctor --report --cloudtrail trail.extract.jsonl.gz",
    ]
    assert main(made) == 2
    assert "exists; --force replaces it" in capsys.readouterr().err
    assert main([*made, "--force"]) == 0
    capsys.readouterr()
    main(["--report", "--format", "json", "--cloudtrail", "trail.extract.jsonl.gz"])
    report = json.loads(capsys.readouterr().out)
    assert [attempt["count"] for attempt in report["attempts"]] == [41]


@pytest.mark.parametrize("place", ["bigquery acme-logs.audit", "loganalytics acme-logs.eu.audit.view-1"])
def test_the_query_of_google_is_a_file_for_bq(capsys: pytest.CaptureFixture[str], place: str) -> None:
    engine, name = place.split()
    assert main(["sql", engine, name, "--since", "2026-11-20T10:00:00Z", "--until", "2026-11-21T10:00:00Z"]) == 0
    captured = capsys.readouterr()
    first, _, query = captured.out.partition("\n")
    assert first == (
        "-- bq query --project_id=acme-logs --nouse_legacy_sql --dry_run "
        "--parameter='since:TIMESTAMP:2026-11-20 10:00:00.000000' "
        "--parameter='until:TIMESTAMP:2026-11-21 10:00:00.000000' < FILE"
    )
    assert "timestamp >= @since" in query
    assert f"oidc-doctor --report --gcp-logs {engine}:{name}" in captured.err
    assert main(["sql", engine, f"{engine}:{name}", "--since", "1d"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("bigquery", "oidc-doctor sql bigquery PROJECT.DATASET"),
        ("loganalytics", "oidc-doctor sql loganalytics PROJECT.LOCATION.BUCKET"),
        ("bigquery acme-logs.a`b", "not of the form bigquery:PROJECT.DATASET"),
        ("bigquery acme-logs.audit --ddl", "--ddl is an option of sql athena"),
        ("bigquery acme-logs.audit --since 2026-11-21T10:00:00Z --until 2026-11-20T10:00:00Z", "sql bigquery: --until"),
        ("athena db.table", "has to name the account"),
        ("athena db.table --table db.other", "sql athena: db.table and --table db.other: name one table"),
        ("athena table", "sql athena:table: not of the form athena:DATABASE.TABLE (such as athena:default.cloud"),
        ("bigquery acme-logs:audit", "did you mean bigquery:acme-logs.audit?"),
    ],
)
def test_arguments_of_another_engine(capsys: pytest.CaptureFixture[str], arguments: str, message: str) -> None:
    assert main(["sql", *arguments.split()]) == 2
    assert message in capsys.readouterr().err
