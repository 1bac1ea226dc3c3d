"""BigQuery and Log Analytics as sources of logs: the real client library, and a server that speaks its wire format."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import google.cloud
import pytest
from archive_world import HOURS, START
from archives import make_archive

from clouds.bigquery import BYTES_OF_A_ROW, BigQueryWire, parameters_of, wrong
from clouds.bodies import BODIES
from clouds.google import Google, error
from google_tables import FIELDS, Warehouse, entries_of, everything, log_of, row_of, scan_of_folder, scanned, without
from oidc_doctor.live import collect as collecting
from oidc_doctor.live.collect import collect
from oidc_doctor.live.gcp import bigquery, bigquery_job
from oidc_doctor.live.gcp import readers as gcp
from oidc_doctor.logs.extract.file import ENDING
from oidc_doctor.model.evidence import Target
from oidc_doctor.model.log_place import LogOptions, log_place

PROJECT = "acme-logs"
END = START + HOURS * 3600 + 900
SINK, ANALYTICS = f"bigquery:{PROJECT}.audit", f"loganalytics:{PROJECT}.eu.audit-bucket"
LINK = {"name": "x", "lifecycleState": "ACTIVE",
        "bigqueryDataset": {"datasetId": f"bigquery.googleapis.com/projects/{PROJECT}/datasets/linked"}}  # fmt: skip


class Archive(NamedTuple):
    warehouse: Warehouse
    scan: Any  # of the folder
    entries: list[Any]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder = tmp_path_factory.mktemp("archive")
    make_archive(folder / "bundle", 3, plant="gcp-binding-removed", events=400)
    entries = list(entries_of(folder / "bundle/gcp/logs"))
    warehouse = Warehouse(folder)
    warehouse.sink(PROJECT, "audit", entries)
    warehouse.sink(PROJECT, "dated", entries, dated=True)
    warehouse.bucket(PROJECT, "linked", entries)
    changes = [row_of(entry, "sink") for entry in entries if log_of(entry) == "activity"]
    warehouse.table(PROJECT, "half", "cloudaudit_googleapis_com_activity", FIELDS["sink"], changes)
    warehouse.table(PROJECT, "other", "events", {"x": "STRING"}, [])
    by_hand = without(FIELDS["sink"], "insertId")
    warehouse.table(PROJECT, "by_hand", "cloudaudit_googleapis_com_activity", by_hand, [])
    return Archive(warehouse, everything(scan_of_folder(folder / "bundle")), entries)


class Reader:
    """Reads a place through the loopback."""

    def __init__(self, wire: BigQueryWire) -> None:
        self.wire = wire
        self.narrated: list[str] = []

    def collect(self, place: str, timeout: float = 30.0, since: float = START, until: float = END, **how: Any) -> Any:
        found = log_place(place, "gcp-logs")
        assert found is not None
        scope = gcp.GcpScope(
            Target("t"), since=since, until=until, places=(found,), only_logs=True, log_options=LogOptions(**how)
        )
        return collect(gcp.readers(gcp.GcpClients(), scope), timeout=timeout, narrate=self.narrated.append)

    def read(self, place: str, **how: Any) -> tuple[Any, dict[str, Any]]:
        """What is read of the extract, and the manifest's entry."""
        collected = self.collect(place, **how)
        (entry,) = collected.reads
        assert entry["outcome"] == "ok", entry
        (name,) = [name for name in collected.bundle.names() if name.endswith(ENDING)]
        return everything(scanned(collected.bundle.read(name))), entry

    def failed(self, place: str, **how: Any) -> dict[str, Any]:
        """The manifest's entry of a failure, from which nothing was saved."""
        collected = self.collect(place, **how)
        (entry,) = collected.reads
        assert entry["outcome"] != "ok"
        assert not [name for name in collected.bundle.names() if name.endswith(ENDING)]
        return dict(entry)


@pytest.fixture
def wire(archive: Archive, google: Google) -> BigQueryWire:
    made = BigQueryWire(archive.warehouse)
    made.links = [LINK]
    google.fault = made.answer
    return made


