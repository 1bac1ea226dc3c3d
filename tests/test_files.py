"""How files are written: new ones exclusively, old ones replaced, none through a link."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from oidc_doctor import files

Write = Callable[[str, bytes], None]
SCRIPT = Path(sys.executable).with_name("oidc-doctor")


@pytest.fixture(params=["dangling", "to a file", "to a link"])
def link(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A link of a stranger, which leads out of the folder."""
    outside, inside = tmp_path / "outside", tmp_path / "bundle"
    outside.mkdir()
    inside.mkdir()
    target = outside / "target"
    if request.param == "to a file":
        target.write_text("kept")
    if request.param == "to a link":
        (inside / "second").symlink_to(target)
        target = inside / "second"
    (inside / "report.txt").symlink_to(target)
    return inside / "report.txt"


def outside(link: Path) -> list[str]:
    return [path.read_text() for path in sorted((link.parent.parent / "outside").iterdir())]


@pytest.mark.parametrize("write", [files.create, files.write])
def test_nothing_is_written_through_a_link(write: Write, link: Path) -> None:
    before = outside(link)
    with pytest.raises(OSError, match="exists|link"):
        write(str(link), b"new")
    assert outside(link) == before
    assert link.is_symlink()


def test_a_link_is_replaced_itself(link: Path) -> None:
    before = outside(link)
    files.replace(str(link), b"new")
    assert outside(link) == before
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"
    assert {path.name for path in link.parent.iterdir()} <= {"report.txt", "second"}


def test_numbered_files_pass_links_by(link: Path) -> None:
    assert files.create_numbered(str(link.parent), "report.txt", b"new") == str(link.parent / "report-2.txt")
    assert "new" not in outside(link)


def test_an_old_file_keeps_its_mode_and_its_other_names(tmp_path: Path) -> None:
    path, other = tmp_path / "report.txt", tmp_path / "other"
    path.write_text("old")
    path.chmod(0o640)
    os.link(path, other)
    files.write(str(path), b"new")
    assert (path.read_text(), other.read_text()) == ("new", "old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    files.replace(str(path), b"secret", 0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        files.write(str(path), b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.txt"]
    assert path.read_text() == "old"


def test_pipes_and_devices_that_the_user_names_are_written_to(tmp_path: Path) -> None:
    files.write(os.devnull, b"x")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    files.write(str(pipe), b"x")
    reader.join(10)
    assert read == [b"x"]


def test_report_goes_to_a_link_of_the_system_and_to_no_other(link: Path) -> None:
    before = outside(link)
    command = [str(SCRIPT), "--demo", "aws-wrong-team", "-o"]
    for place, code in (("/dev/stdout", 1), ("report.txt", 2)):
        done = subprocess.run([*command, place], cwd=link.parent, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert ("AWS025" in done.stdout) == (code == 1)
    assert "report.txt: a link, which is not written through" in done.stderr
    assert outside(link) == before
