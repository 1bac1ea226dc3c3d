"""The program as a process: on a terminal, without one, and in a browser."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60  # seconds


@contextmanager
def terminal(*arguments: str, cwd: Path, term: str = "xterm-256color") -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """oidc-doctor on a pseudo-terminal: the other end of it, and the process."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": term, "COLUMNS": "80", "LINES": "24", "XDG_CONFIG_HOME": str(cwd)}
    command = [sys.executable, "-m", "oidc_doctor", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=environment) as process:
        os.close(theirs)
        try:
            yield ours, process
        finally:
            process.kill()
            os.close(ours)


def read_until(end: int, words: bytes) -> bytes:
    seen = b""
    until = time.monotonic() + PATIENCE
    while words not in seen:
        assert time.monotonic() < until, seen[-2000:]
        if select.select([end], [], [], 1)[0]:
            seen += os.read(end, 65536)
    return seen


def drain(end: int, process: subprocess.Popen[bytes]) -> int:
    """The exit code; what is still written is read, so that the process can end."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        if select.select([end], [], [], 0.1)[0]:
            try:
                os.read(end, 65536)
            except OSError:
                break
    return process.wait(10)


def test_flags_open_the_screens_and_q_leaves_them(tmp_path: Path) -> None:
    with terminal("--demo", "aws-wrong-team", cwd=tmp_path) as (end, process):
        read_until(end, b"AWS025")
        os.write(end, b"q")
        assert drain(end, process) == 0


def test_the_target_file_opens_the_screens(tmp_path: Path) -> None:
    role = "arn:aws:iam::210987654321:role/ModelWeights"
    (tmp_path / "oidc-doctor.toml").write_text(f'[[target]]\n[target.aws]\nrole_arn = "{role}"\n[keys]\nquit = "Z"\n')
    with terminal(cwd=tmp_path) as (end, process):
        assert b"unknown key" not in read_until(end, b"ModelWeights")
        os.write(end, b"Z")
        assert drain(end, process) == 0


def test_nothing_opens_the_start_screen(tmp_path: Path) -> None:
    with terminal(cwd=tmp_path) as (end, process):
        read_until(end, b"Pick a bundled scenario")
        os.write(end, b"\x11")
        assert drain(end, process) == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--from", "none"), b"no such file or folder"),
        (("--demo", "--from", "x"), b"exclude each other"),
        (("--demo", "--since", "never"), b"not a time"),
    ],
)
def test_flags_that_cannot_be_used_open_nothing(arguments: tuple[str, ...], words: bytes, tmp_path: Path) -> None:
    with terminal(*arguments, cwd=tmp_path) as (end, process):
        seen = read_until(end, words)
        assert b"\x1b[?1049h" not in seen
        assert drain(end, process) == 2


def test_a_terminal_that_cannot_show_screens_gets_the_report(tmp_path: Path) -> None:
    with terminal("--demo", cwd=tmp_path, term="dumb") as (end, process):
        seen = read_until(end, b"AWS refuses this token")
        assert b"\x1b[?1049h" not in seen
        assert drain(end, process) == 1


def test_without_a_terminal_one_line_of_help(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "oidc_doctor"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "--report" in done.stderr


def test_the_browser_view_answers_its_own_page_alone() -> None:
    from aiohttp.test_utils import TestClient, TestServer

    from oidc_doctor.tui.web import HOST, LocalServer

    async def ask() -> dict[str, int]:
        server = LocalServer("true", host=HOST, port=8765, title="oidc-doctor")
        async with TestClient(TestServer(await server._make_app())) as client:
            own = f"{HOST}:8765"
            asked = {
                "own": {"Host": own},
                "own page": {"Host": "localhost:8765", "Origin": "http://localhost:8765"},
                "other name": {"Host": "evil.example:8765"},
                "other page": {"Host": own, "Origin": "https://evil.example"},
            }
            return {name: (await client.get("/", headers=headers)).status for name, headers in asked.items()}

    assert asyncio.run(ask()) == {"own": 200, "own page": 200, "other name": 403, "other page": 403}


def test_large_logs_can_be_read_in_processes_while_the_screens_hold_stderr() -> None:
    code = (
        "import sys\n"
        "class Screens:\n"
        "    def fileno(self): return -1\n"
        "    def write(self, text): pass\n"
        "    def flush(self): pass\n"
        "sys.stderr = Screens()\n"
        "from oidc_doctor.logs.reading.workers import _start_tracker\n"
        "_start_tracker()\n"
        "print('started')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "started\n"


def test_leaving_while_large_logs_are_read_is_no_crash(tmp_path: Path) -> None:
    trail = tmp_path / "aws" / "cloudtrail"
    trail.mkdir(parents=True)
    record = b'{"eventVersion":"1.11","eventName":"AssumeRoleWithWebIdentity","eventTime":"2026-11-22T10:00:00Z"},'
    for number in range(30):  # in processes of their own, which end with it
        (trail / f"{number}.json").write_bytes(b'{"Records":[' + record * 20_000 + b"{}]}")
    with terminal("--from", str(tmp_path), cwd=tmp_path) as (end, process):
        read_until(end, b"reading logs")
        os.write(end, b"q")
        assert drain(end, process) == 0
