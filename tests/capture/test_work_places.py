"""A killed capture leaves its place of work; the next capture into the folder removes it, and no living one's."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from oidc_doctor.capture.map_file import NewMap
from oidc_doctor.capture.work_places import remove_left_behind, work_file, work_folder
from oidc_doctor.cli.main import main
from tests.conftest import Bundle

NAME = ".oidc-doctor-capture-" + "0123456789abcdef"
# The copy's report is the second run; the map is placed last.
AT_THE_COPY = "c.run = lambda *_: os.kill(os.getpid(), signal.SIGKILL) if hidden() else None"
AT_THE_MAP = "c.NewMap.place_it = lambda _: os.kill(os.getpid(), signal.SIGKILL)"


def _killed(moment: str, place: Path, bundle: Path) -> list[Path]:
    """What a capture leaves in the folder when it is killed at this moment."""
    code = (
        "import os, signal, sys; from oidc_doctor.capture import capture as c; from oidc_doctor.cli.main import main;"
        "hidden = lambda: [name for name in os.listdir(sys.argv[1]) if name.startswith('.')];"
        f"{moment}; sys.exit(main(['capture', '-o', sys.argv[1] + '/copy', '--from', sys.argv[2]]))"
    )
    run = subprocess.run([sys.executable, "-c", code, place, bundle], capture_output=True, text=True, check=False)
    assert run.returncode == -signal.SIGKILL, run.stderr
    return [path for path in place.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(("moment", "count"), [(AT_THE_COPY, 1), (AT_THE_MAP, 2)])
def test_the_next_capture_removes_what_a_killed_one_left(moment: str, count: int, aws: Bundle, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    left = _killed(moment, place, aws.root)
    assert len(left) == count
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in left)
    main(["capture", "-q", "-o", str(place / "next"), "--from", str(aws.root)])
    names = {path.name for path in place.iterdir()} - {"copy"}  # placed before the map
    assert names == {"next", "next.map.json"}


def test_a_living_place_stays(tmp_path: Path) -> None:
    with work_folder(str(tmp_path)) as folder, work_file(str(tmp_path)) as file:
        remove_left_behind(str(tmp_path))
        assert os.path.isdir(folder)
        assert os.path.isfile(file)
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_a_place_of_this_name_that_others_may_enter_stays(tmp_path: Path) -> None:
    place = tmp_path / NAME
    place.mkdir(mode=0o700)
    place.chmod(0o750)
    remove_left_behind(str(tmp_path))
    assert place.is_dir()
    place.chmod(0o700)
    remove_left_behind(str(tmp_path))
    assert not place.exists()


@pytest.mark.parametrize("name", [".oidc-doctor-", NAME + "a", NAME.upper(), ".oidc-doctor-capture-notes"])
def test_another_name_stays(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir(mode=0o700)
    remove_left_behind(str(tmp_path))
    assert (tmp_path / name).is_dir()


def test_no_link_is_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    (mine / "notes").write_text("x")
    place = tmp_path / "place"
    place.mkdir()
    (place / NAME).symlink_to(mine)
    remove_left_behind(str(place))
    assert (place / NAME).is_symlink()
    (place / NAME).unlink()
    left = place / NAME
    left.mkdir(mode=0o700)
    (left / "link").symlink_to(mine)
    remove_left_behind(str(place))
    assert not left.exists()
    assert (mine / "notes").read_text() == "x"


def test_a_pipe_of_this_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME, 0o600)
    remove_left_behind(str(tmp_path))
    assert (tmp_path / NAME).exists()


def test_a_map_that_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    new = NewMap(str(tmp_path / "map"), b"k" * 32, {}, {})
    assert len(list(tmp_path.iterdir())) == 1
    new.drop()
    assert list(tmp_path.iterdir()) == []
