"""The words that docs/style.md rules out are in no guide either."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT
from tests.test_words import ruled_out

PAGES = ("README.md", "docs/*/index.md", "docs/guides/*.md")
NAMES = ("index", "errors", "fidelity", "neighbours", "running")
GUIDES = [
    *sorted(path for pattern in PAGES for path in ROOT.glob(pattern)),
    *(ROOT / "docs" / f"{name}.md" for name in NAMES),
]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_ruled_out_word(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    words = " ".join(text.split())
    assert [word for word in ruled_out() if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", words)] == []
