"""What an extract keeps of a log is all that a report reads of it."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import make_archive

from exchanges import exchange, extract_of
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.logs.attempts.signatures import Attempts
from oidc_doctor.logs.extract.file import COUNT, Header, header_of, write_extract
from oidc_doctor.logs.reading.file import records
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Source

NAME = "aws/cloudtrail/athena-1.extract.jsonl.gz"


def scanned(data: bytes, source: Source = "cloudtrail", name: str = NAME) -> ScannedLogs:
    return scan(lambda _: io.BytesIO(data), [name], source, scope=WriteScope())


@pytest.mark.parametrize("plant", ["aws-subject-mistyped", "aws-mended", "gcp-mended", "gcp-binding-removed"])
def test_the_scan_of_an_extract_is_that_of_the_log(tmp_path: Path, plant: str) -> None:
    make_archive(tmp_path / "bundle", 3, plant=plant, events=600)
    source: Source = "cloudtrail" if plant.startswith("aws") else "gcp-logs"
    folder = tmp_path / "bundle" / ("aws/cloudtrail" if source == "cloudtrail" else "gcp/logs")
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    whole = scan(open_regular, files, source, scope=WriteScope())
    every = [
        record
        for file in files
        for record, _ in records(io.BytesIO(Path(file).read_bytes()), file, source, lambda *_: None)
    ]
    extracts = [extract for record in every if (extract := extract_of(record, source)) is not None]
    extract = scanned(write_extract(Header(source, selective=True), extracts), source)
    nowhere = Origin("")
    assert [replace(attempt, origin=nowhere) for attempt in extract.attempts()] == [
        replace(attempt, origin=nowhere) for attempt in whole.attempts()
    ]
    assert [replace(change, origin=nowhere) for change in extract.changes] == [
        replace(change, origin=nowhere) for change in whole.changes
    ]
    assert [replace(denial, origin=nowhere) for denial in extract.denials] == [
        replace(denial, origin=nowhere) for denial in whole.denials
    ]
    assert len(extracts) < len(every) / 2
    assert not any("sessionToken" in json.dumps(extract) for extract in extracts)


def refused(**more: Any) -> dict[str, Any]:
    return exchange(errorCode="AccessDenied", **more)


def test_a_record_stands_for_as_many_attempts_as_it_says() -> None:
    logs = scanned(write_extract(Header("cloudtrail", selective=True), [refused(**{COUNT: 560})]))
    assert list(logs.rows.count) == [560]
    assert logs.coverage.events == 560
    assert logs.coverage.selective


@pytest.mark.parametrize("count", [0, -1, True, "7", 10**12, 1.5, None])
def test_a_count_that_is_none_is_one(count: Any) -> None:
    logs = scanned(write_extract(Header("cloudtrail", selective=True), [refused(**{COUNT: count})]))
    assert list(logs.rows.count) == [1]


def test_a_strangers_counts_are_bounded_and_add_up() -> None:
    lines = [refused(eventID=f"{number}", **{COUNT: 10**9}) for number in range(100)]
    logs = scanned(write_extract(Header("cloudtrail", selective=True, events=10**9), lines))
    (signature,) = Attempts(logs.rows).signatures()
    assert signature.count == 100 * 10**9
    assert sum(signature.counts) == 100 * 10**9


def test_a_count_in_an_ordinary_log_counts_for_nothing() -> None:
    logs = scanned(json.dumps({"Records": [refused(**{COUNT: 560})]}).encode(), name="aws/cloudtrail/a.json")
    assert list(logs.rows.count) == [1]


def test_the_header_of_a_whole_reading_is_its_coverage() -> None:
    header = Header(
        "cloudtrail", selective=False, since=1_795_000_000.0, until=1_795_200_000.0, files=12, events=4_000,
        duplicates=3, services=("s3.amazonaws.com",), regions=("eu-west-1",),
    )  # fmt: skip
    logs = scanned(write_extract(header, [refused()])).coverage
    assert (logs.files, logs.events, logs.duplicates, logs.selective) == (12, 4_000, 3, False)
    assert (logs.first, logs.last) == (1_795_000_000.0, 1_795_200_000.0)
    assert logs.newest == 1_795_168_800.0  # of the record: the end of a search is no event
    assert logs.services == {"s3.amazonaws.com", "sts.amazonaws.com"}
    assert logs.regions == {"eu-west-1", "us-east-1"}


def test_a_header_survives_its_file() -> None:
    header = Header("gcp-logs", selective=False, since=1.5, files=0, services=("a", "b"))
    first = gzip.decompress(write_extract(header, [])).splitlines()[0]
    assert header_of(json.loads(first), "gcp-logs") == header
    assert header_of(json.loads(first), "cloudtrail") is None


def test_a_file_without_its_header_is_a_log() -> None:
    data = gzip.compress(json.dumps(refused()).encode() + b"\n")
    logs = scanned(data)
    assert (logs.coverage.files, logs.coverage.events, logs.coverage.selective) == (1, 1, False)


def test_a_damaged_extract_keeps_what_comes_before_the_damage() -> None:
    lines = [refused(eventID=f"11111111-2222-3333-4444-{number:012}") for number in range(2_000)]
    data = write_extract(Header("cloudtrail", selective=True), lines)
    logs = scanned(data[: len(data) // 2])
    assert 0 < len(logs.rows) < 2_000
    assert logs.coverage.problems


def denied_call(**more: Any) -> dict[str, Any]:
    return {
        "eventTime": "2026-11-20T10:00:00Z",
        "eventID": "22222222-2222-3333-4444-555555555555",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "errorCode": "AccessDenied",
        "userIdentity": {"sessionContext": {"webIdFederationData": {"federatedProvider": "arn:…"}}},
        **more,
    }


def test_a_denied_call_stands_for_as_many_as_it_says() -> None:
    lines = [denied_call(**{COUNT: 12}), denied_call(eventID="3"), denied_call()]
    logs = scanned(write_extract(Header("cloudtrail", selective=True), lines))
    assert [denial.count for denial in logs.denials] == [13]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_copies_that_counts_which_stands_for_others(order: int) -> None:
    lines = [refused(**{COUNT: 560}), exchange()][::order]
    assert list(scanned(write_extract(Header("cloudtrail", selective=True), lines)).rows.count) == [560]


def test_half_of_a_surrogate_pair_survives_its_file() -> None:
    lines = [refused(userAgent="\ud83d"), exchange(userAgent="\U0001f600", eventID="2")]
    logs = scanned(write_extract(Header("cloudtrail", selective=True), lines))
    assert {attempt.user_agent for attempt in logs.attempts()} == {"\ud83d", "\U0001f600"}
