"""A table of Amazon Athena read live, with boto3 against moto: shapes, ceilings, failures, and the end of a query."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archive_world
import duckdb
import pytest
from archives import make_archive

import engine_tables
from clouds.athena import AthenaTables
from clouds.aws import Broken, Cloud, aws_error, error_of
from clouds.command_line import FinishedRun
from oidc_doctor.live import collect as collecting
from oidc_doctor.live import permissions
from oidc_doctor.live.aws import athena_estimate, athena_run
from oidc_doctor.live.aws import readers as aws
from oidc_doctor.live.collect import Collected, collect
from oidc_doctor.logs.engines.athena_query import COLUMNS
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.log_place import LogOptions, log_place
from oidc_doctor.model.times import rfc3339

PLACE = "athena:logs.cloudtrail"
ROW = "aws/cloudtrail/athena-1.extract.jsonl.gz"
SINCE, UNTIL = archive_world.START, archive_world.START + archive_world.HOURS * 3600 + 900
OUTPUT = "s3://results/athena"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose trail shows that an edit of the trust policy breaks the exchange."""
    folder = tmp_path_factory.mktemp("archive") / "bundle"
    make_archive(folder, 3, plant="aws-mended", events=200, claims=True, organisation=False)
    (folder / "aws/cloudtrail").rename(folder.parent / "trail")
    return folder


