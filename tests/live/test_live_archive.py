"""Archives of logs in buckets: what is listed and read, and what is said to be missing."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path
from random import Random
from typing import Any

import pytest
from archives import make_archive

from clouds.aws import Broken
from clouds.buckets import ACCOUNT, Buckets, no_such_key
from clouds.trail_reader import (
    DAY,
    FILE,
    FOLDER,
    NOON,
    TrailReader,
    content,
    entry,
    exchange,
    put,
    put_records,
    scanned,
)
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.live import archive
from oidc_doctor.live.aws import readers as aws
from oidc_doctor.logs.attempts.signatures import Attempts
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.log_place import log_place


@pytest.mark.parametrize("organisation", [True, False])
def test_a_bucket_says_what_its_folder_says(tmp_path: Path, reader: TrailReader, organisation: bool) -> None:
    make_archive(tmp_path / "bundle", 3, plant="aws-mended", events=900, organisation=organisation)
    folder = tmp_path / "bundle/aws/cloudtrail"
    files = sorted(folder.rglob("*.json*"))
    account = next(
        path.name
        for path in folder.rglob("*")
        if path.name.isdigit()
        and len(path.parts)
        and path.parent.name.startswith(("AWSLogs", "o-"))
        and len(list(path.rglob("*.gz"))) > 10
    )
    owned = [str(path) for path in files if f"/{account}/" in str(path)]
    regions = sorted({path.split("/CloudTrail/")[1].partition("/")[0] for path in owned})
    whole = scan(open_regular, owned, "cloudtrail", scope=WriteScope())
    reader.buckets.objects = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    reader.buckets.page_size = 7
    window = {
        "since": 1_795_046_400.0,
        "until": 1_795_046_400.0 + 2 * DAY,
        "account": account,
        "regions": tuple(regions),
    }
    collected = reader.collect(**window)
    assert "truncated" not in entry(collected), entry(collected)
    logs = scanned(collected)
    assert content(logs) == content(whole)
    assert (logs.coverage.files, logs.coverage.events) == (whole.coverage.files, whole.coverage.events)
    assert logs.coverage.regions == whole.coverage.regions
    assert {"sts.amazonaws.com", "iam.amazonaws.com"} <= logs.coverage.services
    again = reader.collect(**window)
    assert not reader.buckets.gets
    assert again.bundle.read(FILE) == collected.bundle.read(FILE)


def test_a_day_of_a_year_lists_and_reads_that_day_and_the_next(buckets: Buckets, reader: TrailReader) -> None:
    for day in range(10, 30):
        for name in ("a", "b"):
            put(buckets, range(day * 10, day * 10 + 2), day=day, name=name)
    reader.collect()
    assert sorted(buckets.lists) == [f"{FOLDER}/2026/11/19/", f"{FOLDER}/2026/11/20/", "AWSLogs/o-"]
    assert {name.split("/")[-2] for name, _ in buckets.gets} == {"19", "20"}
    assert len(buckets.gets) == 4


def test_both_layouts_are_read_and_an_event_of_both_trails_counts_once(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(3))
    put(buckets, range(2, 5), owner=f"o-abcdef1234/{ACCOUNT}")
    put(buckets, range(7, 9), owner="o-abcdef1234/999999999999")
    put(buckets, range(7, 9), owner="999999999999")
    logs = reader.scan()
    assert len(logs.rows) == 5
    assert (logs.coverage.files, logs.coverage.events, logs.coverage.duplicates) == (2, 6, 1)
    assert not any("999999999999" in name for name in (*buckets.lists, *(name for name, _ in buckets.gets)))


def test_many_attempts_alike_are_counted_and_not_copied(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(1_000, 1_600))
    put(buckets, range(1_300, 1_900), name="b", owner=f"o-abcdef1234/{ACCOUNT}")
    logs = reader.scan()
    assert sum(logs.rows.count) == 900
    assert len(logs.rows) < 150
    times = sorted(logs.rows.time)
    assert (times[0], times[-1]) == (NOON - 12 * 3600 + 1_000, NOON - 12 * 3600 + 1_899)


def test_the_signatures_of_a_busy_trail_are_those_of_its_folder(
    buckets: Buckets, reader: TrailReader, tmp_path: Path
) -> None:
    rng = Random(5)
    for day in (19, 20):
        for number in range(4):
            moments = rng.sample(range(20_000 * number, 20_000 * number + 700), 300)
            refused = {moment: {"errorCode": "AccessDenied", "errorMessage": f"x {moment}"} for moment in moments[::3]}
            records = [exchange(moment, day, **refused.get(moment, {})) for moment in sorted(moments)]
            put_records(buckets, records, day=day, name=f"{number}")
            put_records(buckets, rng.sample(records, 100), day=day, name=f"{number}", owner=f"o-a/{ACCOUNT}")
    for name, data in buckets.objects.items():
        (tmp_path / "logs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs" / name).write_bytes(data)
    files = sorted(map(str, (tmp_path / "logs").rglob("*.gz")))
    whole = scan(open_regular, files, "cloudtrail", scope=WriteScope())
    logs = reader.scan()
    assert len(logs.rows) < len(whole.rows) / 2
    assert signatures(logs) == signatures(whole)
    assert (logs.coverage.events, logs.coverage.duplicates) == (whole.coverage.events, whole.coverage.duplicates)


def signatures(logs: ScannedLogs) -> list[tuple[Any, ...]]:
    """Kinds of attempt with their counts, and their first and last events."""
    found = Attempts(logs.rows).signatures()
    return sorted(
        (one.sample.target, one.sample.error_code or "", one.count, one.first_seen, one.last_seen, one.sample.event_id)
        for one in found
    )


def test_large_objects_are_read_in_ranges_of_one_content(
    buckets: Buckets, reader: TrailReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RANGE", 1_000)
    name = put(buckets, range(500))
    logs = reader.scan()
    size = len(buckets.objects[name])
    assert sum(logs.rows.count) == 500
    assert sorted(int(span.partition("=")[2].partition("-")[0]) for _, span in buckets.gets) == list(
        range(0, size, 1_000)
    )
    assert {headers["If-Match"] for headers in buckets.headers} == {f'"{buckets.tag(name)}"'}
    assert {headers["x-amz-expected-bucket-owner"] for headers in buckets.headers} == {ACCOUNT}


def test_a_large_object_that_cannot_be_searched_is_fetched_again(
    buckets: Buckets, reader: TrailReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RANGE", 1_000)
    name = f"{FOLDER}/2026/11/19/{ACCOUNT}_CloudTrail_us-east-1_20261119T2300Z_a.json"
    buckets.objects = {name: json.dumps([exchange(number) for number in range(30)], indent=1).encode()}
    logs = reader.scan()
    assert (len(logs.rows), logs.coverage.duplicates, logs.coverage.events) == (30, 0, 30)


def broken(code: str, status: int) -> Broken:
    return Broken(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (broken("AccessDenied", 403), "1 of 2 files were read: allow s3:GetObject; s3:GetObject: AccessDenied: no"),
        (no_such_key("x"), "1 of 2 files were read: s3:GetObject: NoSuchKey: none"),
        (Broken(200, b"abc", cut=True), "1 of 2 files were read: s3:GetObject: "),
        (Broken(200, b"abc"), "3 bytes were sent instead of"),
    ],
)
def test_an_object_that_is_not_read_is_named_and_read_the_next_time(
    buckets: Buckets, reader: TrailReader, fault: Broken, words: str
) -> None:
    put(buckets, range(3))
    bad = put(buckets, range(5, 8), name="b")
    buckets.fault = lambda kind, name: fault if (kind, name) == ("get", bad) else None
    collected = reader.collect()
    assert words in entry(collected)["message"], entry(collected)
    assert entry(collected)["truncated"] is True
    logs = scanned(collected)
    assert (len(logs.rows), logs.coverage.files) == (3, 1)
    buckets.fault = lambda *_: None
    again = reader.collect()
    assert [name for name, _ in buckets.gets] == [bad]
    assert "truncated" not in entry(again)
    assert len(scanned(again).rows) == 6


def test_an_object_that_changes_between_its_ranges_is_not_mixed(
    buckets: Buckets, reader: TrailReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RANGE", 1_000)
    name = put(buckets, range(500))
    old = buckets.objects[name]

    def fault(kind: str, _: str) -> None:
        if kind == "get" and len(buckets.gets) == 2:
            buckets.objects = {name: gzip.compress(gzip.decompress(old), 1, mtime=0)}

    buckets.fault = fault
    collected = reader.collect()
    assert "PreconditionFailed" in entry(collected)["message"]
    assert scanned(collected).coverage.files == 0
    assert not reader.cache.exists()
    buckets.fault = lambda *_: None
    assert sum(reader.scan().rows.count) == 500


def test_a_day_with_records_of_an_object_that_was_not_read_to_its_end_is_not_kept(
    buckets: Buckets, reader: TrailReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RANGE", 1_000)
    put(buckets, range(600, 603), name="0")
    name = f"{FOLDER}/2026/11/19/{ACCOUNT}_CloudTrail_us-east-1_20261119T2300Z_a.json"
    text = json.dumps([exchange(number) for number in range(30)], indent=1)  # the tolerant reader yields each record
    buckets.objects = dict(buckets.objects) | {name: text.encode()}

    buckets.fault = lambda _, name: broken("AccessDenied", 403) if name.endswith("bytes=9000-9999") else None
    collected = reader.collect()
    logs = scanned(collected)
    assert 3 < len(logs.rows) < 33
    assert logs.coverage.files == 1
    assert "1 of 2 files were read: allow s3:GetObject" in entry(collected)["message"]
    assert not reader.cache.exists()
    buckets.fault = lambda *_: None
    logs = reader.scan()
    assert (len(logs.rows), logs.coverage.duplicates) == (33, 0)


def test_throttled_requests_are_repeated(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(3))
    seen: list[str] = []

    def fault(kind: str, name: str) -> Broken | None:
        seen.append(kind + name)
        return broken("SlowDown", 503) if seen.count(kind + name) == 1 else None

    buckets.fault = fault
    collected = reader.collect()
    assert "truncated" not in entry(collected)
    assert len(scanned(collected).rows) == 3


def test_a_denied_listing_is_the_answer(buckets: Buckets, reader: TrailReader) -> None:
    buckets.fault = lambda kind, _: broken("AccessDenied", 403) if kind == "list" else None
    collected = reader.collect()
    assert entry(collected)["outcome"] == "denied"
    assert "s3:ListBucket" in entry(collected)["message"]
    assert len(buckets.lists) == 1


def test_days_that_are_not_listed_are_named(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(3))
    put(buckets, range(3), day=20)
    buckets.fault = lambda _, name: broken("InternalError", 500) if name.endswith("/20/") else None
    collected = reader.collect()
    assert "1 of 2 folders were not listed: " in entry(collected)["message"]
    assert len(scanned(collected).rows) == 3


def test_denied_objects_are_not_all_asked_for(buckets: Buckets, reader: TrailReader) -> None:
    for number in range(300):
        put(buckets, range(number, number + 1), name=f"{number:03}")
    buckets.fault = lambda kind, _: broken("AccessDenied", 403) if kind == "get" else None
    collected = reader.collect()
    assert entry(collected)["message"].startswith(
        "0 of 300 files were read: allow s3:GetObject; s3:GetObject: AccessDenied"
    )
    assert len(buckets.gets) < 100
    assert "--timeout" not in entry(collected)["message"]


def test_no_file_at_all_is_no_window_that_was_read(buckets: Buckets, reader: TrailReader) -> None:
    collected = reader.collect()
    assert "no log file is in AWSLogs/" in entry(collected)["message"]
    coverage = scanned(collected).coverage
    assert (coverage.first, coverage.last, coverage.events) == (None, None, 0)


def test_what_is_read_before_the_time_ends_is_kept(buckets: Buckets, reader: TrailReader) -> None:
    for day in range(10, 20):
        put(buckets, range(3), day=day)
    slow = f"{FOLDER}/2026/11/15/"

    def fault(kind: str, name: str) -> None:
        if kind == "get" and name.startswith(slow):
            reader_blocks.wait(20)

    reader_blocks = threading.Event()
    buckets.fault = fault
    collected = reader.collect(since=NOON - 9 * DAY, timeout=1.5)
    reader_blocks.set()
    said = entry(collected)
    assert said["truncated"] is True
    words = "the time given with --timeout ended; 5 of 11 folders were read in full, the newest; a further run goes on"
    assert words in said["message"]
    assert len(scanned(collected).rows) == 12
    buckets.fault = lambda *_: None
    again = reader.collect(since=NOON - 9 * DAY)
    assert len(buckets.gets) == 6
    assert len(scanned(again).rows) == 30


@pytest.mark.parametrize("place", ["", "s3://logs"])
def test_exchanges_of_a_trail_are_not_looked_up_as_well(place: str) -> None:
    found = log_place(place, "cloudtrail")
    target = Target("", aws=TargetAws(f"arn:aws:iam::{ACCOUNT}:role/r"))
    scope = aws.AwsScope(target, places=(found,) if found else ())
    paths = {one.path.rpartition("/")[2] for one in aws.readers(aws.AwsClients(None, "aws"), scope)}
    assert "role-changes.json" in paths
    assert ("exchanges.json" in paths) == (not place)


def test_days_whose_files_were_deleted_are_not_covered(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(3))
    collected = reader.collect(since=NOON - 10 * DAY)
    assert entry(collected)["from"] == "2026-11-19T00:00:00Z"
    assert scanned(collected).coverage.first == NOON - DAY / 2
    put(buckets, range(3), day=15)
    collected = reader.collect(since=NOON - 10 * DAY)
    assert entry(collected)["from"] == "2026-11-15T00:00:00Z"
    assert "truncated" not in entry(collected)
    assert entry(collected)["message"] == "no log file is of a day before 2026-11-15"
    buckets.empty()
    put(buckets, range(3), day=20)  # files of the day after alone
    collected = reader.collect(since=NOON - 10 * DAY)
    assert (entry(collected)["from"], entry(collected)["to"]) == ("2026-11-19T12:00:00Z",) * 2
