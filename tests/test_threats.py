"""docs/threats.md names the test that holds each threat: every one of them exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", TEXT)
    assert len(named) > 20
    for path, test in named:
        place = ROOT / path
        assert place.exists(), path
        assert not test or f"def {test}(" in place.read_text(encoding="utf-8"), test


def test_every_row_names_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| they", "| input"))]
    assert len(rows) > 15
    assert all("`tests/" in row for row in rows)


def test_every_module_that_is_named_exists() -> None:
    for name in re.findall(r"`((?:oidc_doctor/)?[a-z_]+/(?:[a-z_]+/)*(?:[a-z_]+\.py)?)`", TEXT):
        if not name.startswith("tests/"):
            assert (ROOT / "oidc_doctor" / name.removeprefix("oidc_doctor/")).exists(), name
