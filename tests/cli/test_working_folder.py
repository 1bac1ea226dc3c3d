"""The working folder may be a stranger's unpacked bundle: none of its Python is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = Path(sys.executable).with_name("oidc-doctor")
SHADOWED = (
    "bisect",
    "copyreg",
    "json",
    "multiprocessing",
    "pickle",
    "runpy",
    "secrets",
    "socket",
    "tempfile",
    "typing",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a stranger: our package, modules of the standard library, and a rule pack."""
    folder = tmp_path / "bundle"
    trap = "import os\nwith open(os.environ['TRAP'], 'a') as stream:\n    stream.write(__name__ + ' ')\n"
    for name in SHADOWED:
        (folder / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(trap)
    (folder / "oidc_doctor").mkdir()
    (folder / "oidc_doctor" / "__main__.py").write_text(trap)
    (folder / "oidc_doctor" / "__init__.py").write_text(trap)
    (folder / "strangers.py").write_text(trap)
    pack = folder / "strangers-1.0.dist-info"
    pack.mkdir()
    (pack / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
    (pack / "entry_points.txt").write_text("[oidc_doctor.checks]\nstrangers = strangers\n")
    return folder


def trapped(command: list[str], folder: Path) -> str:
    """Run a command in the folder; return the modules of the folder that it imported."""
    trap = folder.parent / "trap"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    finished = subprocess.run(
        command, cwd=folder, env=environment | {"TRAP": str(trap)}, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in finished.stderr, finished.stderr
    return trap.read_text() if trap.exists() else ""


def test_the_trap_works(folder: Path) -> None:
    assert "oidc_doctor" in trapped([sys.executable, "-m", "oidc_doctor"], folder)


@pytest.mark.parametrize("arguments", [["--report", "--demo"], ["--list-checks"], ["permissions", "aws"]])
def test_the_command_imports_nothing_of_it(arguments: list[str], folder: Path) -> None:
    assert trapped([str(SCRIPT), *arguments], folder) == ""


def test_python_dash_m_imports_nothing_of_it_once_the_program_runs(folder: Path) -> None:
    (folder / "oidc_doctor" / "__main__.py").unlink()
    (folder / "oidc_doctor" / "__init__.py").unlink()
    (folder / "oidc_doctor").rmdir()
    imported = trapped([sys.executable, "-m", "oidc_doctor", "--report", "--demo"], folder)
    assert "strangers" not in imported.split()
    assert not {"json", "multiprocessing", "pickle", "secrets"} & set(imported.split())


def test_a_rule_pack_of_the_working_folder_is_not_loaded(folder: Path) -> None:
    code = "import sys; sys.path[:] = [*sys.path[1:], '', '.']; import oidc_doctor.findings.packs as p; p.all_checks()"
    assert trapped([sys.executable, "-c", code], folder) == ""


def test_processes_that_read_logs_import_nothing_of_it(folder: Path) -> None:
    trail = folder / "aws" / "cloudtrail"
    trail.mkdir(parents=True)
    for number in range(3):
        record = f'{{"eventID":"{number}","eventName":"AssumeRoleWithWebIdentity"}}'
        (trail / f"{number}.json").write_text(f'{{"Records":[{record}]}}')
    script = folder.parent / "read.py"
    script.write_text(
        "import threading\n"
        "from oidc_doctor.api import examine\n"
        "from oidc_doctor.logs.reading import workers\n"
        "workers.POOLED, workers._BATCH_BYTES = 1, 1\n"
        "if __name__ == '__main__':\n"
        "    waiting = threading.Event()\n"  # beside another thread, processes are spawned
        "    threading.Thread(target=waiting.wait, daemon=True).start()\n"
        "    examine('.')\n"
        "    waiting.set()\n"
    )
    assert trapped([sys.executable, str(script)], folder) == ""
