"""Archives of logs in buckets: what is listed and read, kept for the next look, and said to be missing."""

from __future__ import annotations

import gzip
import json
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import make_archive

from clouds.aws import Broken
from clouds.buckets import ACCOUNT, Buckets, no_such_key, serving_buckets
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.live import archive
from oidc_doctor.live.aws import readers as aws
from oidc_doctor.live.collect import Collected, collect
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.log_place import LogOptions, log_place

FILE = "aws/cloudtrail/s3-1.extract.jsonl.gz"
NOON = 1_795_089_600.0  # 2026-11-19T12:00:00Z
DAY = 86_400.0
FOLDER = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1"


class Reader:
    """Reads the bucket as a live run does."""

    def __init__(self, buckets: Buckets, cache: Path, clients: aws.AwsClients) -> None:
        self.buckets = buckets
        self.cache = cache
        self.clients = clients

    def collect(
        self, *, cached: bool = True, timeout: float = 60.0, place: str = "s3://logs", **scope: Any
    ) -> Collected:
        found = log_place(place, "cloudtrail")
        assert found is not None
        target = Target("", aws=TargetAws(f"arn:aws:iam::{scope.pop('account', ACCOUNT)}:role/r"))
        options = LogOptions(cache=str(self.cache) if cached else None)
        window = {"since": NOON, "until": NOON} | scope
        wanted = aws.AwsScope(target, places=(found,), log_options=options, only_logs=True, **window)
        self.buckets.lists.clear()
        self.buckets.gets.clear()
        return collect(aws.readers(self.clients, wanted), timeout=timeout)

    def scan(self, **how: Any) -> ScannedLogs:
        return scanned(self.collect(**how))


def scanned(collected: Collected) -> ScannedLogs:
    return scan(collected.bundle.open, [FILE], "cloudtrail", scope=WriteScope())


def entry(collected: Collected) -> dict[str, Any]:
    return next(dict(read) for read in collected.reads if read["path"] == FILE)


def content(logs: ScannedLogs) -> tuple[Any, ...]:
    """All that the logs say, without the files that said it."""
    nowhere = Origin("")
    groups = (logs.attempts(), logs.changes, logs.denials)
    return (*([replace(one, origin=nowhere) for one in group] for group in groups), list(logs.rows.count))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Buckets, aws.AwsClients]]:
    """A server, and the clients that it is the endpoint of: making a client takes longer than most tests here."""
    with pytest.MonkeyPatch.context() as patch, serving_buckets(Buckets()) as (url, served):
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-one")
        patch.setenv("AWS_CONFIG_FILE", str(tmp_path_factory.mktemp("aws") / "no-config"))
        patch.setenv("AWS_ENDPOINT_URL", url)
        yield served, aws.AwsClients(None, "aws")


@pytest.fixture
def buckets(served: tuple[Buckets, aws.AwsClients]) -> Buckets:
    """An empty bucket."""
    served[0].empty()
    return served[0]


@pytest.fixture
def reader(buckets: Buckets, served: tuple[Buckets, aws.AwsClients], tmp_path: Path) -> Reader:
    return Reader(buckets, tmp_path / "cache", served[1])


