"""Failures of BigQuery and of Log Analytics: each names its next step, and nothing is saved of it."""

from __future__ import annotations

import json
import sys
from typing import Any

import google.cloud
import pytest

from clouds.bigquery import BigQueryWire, wrong
from clouds.bigquery_reader import ANALYTICS, LINK, PROJECT, SINK, Archive, DatasetReader
from clouds.bodies import BODIES
from clouds.google import error
from google_tables import FIELDS


def test_a_job_that_fails_by_googles_fault_runs_again(
    reader: DatasetReader, wire: BigQueryWire, archive: Archive
) -> None:
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
    reader: DatasetReader, wire: BigQueryWire, where: str, answer: Any, expected: tuple[str, str, str]
) -> None:
    wire.fault = lambda _, rest, __: answer if rest == where else None
    entry = reader.failed(SINK)
    outcome, code, message = expected
    assert (entry["outcome"], str(entry["message"])[: len(message)]) == (outcome, message)
    assert entry["code"] == code or not code
    assert "Traceback" not in json.dumps(entry)
    assert not wire.jobs


def test_an_answer_without_a_result_is_no_empty_result(reader: DatasetReader, wire: BigQueryWire) -> None:
    wire.fault = lambda _, rest, __: (200, b"{}") if rest.startswith("queries/") else None
    assert reader.failed(SINK)["code"] == "Malformed"


@pytest.mark.sweep
@pytest.mark.parametrize("place", ["queries/", "jobs/"])
@pytest.mark.parametrize(
    "body", [b"5", b"{}", BODIES["half"], BODIES["not UTF-8"], b'{"jobComplete": true, "rows": [{"f": 5}]}']
)
def test_a_body_of_a_running_job_that_cannot_be_read(
    reader: DatasetReader, wire: BigQueryWire, place: str, body: bytes
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
def test_a_dataset_without_audit_logs(reader: DatasetReader, dataset: str, code: str, message: str) -> None:
    entry = reader.failed(f"bigquery:{PROJECT}.{dataset}")
    assert entry["code"] == code
    assert message in str(entry["message"])


@pytest.mark.parametrize(
    "dataset",
    ["bigquery.googleapis.com/projects/p/datasets/x`; DROP TABLE y", "bigquery.googleapis.com/projects/p`/datasets/x",
     "projects/p/datasets/x", "", 5, None, "bigquery.googleapis.com/projects/p/datasets/x\n"],
)  # fmt: skip
def test_a_bucket_without_a_linked_dataset(reader: DatasetReader, wire: BigQueryWire, dataset: Any) -> None:
    wire.links = [{"bigqueryDataset": {"datasetId": dataset}}, LINK | {"lifecycleState": "CREATING"}, 5]
    entry = reader.failed(ANALYTICS)
    assert entry["code"] == "NoLinkedDataset"
    assert str(entry["message"]).startswith(
        "gcloud logging links create oidc_doctor --bucket=audit-bucket --location=eu --project=acme-logs"
    )


def test_a_bucket_whose_links_may_not_be_listed(reader: DatasetReader, wire: BigQueryWire) -> None:
    wire.fault = lambda _, path, __: error(403, "denied", "PERMISSION_DENIED") if path.endswith("links") else None
    entry = reader.failed(ANALYTICS)
    assert (entry["outcome"], entry["message"]) == (
        "denied",
        "allow logging.links.list (roles/logging.viewer) (denied)",
    )
    wire.fault = lambda _, path, __: error(404, "no bucket", "NOT_FOUND") if path.endswith("links") else None
    assert reader.failed(ANALYTICS)["outcome"] == "failed"


def test_a_table_of_a_hostile_name_is_never_named(reader: DatasetReader, wire: BigQueryWire, archive: Archive) -> None:
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


def test_the_library_may_be_missing(reader: DatasetReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr(google.cloud, "bigquery", raising=False)
    entry = reader.failed(SINK)
    assert (entry["code"], entry["message"]) == (
        "NotInstalled",
        "pip install 'oidc-doctor[bigquery]' (BigQuery is read with google-cloud-bigquery, which is not installed)",
    )
