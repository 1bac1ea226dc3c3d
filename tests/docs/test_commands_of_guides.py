"""Every command that README.md and docs/ show runs, ends as the page says, and prints what the page shows.

A block that cannot run says why in a mark above it (builders/fenced.py); a new block without a mark is run.
"""

from __future__ import annotations

import re
import shutil

import pytest

import fenced
from tests.docs.conftest import ROOT, Shell

PAGES = ("README.md", "docs/**/*.md", "skills/**/*.md")
BLOCKS = [block for block in fenced.blocks_in(ROOT, *PAGES) if block.language in ("sh", "console")]
NOT_RUN = 19  # blocks with a reason; a further one is a decision


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if not block.not_run}))
def test_the_blocks_of_the_page_run(page: str, shell: Shell) -> None:
    """In order and in one folder: a block may use what an earlier one wrote."""
    for block in BLOCKS:
        if block.page == page and not block.not_run and (not block.needs or shutil.which(block.needs)):
            _run(block, shell)


def _run(block: fenced.Block, shell: Shell) -> None:
    commands = fenced.shown(block) if block.language == "console" else [fenced.Shown(block.text, "")]
    ended = shell("\nprintf '\\036'\n".join(shown.command for shown in commands))
    place = f"{block.page}:{block.line}"
    assert ended.failed == block.exits, f"{place} ended with {ended.failed}\n{ended.out}\n{ended.err}"
    assert "Traceback" not in ended.err, place
    if block.language == "console":
        for shown, output in zip(commands, ended.out.split("\x1e"), strict=True):
            assert fenced.agrees(output, shown.output), f"{place}: {shown.command}\nprints\n{output}"


def test_the_commands_in_the_tables_run(shell: Shell) -> None:
    """They end with an answer: a usage error is 2, and a fault of ours 4."""
    commands = [
        command
        for page in sorted({path for pattern in PAGES for path in ROOT.glob(pattern)})
        for command in fenced.commands_in_tables(page.read_text(encoding="utf-8"))
    ]
    assert len(commands) > 8
    for command in commands:
        ended = shell(command)
        assert set(ended.failed) <= {1, 3}, f"{command} ended with {ended.failed}\n{ended.err}"
        assert "Traceback" not in ended.err, command


def test_few_blocks_are_left_out() -> None:
    left_out = [f"{block.page}:{block.line}: {block.not_run}" for block in BLOCKS if block.not_run]
    assert len(left_out) == NOT_RUN, left_out


def test_commands_are_in_blocks_that_are_run() -> None:
    """A block in another language, or in none, would not be run: oidc-doctor's own commands are in sh or console."""
    others = [block for block in fenced.blocks_in(ROOT, *PAGES) if block.language not in ("sh", "console")]
    hidden = [
        f"{block.page}:{block.line}"
        for block in others
        if re.search(r"^(?:\$ |oidc-doctor (?!\d))", block.text, re.MULTILINE)  # a report begins with the version
    ]
    assert hidden == []
