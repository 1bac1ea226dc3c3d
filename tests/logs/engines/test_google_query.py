"""The query of Google's audit logs, run on tables made of generated archives: its scan is that of the folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archive_world import HOURS, START
from archives import PLANTS, make_archive
from gcp_odd import ACCOUNT, CALLER, DENIED, FEDERATED, ODD, entry
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from exchanges import extract_of
from google_tables import (
    FIELDS,
    Warehouse,
    entries_of,
    everything,
    rest_fields,
    scan_of_folder,
    scanned_entries,
    without,
)
from oidc_doctor.logs.engines.google_query import queries
from oidc_doctor.logs.engines.google_rows import entry_of
from oidc_doctor.logs.engines.google_tables import (
    LogTable,
    log_tables,
    with_schema,
)
from oidc_doctor.logs.extract.members import GOOGLE_ATTEMPT, only
from oidc_doctor.logs.extract.thinning import KEPT
from oidc_doctor.logs.records import gcp_audit, gcp_writes
from oidc_doctor.logs.records.gcp_writes import deltas_of, operation_of, policy_of
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt

PROJECT, DATASET = "acme-logs", "audit"
END = START + HOURS * 3600 + 900


def tables_of(warehouse: Warehouse, since: float = START, until: float = END) -> list[LogTable]:
    """The tables as a reader finds them: by the dataset's list and each table's schema."""
    names = [name for _, _, name in warehouse.schemas]
    return [
        with_schema(table, {"schema": {"fields": rest_fields(warehouse.schemas[PROJECT, DATASET, table.name])}})
        for table in log_tables(PROJECT, DATASET, names, since, until)
    ]


def filled(folder: Path, entries: list[dict[str, Any]], form: str) -> Warehouse:
    warehouse = Warehouse(folder)
    if form == "analytics":
        warehouse.bucket(PROJECT, DATASET, entries)
    else:
        warehouse.sink(PROJECT, DATASET, entries, dated=form == "dated")
    return warehouse


def check_archive(folder: Path, plant: str, seed: int, forms: tuple[str, ...]) -> None:
    make_archive(folder / "bundle", seed, plant=plant, events=600)
    entries = list(entries_of(folder / "bundle/gcp/logs"))
    expected = everything(scan_of_folder(folder / "bundle"))
    assert expected[0]
    assert expected[1]
    for form in forms:
        warehouse = filled(folder, entries, form)
        found = warehouse.extract(queries(tables_of(warehouse), START, END))
        assert everything(scanned_entries(found)) == expected
        assert len(found) < len(entries)


def test_every_kind_of_table_gives_the_scan_of_the_folder(tmp_path: Path) -> None:
    check_archive(tmp_path, "gcp-binding-removed", 3, ("partitioned", "dated", "analytics"))


@pytest.mark.sweep
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("plant", [plant for plant in PLANTS if plant.startswith("gcp")])
def test_every_archive_gives_the_scan_of_the_folder(tmp_path: Path, plant: str, seed: int) -> None:
    check_archive(tmp_path, plant, seed, ("partitioned", "analytics"))


# ------------------------------------------------------------------------------------------------- entries of all kinds


@pytest.mark.parametrize("form", ["dated", "analytics"])
def test_the_query_reads_what_the_readers_of_records_read(tmp_path: Path, form: str) -> None:
    extracts = [extract for odd in ODD if (extract := extract_of(odd, "gcp-logs")) is not None]
    warehouse = filled(tmp_path, ODD, form)
    found = warehouse.extract(queries(tables_of(warehouse), START, END))
    expected = everything(scanned_entries(extracts))
    assert everything(scanned_entries(found)) == expected
    assert [len(part) for part in expected] == [8, 6, 6, 6, 3]
    assert not [one for one in found if extract_of(one, "gcp-logs") is None]  # nothing travels that nobody reads
    writes = {change.event_id for change in scanned_entries(found).changes}
    others = [one for one in found if one["insertId"] not in writes]
    assert [only(one, GOOGLE_ATTEMPT) for one in others] == others


def test_a_column_that_a_table_lacks_is_left_out(tmp_path: Path) -> None:
    lacking = without(
        FIELDS["sink"], "operation", "resource.labels.email_id", "protopayload_auditlog.servicedata_v1_iam",
        "protopayload_auditlog.status", "protopayload_auditlog.authenticationInfo.serviceAccountDelegationInfo",
    )  # fmt: skip
    warehouse = Warehouse(tmp_path)
    warehouse.sink(PROJECT, DATASET, ODD, fields=lacking)
    logs = scanned_entries(warehouse.extract(queries(tables_of(warehouse), START, END)))
    assert {operation_of(change) for change in logs.changes} == {(None, False)}
    assert not any(deltas_of(change) for change in logs.changes)
    assert any(policy_of(change) for change in logs.changes)  # it is in the request as well
    refused = [attempt for attempt in logs.attempts() if attempt.outcome == "refused"]
    assert {attempt.error_code for attempt in refused} == {None}  # by the severity


def many(number: int, service: str = "sts", method: str = "v1.ExchangeToken", **payload: Any) -> list[dict[str, Any]]:
    """Entries alike, a second apart, within ten minutes of the first hour; one was logged twice."""
    made = []
    for second in range(number):
        at = datetime.fromtimestamp(START + 600 + second, UTC).isoformat(timespec="microseconds")
        one = entry(service, method, **payload)
        caller = {"callerIp": f"198.51.100.{second % 200}", "callerSuppliedUserAgent": "x"}
        one["protoPayload"]["requestMetadata"] = caller
        made.append(one | {"insertId": f"id{service}{second:04}", "timestamp": at.replace("+00:00", "Z")})
    return [*made, made[7]]


REFUSED = {"authenticationInfo": {"principalSubject": "s"}, "status": DENIED}
EMPTY = {"labels": {"email_id": ACCOUNT}, "status": DENIED}
NAMED = {"labels": {"email_id": ACCOUNT}, "authenticationInfo": CALLER}


def thinned(folder: Path, entries: list[dict[str, Any]]) -> tuple[list[int], list[Attempt], Any]:
    """How often each record of an extract counts, its attempts, and all of those that the entries have."""
    warehouse = filled(folder, entries, "partitioned")
    found = scanned_entries(warehouse.extract(queries(tables_of(warehouse), START, START + 3600)))
    return list(found.rows.count), found.attempts(), scanned_entries(entries[:-1])


@pytest.mark.parametrize(("more", "service", "method"), [
    (REFUSED, "sts", "v1.ExchangeToken"), (NAMED, "iamcredentials", "GenerateAccessToken"),
])  # fmt: skip
def test_attempts_alike_are_counted(tmp_path: Path, more: dict[str, Any], service: str, method: str) -> None:
    counts, attempts, whole = thinned(tmp_path, many(300, service, method, **more))
    assert (sum(counts), len(attempts)) == (300, 2 * KEPT)
    assert (attempts[0].time, attempts[-1].time) == (START + 600, START + 899)
    assert [attempt.caller for attempt in attempts].count(None) == 1
    assert {attempt.subject for attempt in attempts} == {attempt.subject for attempt in whole.attempts()}


def test_each_impersonation_that_hides_its_caller_finds_its_exchange(tmp_path: Path) -> None:
    exchanges = many(60, authenticationInfo={"principalSubject": "s"}, metadata={"mapped_principal": FEDERATED})
    entries = [*exchanges[:-1], *many(60, "iamcredentials", "GenerateAccessToken", **EMPTY)]
    counts, attempts, whole = thinned(tmp_path, entries)
    assert counts == [1] * 120
    assert [attempt.subject for attempt in attempts] == [attempt.subject for attempt in whole.attempts()]
    assert {attempt.subject for attempt in attempts if attempt.step == "impersonate"} == {"s"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["{", "[", "{}", "null", '{"a":1}']),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=5,
)
COLUMNS = (
    "kind", "event_id", "event_time", "severity", "service", "method", "resource_name", "status_code", "delegate",
    "chain", "metadata", "request", "response", "service_data", "attempts", "caller_ip", "operation_first",
)  # fmt: skip


@settings(max_examples=share_of(300))
@given(st.dictionaries(st.sampled_from(COLUMNS), JSON), st.sampled_from(["change", "attempt", "denial"]))
def test_any_row_becomes_an_entry_that_the_scanner_reads(row: dict[str, Any], kind: str) -> None:
    made = entry_of(row | {"kind": kind})
    for read in (gcp_audit.attempt, gcp_writes.change, gcp_writes.session_denial):
        read(made, Origin(""))
    assert made.get("timestamp") in (row.get("event_time"), None)
