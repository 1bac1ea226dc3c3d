"""The words that docs/style.md rules out appear in no page of a check, no help, no report of a sample, no document."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from oidc_doctor.cli.main import main

ROOT = Path(__file__).parent.parent
STYLE = ROOT / "docs/style.md"
NAMED = "Preview beside production", "preview-beside-production"  # a check's title and name, which is a contract
HELP = ("capture", "ci", "permissions", "setup", "init", "completion", "self-test", "explain")
SAMPLES = sorted(path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir())
GUIDES = ("docs/*.md", "docs/guides/*.md", "skills/*/*.md")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *(path for where in GUIDES for path in ROOT.glob(where)))
    if path != STYLE
)


def ruled_out() -> list[str]:
    """The right-hand words of the glossary's second table."""
    table = STYLE.read_text().partition("| write | not |")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split("|") for row in table.splitlines()[2:] if row.startswith("|")]
    words = [word.strip() for row in rows for word in row[-1].split(",")]
    return [re.sub(r"\s*\(.*\)", "", word) for word in words if not word.startswith("*")]


def places(written: str) -> list[str]:
    """The ruled-out words in a text, each with what surrounds it."""
    text = " ".join(written.split())
    for name in NAMED:
        text = text.replace(name, "")
    assert len(ruled_out()) > 20
    return [
        text[max(match.start() - 40, 0) : match.end() + 40]
        for word in ruled_out()
        for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
    ]


@pytest.mark.parametrize(
    "command", [["explain", "--all"], ["--help"], ["--help-all"], *([command, "--help"] for command in HELP)], ids=str
)
def test_no_ruled_out_word(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):  # argparse ends the process after --help
        main(command)
    assert not places(capfd.readouterr().out)


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_ruled_out_word_in_a_report(sample: str, capfd: pytest.CaptureFixture[str]) -> None:
    main(["--report", "-v", "--from", str(ROOT / "sample_logs" / sample)])
    report = capfd.readouterr().out
    assert "oidc-doctor" in report
    assert not places(report)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_ruled_out_word_in_a_document(document: str) -> None:
    assert not places((ROOT / document).read_text())
