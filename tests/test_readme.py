"""What README.md, CONTRIBUTING.md and docs/ show is so. UPDATE_README=1 writes the report, check and table of today."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.cli import main
from oidc_doctor.cli.exit_codes import ExitCode
from oidc_doctor.findings import packs
from oidc_doctor.issuers.catalogue import all_profiles

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BUNDLE = (ROOT / "docs" / "bundle.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

CUT = "  […]"  # what follows in the report: weaknesses, and what was read and what was not
REPORT = re.compile(r"(?<=```text\n).*?(?=\n```)", re.DOTALL)
COMMANDS = [line for line in README.splitlines() if line.startswith("python3 -m venv ")]


def test_the_commands_that_ci_runs() -> None:
    run, test = COMMANDS
    assert "oidc-doctor --report --from" in run
    assert "pytest" in test
    assert "[test]" in test


def test_the_report_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    words = shlex.split(COMMANDS[0].rpartition("&&")[2])
    assert main.main(words[1:]) == 1
    kept = re.split(r"^  (?:Also|Read) *", capsys.readouterr().out, maxsplit=1, flags=re.MULTILINE)[0]
    shown = f"{kept.rstrip()}\n\n{CUT}"
    if os.environ.get("UPDATE_README"):
        (ROOT / "README.md").write_text(REPORT.sub(lambda _: shown, README, count=1), encoding="utf-8")
    else:
        found = REPORT.search(README)
        assert found
        assert found[0] == shown, "run it again with UPDATE_README=1 if the new report is meant"


def test_every_file_of_a_bundle_is_known() -> None:
    paths = re.findall(r"bundle/([\w./-]+\.(?:json|txt|jwt))", README + BUNDLE)
    assert len(paths) > 10
    assert [path for path in paths if not contract.is_known(path)] == []


def test_the_table_of_files_is_that_of_the_contract() -> None:
    found = re.search(r"^\| file \|.*?\n(?=\n)", BUNDLE, re.MULTILINE | re.DOTALL)
    assert found
    if os.environ.get("UPDATE_README"):
        (ROOT / "docs" / "bundle.md").write_text(BUNDLE.replace(found[0], contract.table()), encoding="utf-8")
    else:
        assert found[0] == contract.table(), "run it again with UPDATE_README=1"


def test_the_issuers_that_are_named_have_a_profile() -> None:
    section = re.sub(r"\s+", " ", README.partition("## Issuers")[2].partition("## ")[0])
    named = re.search(r"known for (.*?) and every other issuer", section)
    assert named is not None
    titles = [profile.title for profile in all_profiles()]
    for words in re.sub(r" \([^)]*\)", "", named[1]).split(", "):
        assert any(words.startswith(title) for title in titles), words
    assert "(oidc_doctor/issuers)" in section


def test_every_code_and_scenario_that_is_named_exists() -> None:
    codes = {code for check in packs.all_checks() for code in check.codes}
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"\b(?:TOK|ISS|AWS|GCP|LOG|ACC)\d{3}\b", text))
        assert named <= codes, path.name
        scenarios = set(re.findall(r"sample_logs/([a-z][\w-]+)", text))
        assert [name for name in scenarios if not (ROOT / "sample_logs" / name).is_dir()] == [], path.name


def test_links_lead_somewhere() -> None:
    for path in PAGES:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_the_check_that_contributing_shows_is_the_real_one() -> None:
    found = re.search(r"```python\n# (checks/\S+)\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert found
    real = (ROOT / found[1]).read_text(encoding="utf-8")
    if os.environ.get("UPDATE_README"):
        (ROOT / "CONTRIBUTING.md").write_text(CONTRIBUTING.replace(found[2], real), encoding="utf-8")
    else:
        assert found[2] == real, "run it again with UPDATE_README=1"


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    running = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", running, re.MULTILINE)}
    assert rows == set(ExitCode)


def test_the_schema_that_is_linked_is_the_reports() -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["schema"]["const"] == "oidc-doctor.report/1"
