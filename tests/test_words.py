"""The words that docs/style.md rules out appear in no page of a check and not in the help."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from oidc_doctor.cli.main import main

NAMED = "Preview beside production"  # the title of a check, whose name is a contract
STYLE = Path(__file__).parent.parent / "docs/style.md"


def ruled_out() -> list[str]:
    """The right-hand words of the glossary's second table."""
    table = STYLE.read_text().partition("| write | not |")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split("|") for row in table.splitlines()[2:] if row.startswith("|")]
    words = [word.strip() for row in rows for word in row[-1].split(",")]
    return [re.sub(r"\s*\(.*\)", "", word) for word in words if not word.startswith("*")]


@pytest.mark.parametrize("command", [["explain", "--all"], ["--help"], ["capture", "--help"]])
def test_no_ruled_out_word(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):  # argparse ends the process after --help
        main(command)
    text = " ".join(capfd.readouterr().out.split()).replace(NAMED, "")
    assert len(ruled_out()) > 20
    found = [
        text[max(match.start() - 40, 0) : match.end() + 40]
        for word in ruled_out()
        for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    ]
    assert not found
