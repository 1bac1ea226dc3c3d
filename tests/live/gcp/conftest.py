"""Fixtures of live runs against Google: the real client libraries, whose endpoints are the loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import make_archive

from clouds.bigquery import BigQueryWire
from clouds.bigquery_reader import LINK, Archive, DatasetReader
from clouds.bigquery_reader import PROJECT as LOGS_PROJECT
from clouds.google import ACCOUNT, ISSUER, NOW, PROVIDER, SERVICES, SUBJECT, Google, key_file, serving_google
from evidence import private_key
from google_tables import FIELDS, Warehouse, entries_of, everything, log_of, row_of, scan_of_folder, without
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.collect import Pacer, collect
from oidc_doctor.live.gcp import bigquery_job
from oidc_doctor.live.gcp import readers as gcp
from oidc_doctor.model.evidence import Target, TargetGcp


class Doctor:
    """Live collections against the loopback."""

    def __init__(self, google: Google) -> None:
        self.google = google
        self.narrated: list[str] = []

    def readers(self, **how: Any) -> list[Any]:
        target = Target("weights", gcp=TargetGcp(provider=PROVIDER, service_account=ACCOUNT))
        target = how.pop("target", target)
        wanted = gcp.GcpScope(target, since=NOW - 86_400, until=NOW, **how)
        return gcp.readers(gcp.GcpClients(PROVIDER, pacer=Pacer(0.0)), wanted)

    def collect(self, timeout: float = 30.0, **how: Any) -> Any:
        return collect(self.readers(**how), timeout=timeout, narrate=self.narrated.append, given=[
            ("claims.json", json.dumps({"iss": ISSUER, "sub": SUBJECT, "aud": "oidc.baseten.co", "team": "Tq7LmZ2x"})),
            ("oidc-doctor.toml", f'[[target]]\n[target.gcp]\nprovider = "{PROVIDER}"\nservice_account = "{ACCOUNT}"\n'),
        ])  # fmt: skip

    def report(self, bundle: Any) -> Any:
        return run(bundle, Question(at=NOW))

    def reads(self, collected: Any) -> dict[str, Any]:
        return {one["path"]: one for one in collected.reads}


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
def doctor(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    """A doctor whose Google is the loopback, with a real login and the real client libraries at full speed."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serving_google(google) as base:
        for service in SERVICES:
            monkeypatch.setenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}", base)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, base, private_key("rsa"))))
        yield Doctor(google)


# ------------------------------------------------------------------------------------------------------------ BigQuery


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder = tmp_path_factory.mktemp("archive")
    make_archive(folder / "bundle", 3, plant="gcp-binding-removed", events=400)
    entries = list(entries_of(folder / "bundle/gcp/logs"))
    warehouse = Warehouse(folder)
    warehouse.sink(LOGS_PROJECT, "audit", entries)
    warehouse.sink(LOGS_PROJECT, "dated", entries, dated=True)
    warehouse.bucket(LOGS_PROJECT, "linked", entries)
    changes = [row_of(entry, "sink") for entry in entries if log_of(entry) == "activity"]
    warehouse.table(LOGS_PROJECT, "half", "cloudaudit_googleapis_com_activity", FIELDS["sink"], changes)
    warehouse.table(LOGS_PROJECT, "other", "events", {"x": "STRING"}, [])
    by_hand = without(FIELDS["sink"], "insertId")
    warehouse.table(LOGS_PROJECT, "by_hand", "cloudaudit_googleapis_com_activity", by_hand, [])
    return Archive(warehouse, everything(scan_of_folder(folder / "bundle")), entries, folder / "bundle")


@pytest.fixture
def wire(archive: Archive, google: Google) -> BigQueryWire:
    made = BigQueryWire(archive.warehouse)
    made.links = [LINK]
    google.fault = made.answer
    return made


@pytest.fixture
def reader(wire: BigQueryWire, doctor: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatasetReader]:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.setattr(bigquery_job, "_FIRST_PAUSE", 0.01)
    return DatasetReader(wire)
