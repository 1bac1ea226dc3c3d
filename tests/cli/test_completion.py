"""Shell completion: the code for three shells, and what a shell then gets for a line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oidc_doctor.cli import commands
from oidc_doctor.cli.main import main


@pytest.mark.parametrize(("shell", "words"), [("bash", "complete "), ("zsh", "#compdef"), ("fish", "complete ")])
def test_the_code_names_the_program(shell: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    out = capfd.readouterr().out
    assert words in out
    assert "oidc-doctor" in out


def completions(line: str, tmp_path: Path, **variables: str) -> list[str]:
    answer = tmp_path / "answer"
    environment = os.environ | {
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        **variables,
    }
    done = subprocess.run([sys.executable, "-P", "-m", "oidc_doctor"], env=environment, capture_output=True, check=True)
    assert done.stdout == b""
    return [word.strip() for word in answer.read_text().split("\v")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("oidc-doctor --fo", {"--force", "--format"}),
        ("oidc-doctor se", {"setup", "self-test"}),
        ("oidc-doctor --report --demo aws-wrong", {"aws-wrong-team"}),
        ("oidc-doctor --format m", {"markdown"}),
        ("oidc-doctor explain AWS02", {f"AWS02{number}" for number in range(10)}),
        ("oidc-doctor explain wildcard-under", {"wildcard-under-string-equals"}),
        ("oidc-doctor init --gcp", {"--gcp-provider"}),
        ("oidc-doctor permissions g", {"gcp"}),
        ("oidc-doctor self-test --", {"--help"}),
        ("oidc-doctor capture --redact", {"--redact-addresses"}),
        ("oidc-doctor setup a", {"aws"}),
        ("oidc-doctor completion z", {"zsh"}),
    ],
)
def test_a_line_is_completed(line: str, expected: set[str], tmp_path: Path) -> None:
    found = set(completions(line, tmp_path))
    assert found
    assert found <= expected or expected <= found


def test_profiles_are_completed(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile audit]\nregion = us-east-1\n[profile prod]\nregion = us-east-1\n")
    assert completions("oidc-doctor --profile a", tmp_path, AWS_CONFIG_FILE=str(config)) == ["audit"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_accepts_the_code(capfd: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    code = capfd.readouterr().out
    subprocess.run(["bash", "-eu", "-c", f"{code}\ncomplete -p oidc-doctor"], check=True, capture_output=True)


def test_every_command_completes_its_own_options() -> None:
    assert commands._PARSERS.keys() == commands._COMMANDS.keys()
