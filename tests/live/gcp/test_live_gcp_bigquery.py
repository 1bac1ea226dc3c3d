"""BigQuery and Log Analytics as sources of logs: the real client library, and a server that speaks its wire format."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from archive_world import START

from clouds.bigquery import BYTES_OF_A_ROW, BigQueryWire, parameters_of, wrong
from clouds.bigquery_reader import ANALYTICS, PROJECT, SINK, Archive, DatasetReader
from google_tables import FIELDS, row_of
from oidc_doctor.cli.main import main
from oidc_doctor.live import collect as collecting
from oidc_doctor.live.gcp import bigquery, bigquery_job
from oidc_doctor.logs.extract.file import ENDING


def test_a_sinks_tables_are_read_as_a_folder_is(reader: DatasetReader, wire: BigQueryWire, archive: Archive) -> None:
    found, entry = reader.read(SINK)
    assert found == archive.scan
    (job,) = wire.jobs.values()
    size = len(archive.entries) * BYTES_OF_A_ROW
    text = f"{size / 1000:.3g} kB"
    assert entry | {"at": ""} == {
        "path": f"gcp/logs/bigquery-1{ENDING}", "call": "bigquery.jobs.create", "outcome": "ok", "at": "",
        "from": "2026-11-19T00:00:00Z", "to": "2026-11-20T12:15:00Z",
        "filter": f"{SINK}: audit.cloudaudit_googleapis_com_activity, audit.cloudaudit_googleapis_com_data_access",
        "message": f"{text} billed; estimated {text}; paid by {PROJECT}",
    }  # fmt: skip
    assert f"{SINK}: the query will scan {text}, at most 100 GB; {PROJECT} pays" in reader.narrated
    asked = job["body"]["configuration"]
    assert asked["query"]["maximumBytesBilled"] == "100000000000"
    assert 0 < int(asked["jobTimeoutMs"]) <= 30_000
    assert job["body"]["jobReference"]["location"] == "EU"
    (dry_run,) = wire.dry_runs
    assert dry_run["configuration"]["query"]["useQueryCache"] is False
    assert dry_run["configuration"]["query"]["query"] == asked["query"]["query"]
    assert dry_run["configuration"]["query"]["queryParameters"] == asked["query"]["queryParameters"]
    assert not wire.cancelled


@pytest.mark.parametrize("place", [f"{ANALYTICS}.linked_view", ANALYTICS, f"bigquery:{PROJECT}.linked"])
def test_a_linked_dataset_is_read_as_a_folder_is(
    reader: DatasetReader, wire: BigQueryWire, archive: Archive, place: str
) -> None:
    if place.endswith("view"):
        warehouse = archive.warehouse
        if (PROJECT, "linked", "linked_view") not in warehouse.schemas:
            rows = [row_of(entry, "analytics") for entry in archive.entries]
            warehouse.table(PROJECT, "linked", "linked_view", FIELDS["analytics"], rows)
    assert reader.read(place)[0] == archive.scan
    (job,) = wire.jobs.values()
    assert ("`linked`.`linked_view`" in job["body"]["configuration"]["query"]["query"]) == place.endswith("view")


def test_of_tables_of_a_day_only_those_of_the_window_are_touched(reader: DatasetReader, wire: BigQueryWire) -> None:
    asked: list[str] = []
    wire.fault = lambda _, rest, __: asked.append(rest)  # it returns None, so the wire answers
    found, _ = reader.read(f"bigquery:{PROJECT}.dated", since=START + 60, until=START + 86_399.0)
    assert found[0]
    described = {rest.rpartition("/")[2] for rest in asked if "/tables/" in rest}
    assert described == {f"cloudaudit_googleapis_com_{log}_20261119" for log in ("activity", "data_access")}
    (job,) = wire.jobs.values()
    text = job["body"]["configuration"]["query"]["query"]
    assert "20261119`" in text
    assert "20261120" not in text
    assert parameters_of(wire.dry_runs[0]["configuration"]["query"]) == parameters_of(
        job["body"]["configuration"]["query"]
    )


def test_days_whose_tables_expired_are_not_covered(reader: DatasetReader, wire: BigQueryWire) -> None:
    dated = f"bigquery:{PROJECT}.dated"
    _, entry = reader.read(dated, since=START - 9 * 86_400.0)
    assert entry["from"] == "2026-11-19T00:00:00Z"
    assert "truncated" not in entry
    wire.jobs.clear()
    _, entry = reader.read(dated, since=START - 9 * 86_400.0, until=START - 1.0)
    assert entry["truncated"]
    assert "the dataset has no table with entries of the window" in entry["message"]
    assert not wire.jobs


def test_a_window_scans_its_partitions(reader: DatasetReader, wire: BigQueryWire) -> None:
    for table in ("activity", "data_access"):
        wire.partitioning[f"cloudaudit_googleapis_com_{table}"] = {"type": "DAY"}
    reader.read(SINK, until=START + 3600.0)
    reader.read(SINK)
    short, whole = (job["size"] for job in wire.jobs.values())
    assert short * 10 < whole
    first, _ = (parameters_of(job["body"]["configuration"]["query"]) for job in wire.jobs.values())
    assert str(first["first_day"]) == "2026-11-18 00:00:00+00:00"


def test_several_queries_are_one_reading(
    reader: DatasetReader, wire: BigQueryWire, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oidc_doctor.logs.engines import google_query

    monkeypatch.setattr(google_query, "MOST_TABLES", 2)
    assert reader.read(f"bigquery:{PROJECT}.dated")[0] == archive.scan
    assert len(wire.jobs) == len(wire.dry_runs) == 2
    most = [int(job["body"]["configuration"]["query"]["maximumBytesBilled"]) for job in wire.jobs.values()]
    first = next(iter(wire.jobs.values()))["size"]
    assert most == [100_000_000_000, 100_000_000_000 - first]  # the ceiling is of all together


def test_a_ceiling_that_several_queries_have_used_up_ends_the_reading(
    reader: DatasetReader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oidc_doctor.logs.engines import google_query

    monkeypatch.setattr(google_query, "MOST_TABLES", 2)
    wire.billed = 5_000_000  # more than the estimate: at least so much is billed
    entry = reader.failed(f"bigquery:{PROJECT}.dated", max_bytes=5_000_000)
    assert (entry["code"], len(wire.jobs)) == ("bytesBilledLimitExceeded", 1)
    assert str(entry["message"]).startswith("allow more than 5 MB: --max-bytes 10MB (")


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("place", [SINK, ANALYTICS])
def test_the_report_is_that_of_the_folder(
    archive: Archive, capsys: pytest.CaptureFixture[str], tmp_path: Path, place: str
) -> None:
    without_logs = tmp_path / "bundle"
    logs = archive.bundle / "gcp/logs"
    shutil.copytree(
        archive.bundle, without_logs, ignore=lambda at, names: [name for name in names if Path(at, name) == logs]
    )
    window = ["--since", "2026-11-19T00:00:00Z", "--until", "2026-11-20T12:15:00Z"]
    reports = []
    for arguments in ([str(archive.bundle)], [str(without_logs), "--gcp-logs", place]):
        assert main(["--report", "--format", "json", "--from", *arguments, *window]) == 1
        reports.append(json.loads(capsys.readouterr().out))
    folder, engine = reports
    members = ("verdict", "exchanges", "causes", "fixes", "attempts", "timeline", "accesses")
    assert without_files([engine[name] for name in members]) == without_files([folder[name] for name in members])
    assert folder["causes"][0]["confidence"] == "proven"
    (row,) = [row for row in engine["coverage"] if ENDING in row["what"] and row["count"] is None]
    assert row["status"] == "read"


def without_files(value: Any) -> str:
    """The report's members as text, without the names of the files of logs."""
    return re.sub(r"gcp/logs/[^\s,;()\"]+", "LOG", json.dumps(value))


