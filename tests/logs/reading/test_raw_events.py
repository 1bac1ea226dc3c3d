"""From a row of the report back to the events as logged."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import Examined, examine
from oidc_doctor.examine.question import Question
from oidc_doctor.logs.reading.unpacked import text_at

SAMPLES = Path(__file__).resolve().parents[3] / "sample_logs"
LOGGED = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())


def examined(name: str) -> tuple[Examined, Callable[[str], Any]]:
    bundle = open_bundle(str(SAMPLES / name))
    return examine(bundle, Question()), bundle.open


@pytest.mark.sweep
@pytest.mark.parametrize("name", LOGGED)
def test_every_attempt_and_change_leads_to_its_events(name: str) -> None:
    answer, open_file = examined(name)
    report, raw = answer.report, answer.raw
    if raw is None:
        assert not report.attempts
        return
    for index, row in enumerate(report.attempts):
        events = raw.of_attempt(index, 0, 50, open_file)
        assert len(events) == min(row.count, 50)
        told = [json.loads(text) for _, text in events]
        assert {str(one.get("eventID") or one.get("insertId")) for one in told} >= set(row.event_ids)
        assert all(event_id in place for (place, _), event_id in zip(events, row.event_ids, strict=False))
        assert raw.of_attempt(index, 1, 1, open_file) == events[1:2]
        assert raw.of_attempt(index, row.count, 5, open_file) == []
    for entry in report.timeline:
        if entry["kind"] in ("change", "failed-change"):
            [(_, text)] = raw.of_change(entry["event_id"])
            assert entry["event_id"] in text
    assert raw.of_attempt(len(report.attempts), 0, 5, open_file) == []
    assert raw.of_change("none") == []


def test_a_file_that_was_written_anew_is_not_taken_for_the_old_one() -> None:
    answer, _ = examined("aws-wrong-team")
    assert answer.raw is not None
    events = answer.raw.of_attempt(0, 0, 3, lambda _: io.BytesIO(b'{"Records": []}'))
    assert {text for _, text in events} == {"this event is no longer where it was read"}


def test_a_file_that_is_gone_is_an_error() -> None:
    answer, _ = examined("aws-wrong-team")
    assert answer.raw is not None

    def gone(_: str) -> Any:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        answer.raw.of_attempt(0, 0, 3, gone)


def test_large_files_are_read_by_place(tmp_path: Path) -> None:
    """Many events: no file is read in full, and a place leads to one record."""
    source = SAMPLES / "aws-any-tenant"
    [trail] = (source / "aws" / "cloudtrail").iterdir()
    records = json.loads(trail.read_text(encoding="utf-8"))["Records"]
    many = [
        {**one, "eventID": f"{copy:08x}{one['eventID'][8:]}", "userAgent": "x" * 400}
        for copy in range(1, 60)
        for one in records
    ]
    folder = tmp_path / "bundle"
    (folder / "aws" / "cloudtrail").mkdir(parents=True)
    for name in ("oidc-doctor.toml", "manifest.json", "aws/role.json", "aws/oidc-provider.json"):
        (folder / name).write_bytes((source / name).read_bytes())
    file = folder / "aws" / "cloudtrail" / "many.json.gz"
    file.write_bytes(gzip.compress(json.dumps({"Records": many}, separators=(",", ":")).encode(), mtime=0))
    plain = folder / "aws" / "cloudtrail" / "plain.json"
    plain.write_text(json.dumps({"Records": many[:5]}, separators=(",", ":")), encoding="utf-8")
    bundle = open_bundle(str(folder))
    answer = examine(bundle, Question())
    assert answer.raw is not None
    assert answer.report.attempts
    for index, row in enumerate(answer.report.attempts):
        events = answer.raw.of_attempt(index, 2, 3, bundle.open)
        assert [json.loads(text)["eventID"] for _, text in events] == row.event_ids[2:5]
    with bundle.open("aws/cloudtrail/many.json.gz") as stream:
        assert text_at(stream, 1 << 40) is None