@pytest.fixture
def reader(wire: BigQueryWire, doctor: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.setattr(bigquery_job, "_FIRST_PAUSE", 0.01)
    return Reader(wire)


def test_a_sinks_tables_are_read_as_a_folder_is(reader: Reader, wire: BigQueryWire, archive: Archive) -> None:
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
    reader: Reader, wire: BigQueryWire, archive: Archive, place: str
) -> None:
    if place.endswith("view"):
        warehouse = archive.warehouse
        if (PROJECT, "linked", "linked_view") not in warehouse.schemas:
            rows = [row_of(entry, "analytics") for entry in archive.entries]
            warehouse.table(PROJECT, "linked", "linked_view", FIELDS["analytics"], rows)
    assert reader.read(place)[0] == archive.scan
    (job,) = wire.jobs.values()
    assert ("`linked`.`linked_view`" in job["body"]["configuration"]["query"]["query"]) == place.endswith("view")


def test_of_tables_of_a_day_only_those_of_the_window_are_touched(reader: Reader, wire: BigQueryWire) -> None:
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


def test_a_window_scans_its_partitions(reader: Reader, wire: BigQueryWire) -> None:
    for table in ("activity", "data_access"):
        wire.partitioning[f"cloudaudit_googleapis_com_{table}"] = {"type": "DAY"}
    reader.read(SINK, until=START + 3600.0)
    reader.read(SINK)
    short, whole = (job["size"] for job in wire.jobs.values())
    assert short * 10 < whole
    first, _ = (parameters_of(job["body"]["configuration"]["query"]) for job in wire.jobs.values())
    assert str(first["first_day"]) == "2026-11-18 00:00:00+00:00"


