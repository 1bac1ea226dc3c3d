"""Regular expressions that every supported Python reads the same way."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted([*ROOT.glob("oidc_doctor/**/*.py"), *ROOT.glob("checks/**/*.py")])
# Python before 3.11.5 (Debian 12 has 3.11.2) matches too much where the group has alternatives or lookarounds:
# CPython issue 106052. An atomic group, (?>(?:…)*), says the same and is right in all of them.
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")


def test_no_group_is_repeated_possessively() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in FILES
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if POSSESSIVE_GROUP.search(line) and not line.lstrip().startswith("#")
    ]
    assert len(FILES) > 500
    assert found == []


def test_the_forms_that_are_looked_for() -> None:
    assert all(POSSESSIVE_GROUP.search(f"(?:a|b){repeat}") for repeat in ("*+", "++", "?+", "{2}+", "{2,}+", "{,3}+"))
    assert not POSSESSIVE_GROUP.search("(?>(?:a|b)*)[a-z]*+(?:c)+")
