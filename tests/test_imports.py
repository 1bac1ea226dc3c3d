"""What is imported when: start-up stays cheap, and a check file stays a check file. Each run is a fresh interpreter."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHECKS = sorted((ROOT / "checks").glob("*/*.py"))
CLOUDS_AND_SCREENS = (
    "boto3", "botocore", "google", "numpy", "pandas", "prometheus_client", "requests", "rich", "textual"
)  # fmt: skip

SPY = """
import json, runpy, sys
sys.argv = json.loads(sys.argv[1])
try:
    runpy.run_module("oidc_doctor", run_name="__main__", alter_sys=True)
except SystemExit as end:
    code = end.code or 0
json.dump([code, sorted({name.partition(".")[0] for name in sys.modules})], sys.stderr)
"""


def run(*arguments: str, cwd: Path) -> tuple[int, set[str], str]:
    """Exit code, the top-level names of all modules that were imported, and stdout of a run of its own."""
    command = [sys.executable, "-c", SPY, json.dumps(["oidc-doctor", *arguments])]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, check=True)
    code, names = json.loads(done.stderr)
    return code, set(names), done.stdout


def test_version_imports_no_library(tmp_path: Path) -> None:
    code, names, out = run("--version", cwd=tmp_path)
    assert code == 0
    assert out.startswith("oidc-doctor ")
    assert not names & {*CLOUDS_AND_SCREENS, "cryptography", "jwt", "re2", "yaml"}


@pytest.mark.parametrize("how", ["text", "markdown", "json", "html", "sarif", "junit"])
def test_a_report_on_decoded_claims_imports_no_library(how: str, write_bundle: Callable[..., Path]) -> None:
    folder = write_bundle(subject="job:green:7")
    code, names, out = run("--report", "--from", ".", "--format", how, cwd=folder)
    assert code == 1, out
    assert "green" in out
    assert not names & {*CLOUDS_AND_SCREENS, "cryptography", "jwt", "yaml"}


def test_the_engines_import_no_library(tmp_path: Path) -> None:
    code = "import json, sys, oidc_doctor.cel, oidc_doctor.iam; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    names = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not names & {*CLOUDS_AND_SCREENS, "cryptography", "jwt", "yaml"}


def test_there_are_checks() -> None:
    assert CHECKS


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.stem)
def test_a_check_imports_only_checkkit_and_the_standard_library(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            found.append(str(node.module))
    assert [name for name in found if name.partition(".")[0] not in sys.stdlib_module_names] == ["oidc_doctor.checkkit"]


@pytest.mark.parametrize("folder", ["oidc_doctor", "checks", "tests"])
def test_no_file_is_longer_than_anyone_reads(folder: str) -> None:
    lengths = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".toml", ".tcss"}
    }
    assert lengths
    assert {name: length for name, length in lengths.items() if length > 500} == {}