def test_several_queries_are_one_reading(
    reader: Reader, wire: BigQueryWire, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oidc_doctor.logs.engines import google_query

    monkeypatch.setattr(google_query, "MOST_TABLES", 2)
    assert reader.read(f"bigquery:{PROJECT}.dated")[0] == archive.scan
    assert len(wire.jobs) == len(wire.dry_runs) == 2
    most = [int(job["body"]["configuration"]["query"]["maximumBytesBilled"]) for job in wire.jobs.values()]
    first = next(iter(wire.jobs.values()))["size"]
    assert most == [100_000_000_000, 100_000_000_000 - first]  # the ceiling is of all together


def test_a_ceiling_that_several_queries_have_used_up_ends_the_reading(
    reader: Reader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oidc_doctor.logs.engines import google_query

    monkeypatch.setattr(google_query, "MOST_TABLES", 2)
    wire.billed = 5_000_000  # more than the estimate: at least so much is billed
    entry = reader.failed(f"bigquery:{PROJECT}.dated", max_bytes=5_000_000)
    assert (entry["code"], len(wire.jobs)) == ("bytesBilledLimitExceeded", 1)
    assert str(entry["message"]).startswith("allow more than 5 MB: --max-bytes 10MB (")


# ---------------------------------------------------------------------------------------------------------- the ceiling


def test_a_query_beyond_the_ceiling_is_not_started(reader: Reader, wire: BigQueryWire) -> None:
    entry = reader.failed(SINK, max_bytes=1_000)
    assert entry["code"] == "MaxBytes"
    assert "more than the ceiling of 1 kB; --max-bytes" in str(entry["message"])
    assert not wire.jobs
    assert len(wire.dry_runs) == 1


def test_the_ceiling_that_is_named_is_enough(reader: Reader, wire: BigQueryWire) -> None:
    message = str(reader.failed(SINK, max_bytes=1_000)["message"])
    named = message.partition("--max-bytes ")[2].partition(" ")[0]
    from oidc_doctor.cli.options import _bytes_of

    reader.read(SINK, max_bytes=_bytes_of(named))


def test_bigquery_keeps_the_ceiling_where_it_hides_the_bytes(reader: Reader, wire: BigQueryWire) -> None:
    wire.hides_bytes = True
    entry = reader.failed(SINK, max_bytes=1_000)
    assert (entry["outcome"], entry["code"]) == ("failed", "bytesBilledLimitExceeded")
    assert str(entry["message"]).startswith("allow more than 1 kB: --max-bytes 2KB (Query exceeded limit")
    assert f"{SINK}: the query will scan an unknown number of bytes, at most 1 kB; {PROJECT} pays" in reader.narrated


def test_the_environment_names_the_address_and_who_pays(
    reader: Reader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_BIGQUERY"
    monkeypatch.setenv(name, os.environ[name] + "/bigquery/v2/")  # as gcloud has it
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acme-payer")
    _, entry = reader.read(SINK)
    assert {job["project"] for job in wire.jobs.values()} == {"acme-payer"}
    assert str(entry["message"]).endswith("paid by acme-payer")


# ------------------------------------------------------------------------------------------------- rows, and their loss


def test_a_page_that_fails_is_read_again(
    reader: Reader, wire: BigQueryWire, archive: Archive, monkeypatch: pytest.MonkeyPatch
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


def test_an_answer_that_is_lost_starts_no_second_job(reader: Reader, wire: BigQueryWire, archive: Archive) -> None:
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
    reader: Reader, archive: Archive, monkeypatch: pytest.MonkeyPatch
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


def test_a_log_without_a_table_is_named(reader: Reader) -> None:
    found, entry = reader.read(f"bigquery:{PROJECT}.half")
    assert (found[0], bool(found[1]), entry["truncated"]) == ([], True, True)
    assert str(entry["message"]).startswith(
        "the dataset has no table of the log data_access, so token exchanges and impersonations were not read; "
    )


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_job_ends_with_the_collection(
    reader: Reader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch, interrupted: bool
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
    reader: Reader, wire: BigQueryWire, monkeypatch: pytest.MonkeyPatch
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


# ------------------------------------------------------------------------------------------------------------- failures


def test_a_job_that_fails_by_googles_fault_runs_again(reader: Reader, wire: BigQueryWire, archive: Archive) -> None:
    failures = [("jobInternalError", "an internal error")]
    insert = wire._insert

    def failing(project: str, body: Any) -> Any:
        status, found = insert(project, body)
        if not body["configuration"].get("dryRun") and failures:
            wire.jobs[body["jobReference"]["jobId"]]["failure"] = failures.pop()
        return status, found

    wire._insert = failing  # type: ignore[method-assign]
    assert reader.read(SINK)[0] == archive.scan
    assert len(wire.jobs) == 2
    failures += [("invalidQuery", "Unrecognized name: x at [3:4]")]
    entry = reader.failed(SINK)
    assert (entry["code"], entry["message"]) == ("invalidQuery", "Unrecognized name: x at [3:4]")
    assert len(wire.jobs) == 3


DISABLED = error(
    403, "BigQuery API has not been used in project 1 before or it is disabled.", "PERMISSION_DENIED",
    reason="SERVICE_DISABLED", metadata={"service": "bigquery.googleapis.com", "consumer": "projects/1"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("where", "answer", "expected"),
    [
        ("datasets/audit/tables", wrong(404, "notFound", "Not found: Dataset x"), ("failed", "notFound", "Not found:")),
        ("datasets/audit/tables", wrong(403, "accessDenied", "Access Denied: Dataset x"),
         ("denied", "accessDenied", "allow bigquery.tables.list (roles/bigquery.dataViewer) (Access Denied")),
        ("datasets/audit/tables/cloudaudit_googleapis_com_activity", wrong(403, "accessDenied", "Access Denied: x"),
         ("denied", "accessDenied", "allow bigquery.tables.get (roles/bigquery.dataViewer)")),
        ("datasets/audit/tables", error(404, "not here", "NOT_FOUND"), ("failed", "NOT_FOUND", "not here")),
        ("jobs", wrong(403, "accessDenied", "Access Denied: Project acme: User does not have"),
         ("denied", "accessDenied", "allow bigquery.jobs.create, bigquery.tables.getData (roles/bigquery.jobUser)")),
        ("jobs", DISABLED, ("denied", "SERVICE_DISABLED", "enable bigquery.googleapis.com in project 1")),
        ("jobs", wrong(403, "quotaExceeded", "Quota exceeded: bytes per day"),
         ("throttled", "quotaExceeded", "Quota exceeded")),
        ("jobs", wrong(403, "billingNotEnabled", "Billing has not been enabled"),
         ("failed", "billingNotEnabled", "Billing has not")),
        ("jobs", wrong(400, "invalidQuery", "Syntax error: at [1:2]"), ("failed", "invalidQuery", "Syntax error")),
        ("jobs", (200, BODIES["html"]), ("failed", "", "")),
        ("jobs", (200, BODIES["deep list"]), ("failed", "", "")),
        ("jobs", (200, b"[]"), ("failed", "", "")),
        ("datasets/audit/tables", (200, {"tables": [{"tableReference": 5}, None]}), ("failed", "", "")),
        ("datasets/audit/tables", (200, b"{}"), ("failed", "NoTables", "find the dataset")),
        ("datasets/audit/tables/cloudaudit_googleapis_com_activity", (200, {"schema": {"fields": [{"x": 1}]}}),
         ("failed", "", "")),
        ("jobs", (401, {}), ("denied", "401", "")),
    ],
)  # fmt: skip
def test_a_call_that_fails(
    reader: Reader, wire: BigQueryWire, where: str, answer: Any, expected: tuple[str, str, str]
) -> None:
    wire.fault = lambda _, rest, __: answer if rest == where else None
    entry = reader.failed(SINK)
    outcome, code, message = expected
    assert (entry["outcome"], str(entry["message"])[: len(message)]) == (outcome, message)
    assert entry["code"] == code or not code
    assert "Traceback" not in json.dumps(entry)
    assert not wire.jobs


def test_an_answer_without_a_result_is_no_empty_result(reader: Reader, wire: BigQueryWire) -> None:
    wire.fault = lambda _, rest, __: (200, b"{}") if rest.startswith("queries/") else None
    assert reader.failed(SINK)["code"] == "Malformed"


@pytest.mark.sweep
@pytest.mark.parametrize("place", ["queries/", "jobs/"])
@pytest.mark.parametrize(
    "body", [b"5", b"{}", BODIES["half"], BODIES["not UTF-8"], b'{"jobComplete": true, "rows": [{"f": 5}]}']
)
def test_a_body_of_a_running_job_that_cannot_be_read(
    reader: Reader, wire: BigQueryWire, place: str, body: bytes
) -> None:
    wire.fault = lambda _, rest, __: (200, body) if rest.startswith(place) else None
    assert reader.failed(SINK, timeout=8.0)["outcome"] == "failed"


@pytest.mark.parametrize(
    ("dataset", "code", "message"),
    [
        ("other", "NoTables", "gcloud logging sinks list --project=acme-logs (none of the 1 tables of acme-logs.other"),
        ("by_hand", "OtherColumns", "by_hand.cloudaudit_googleapis_com_activity has no column insertId"),
        ("missing", "notFound", "Not found: Dataset acme-logs:missing"),
    ],
)
def test_a_dataset_without_audit_logs(reader: Reader, dataset: str, code: str, message: str) -> None:
    entry = reader.failed(f"bigquery:{PROJECT}.{dataset}")
    assert entry["code"] == code
    assert message in str(entry["message"])


@pytest.mark.parametrize(
    "dataset",
    ["bigquery.googleapis.com/projects/p/datasets/x`; DROP TABLE y", "bigquery.googleapis.com/projects/p`/datasets/x",
     "projects/p/datasets/x", "", 5, None, "bigquery.googleapis.com/projects/p/datasets/x\n"],
)  # fmt: skip
def test_a_bucket_without_a_linked_dataset(reader: Reader, wire: BigQueryWire, dataset: Any) -> None:
    wire.links = [{"bigqueryDataset": {"datasetId": dataset}}, LINK | {"lifecycleState": "CREATING"}, 5]
    entry = reader.failed(ANALYTICS)
    assert entry["code"] == "NoLinkedDataset"
    assert str(entry["message"]).startswith(
        "gcloud logging links create oidc_doctor --bucket=audit-bucket --location=eu --project=acme-logs"
    )


def test_a_bucket_whose_links_may_not_be_listed(reader: Reader, wire: BigQueryWire) -> None:
    wire.fault = lambda _, path, __: error(403, "denied", "PERMISSION_DENIED") if path.endswith("links") else None
    entry = reader.failed(ANALYTICS)
    assert (entry["outcome"], entry["message"]) == (
        "denied",
        "allow logging.links.list (roles/logging.viewer) (denied)",
    )
    wire.fault = lambda _, path, __: error(404, "no bucket", "NOT_FOUND") if path.endswith("links") else None
    assert reader.failed(ANALYTICS)["outcome"] == "failed"


def test_a_table_of_a_hostile_name_is_never_named(reader: Reader, wire: BigQueryWire, archive: Archive) -> None:
    names = ["cloudaudit_googleapis_com_activity`; DROP TABLE x --", "cloudaudit_googleapis_com_data_access_*"]
    for name in names:
        archive.warehouse.schemas[PROJECT, "audit", name] = FIELDS["sink"]
    try:
        found, _ = reader.read(SINK)
    finally:
        for name in names:
            del archive.warehouse.schemas[PROJECT, "audit", name]
    assert found == archive.scan
    (job,) = wire.jobs.values()
    assert "DROP" not in json.dumps(job["body"])


def test_the_library_may_be_missing(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr(google.cloud, "bigquery", raising=False)
    entry = reader.failed(SINK)
    assert (entry["code"], entry["message"]) == (
        "NotInstalled",
        "pip install 'oidc-doctor[bigquery]' (BigQuery is read with google-cloud-bigquery, which is not installed)",
    )
