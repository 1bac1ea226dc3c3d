"""The extract of a window has the newest records of its days, and says how many it left out."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

from oidc_doctor.logs.archive.day import DayExtract
from oidc_doctor.logs.archive.window import WindowExtract
from oidc_doctor.logs.extract.file import ENDING, HEADER, Header, line_of
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import WriteScope


def day_of(number: int, records: int, left_out: int = 0) -> DayExtract:
    lines = [line_of({"day": number, "number": place}) for place in range(records)]
    header = Header(
        "cloudtrail", selective=False, files=2, events=100, duplicates=1, services=(f"s{number}.amazonaws.com",),
        regions=("us-east-1",),
    )  # fmt: skip
    return DayExtract(header, frozenset(), (), records, False, left_out, gzip.compress(b"".join(lines)))


def lines_of(data: bytes) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(data).splitlines()]


def test_the_days_follow_each_other_and_their_counts_add_up() -> None:
    extract = WindowExtract("cloudtrail")
    for number in (3, 2, 1):
        extract.add(day_of(number, number))
    header, *records = lines_of(extract.file((1.0, 2.0)))
    assert header == {
        HEADER: 1, "source": "cloudtrail", "selective": False, "since": 1.0, "until": 2.0, "files": 6, "events": 300,
        "duplicates": 3, "services": ["s1.amazonaws.com", "s2.amazonaws.com", "s3.amazonaws.com"],
        "regions": ["us-east-1"],
    }  # fmt: skip
    assert [record["day"] for record in records] == [3, 3, 3, 2, 2, 1]
    assert extract.left_out == 0


def test_beyond_the_bound_the_oldest_are_left_out_and_counted() -> None:
    extract = WindowExtract("cloudtrail", most=5)
    for number in (3, 2, 1):
        extract.add(day_of(number, 3, left_out=10 * (number == 1)))
    records = lines_of(extract.file(None))[1:]
    assert [(record["day"], record["number"]) for record in records] == [(3, 0), (3, 1), (3, 2), (2, 0), (2, 1)]
    assert extract.left_out == 4 + 10
    small = WindowExtract("cloudtrail", most_bytes=len(day_of(3, 3).packed) + 10)
    for number in (3, 2, 1):
        small.add(day_of(number, 3))
    assert (len(lines_of(small.file(None))), small.left_out) == (4, 6)


def test_no_day_at_all_is_an_extract_too() -> None:
    data = WindowExtract("gcp-logs").file(None)
    logs = scan(lambda _: io.BytesIO(data), [f"gcp/logs/gs-1{ENDING}"], "gcp-logs", scope=WriteScope())
    assert (logs.coverage.files, logs.coverage.events, logs.coverage.selective) == (0, 0, False)
    assert not logs.coverage.problems
