"""Typing errors in configured values: invisible characters, and documentation placeholders that were not replaced."""

from __future__ import annotations

import functools
import re

from oidc_doctor.model.kinds import Kind

_INVISIBLE = re.compile(r"[\s\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff\x00-\x1f\x7f]")


def invisible_in(values: list[str]) -> tuple[str, int] | None:
    """Return the first blank, control or zero-width character of the values: its name and its place, counted from 1."""
    import unicodedata

    for value in values:
        match = _INVISIBLE.search(value)
        if match:
            code = match.group()
            return (unicodedata.name(code, "") or f"U+{ord(code):04X}").lower(), match.start() + 1
    return None


def strip_invisible(value: str) -> str:
    """Return the value without blank, control and zero-width characters."""
    return _INVISIBLE.sub("", value)


_LEFT_IN = re.compile(
    r"(?:YOUR_|MY_)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:ID|NAME|SLUG|NUMBER|ACCOUNT|ORG|REPO|TEAM)\b|REPLACE_?ME|CHANGE_?ME|TODO\b"
)


def left_in(value: str) -> str:
    """Return a documentation placeholder such as ORG_ID that was not replaced; empty where there is none."""
    match = _LEFT_IN.search(value)
    return match.group() if match else ""


def shared_fault(kind: Kind, configured: list[str], sent: str, note: str, name: str) -> tuple[Kind, dict[str, str]]:
    """Return the kind and facts of a difference: a typo in the configured values, else `kind`."""
    invisible = invisible_in([*configured, sent])
    if invisible and any(strip_invisible(value) == strip_invisible(sent) for value in configured):
        facts = {"note": note, "value_name": name, "character": invisible[0], "position": str(invisible[1])}
        return Kind.INVISIBLE_CHARACTER_IN_VALUE, facts
    placeholder = next((left_in(value) for value in configured if left_in(value)), "")
    if placeholder and not left_in(sent) and len(configured) == 1:
        return Kind.PLACEHOLDER_LEFT_IN, {"note": note, "value_name": name, "placeholder": placeholder}
    return kind, {"note": note}


@functools.lru_cache(maxsize=4096)  # the same names are compared for every token
def similarity(left: str, right: str) -> float:
    """Return the similarity of two names, from 0 to 1 (difflib's ratio): high if one misspells the other."""
    from difflib import SequenceMatcher  # late: few names are compared

    return SequenceMatcher(None, left, right).ratio()


def may_be_similar(left: str, right: str, least: float) -> bool:
    """Return whether the similarity can reach `least`, by the lengths alone: each character has at most one partner."""
    both = len(left) + len(right)
    return both == 0 or 2 * min(len(left), len(right)) / both >= least
