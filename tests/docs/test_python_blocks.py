"""Every `python` block of README.md and docs/ runs, and prints what the comments `# → …` below its prints say.

The blocks of a page run in order, as one program, in the folder of the guides' reader.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

import desk
import fenced
from tests.docs.conftest import ROOT
from tests.docs.test_commands_of_guides import PAGES

BLOCKS = [block for block in fenced.blocks_in(ROOT, *PAGES) if block.language == "python"]
_PRINTED = re.compile(r"^\s*# → ?(.*\n)", re.MULTILINE)


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS}))
def test_the_python_blocks_of_the_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.fill(tmp_path)
    (tmp_path / "sample_logs").symlink_to(ROOT / "sample_logs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in BLOCKS:
        if block.page == page:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(block.text, f"{page}:{block.line}", "exec"), names)  # noqa: S102 - our own pages
            expected = "".join(_PRINTED.findall(block.text))
            assert fenced.agrees(printed.getvalue(), expected), f"{page}:{block.line} prints\n{printed.getvalue()}"


def test_there_are_blocks_of_python() -> None:
    assert len(BLOCKS) > 8
