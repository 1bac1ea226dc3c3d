"""What is kept of the days of an archive, for the next look."""

from __future__ import annotations

import gzip
import os
import re
import stat
import threading
import zlib
from pathlib import Path

import pytest

from clouds.buckets import Buckets
from clouds.trail_reader import DAY, FILE, NOON, TrailReader, content, entry, put, scanned
from oidc_doctor.logs.reading import unpacked


def test_only_new_objects_of_a_day_are_read(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(3))
    put(buckets, range(1, 3), name="again")
    reader.collect()
    new = put(buckets, range(2, 6), name="b")
    logs = reader.scan()
    assert [name for name, _ in buckets.gets] == [new]
    assert content(logs) == content(reader.scan(cached=False))
    assert (logs.coverage.files, logs.coverage.events, logs.coverage.duplicates) == (3, 9, 3)


def test_a_day_whose_attempts_were_thinned_is_read_again_when_objects_were_added(
    buckets: Buckets, reader: TrailReader
) -> None:
    put(buckets, range(100))
    reader.collect()
    put(buckets, range(50, 150), name="b")
    logs = reader.scan()
    assert len(buckets.gets) == 2
    assert sum(logs.rows.count) == 150


@pytest.mark.parametrize(
    "change", ["content", "removed", "truncated", "other format", "not gzip", "empty", "endless", "link"]
)
def test_what_is_kept_is_used_only_as_far_as_it_is_the_buckets(
    buckets: Buckets, reader: TrailReader, change: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
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
    elif change == "endless":
        head = gzip.decompress(data).splitlines()[0]
        kept.write_bytes(
            data.replace(_first_member(data), gzip.compress(re.sub(rb'"records":\d+', b'"records":1e999', head)))
        )
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


def _first_member(data: bytes) -> bytes:
    head = zlib.decompressobj(wbits=31)
    head.decompress(data)
    return data[: len(data) - len(head.unused_data)]


def test_a_bit_that_fell_over_is_noticed(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(30))
    good = content(reader.scan())
    (kept,) = reader.cache.iterdir()
    whole = kept.read_bytes()
    for place in range(0, 100, 9):
        data = bytearray(whole)
        data[len(data) * place // 100] ^= 16
        kept.write_bytes(data)
        assert content(reader.scan()) == good, place


def test_the_cache_is_the_users_alone_and_has_no_credential(buckets: Buckets, reader: TrailReader) -> None:
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


def test_a_cache_elsewhere_behind_a_link_is_not_written(buckets: Buckets, reader: TrailReader, tmp_path: Path) -> None:
    put(buckets, range(3))
    (tmp_path / "other").mkdir()
    reader.cache.symlink_to(tmp_path / "other")
    collected = reader.collect()
    assert len(scanned(collected).rows) == 3
    assert not list((tmp_path / "other").iterdir())
    assert "not in the cache" in collected.warnings[0]


def test_two_runs_at_once_leave_whole_files(buckets: Buckets, reader: TrailReader) -> None:
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


def test_what_a_killed_run_left_half_written_goes(buckets: Buckets, reader: TrailReader) -> None:
    reader.cache.mkdir()
    old, new = (reader.cache / f".oidc-doctor-{name}" for name in ("old", "new"))
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (0, 0))
    put(buckets, range(3))
    reader.collect()
    assert not old.exists()
    assert new.exists()


def test_without_the_cache_nothing_is_kept(buckets: Buckets, reader: TrailReader) -> None:
    put(buckets, range(3))
    reader.collect(cached=False)
    reader.collect(cached=False)
    assert len(buckets.gets) == 1
    assert not reader.cache.exists()


def test_a_damaged_object_is_said_each_time_and_read_once(
    buckets: Buckets, reader: TrailReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "PIECE", 20_000)  # so that the search finds records before the damage
    name = put(buckets, range(300))
    buckets.objects = {name: buckets.objects[name][:-100]}
    for read in (1, 0):
        collected = reader.collect()
        assert len(buckets.gets) == read
        assert "the gzip data ends early" in entry(collected)["message"]
        assert scanned(collected).coverage.first is not None
        assert 0 < sum(scanned(collected).rows.count) < 300
        assert scanned(collected).coverage.duplicates == 0