def exchange(number: int, day: int = 19, **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.08",
        "eventTime": f"2026-11-{day}T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventID": f"11111111-2222-3333-{day:04}-{number:012}",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "awsRegion": "us-east-1",
        "userIdentity": {"principalId": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com:aud:sub"},
        "requestParameters": {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "webIdentityToken": "eyJ.canary.1"},
        "responseElements": {
            "credentials": {"accessKeyId": "ASIA", "sessionToken": "canary-2", "secretAccessKey": "canary-3"}
        },
        **more,
    }


def put(buckets: Buckets, numbers: range, *, day: int = 19, name: str = "a", owner: str = ACCOUNT) -> str:
    """Put one trail file there with these exchanges, one a second; return its name."""
    data = gzip.compress(json.dumps({"Records": [exchange(number, day) for number in numbers]}).encode(), mtime=0)
    place = f"AWSLogs/{owner}/CloudTrail/us-east-1/2026/11/{day}/"
    key = f"{place}{ACCOUNT}_CloudTrail_us-east-1_202611{day}T2300Z_{name}.json.gz"
    buckets.objects = dict(buckets.objects) | {key: data}
    return key


@pytest.mark.parametrize("organisation", [True, False])
def test_a_bucket_says_what_its_folder_says(tmp_path: Path, reader: Reader, organisation: bool) -> None:
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


def test_a_day_of_a_year_lists_and_reads_that_day_and_the_next(buckets: Buckets, reader: Reader) -> None:
    for day in range(10, 30):
        for name in ("a", "b"):
            put(buckets, range(day * 10, day * 10 + 2), day=day, name=name)
    reader.collect()
    assert sorted(buckets.lists) == [f"{FOLDER}/2026/11/19/", f"{FOLDER}/2026/11/20/", "AWSLogs/o-"]
    assert {name.split("/")[-2] for name, _ in buckets.gets} == {"19", "20"}
    assert len(buckets.gets) == 4


def test_both_layouts_are_read_and_an_event_of_both_trails_counts_once(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(3))
    put(buckets, range(2, 5), owner=f"o-abcdef1234/{ACCOUNT}")
    put(buckets, range(7, 9), owner="o-abcdef1234/999999999999")
    put(buckets, range(7, 9), owner="999999999999")
    logs = reader.scan()
    assert len(logs.rows) == 5
    assert (logs.coverage.files, logs.coverage.events, logs.coverage.duplicates) == (2, 6, 1)
    assert not any("999999999999" in name for name in (*buckets.lists, *(name for name, _ in buckets.gets)))


def test_many_attempts_alike_are_counted_and_not_copied(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(1_000, 1_600))
    put(buckets, range(1_300, 1_900), name="b", owner=f"o-abcdef1234/{ACCOUNT}")
    logs = reader.scan()
    assert sum(logs.rows.count) == 900
    assert len(logs.rows) < 150
    times = sorted(logs.rows.time)
    assert (times[0], times[-1]) == (NOON - 12 * 3600 + 1_000, NOON - 12 * 3600 + 1_899)


def test_only_new_objects_of_a_day_are_read(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(3))
    reader.collect()
    new = put(buckets, range(2, 6), name="b")
    logs = reader.scan()
    assert [name for name, _ in buckets.gets] == [new]
    assert content(logs) == content(reader.scan(cached=False))
    assert (logs.coverage.files, logs.coverage.events, logs.coverage.duplicates) == (2, 7, 1)


def test_a_day_whose_attempts_were_thinned_is_read_again_when_objects_were_added(
    buckets: Buckets, reader: Reader
) -> None:
    put(buckets, range(100))
    reader.collect()
    put(buckets, range(50, 150), name="b")
    logs = reader.scan()
    assert len(buckets.gets) == 2
    assert sum(logs.rows.count) == 150


@pytest.mark.parametrize("change", ["content", "removed", "truncated", "other format", "not gzip", "empty", "link"])
def test_what_is_kept_is_used_only_as_far_as_it_is_the_buckets(
    buckets: Buckets, reader: Reader, change: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(buckets, range(3))
    second = put(buckets, range(5, 8), name="b")
    reader.collect()
    (kept,) = reader.cache.iterdir()
    data = kept.read_bytes()
    if change == "content":
        put(buckets, range(10, 13), name="b")
    elif change == "removed":
        buckets.objects = {name: data for name, data in buckets.objects.items() if name != second}
    elif change == "other format":
        monkeypatch.setattr("oidc_doctor.logs.archive.cache._FORMAT", "another")
    elif change == "link":
        kept.rename(tmp_path / "elsewhere")
        kept.symlink_to(tmp_path / "elsewhere")
    else:
        kept.write_bytes({"truncated": data[:-20], "not gzip": b"{}", "empty": b""}[change])
    logs = reader.scan()
    assert len(buckets.gets) == len(buckets.objects)
    assert content(logs) == content(reader.scan(cached=False))
    reader.collect()
    assert not buckets.gets
    if change == "link":
        assert (tmp_path / "elsewhere").read_bytes() == data
        assert not kept.is_symlink()


def test_a_bit_that_fell_over_is_noticed(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(30))
    good = content(reader.scan())
    (kept,) = reader.cache.iterdir()
    whole = kept.read_bytes()
    for place in range(0, 100, 9):
        data = bytearray(whole)
        data[len(data) * place // 100] ^= 16
        kept.write_bytes(data)
        assert content(reader.scan()) == good, place


def test_the_cache_is_the_users_alone_and_has_no_credential(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(3))
    before = os.umask(0)
    try:
        collected = reader.collect()
    finally:
        os.umask(before)
    (kept,) = reader.cache.iterdir()
    assert stat.S_IMODE(reader.cache.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for data in (kept.read_bytes(), collected.bundle.read(FILE)):
        text = gzip.decompress(data).decode()
        assert "canary" not in text
        assert "AssumeRoleWithWebIdentity" in text


def test_a_cache_elsewhere_behind_a_link_is_not_written(buckets: Buckets, reader: Reader, tmp_path: Path) -> None:
    put(buckets, range(3))
    (tmp_path / "other").mkdir()
    reader.cache.symlink_to(tmp_path / "other")
    collected = reader.collect()
    assert len(scanned(collected).rows) == 3
    assert not list((tmp_path / "other").iterdir())
    assert "not in the cache" in collected.warnings[0]


def test_two_runs_at_once_leave_whole_files(buckets: Buckets, reader: Reader) -> None:
    for day in range(10, 20):
        put(buckets, range(30), day=day)
    window = {"since": NOON - 9 * DAY}
    runs = [threading.Thread(target=reader.collect, kwargs=window) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(reader.scan(**window).rows) == 300
    assert not buckets.gets
    assert {path.name.partition(".")[2] for path in reader.cache.iterdir()} == {"extract.jsonl.gz"}


def test_what_a_killed_run_left_half_written_goes(buckets: Buckets, reader: Reader) -> None:
    reader.cache.mkdir()
    old, new = (reader.cache / f".oidc-doctor-{name}" for name in ("old", "new"))
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (0, 0))
    put(buckets, range(3))
    reader.collect()
    assert not old.exists()
    assert new.exists()


def test_without_the_cache_nothing_is_kept(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(3))
    reader.collect(cached=False)
    reader.collect(cached=False)
    assert len(buckets.gets) == 1
    assert not reader.cache.exists()


def test_large_objects_are_read_in_ranges_of_one_content(
    buckets: Buckets, reader: Reader, monkeypatch: pytest.MonkeyPatch
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
    buckets: Buckets, reader: Reader, monkeypatch: pytest.MonkeyPatch
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
    buckets: Buckets, reader: Reader, fault: Broken, words: str
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
    buckets: Buckets, reader: Reader, monkeypatch: pytest.MonkeyPatch
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


def test_throttled_requests_are_repeated(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(3))
    seen: list[str] = []

    def fault(kind: str, name: str) -> Broken | None:
        seen.append(kind + name)
        return broken("SlowDown", 503) if seen.count(kind + name) == 1 else None

    buckets.fault = fault
    collected = reader.collect()
    assert "truncated" not in entry(collected)
    assert len(scanned(collected).rows) == 3


def test_a_damaged_object_is_said_each_time_and_read_once(buckets: Buckets, reader: Reader) -> None:
    name = put(buckets, range(300))
    buckets.objects = {name: buckets.objects[name][:-100]}
    for read in (1, 0):
        collected = reader.collect()
        assert len(buckets.gets) == read
        assert "the gzip data ends early" in entry(collected)["message"]
        assert scanned(collected).coverage.first is not None
        assert 0 < sum(scanned(collected).rows.count) < 300


def test_a_denied_listing_is_the_answer(buckets: Buckets, reader: Reader) -> None:
    buckets.fault = lambda kind, _: broken("AccessDenied", 403) if kind == "list" else None
    collected = reader.collect()
    assert entry(collected)["outcome"] == "denied"
    assert "s3:ListBucket" in entry(collected)["message"]
    assert len(buckets.lists) == 1


def test_days_that_are_not_listed_are_named(buckets: Buckets, reader: Reader) -> None:
    put(buckets, range(3))
    put(buckets, range(3), day=20)
    buckets.fault = lambda _, name: broken("InternalError", 500) if name.endswith("/20/") else None
    collected = reader.collect()
    assert "1 of 2 folders were not listed: " in entry(collected)["message"]
    assert len(scanned(collected).rows) == 3


def test_denied_objects_are_not_all_asked_for(buckets: Buckets, reader: Reader) -> None:
    for number in range(300):
        put(buckets, range(number, number + 1), name=f"{number:03}")
    buckets.fault = lambda kind, _: broken("AccessDenied", 403) if kind == "get" else None
    collected = reader.collect()
    assert entry(collected)["message"].startswith(
        "0 of 300 files were read: allow s3:GetObject; s3:GetObject: AccessDenied"
    )
    assert len(buckets.gets) < 100


def test_no_file_at_all_is_no_window_that_was_read(buckets: Buckets, reader: Reader) -> None:
    collected = reader.collect()
    assert "no log file is in AWSLogs/" in entry(collected)["message"]
    coverage = scanned(collected).coverage
    assert (coverage.first, coverage.last, coverage.events) == (None, None, 0)


def test_what_is_read_before_the_time_ends_is_kept(buckets: Buckets, reader: Reader) -> None:
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
    words = "the time given with --timeout ended; 6 of 11 folders were read, the newest; a further run goes on there"
    assert words in said["message"]
    assert len(scanned(collected).rows) == 12
    buckets.fault = lambda *_: None
    again = reader.collect(since=NOON - 9 * DAY)
    assert len(buckets.gets) == 6
    assert len(scanned(again).rows) == 30