@pytest.fixture
def tables(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AthenaTables:
    """Tables without waiting."""
    monkeypatch.setattr(athena_run, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return AthenaTables(cloud, duckdb.connect())


def account_of(archive: Path) -> str:
    match = re.search(r"::(\d{12}):role", (archive / "oidc-doctor.toml").read_text())
    assert match
    return match[1]


def make(tables: AthenaTables, archive: Path, shape: str, **more: Any) -> None:
    answer = engine_tables.described(shape, account=account_of(archive))
    tables.make(answer, archive.parent / "trail", **more)


class Reads:
    """Collections of the table alone, with the same clients."""

    def __init__(self, archive: Path) -> None:
        self.role: str | None = f"arn:aws:iam::{account_of(archive)}:role/Weights"
        self.clients = aws.AwsClients(None, "aws")
        self.lines: list[str] = []

    def __call__(self, *, timeout: float = 30.0, place: str = PLACE, **options: Any) -> Collected:
        found = log_place(place, "cloudtrail")
        assert found
        scope = aws.AwsScope(
            Target("x", aws=TargetAws(self.role, region="us-east-1")),
            since=SINCE,
            until=UNTIL,
            places=(found,),
            log_options=LogOptions(**{"output": OUTPUT} | options),
            only_logs=True,
        )
        self.lines.clear()
        return collect(aws.readers(self.clients, scope), timeout=timeout, narrate=self.lines.append)

    def failure(self, **options: Any) -> str:
        """The manifest's entry of a read that fails."""
        reads = {str(read["path"]): read for read in self(**options).reads}
        assert reads[ROW]["outcome"] != "ok", reads[ROW]
        return f"{reads[ROW]['outcome']}: {reads[ROW]['code']}: {reads[ROW]['message']}"

    def entry(self, **options: Any) -> dict[str, Any]:
        """The manifest's entry of a read that succeeds."""
        collected = self(**options)
        entry = next(read for read in collected.reads if read["path"] == ROW)
        assert entry["outcome"] == "ok", entry
        return dict(entry)


@pytest.fixture
def read(tables: AthenaTables, archive: Path) -> Reads:
    return Reads(archive)


def test_the_report_from_a_table_is_that_of_the_folder(
    tables: AthenaTables, archive: Path, doctor: Callable[..., FinishedRun]
) -> None:
    make(tables, archive, "organisation")
    window = ["--since", rfc3339(SINCE), "--until", rfc3339(UNTIL)]
    done = doctor("--from", archive, "--cloudtrail", PLACE, "--athena-output", OUTPUT, "--region", "us-east-1", *window)
    row = done.coverage(ROW)
    assert (row["status"], row["from"], row["to"]) == ("read", rfc3339(SINCE), rfc3339(UNTIL)), row
    folder = doctor("--from", archive, "--cloudtrail", archive.parent / "trail", *window)
    for part in ("verdict", "attempts", "timeline", "causes"):
        assert _placeless(done.report[part]) == _placeless(folder.report[part]), part
    assert sum(attempt["count"] for attempt in done.report["attempts"]) > 50
    # the verdict is of the configuration alone, so the exit code says that the logs were not read
    unread = doctor("--from", archive, "--cloudtrail", "athena:logs.another", "--region", "us-east-1", *window)
    assert (unread.report["verdict"], unread.code, done.code) == ("healthy", 3, 0)
    assert "the catalog has no table logs.another in us-east-1" in unread.coverage(ROW)["reason"]


def _placeless(value: Any) -> Any:
    """The part of a report without the names of the files that it was read from."""
    text = json.dumps(value, sort_keys=True)
    return json.loads(re.sub(r"[^\" ]*(?:athena-1\.extract\.jsonl\.gz|\.json(?:\.gz)?)[^\" ]*", "FILE", text))


def test_a_query_is_bound_and_accounted_for(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "older")
    entry = read.entry()
    request = tables.started[0]
    assert request["ExecutionParameters"] == [f"'{rfc3339(SINCE)}'", f"'{rfc3339(UNTIL)}'"]
    assert "\"date_partition\" BETWEEN '2026/11/19' AND '2026/11/21'" in request["QueryString"]
    assert f"\"account_partition\" = '{account_of(archive)}'" in request["QueryString"]
    assert request["QueryExecutionContext"] == {"Database": "logs", "Catalog": "AwsDataCatalog"}
    assert request["WorkGroup"] == "primary"
    assert entry["filter"].startswith(f'{PLACE}: "date_partition" BETWEEN')
    assert re.search(r"scanned; estimated [\d.]+ kB in \d+ objects of \d+ partitions", entry["message"])
    assert "sessions that were opened before the window are not known" in entry["message"]
    assert any("the query will scan" in line for line in read.lines)
    assert any("rows read" in line for line in read.lines)


@pytest.mark.parametrize(
    "role", ["arn:aws:iam::1'; DROP TABLE x; --:role/a", "arn:aws:iam::?:role/'a\"", "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/ü"]
)
def test_a_hostile_role_is_in_no_text(tables: AthenaTables, archive: Path, read: Reads, role: str) -> None:
    make(tables, archive, "manual", objects=False, rows=False)
    read.role = role
    read.entry()
    text = json.dumps(tables.started, ensure_ascii=False)
    assert "DROP" not in text
    assert "role/" not in text
    assert "١" not in text
    assert text.count("?") == 2


def test_a_ceiling_is_kept_before_a_query_is_started(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "manual")
    failure = read.failure(max_bytes=1000)
    assert re.search(
        r"it would scan [\d.]+ kB in \d+ objects of \d+ partitions, more than the ceiling of 1 kB", failure
    )
    allowed = re.search(r"--max-bytes (\d+)KB allows it", failure)
    assert allowed
    assert not tables.started
    assert not tables.cloud.calls["athena:StartQueryExecution"]
    read.entry(max_bytes=int(allowed[1]) * 1000)


def test_a_table_without_partitions_needs_a_ceiling(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "console", rows=False)
    failure = read.failure()
    assert "the table has no partitions by date, so a query scans all of it" in failure
    assert "oidc-doctor sql athena --ddl" in failure
    assert not tables.started
    read.entry(max_bytes=10_000_000)


def test_objects_that_cannot_be_listed_need_a_ceiling(
    tables: AthenaTables, archive: Path, read: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tables, archive, "organisation", rows=False)
    tables.further = failing("s3:ListBucket", "AccessDenied", 403)
    failure = read.failure()
    assert failure.startswith("denied: AccessDenied: allow s3:ListBucket")
    assert "--max-bytes 100GB" in failure
    tables.further = no_fault
    monkeypatch.setattr(athena_estimate, "_MOST_LISTINGS", 3)
    assert "more than 3 pages of objects" in read.failure()
    assert not tables.started
    collected = read(max_bytes=10_000_000)
    assert len(tables.started) == 1
    assert "what the query scans was not known before" in " ".join(collected.warnings)
    ceilings: list[int] = []
    rows = athena_run.AthenaRun.rows
    monkeypatch.setattr(
        athena_run.AthenaRun,
        "rows",
        lambda self, *a, most, **b: ceilings.append(most) or rows(self, *a, most=most, **b),
    )
    read(max_bytes=0)
    assert ceilings == [0]


def no_fault(_name: str, _number: int) -> Broken | None:
    return None


def failing(operation: str, code: str, status: int = 400) -> Callable[[str, int], Broken | None]:
    def fault(name: str, _: int) -> Broken | None:
        if name != operation:
            return None
        return error_of(name, code, status) if name.startswith("s3:") else aws_error(code, status, json_style=True)

    return fault


def answering(
    operation: str, answer: Callable[[dict[str, Any]], Any], cloud: Cloud
) -> Callable[[str, int], Broken | None]:
    def fault(name: str, _: int) -> Broken | None:
        if name != operation:
            return None
        return Broken(200, json.dumps(answer(json.loads(cloud.last_body))).encode(), "application/x-amz-json-1.1")

    return fault


def test_days_without_partitions_and_a_link_to_another_table(tables: AthenaTables, archive: Path, read: Reads) -> None:
    answer = engine_tables.described("older", account=account_of(archive))
    tables.make(answer, archive.parent / "trail", rows=False)
    properties = answer["Table"]["Parameters"]
    asked: list[dict[str, Any]] = []

    def described(body: dict[str, Any]) -> Any:
        asked.append(body)
        target = {"CatalogId": "999999999999", "DatabaseName": "far", "Name": "away"}
        link = {"Name": "cloudtrail", "DatabaseName": "logs", "TargetTable": target}
        return {"Table": link} if body["DatabaseName"] == "logs" else answer

    tables.further = answering("glue:GetTable", described, tables.cloud)
    assert "truncated" not in read.entry()
    assert [(body.get("CatalogId"), body["Name"]) for body in asked] == [(None, "cloudtrail"), ("999999999999", "away")]
    assert 'FROM "logs"."cloudtrail"' in tables.started[0]["QueryString"]
    properties["projection.date_partition.range"] = "2026/11/20,NOW+10YEARS"
    entry = read.entry()
    assert entry["truncated"]
    assert "no partitions for 2026-11-19 (projection.date_partition)" in entry["message"]
    properties["projection.date_partition.range"] = "2026/11/21,NOW+10YEARS"
    assert "no partitions for 2026-11-19 to 2026-11-20" in read.failure()


def test_days_whose_partitions_were_not_added(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "manual", objects=False, rows=False)
    listed = [["us-east-1", "2026", "11", "20"], ["us-east-1", "2026", "11", "21"], ["us-east-1", "2026", "11", "18"]]

    def partitions(_: dict[str, Any]) -> Any:
        places = [{"Location": f"s3://trail-of-the-organisation/{'/'.join(values)}"} for values in listed]
        return {
            "Partitions": [
                {"Values": values, "StorageDescriptor": place} for values, place in zip(listed, places, strict=True)
            ]
        }

    tables.further = answering("glue:GetPartitions", partitions, tables.cloud)
    entry = read.entry()
    assert "0 objects of 2 partitions" in entry["message"]  # the 18th is of no day of the window
    assert entry["truncated"]
    assert "the table has no partitions for 2026-11-19 (year, month, day)" in entry["message"]
    del listed[0]
    assert "the table has no partitions for 2026-11-19 to 2026-11-20 (year, month, day)" in read.failure()
    assert len(tables.started) == 1


def test_each_call_that_fails_is_named(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "manual", objects=False, rows=False)
    for call in (
        "glue:GetTable", "glue:GetPartitions", "athena:GetWorkGroup", "athena:StartQueryExecution",
        "athena:GetQueryExecution", "athena:GetQueryResults",
    ):  # fmt: skip
        tables.further = failing(call, "AccessDeniedException")
        failure = read.failure()
        assert failure.startswith("denied: AccessDeniedException:"), failure
        assert f"allow {call}" in failure, failure
    assert (
        tables.cloud.calls["athena:StopQueryExecution"] == 1
    )  # the query whose state cannot be read; the other is over
    tables.further = failing("glue:GetTable", "EntityNotFoundException")
    assert "the catalog has no table logs.cloudtrail in us-east-1; --region names another Region" in read.failure()
    tables.further = no_fault
    assert "names no place for results; --athena-output s3://BUCKET/PREFIX does" in read.failure(output=None)


def test_a_query_that_athena_ends_says_why(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "manual", objects=False, rows=False)
    cases = {
        ("FAILED", "HIVE_BAD_DATA: Error parsing field value"): "failed: HIVE_BAD_DATA: HIVE_BAD_DATA: Error parsing",
        ("FAILED", "HIVE_CURSOR_ERROR: Access Denied (Service: Amazon S3; Status Code: 403)"): (
            "denied: HIVE_CURSOR_ERROR: allow s3:GetObject on the bucket of the table"
        ),
        ("FAILED", "Access Denied: not authorized to perform: kms:Decrypt"): "allow kms:Decrypt on the key",
        ("FAILED", "Insufficient Lake Formation permission(s)"): "grant SELECT on the table in AWS Lake Formation",
        ("CANCELLED", ""): "failed: QueryCancelled: Athena gave no reason",
    }
    for (state, reason), expected in cases.items():
        status = {"State": state, "StateChangeReason": reason}
        answer = {"QueryExecution": {"Status": status}}
        tables.further = answering("athena:GetQueryExecution", lambda _, answer=answer: answer, tables.cloud)
        assert expected in read.failure(), (state, reason)


def test_a_workgroup_is_honoured(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "manual", rows=False)
    box: dict[str, Any] = {
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {"OutputLocation": "s3://of-the-workgroup/x"},
        "BytesScannedCutoffPerQuery": 10_000_000,
    }
    group = {"WorkGroup": {"Name": "doctor", "State": "ENABLED", "Configuration": box}}
    tables.further = answering("athena:GetWorkGroup", lambda _: group, tables.cloud)
    collected = read(workgroup="primary")
    assert "the workgroup primary enforces its own setting" in " ".join(collected.warnings)
    assert "ResultConfiguration" not in tables.started[0]
    box["BytesScannedCutoffPerQuery"] = 1000
    failure = read.failure()
    assert "the workgroup primary ends queries at 1 kB; a later --since needs less" in failure
    box["EngineVersion"] = {"EffectiveEngineVersion": "PySpark engine version 3"}
    assert "runs PySpark engine version 3, not SQL" in read.failure()
    group["WorkGroup"]["State"] = "DISABLED"
    assert "the workgroup primary is disabled" in read.failure()
    assert len(tables.started) == 1


def test_rows_are_paged_and_bounded(
    tables: AthenaTables, archive: Path, read: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tables, archive, "manual", objects=False, rows=False)
    names = [*COLUMNS, "attempts"]
    tokens: list[str | None] = []

    def row(number: int) -> dict[str, Any]:
        values = dict.fromkeys(names) | {
            "kind": "attempt", "eventid": str(number), "eventname": "AssumeRoleWithWebIdentity",
            "eventtime": f"2026-11-20T10:00:{59 - number:02}Z", "attempts": "1",
        }  # fmt: skip
        return {"Data": [{"VarCharValue": value} if value else {} for value in values.values()]}

    def page(body: dict[str, Any]) -> Any:
        tokens.append(body.get("NextToken"))
        begin = int(body.get("NextToken") or 0)
        head = [] if begin else [{"Data": [{"VarCharValue": name} for name in names]}]
        rows = {"ResultSet": {"Rows": head + [row(number) for number in range(begin, begin + 3)]}}
        rows["ResultSet"]["ResultSetMetadata"] = {"ColumnInfo": [{"Name": name, "Type": "varchar"} for name in names]}
        return rows | ({"NextToken": str(begin + 3)} if begin < 6 else {})

    tables.further = answering("athena:GetQueryResults", page, tables.cloud)
    entry = read.entry()
    assert "are not known" not in entry["message"]
    assert tokens == [None, "3", "6"]
    assert "truncated" not in entry
    monkeypatch.setattr("oidc_doctor.live.aws.athena.MOST_RECORDS", 8)
    entry = read.entry()
    assert entry["truncated"]
    assert entry["from"] == "2026-11-20T10:00:53Z"  # others of the second before were cut off
    assert "the newest 8 events were read: an earlier --until reads those before" in entry["message"]


@pytest.mark.parametrize("end", ["interrupt", "start", "deadline", "ceiling"])
def test_a_query_is_stopped(
    tables: AthenaTables, archive: Path, read: Reads, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    make(tables, archive, "manual", objects=False, rows=False)
    running = threading.Event()

    def state(_: dict[str, Any]) -> Any:
        running.set()
        scanned = {"DataScannedInBytes": 5_000_000}
        return {"QueryExecution": {"Status": {"State": "RUNNING"}, "Statistics": scanned}}

    tables.further = answering("athena:GetQueryExecution", state, tables.cloud)
    if end == "start":  # the answer with the query's id comes after the interrupt

        def slowly(name: str, _: int) -> None:
            if name == "athena:StartQueryExecution":
                running.set()
                time.sleep(0.3)

        tables.further = slowly
    if end in ("interrupt", "start"):

        def interrupt(_: object) -> None:
            assert running.wait(10.0)
            raise KeyboardInterrupt

        read.clients.of("athena", "us-east-1")
        monkeypatch.setattr(collecting._Run, "_wait", _after_the_first(interrupt, collecting._Run._wait))
        with pytest.raises(KeyboardInterrupt):
            read()
    elif end == "deadline":
        read.clients.of("athena", "us-east-1")
        assert "TimeIsUp" in read.failure(timeout=3.0)
        assert running.is_set()
    else:
        assert "stopped after 5 MB, at the ceiling of 1 MB; --max-bytes 10MB" in read.failure(max_bytes=1_000_000)
    assert tables.cloud.calls["athena:StopQueryExecution"] == 1


def _after_the_first(then: Callable[[object], Any], first: Callable[[Any], Any]) -> Callable[[Any], Any]:
    calls: list[int] = []

    def wait(run: Any) -> Any:
        calls.append(1)
        return first(run) if len(calls) == 1 else then(run)

    return wait


def test_the_printed_permissions_are_those_of_the_calls(tables: AthenaTables, archive: Path, read: Reads) -> None:
    make(tables, archive, "manual")
    read.entry()
    place = log_place(PLACE, "cloudtrail")
    assert place
    role = TargetAws(read.role, region="eu-west-1")
    policy = permissions.aws_policy([role], places=(place,))
    allowed = {action: statement["Resource"] for statement in policy["Statement"] for action in statement["Action"]}
    assert {call for call in tables.cloud.calls if not call.startswith("sts:")} <= allowed.keys()
    assert "athena:StopQueryExecution" in allowed
    assert allowed["athena:StartQueryExecution"] == "arn:aws:athena:eu-west-1:*:workgroup/primary"
    assert allowed["glue:GetTable"] == [
        "arn:aws:glue:eu-west-1:*:catalog",
        "arn:aws:glue:eu-west-1:*:database/logs",
        "arn:aws:glue:eu-west-1:*:table/logs/cloudtrail",
    ]
    # no bucket's name has capitals: these match nothing until they are filled in
    assert allowed["s3:PutObject"] == "arn:aws:s3:::BUCKET-OF-THE-RESULTS/*"
    assert "arn:aws:s3:::BUCKET-OF-THE-TABLE/*" in allowed["s3:GetObject"]


def test_targets_of_two_accounts_share_a_query_that_is_the_same(
    tables: AthenaTables, archive: Path, read: Reads
) -> None:
    make(tables, archive, "manual", objects=False, rows=False)
    group, place = aws.RoleGroup(), log_place(PLACE, "cloudtrail")
    assert place
    planned = []
    for number, account in enumerate((account_of(archive), "999999999999")):
        target = Target(str(number), aws=TargetAws(f"arn:aws:iam::{account}:role/Weights", region="us-east-1"))
        options = LogOptions(output=OUTPUT)
        scope = aws.AwsScope(
            target, since=SINCE, until=UNTIL, places=(place,), log_options=options, only_logs=True,
            prefix=f"targets/{number}/",
        )  # fmt: skip
        planned += aws.readers(read.clients, scope, group)
    collected = collect(planned)
    assert [entry["outcome"] for entry in collected.reads if "cloudtrail" in str(entry["path"])] == ["ok", "ok"]
    assert len(tables.started) == 1