# ---------------------------------------------------------------------------------------------------------- the ceiling


def test_a_query_beyond_the_ceiling_is_not_started(reader: DatasetReader, wire: BigQueryWire) -> None:
    entry = reader.failed(SINK, max_bytes=1_000)
    assert entry["code"] == "MaxBytes"
    assert "more than the ceiling of 1 kB; --max-bytes" in str(entry["message"])
    assert not wire.jobs
    assert len(wire.dry_runs) == 1


def test_the_ceiling_that_is_named_is_enough(reader: DatasetReader, wire: BigQueryWire) -> None:
    message = str(reader.failed(SINK, max_bytes=1_000)["message"])
    named = message.partition("--max-bytes ")[2].partition(" ")[0]
    from oidc_doctor.cli.options import _bytes_of

    reader.read(SINK, max_bytes=_bytes_of(named))


def test_bigquery_keeps_the_ceiling_where_it_hides_the_bytes(reader: DatasetReader, wire: BigQueryWire) -> None:
    wire.hides_bytes = True
    entry = reader.failed(SINK, max_bytes=1_000)
    assert (entry["outcome"], entry["code"]) == ("failed", "bytesBilledLimitExceeded")
    assert str(entry["message"]).startswith("allow more than 1 kB: --max-bytes 2KB (Query exceeded limit")
    assert f"{SINK}: the query will scan an unknown number of bytes, at most 1 kB; {PROJECT} pays" in reader.narrated


