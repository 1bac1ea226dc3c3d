"""Audit log entries in a bucket of Cloud Storage, through google-auth and its requests."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import make_archive

from clouds.aws import Broken
from clouds.buckets import Buckets, serving_buckets
from clouds.google import ACCOUNT, PROVIDER, key_file
from clouds.trail_reader import content
from evidence import private_key
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.live import archive
from oidc_doctor.live.collect import Collected, collect
from oidc_doctor.live.gcp import readers as gcp
from oidc_doctor.live.gcp.archive import bucket_of
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.evidence import Target, TargetGcp
from oidc_doctor.model.log_place import LogOptions, log_place

FILE = "gcp/logs/gs-1.extract.jsonl.gz"
START = 1_795_046_400.0  # 2026-11-19T00:00:00Z
DAY = 86_400.0
AUDIT = "cloudaudit.googleapis.com"


class Reader:
    """Reads the bucket as a live run does."""

    def __init__(self, buckets: Buckets, cache: Path) -> None:
        self.buckets = buckets
        self.cache = cache

    def collect(self, place: str = "gs://sink", **scope: Any) -> Collected:
        found = log_place(place, "gcp-logs")
        assert found is not None
        options = LogOptions(cache=str(self.cache))
        window = {"since": START, "until": START} | scope
        wanted = gcp.GcpScope(
            Target("", gcp=TargetGcp(PROVIDER)), places=(found,), log_options=options, only_logs=True, **window
        )
        self.buckets.lists.clear()
        self.buckets.gets.clear()
        return collect(gcp.readers(gcp.GcpClients(), wanted), timeout=60)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving_buckets(Buckets()) as (url, buckets):
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", url)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, url, private_key("rsa"))))
        yield Reader(buckets, tmp_path / "cache")


def scanned(collected: Collected) -> ScannedLogs:
    return scan(collected.bundle.open, [FILE], "gcp-logs", scope=WriteScope())


def entry(collected: Collected) -> dict[str, Any]:
    return next(dict(read) for read in collected.reads if read["path"] == FILE)


def objects_of(folder: Path, prefix: str = "") -> dict[str, bytes]:
    return {f"{prefix}{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*.json")}


@pytest.mark.parametrize("prefix", ["", "org/logs/"])
def test_a_bucket_says_what_its_folder_says(tmp_path: Path, reader: Reader, prefix: str) -> None:
    make_archive(tmp_path / "bundle", 3, plant="gcp-mended", events=900)
    folder = tmp_path / "bundle/gcp/logs"
    whole = scan(open_regular, sorted(map(str, folder.rglob("*.json"))), "gcp-logs", scope=WriteScope())
    reader.buckets.objects = objects_of(folder, prefix)
    reader.buckets.page_size = 5
    collected = reader.collect(f"gs://sink/{prefix}".rstrip("/"), until=START + 2 * DAY)
    assert "truncated" not in entry(collected), entry(collected)
    logs = scanned(collected)
    assert content(logs) == content(whole)
    assert logs.coverage.events == whole.coverage.events
    again = reader.collect(f"gs://sink/{prefix}{AUDIT}/activity/2026", until=START + 2 * DAY)
    assert not reader.buckets.gets
    assert again.bundle.read(FILE) == collected.bundle.read(FILE)


def test_the_folders_of_a_day_are_those_of_four_logs_and_two_days(reader: Reader) -> None:
    reader.buckets.objects = {
        f"{AUDIT}/activity/2026/11/{day}/00:00:00_00:59:59_S0.json": b"{}" for day in range(10, 30)
    }
    reader.collect()
    logs = ("activity", "data_access", "policy", "system_event")
    assert sorted(reader.buckets.lists) == [f"{AUDIT}/{log}/2026/11/{day}/" for log in logs for day in (19, 20)]
    assert sorted(name.split("/")[-2] for name, _ in reader.buckets.gets) == ["19", "20"]


def test_large_and_packed_objects(reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "RANGE", 4_000)
    make_archive(tmp_path / "bundle", 3, plant="gcp-healthy", events=300)
    objects = objects_of(tmp_path / "bundle/gcp/logs")
    reader.buckets.objects = objects
    logs = scanned(reader.collect(until=START + 2 * DAY))
    assert any(span for _, span in reader.buckets.gets)
    assert {headers["Accept-Encoding"] for headers in reader.buckets.headers} == {"gzip"}
    reader.buckets.objects = {f"{name}.gz": gzip.compress(data) for name, data in objects.items()}
    assert content(scanned(reader.collect(until=START + 2 * DAY))) == content(logs)


def test_a_denied_bucket_and_an_object_that_vanished(reader: Reader) -> None:
    error = {"error": {"code": 403, "message": "a@b does not have storage.objects.list access", "status": "x"}}
    reader.buckets.fault = lambda *_: Broken(403, json.dumps(error).encode(), "application/json")
    said = entry(reader.collect())
    assert said["outcome"] == "denied"
    assert "allow storage.objects.list (roles/storage.objectViewer)" in said["message"]
    gone = f"{AUDIT}/activity/2026/11/19/00:00:00_00:59:59_S0.json"
    reader.buckets.objects = {gone: b'{"logName": "x"}'}
    missing = Broken(404, b'{"error": {"code": 404, "message": "No such object"}}', "application/json")
    reader.buckets.fault = lambda kind, _: missing if kind == "get" else None
    said = entry(reader.collect())
    assert "0 of 1 files were read: storage.objects.get: 404: No such object" in said["message"]


def test_prefixes() -> None:
    for text, expected in (
        ("gs://sink", ("sink", "")),
        ("gs://sink/", ("sink", "")),
        ("gs://sink/a/b/", ("sink", "a/b/")),
        (f"gs://sink/{AUDIT}/activity", ("sink", "")),
        (f"gs://sink/a/{AUDIT}/", ("sink", "a/")),
    ):
        place = log_place(text, "gcp-logs")
        assert place is not None
        assert bucket_of(place) == expected, text


@pytest.mark.parametrize("place", ["", "gs://sink"])
def test_attempts_of_a_sink_are_not_looked_up_as_well(place: str) -> None:
    found = log_place(place, "gcp-logs")
    scope = gcp.GcpScope(
        Target("", gcp=TargetGcp(provider=PROVIDER, service_account=ACCOUNT)), places=(found,) if found else ()
    )
    paths = {one.path.rpartition("/")[2] for one in gcp.readers(gcp.GcpClients(), scope)}
    assert "changes.json" in paths
    assert ("exchanges.json" in paths, "impersonations.json" in paths) == (not place, not place)
