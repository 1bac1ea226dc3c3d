"""The query of Google's audit logs, run on tables made of generated archives: its scan is that of the folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import gcp_shapes
import pytest
from archive_world import HOURS, START
from archives import PLANTS, make_archive
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
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
from oidc_doctor.logs.extract.of_record import extract_of
from oidc_doctor.logs.extract.thinning import KEPT
from oidc_doctor.logs.records import gcp_audit, gcp_writes
from oidc_doctor.logs.records.gcp_writes import deltas_of, operation_of, policy_of
from oidc_doctor.model.document import Origin

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


def entry(service: str, method: str, log: str = "data_access", **payload: Any) -> dict[str, Any]:
    rng = Random(f"{service}{method}{payload}")
    at = START + rng.randrange(HOURS * 3600)
    labels = payload.pop("labels", {"project_id": "p1-example"})
    resource = {"type": "service_account", "labels": labels}
    name = payload.pop("resourceName", "projects/p1-example")
    return gcp_shapes.gcp_entry(rng, at, "p1-example", log, service, method, name, payload, resource=resource)


POOL = "projects/1/locations/global/workloadIdentityPools/p"
FEDERATED = f"principal://iam.googleapis.com/{POOL}/subject/o'brien\"`; DROP TABLE x --"
ACCOUNT = "a@p1-example.iam.gserviceaccount.com"
DENIED = {"code": 7, "message": "denied: \\ ' \" ` \N{SNOWMAN} $ @since {x} %s"}
MEMBER = "roles/x"
CALLER = {"principalSubject": FEDERATED}
UNKNOWN = "projects/-/serviceAccounts"
ODD = [
    entry("sts", "google.identity.sts.v1.SecurityTokenService.ExchangeToken", resourceName=f"{POOL}/providers/a",
          authenticationInfo={"principalSubject": "it's `me` \" \\ \n\u2028 ${x} @since"}),
    entry("sts", "google.identity.sts.v1beta.SecurityTokenService.ExchangeToken", status=DENIED,
          request={"audience": f"//iam.googleapis.com/{POOL}/providers/a"}, resourceName=...),
    entry("sts", "ExchangeToken", metadata={"mappedPrincipal": "principal://iam.googleapis.com/locations/global/x"}),
    entry("sts", "google.identity.sts.v1.SecurityTokenService.ExchangeTokens"),
    entry("other", "google.identity.sts.v1.SecurityTokenService.ExchangeToken"),
    entry("iamcredentials", "GenerateAccessToken", labels={"email_id": ACCOUNT},
          authenticationInfo={"principalSubject": FEDERATED},
          metadata={"identityDelegationChain": ["projects/-/serviceAccounts/b@x", f"{UNKNOWN}/{ACCOUNT}"]},
          request={"lifetime": "600s", "name": f"projects/-/serviceAccounts/{ACCOUNT}"}),
    entry("iamcredentials", "google.iam.credentials.v1.IAMCredentials.GenerateIdToken", labels={},
          metadata={"identityDelegationChain": [f"projects/-/serviceAccounts/{ACCOUNT}"]},
          authenticationInfo={"principalEmail": ACCOUNT,
                              "serviceAccountDelegationInfo": [{"principalSubject": FEDERATED}, {}]}),
    entry("iamcredentials", "google.iam.credentials.v1beta1.IAMCredentials.GenerateAccessToken", status=DENIED,
          labels={"email_id": ACCOUNT}),
    entry("iamcredentials", "GenerateAccessToken", labels={"email_id": ACCOUNT},
          authenticationInfo={"principalEmail": "someone@example.com", "principalSubject": "user:someone@example.com"}),
    entry("iamcredentials", "GenerateAccessToken", labels={"email_id": ACCOUNT},
          authenticationInfo={"principalEmail": ACCOUNT}),
    entry("iamcredentials", "GenerateAccessToken", labels={"unique_id": "1"},
          resourceName="projects/-/serviceAccounts/1",
          authenticationInfo={"principalEmail": "b@p2-example.iam.gserviceaccount.com"}),
    entry("iamcredentials", "SignBlob", labels={"email_id": ACCOUNT}, authenticationInfo=CALLER),
    entry("iam", "google.iam.admin.v1.SetIAMPolicy", "activity", labels={"email_id": ACCOUNT},
          request={"policy": {"bindings": [{"role": MEMBER, "members": ["user:x"], "condition": None}]}, "none": None},
          serviceData={"policyDelta": {"bindingDeltas": [
              {"action": "ADD", "role": MEMBER, "member": FEDERATED, "condition": {"expression": "a == 'b'"}}]}}),
    entry("cloudresourcemanager", "SetIamPolicy", "activity", status=DENIED,
          authenticationInfo={"principalSubject": FEDERATED}, request={"policy": {"etag": "x"}}),
    entry("storage", "storage.setIamPermissions", "activity", resourceName="projects/_/buckets/b",
          serviceData={"policyDelta": {"bindingDeltas": [{"action": "REMOVE", "role": MEMBER, "member": "allUsers"}]}}),
    entry("artifactregistry", "google.devtools.artifactregistry.v1.ArtifactRegistry.SetIamPolicy", "activity",
          response={"bindings": []}, metadata={"policyDelta": {"bindingDeltas": []}}),
    entry("run", "google.cloud.run.v1.Services.SetIamPolicy", "activity"),
    entry("iam", "google.iam.v1.WorkloadIdentityPools.UndeleteWorkloadIdentityPool", "activity", resourceName=POOL),
    entry("iam", "google.iam.v1.WorkloadIdentityPools.GetWorkloadIdentityPool", "activity", resourceName=POOL),
    entry("iam", "google.iam.admin.v1.CreateServiceAccount", "activity", request={"account_id": "new-account"},
          resourceName="projects/p1-example", response={"email": ACCOUNT}),
    entry("storage", "storage.objects.get", status=DENIED, authenticationInfo={"principalSubject": FEDERATED}),
    entry("storage", "storage.objects.list", status=DENIED, authenticationInfo={"principalEmail": ACCOUNT,
          "serviceAccountDelegationInfo": [{"principalSubject": FEDERATED}]}),
    entry("storage", "storage.objects.get", status=DENIED, authenticationInfo={"principalEmail": ACCOUNT,
          "serviceAccountDelegationInfo": [{}, {"principalSubject": FEDERATED}]}),
    entry("storage", "storage.objects.get", authenticationInfo={"principalSubject": FEDERATED}),
    entry("storage", "storage.objects.get", "policy", status=DENIED, authenticationInfo=CALLER),
]  # fmt: skip


@pytest.mark.parametrize("form", ["dated", "analytics"])
def test_the_query_reads_what_the_readers_of_records_read(tmp_path: Path, form: str) -> None:
    extracts = [extract for odd in ODD if (extract := extract_of(odd, "gcp-logs")) is not None]
    warehouse = filled(tmp_path, ODD, form)
    found = warehouse.extract(queries(tables_of(warehouse), START, END))
    expected = everything(scanned_entries(extracts))
    assert everything(scanned_entries(found)) == expected
    assert [len(part) for part in expected] == [8, 6, 6, 6, 3]
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


def many(number: int) -> list[dict[str, Any]]:
    """Attempts alike, a second apart, within ten minutes of the first hour; one was logged twice."""
    made = []
    for second in range(number):
        at = datetime.fromtimestamp(START + 600 + second, UTC).isoformat(timespec="microseconds")
        one = entry("sts", "v1.ExchangeToken", authenticationInfo={"principalSubject": "s"}, status=DENIED)
        caller = {"callerIp": f"198.51.100.{second % 200}", "callerSuppliedUserAgent": "x"}
        one["protoPayload"]["requestMetadata"] = caller
        made.append(one | {"insertId": f"id{second:04}", "timestamp": at.replace("+00:00", "Z")})
    return [*made, made[7]]


def test_attempts_alike_are_counted(tmp_path: Path) -> None:
    entries = many(300)
    expected = scanned_entries(entries[:-1])
    warehouse = filled(tmp_path, entries, "partitioned")
    found = scanned_entries(warehouse.extract(queries(tables_of(warehouse), START, START + 3600)))
    assert sum(found.rows.count) == 300
    attempts = found.attempts()
    assert len(attempts) == 2 * KEPT
    assert (attempts[0].time, attempts[-1].time) == (START + 600, START + 899)
    assert [attempt.caller for attempt in attempts].count(None) == 1
    assert {attempt.subject for attempt in attempts} == {attempt.subject for attempt in expected.attempts()}


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