def test_the_environment_names_the_address_and_who_pays(
    reader: DatasetReader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_BIGQUERY"
    monkeypatch.setenv(name, os.environ[name] + "/bigquery/v2/")  # as gcloud has it
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acme-payer")
    _, entry = reader.read(SINK)
    assert {job["project"] for job in wire.jobs.values()} == {"acme-payer"}
    assert str(entry["message"]).endswith("paid by acme-payer")


# ------------------------------------------------------------------------------------------------- rows, and their loss


def test_a_page_that_fails_is_read_again(
    reader: DatasetReader, wire: BigQueryWire, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery_job, "PAGE", 30)  # of which the server returns twenty and ten
    pages: list[str] = []

    def fault(method: str, rest: str, body: Any) -> Any:
        if rest.startswith("queries/"):
            pages.append(str(body))
            if len(pages) in (2, 5):
                return wrong(503, "backendError", "try again")
        return None

    wire.fault = fault
    wire.page_size = 20
    assert reader.read(SINK)[0] == archive.scan
    assert len(pages) > 7


def test_an_answer_that_is_lost_starts_no_second_job(
    reader: DatasetReader, wire: BigQueryWire, archive: Archive
) -> None:
    lost: list[str] = []

    def fault(method: str, rest: str, body: Any) -> Any:
        if rest == "jobs" and not body["configuration"].get("dryRun") and not lost:
            lost.append(rest)
            with wire.lock:
                wire._insert(PROJECT, body)
            return 0, None
        return None

    wire.fault = fault
    assert reader.read(SINK)[0] == archive.scan
    assert len(wire.jobs) == 1


def test_the_newest_events_are_read_where_there_are_too_many(
    reader: DatasetReader, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery, "MOST_RECORDS", 10)
    found, entry = reader.read(SINK)
    assert entry["truncated"] is True
    assert str(entry["message"]).startswith("the newest 10 events were read: an earlier --until reads those before; ")
    newest = archive.scan[0][-1][0].time
    times = [attempt.time for attempt, _ in found[0]] + [change.time for change in found[1]]
    assert len(times) == 10
    assert max(times) == newest
    assert str(entry["from"])[:10] == "2026-11-20"


def test_a_log_without_a_table_is_named(reader: DatasetReader) -> None:
    found, entry = reader.read(f"bigquery:{PROJECT}.half")
    assert (found[0], bool(found[1]), entry["truncated"]) == ([], True, True)
    assert str(entry["message"]).startswith(
        "the dataset has no table of the log data_access, so token exchanges and impersonations were not read; "
    )


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_job_ends_with_the_collection(
    reader: DatasetReader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch, interrupted: bool
) -> None:
    wire.looks = 10**9
    if interrupted:
        started = threading.Event()
        wire.fault = lambda _, rest, __: started.set() if rest.startswith("jobs/") else None

        def interrupt(_: object) -> None:
            started.wait(10.0)
            raise KeyboardInterrupt

        monkeypatch.setattr(collecting._Run, "_wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            reader.collect(SINK)
    else:
        assert reader.failed(SINK, timeout=3.0)["outcome"] == "timeout"
    assert wire.cancelled == list(wire.jobs)


def test_a_job_that_is_being_started_ends_with_the_collection(
    reader: DatasetReader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.looks = 10**9
    started = threading.Event()

    def fault(_: str, rest: str, body: Any) -> None:
        if rest == "jobs" and not body["configuration"].get("dryRun"):
            started.set()
            time.sleep(0.3)  # the collection ends meanwhile

    def interrupt(_: object) -> None:
        started.wait(10.0)
        raise KeyboardInterrupt

    wire.fault = fault
    monkeypatch.setattr(collecting._Run, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        reader.collect(SINK)
    assert wire.cancelled == list(wire.jobs) != []
