"""The program as a process: on a terminal, without one, and in a browser."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60  # seconds


@contextmanager
def terminal(*arguments: str, cwd: Path, **world: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run oidc-doctor on a pseudo-terminal; yield the other end of the terminal, and the process."""
    parent_end, child_end = pty.openpty()
    usual = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "XDG_CONFIG_HOME": str(cwd)}
    environment = os.environ | usual | world
    command = [sys.executable, "-m", "oidc_doctor", *arguments]
    with subprocess.Popen(
        command, stdin=child_end, stdout=child_end, stderr=child_end, cwd=cwd, env=environment
    ) as process:
        os.close(child_end)
        try:
            yield parent_end, process
        finally:
            process.kill()
            os.close(parent_end)


def read_until(pty_end: int, words: bytes) -> bytes:
    output = b""
    deadline = time.monotonic() + PATIENCE
    while words not in output:
        assert time.monotonic() < deadline, output[-2000:]
        if select.select([pty_end], [], [], 1)[0]:
            output += os.read(pty_end, 65536)
    return output


def drain(pty_end: int, process: subprocess.Popen[bytes]) -> int:
    """Return the exit code; read the remaining output, so that the process can end."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if select.select([pty_end], [], [], 0.1)[0]:
            try:
                os.read(pty_end, 65536)
            except OSError:
                break
    return process.wait(10)


def rest_of(pty_end: int) -> bytes:
    """Return what comes until the process has closed its end."""
    output = b""
    with suppress(OSError):
        while select.select([pty_end], [], [], PATIENCE)[0]:
            output += os.read(pty_end, 65536)
    return output


def test_options_open_the_screens_and_q_quits(tmp_path: Path) -> None:
    with terminal("--demo", "aws-wrong-team", cwd=tmp_path) as (pty_end, process):
        read_until(pty_end, b"AWS025")
        os.write(pty_end, b"q")
        assert drain(pty_end, process) == 0


def test_target_file_opens_the_screens(tmp_path: Path) -> None:
    role = "arn:aws:iam::210987654321:role/ModelWeights"
    (tmp_path / "oidc-doctor.toml").write_text(f'[[target]]\n[target.aws]\nrole_arn = "{role}"\n')
    (tmp_path / "oidc-doctor").mkdir()
    (tmp_path / "oidc-doctor" / "config.toml").write_text('[keys]\nquit = "Z"\n')  # of XDG_CONFIG_HOME
    with terminal(cwd=tmp_path) as (pty_end, process):
        read_until(pty_end, b"ModelWeights")
        os.write(pty_end, b"Z")
        assert drain(pty_end, process) == 0


def test_target_file_of_a_stranger_sets_no_keys_and_sends_nothing_to_the_terminal(tmp_path: Path) -> None:
    evil = "\\u001b]52;c;RVZJTA==\\u0007\\u009b"
    target = '[[target]]\n[target.aws]\nrole_arn = "arn:aws:iam::210987654321:role/ModelWeights"\n'
    text = f'theme = "{evil}"\n{target}[keys]\nquit = "Z"\nexport = "{evil}"\nfix = "[/]"\n'
    (tmp_path / "oidc-doctor.toml").write_text(text)
    with terminal(cwd=tmp_path) as (pty_end, process):
        output = read_until(pty_end, b"ModelWeights")
        os.write(pty_end, b"Z?\x10")  # Z is no key; the help, the palette
        time.sleep(1)
        os.write(pty_end, b"\x1b")
        time.sleep(0.5)
        os.write(pty_end, b"q")
        while select.select([pty_end], [], [], 1)[0]:
            try:
                output += os.read(pty_end, 65536)
            except OSError:
                break
        assert process.wait(10) == 0
        assert b"52;c" not in output
        assert b"RVZJTA" not in output
        assert b"\x9b" not in output.replace(b"\xe2", b"")


def test_number_of_many_digits_in_the_target_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "oidc-doctor.toml").write_text(f"x = {'9' * 5000}\n")
    with terminal(cwd=tmp_path) as (pty_end, process):
        read_until(pty_end, b"oidc-doctor.toml")
        os.write(pty_end, b"q")
        assert drain(pty_end, process) == 0


def test_start_screen_opens_without_arguments(tmp_path: Path) -> None:
    with terminal(cwd=tmp_path) as (pty_end, process):
        read_until(pty_end, b"pick a bundled scenario")
        os.write(pty_end, b"\x11")
        assert drain(pty_end, process) == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--from", "none"), b"no such file or folder"),
        (("--demo", "--from", "x"), b"--demo has evidence of its own: leave out x"),
        (("--demo", "--since", "never"), b"not a time"),
    ],
)
def test_invalid_options_open_no_screen(arguments: tuple[str, ...], words: bytes, tmp_path: Path) -> None:
    with terminal(*arguments, cwd=tmp_path) as (pty_end, process):
        output = read_until(pty_end, words)
        assert b"\x1b[?1049h" not in output
        assert drain(pty_end, process) == 2


def test_dumb_terminal_prints_the_report(tmp_path: Path) -> None:
    with terminal("--demo", cwd=tmp_path, TERM="dumb") as (pty_end, process):
        output = read_until(pty_end, b"AWS refuses this token")
        assert b"\x1b[?1049h" not in output
        assert drain(pty_end, process) == 1


@pytest.mark.parametrize("world", [{"TERM": ""}, {"TERM": "dumb"}, {"COLUMNS": "1", "LINES": "1"}], ids=str)
def test_usage_error_on_a_terminal_without_screens(world: dict[str, str], tmp_path: Path) -> None:
    with terminal(cwd=tmp_path, **world) as (pty_end, process):
        output = read_until(pty_end, b"nothing to examine")
        assert b"\x1b" not in output
        assert (b"1 \xc3\x97 1 is too small" in output) == ("COLUMNS" in world)
        assert drain(pty_end, process) == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_closes_the_screens(number: int, code: int, tmp_path: Path) -> None:
    with terminal("--demo", "aws-wrong-team", cwd=tmp_path) as (pty_end, process):
        read_until(pty_end, b"AWS025")
        process.send_signal(number)
        output = read_until(pty_end, b"\x1b[?1049l")  # the terminal as it was
        output += rest_of(pty_end)
        assert b"Traceback" not in output
        assert process.wait(10) == code


@pytest.mark.sweep
@pytest.mark.parametrize("seconds", [0.5, 0.7, 0.8, 0.9, 2.5])
def test_no_process_is_left_where_the_terminal_goes_away(seconds: float, tmp_path: Path) -> None:
    """While the screens open, what is written to a terminal that is gone fails before the signal is handled."""
    owning = (  # only the process whose controlling terminal it is receives SIGHUP
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "os.execv(sys.executable, [sys.executable, '-m', 'oidc_doctor', '--demo', 'aws-wrong-team'])"
    )
    parent_end, child_end = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", owning],
        stdin=child_end, stdout=child_end, stderr=child_end, cwd=tmp_path, env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(child_end)
        until = time.monotonic() + seconds
        with suppress(OSError):
            while time.monotonic() < until:
                if select.select([parent_end], [], [], 0.02)[0]:
                    os.read(parent_end, 65536)
        os.close(parent_end)
        try:
            process.wait(PATIENCE)  # and no process goes on without a terminal
        finally:
            process.kill()


def test_usage_error_without_a_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "oidc_doctor"]
    finished = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL, check=False
    )
    assert finished.returncode == 2
    assert finished.stdout == ""
    line, *examples = finished.stderr.splitlines()
    assert line.startswith("oidc-doctor: nothing to examine")
    assert all(example.startswith("  oidc-doctor ") for example in examples)


def test_worker_processes_start_while_textual_replaces_stderr() -> None:
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
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "started\n"


def test_quitting_while_large_logs_are_read_does_not_crash(tmp_path: Path) -> None:
    trail = tmp_path / "aws" / "cloudtrail"
    trail.mkdir(parents=True)
    record = b'{"eventVersion":"1.11","eventName":"AssumeRoleWithWebIdentity","eventTime":"2026-11-22T10:00:00Z"},'
    for number in range(30):  # read in worker processes, which end with the program
        (trail / f"{number}.json").write_bytes(b'{"Records":[' + record * 20_000 + b"{}]}")
    with terminal("--from", str(tmp_path), cwd=tmp_path) as (pty_end, process):
        read_until(pty_end, b"reading logs")
        os.write(pty_end, b"q")
        assert drain(pty_end, process) == 0
