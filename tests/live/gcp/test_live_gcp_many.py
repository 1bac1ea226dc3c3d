"""Many Google targets in one run: logs by project, each target's part of them, and the filters' length."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouds.google import ACCOUNT, POOL, PROJECT, PROVIDER, Google, error
from oidc_doctor.bundle.of_target import bundle_of_target
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.collect import Collected
from oidc_doctor.live.gcp import client
from oidc_doctor.live.gcp.shared_logs import About, filters
from oidc_doctor.live.plan import CollectionRequest, Goal, gather
from oidc_doctor.model.evidence import Target, TargetGcp


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, doctor: Any) -> None:
    monkeypatch.setattr(client, "_APART", 0.0)


def gathered(*targets: TargetGcp, **how: Any) -> Collected:
    named = {f"t{number}": target for number, target in enumerate(targets)}
    tables = [
        f'[[target]]\nname = "{name}"\n'
        f'gcp.provider = "{target.provider}"\n'
        + (f'gcp.service_account = "{target.service_account}"\n' if target.service_account else "")
        for name, target in named.items()
    ]
    goals = tuple(Goal(Target(name, gcp=target)) for name, target in named.items())
    given = (("oidc-doctor.toml", "".join(tables)),)
    return gather(CollectionRequest(goals, folders=True, given=given, back=86_400 * 30, timeout=60, **how))


def target(number: int) -> TargetGcp:
    return TargetGcp(f"{POOL}/providers/p{number}", service_account=f"sa{number}@{PROJECT}.iam.gserviceaccount.com")


def entries_in(collected: Collected, path: str) -> list[str]:
    return [entry["insertId"] for entry in json.loads(collected.bundle.read(path))]


def reads_of_logs(google: Google) -> int:
    return sum(path == "/v2/entries:list" for _, path, _ in google.asked)


@pytest.mark.parametrize("number", [2, 25])
def test_logs_are_read_once_for_a_project(number: int, google: Google) -> None:
    gathered(*(target(index) for index in range(number)))
    assert reads_of_logs(google) == 3  # exchanges, impersonations, changes
    once = [path for _, path, _ in google.asked if path in (f"/v1/{POOL}", "/token") or "getEffectivePolicy" in path]
    assert len(once) == 3


def test_each_target_has_its_own_entries(google: Google) -> None:
    mine, other = google.exchange(1, "denied"), google.exchange(2) | {"insertId": "other"}
    other["protoPayload"] = other["protoPayload"] | {"resourceName": f"{POOL}/providers/p1"}
    google.entries, google.page_size = [mine, other], 9
    collected = gathered(TargetGcp(PROVIDER), TargetGcp(f"{POOL}/providers/p1"), target(1))
    assert entries_in(collected, "targets/t0/gcp/logs/exchanges.json") == ["entry1"]
    assert entries_in(collected, "targets/t2/gcp/logs/exchanges.json") == ["entry1", "other"]  # to join impersonations
    assert entries_in(collected, "targets/t1/gcp/logs/exchanges.json") == ["other"]
    entry = next(read for read in collected.reads if read["path"] == "targets/t1/gcp/logs/exchanges.json")
    assert "/workloadIdentityPools/baseten-pool/providers/" in str(entry["filter"])
    assert str(entry["filter"]).count(' AND timestamp>="') == 1
    report = run(bundle_of_target(collected.bundle, "t0"), Question())
    assert [(attempt.provider, attempt.outcome) for attempt in report.attempts] == [(PROVIDER, "refused")]


def test_changes_are_divided_by_what_they_are_about(google: Google) -> None:
    def change(name: str, service: str, method: str, resource: str, email: str = "") -> Any:
        payload = {"serviceName": service, "methodName": method, "resourceName": resource}
        return {"insertId": name, "protoPayload": payload, "resource": {"labels": {"email_id": email}}}

    emails = [ACCOUNT, target(1).service_account]
    google.page_size = 9
    google.fault = lambda _method, path, body: (
        (200, {"entries": changes}) if path == "/v2/entries:list" and "activity" in body["filter"] else None
    )
    changes = [
        change("project", "cloudresourcemanager.googleapis.com", "SetIamPolicy", f"projects/{PROJECT}"),
        change("pool", "iam.googleapis.com", "UpdateWorkloadIdentityPoolProvider", PROVIDER),
        *(
            change(f"account{number}", "iam.googleapis.com", "google.iam.admin.v1.SetIAMPolicy", "x", str(email))
            for number, email in enumerate(emails)
        ),
    ]
    collected = gathered(TargetGcp(PROVIDER, service_account=ACCOUNT), target(1))
    for number in (0, 1):
        folder = f"targets/t{number}/gcp/logs/changes"
        assert entries_in(collected, f"{folder}.json") == ["project"]
        assert entries_in(collected, f"{folder}-of-pool.json") == ["pool"]
        assert entries_in(collected, f"{folder}-of-account.json") == [f"account{number}"]


def test_a_target_without_access_stops_nothing(google: Google) -> None:
    google.fault = lambda _method, path, _body: (
        error(403, "no", "PERMISSION_DENIED") if "other-project" in path else None
    )
    theirs = f"projects/other-project/{POOL.partition('/')[2].partition('/')[2]}/providers/x"
    good = TargetGcp(PROVIDER, service_account=ACCOUNT)
    collected = gathered(good, TargetGcp(theirs), TargetGcp("$PROVIDER"), good)
    outcomes = {str(read["path"]): read["outcome"] for read in collected.reads}
    found = [outcomes[f"targets/t{number}/gcp/provider.json"] for number in range(4)]
    assert found == ["ok", "denied", "failed", "ok"]


def test_a_truncated_log_is_named_for_each_target(google: Google) -> None:
    google.entries = [google.exchange(minute) for minute in range(9)]
    collected = gathered(TargetGcp(PROVIDER, service_account=ACCOUNT), target(1), max_pages=1)
    for number in (0, 1):
        path = f"targets/t{number}/gcp/logs/exchanges.json"
        report = run(bundle_of_target(collected.bundle, f"t{number}"), Question())
        row = next(row for row in report.coverage if row.what == path)
        assert row.status == "partial"
        assert "of all targets together, back to 2026-11-22T22:00:00Z" in row.reason


def test_filters_stay_within_the_limit() -> None:
    emails = [f"account-{number:04}@{'p' * 30}.iam.gserviceaccount.com" for number in range(900)]
    found = filters(
        "changes", [About(), *(About(email=email) for email in emails), *(About(f"pool{n}") for n in range(300))]
    )
    assert len(found) > 2
    assert all(len(text) < 20_000 for text in found)
    assert [text.count("SetIamPolicy") for text in found] == [1] + [0] * (len(found) - 1)
    assert all(sum(f'"{email}"' in text for text in found) == 1 for email in emails)
    assert len(filters("exchanges", [About("pool", f"provider{number}") for number in range(900)])) == 1
