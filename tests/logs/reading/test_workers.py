"""Several processes give what one gives, and leave nothing behind."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from oidc_doctor.logs.attempts.signatures import Attempts
from oidc_doctor.logs.reading import workers
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.events import Attempt

linux = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


def opened(name: str) -> BinaryIO:
    return open(name, "rb")


def record(number: int, name: str = "AssumeRoleWithWebIdentity") -> dict[str, Any]:
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "WebIdentityUser", "userName": f"repo:o/r:ref:refs/heads/b{number % 7}"},
        "eventTime": f"2026-11-22T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "errorCode": "AccessDenied",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
    }


@pytest.fixture
def trail(tmp_path: Path) -> list[str]:
    """Files of five minutes; every event stands in two files."""
    names = []
    for number in range(12):
        found = [record(number * 300 + second, "Decrypt" if second % 3 else "AssumeRoleWithWebIdentity")
                 for second in range(0, 600, 10)]  # fmt: skip
        minute = number * 5 + 11
        name = tmp_path / f"210987654321_CloudTrail_us-east-1_20261122T{minute // 60:02}{minute % 60:02}Z_x.json.gz"
        name.write_bytes(gzip.compress(json.dumps({"Records": found}, separators=(",", ":")).encode()))
        names.append(str(name))
    return names


def read(names: list[str], **how: Any) -> ScannedLogs:
    return scan(opened, names, "cloudtrail", scope=WriteScope(), on_disk=lambda name: name, **how)


def parts(found: ScannedLogs) -> tuple[list[Attempt], Any]:
    return found.attempts(), found.coverage


@pytest.mark.parametrize("files", [1, 5, 64])
def test_processes_give_what_one_gives(trail: list[str], files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read(trail)
    assert len(expected.rows) == 130
    assert expected.coverage.duplicates == 110
    monkeypatch.setattr(workers, "POOLED", 0)
    monkeypatch.setattr(workers, "_BATCH_FILES", files)
    told: list[tuple[int, int, int, int]] = []
    found = read(trail, processes=3, progress=lambda *numbers: told.append(numbers))
    assert parts(found) == parts(expected)
    assert told[-1][0] == told[-1][1] == 12
    assert told[-1][2] == told[-1][3] > 0


def dies(attempt: Attempt) -> str | None:
    """A family whose process ends without a word."""
    if os.environ["OIDC_TEST_PARENT"] != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    return attempt.subject


@linux
def test_a_process_that_dies_is_no_loss(trail: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_TEST_PARENT", str(os.getpid()))
    expected = read(trail)
    monkeypatch.setattr(workers, "POOLED", 0)
    monkeypatch.setattr(workers, "_BATCH_FILES", 2)
    assert parts(read(trail, processes=2, family=dies)) == parts(expected)


@linux
def test_an_interrupted_read_ends_all_processes(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b" " * (9 << 20))
    os.mkfifo(tmp_path / "b.json")  # reading it never ends
    process = start("--report", "--subject", "x", "--cloudtrail", tmp_path)
    children: list[int] = []
    until = time.monotonic() + 30
    while len(children) < 2 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
        children = [int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    if len(os.sched_getaffinity(0)) > 1:
        assert len(children) >= 2
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.strip() == "oidc-doctor: interrupted"
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_rows_of_a_signature_are_the_newest_first(trail: list[str]) -> None:
    rows = read(trail).rows
    order = Attempts(rows).rows_of(rows.key[5])  # the newest first
    found = [(rows.event_id(row), str(rows.files.values[rows.file[row]]), rows.place[row]) for row in order]
    assert [event_id for event_id, _, _ in found] == sorted((one for one, _, _ in found), reverse=True)
