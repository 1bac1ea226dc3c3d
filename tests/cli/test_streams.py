"""Streams that are closed, full, or of another encoding, and the signals that end a run: the exit code holds."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oidc_doctor.cli import live

Write = Callable[..., Path]
REFUSED = {"subject": "job:green:7"}
PROGRAM = f"{shlex.quote(sys.executable)} -m oidc_doctor"
PATIENCE = 60  # seconds

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk at hand")


def shell(words: str, cwd: Path, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{PROGRAM} {words}"],
        cwd=cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    for text in (out, err):
        assert "Traceback" not in text
        assert "Exception ignored" not in text
        assert "internal error" not in text
    return done.returncode, out, err


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [("--report --from none", 2), ("--demo --check nosuch", 1), ("--nonsense", 2)],
)
def test_a_message_that_cannot_be_written_changes_nothing(
    arguments: str, code: int, stderr: str, tmp_path: Path
) -> None:
    done, out, _ = shell(f"{arguments} {stderr}", tmp_path)
    assert done == code
    assert "oidc-doctor: " not in out
    assert bool(out) == (code == 1)


@pytest.mark.parametrize(("stdout", "reason"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")])
@pytest.mark.parametrize("arguments", ["--demo", "--help", "explain AWS021", "permissions aws"])
def test_data_that_cannot_be_written_is_a_usage_error(arguments: str, stdout: str, reason: str, tmp_path: Path) -> None:
    assert shell(f"{arguments} {stdout}", tmp_path) == (2, "", f"oidc-doctor: stdout: {reason}\n")


def test_what_needs_no_stdout_runs_without_one(write_bundle: Write, tmp_path: Path) -> None:
    folder = shlex.quote(str(write_bundle(**REFUSED)))
    code, _, err = shell(f"-o report.txt --from {folder} <&- >&-", tmp_path)
    assert (code, err) == (1, "report written to report.txt\n")
    assert "AWS025" in (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert shell(f"--report --from {folder} >&- 2>&- <&-", tmp_path)[0] == 2


@pytest.mark.parametrize("option", ["--token", "--claims", "--whoami"])
def test_a_closed_stdin_is_named(option: str, tmp_path: Path) -> None:
    code, out, err = shell(f"--report --offline {option} - <&-", tmp_path)
    assert (code, out) == (2, "")
    assert err == f"oidc-doctor: {option} -: it is closed\n"


@pytest.mark.sweep
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-16"])
def test_data_is_utf_8_in_every_locale(encoding: str, tmp_path: Path) -> None:
    world = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": f"{encoding}:strict"}
    code, out, _ = shell("--help", tmp_path, **world)
    assert code == 0
    assert "…" in out
    code, out, _ = shell("--demo", tmp_path, **world)
    assert code == 1
    assert "✗ AWS refuses this token" in out


def test_a_pipe_that_does_not_wait_is_written_whole(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [sys.executable, "-m", "oidc_doctor", "explain", "--all"], stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        os.close(writing)
        time.sleep(0.3)
        with open(reading, "rb") as stream:
            data = stream.read()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 0
    assert data.decode().endswith("\n")
    assert len(data) > 100_000


# Signals


def children(process: subprocess.Popen[bytes]) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == process.pid and words[0] != "Z":
            found.append(int(folder.name))
    return found


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Logs that several processes read for some seconds."""
    folder = tmp_path / "logs"
    folder.mkdir()
    record = {"eventName": "AssumeRole", "eventTime": "2026-11-22T13:00:00Z", "pad": "x" * 400}
    text = json.dumps({"Records": [record | {"eventID": str(number)} for number in range(4000)]})
    for number in range(24):
        (folder / f"{number}.json").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc")
@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_a_signal_ends_the_processes_as_well(number: int, code: int, words: str, archive: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "oidc_doctor", "--report", "--cloudtrail", str(archive), "--subject", "a"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        deadline = time.monotonic() + PATIENCE
        workers: list[int] = []
        while not workers and process.poll() is None and time.monotonic() < deadline:
            workers = children(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    if os.cpu_count() != 1:
        assert workers
    assert (process.returncode, out, err.decode()) == (code, b"", f"oidc-doctor: {words}\n")
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]


def test_an_ended_capture_leaves_nothing(archive: Path, write_bundle: Write, tmp_path: Path) -> None:
    """The folder that it works in is removed, whenever the signal comes."""
    place = tmp_path / "place"
    place.mkdir()
    folder = write_bundle()
    os.rename(archive, folder / "aws" / "cloudtrail")
    command = [sys.executable, "-m", "oidc_doctor", "capture", "--from", str(folder), "-o", str(place / "copy")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        deadline = time.monotonic() + PATIENCE
        while not os.listdir(place) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err.decode()) == (143, "oidc-doctor: ended by SIGTERM\n")
    assert os.listdir(place) == []


def sent_while_ignored(name: str, folder: Path) -> tuple[int, bytes]:
    """The exit code and the messages of a program that inherits a signal as ignored, and is sent it."""
    code = (
        "import os, signal\n"
        f"signal.signal(signal.{name}, signal.SIG_IGN)\n"
        "from oidc_doctor.cli import commands, main\n"
        f"commands._main = lambda _: os.kill(os.getpid(), signal.{name}) or 3\n"
        "raise SystemExit(main.main(['--report']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=folder, timeout=PATIENCE, check=False)
    return done.returncode, done.stderr


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    assert sent_while_ignored("SIGHUP", tmp_path) == (3, b"")


def test_an_interrupt_ends_the_program_also_where_it_was_inherited_as_ignored(tmp_path: Path) -> None:
    """A shell without job control ignores SIGINT for every job in the background."""
    assert sent_while_ignored("SIGINT", tmp_path) == (130, b"oidc-doctor: interrupted\n")


def test_nothing_but_the_streams_module_writes() -> None:
    """Another way to stdout or stderr would fail where the streams do."""
    found = []
    for path in Path(__file__).resolve().parents[2].joinpath("oidc_doctor").rglob("*.py"):
        if path.name in ("streams.py", "schema.py"):
            continue
        text = path.read_text(encoding="utf-8")
        if re.search(r"^\s*print\(|sys\.(?:stdout|stderr)\.(?:write|buffer)|sys\.stdin\.", text, re.MULTILINE):
            found.append(path.name)
    assert found == []


def test_a_live_run_tells_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirteen reads of a second are no thirteen lines above the answer; the last line sums up."""
    shown: list[str] = []
    progress, now = live.Progress(shown.append), 100.0
    monkeypatch.setattr(live.time, "monotonic", lambda: now)
    for number in range(10):
        progress(f"{number} of 13 done")
        now += 0.1
    now += live._PAUSE
    progress("10 of 13 done")
    progress("13 of 13 read")
    progress.end()
    progress.end()
    assert shown == ["0 of 13 done", "10 of 13 done", "13 of 13 read"]
