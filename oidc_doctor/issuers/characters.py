"""Compare two texts character by character, and describe the difference in a few words.

Either text may be written by an attacker: quotations are short and spell out invisible characters.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from oidc_doctor.issuers.grammar import WILD
from oidc_doctor.model.in_words import as_value

Span = tuple[int, int]

_ORDINARY: Final = "`*` is an ordinary character"
_LONGEST_QUOTATION: Final = 60

# Blank on the screen, although Unicode counts them as letters, symbols or marks.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")


def has_wildcard(text: str, *, pasted: bool = True) -> bool:
    """Whether a text has `*` or `?`; three or more asterisks are a redaction in what a person `pasted`."""
    if not pasted:
        return "*" in text or "?" in text
    return re.search(r"\?|(?<!\*)\*{1,2}(?!\*)", text) is not None


def ordinary(text: str) -> str:
    """Return the note that a wildcard is an ordinary character here."""
    return _ORDINARY if WILD in text else _ORDINARY.replace("*", "?")


def fold(text: str) -> str:
    """Lower the case without moving offsets; `$NAME` is kept, as only upper case makes it a placeholder."""
    if text.isascii() and "$" not in text:
        return text.lower()
    return _folded(text)


@functools.lru_cache(maxsize=1024)  # a policy's values are compared with many subjects
def _folded(text: str) -> str:
    folded = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    for match in re.finditer(r"\$[A-Z_][A-Z0-9_]*", text):
        folded = folded[: match.start()] + match.group() + folded[match.end() :]
    return folded


def is_invisible(char: str) -> bool:
    """Whether a character is invisible on a screen; an ordinary blank is not."""
    if " " <= char <= "~":
        return False
    category = unicodedata.category(char)
    return category in {"Cf", "Cc", "Zl", "Zp", "Zs"} or char in _BLANK or "\ufe00" <= char <= "\ufe0f"


def visible(text: str) -> str:
    """Return the text without invisible characters."""
    return text if text.isascii() and text.isprintable() else "".join(c for c in text if not is_invisible(c))


def char_name(char: str) -> str:
    """Return Unicode's name of a character."""
    return unicodedata.name(char, f"U+{ord(char):04X}").lower()


def shown(text: str) -> str:
    """Quote a text, shortened, with invisible characters spelled out; in quotation marks where it has white space."""
    return as_value(_spelled(text))


def _spelled(text: str) -> str:
    spelled = "".join(f"\\u{{{ord(char):x}}}" if is_invisible(char) else char for char in text[:_LONGEST_QUOTATION])
    return spelled + ("…" if len(text) > _LONGEST_QUOTATION else "")


def words(name: str | None) -> str:
    """Write the name of a segment as words."""
    if name == WILD:
        return "anything"
    return shown(name) if name and len(name.split()) > 1 else _spelled((name or "").replace("_", " "))


def listed(names: Iterable[str], joint: str = "and") -> str:
    """Join names as a sentence does: `a`, `a and b`, `a, b and c`; "" for none."""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} {joint} {last}" if first else last


def blank_ends(text: str) -> tuple[Span, ...]:
    """Find the blanks at the ends."""
    head, tail = len(text) - len(text.lstrip()), len(text.rstrip())
    return tuple(span for span in ((0, head), (max(tail, head), len(text))) if span[0] < span[1])


def runs(places: Iterable[int]) -> tuple[Span, ...]:
    """Join neighbouring offsets to spans."""
    return merged([(place, place + 1) for place in places])


def merged(spans: Iterable[Span], gap: int = 0) -> tuple[Span, ...]:
    """Sort the spans, and join those that touch or are no further apart than the gap."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        allowed_gap = gap if merged and start < end and merged[-1][0] < merged[-1][1] else 0
        if merged and start <= merged[-1][1] + allowed_gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def _common_prefix(left: str, right: str) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((count for count, (a, b) in pairs if a != b), min(len(left), len(right)))


def _common_suffix(left: str, right: str) -> int:
    return _common_prefix(left[::-1], right[::-1])


def agreeing(pattern: str, text: str) -> int:
    """Count the characters that agree before the first that does not, or before the first `*`."""
    for count, (expected, actual) in enumerate(zip(pattern, text, strict=False)):
        if expected not in ("?", actual):
            return count
    return min(len(pattern), len(text))


def likeness(left: str, right: str) -> int:
    """Count the characters that agree at both ends."""
    head = agreeing(left, right)
    return head + min(_common_suffix(left, right), min(len(left), len(right)) - head)


def tight(expected: str, actual: str, *, pattern: bool) -> tuple[Span, Span]:
    """Return the smallest span on each side that contains the difference, or the whole text when little agrees."""
    star = expected.find(WILD) if pattern else -1
    if star >= 0:
        return _tight_pattern(expected, actual, star)
    head = agreeing(expected, actual) if pattern else _common_prefix(expected, actual)
    tail = min(_common_suffix(expected, actual), min(len(expected), len(actual)) - head)
    if 2 * (head + tail) < min(len(expected), len(actual)):
        head = tail = 0
    return (head, len(expected) - tail), (head, len(actual) - tail)


def _tight_pattern(expected: str, actual: str, star: int) -> tuple[Span, Span]:
    """Compare the literal ends of a pattern with the text."""
    head = agreeing(expected[:star], actual)
    if head < star:
        return (head, star), (head, len(actual))
    last = expected.rfind(WILD) + 1
    ending = expected[last:]
    tail = min(_common_suffix(ending, actual[head:]), len(ending))
    if tail < len(ending):
        return (last, len(expected) - tail), (head, len(actual) - tail)
    return (star, last), (head, max(len(actual) - tail, head))


def literal_pairs(pattern: str, text: str) -> list[tuple[int, int]] | None:
    """Return the offsets of each literal character of the pattern and of its match in the text; None if unmatched."""
    chunks = pattern.split(WILD)
    offset_pairs: list[tuple[int, int]] = []
    at = place = 0
    for number, chunk in enumerate(chunks):
        expression = re.compile("".join("." if char == "?" else re.escape(char) for char in chunk), re.DOTALL)
        last = number == len(chunks) - 1
        if number == 0:
            match = expression.match(text)
        elif last:
            match = expression.match(text, max(len(text) - len(chunk), at))
        else:
            match = expression.search(text, at)
        if match is None or (last and match.end() != len(text)):
            return None
        offset_pairs += [(place + step, match.start() + step) for step in range(len(chunk))]
        at = match.end()
        place += len(chunk) + 1
    return offset_pairs


def swallowed(pattern: str, text: str) -> tuple[Span, ...]:
    """Return the spans of the text that the wildcards of a matching pattern match."""
    offset_pairs = literal_pairs(pattern, text)
    if offset_pairs is None:  # a placeholder prevents a literal match
        head = agreeing(pattern, text)
        return ((head, len(text)),)
    literal = {place for at, place in offset_pairs if pattern[at] != "?"}
    return runs(at for at in range(len(text)) if at not in literal)


def value_note(name: str, expected: str, actual: str, owners: tuple[str, str], *, pattern: bool) -> str:
    """Describe in a few words how one value differs from another; `owners` names the owner of each."""
    prefix = f"{name}: " if name else ""
    return particular_note(name, expected, actual, owners, pattern=pattern) or (
        f"{prefix}{owners[0]} says {shown(expected) or 'nothing'}, {owners[1]} {shown(actual) or 'nothing'}"
    )


def particular_note(name: str, expected: str, actual: str, owners: tuple[str, str], *, pattern: bool) -> str:
    """Describe how one value differs from another; empty where only both values could be quoted."""
    subject = name or "the value"
    prefix = f"{name}: " if name else ""
    invisible = next((char for char in actual + expected if is_invisible(char)), None)
    if invisible:
        return f"{subject} contains an invisible character ({char_name(invisible)})"
    if pattern and (WILD in expected or "?" in expected):
        return f"{prefix}{shown(actual)} does not match {shown(expected)}"
    if fold(expected) == fold(actual):
        return f"{subject} differs only in upper/lower case"
    return _one_character(subject, expected, actual) or _one_end(prefix, (expected, actual), owners) or ""


def _one_character(subject: str, expected: str, actual: str) -> str | None:
    letters = enumerate(zip(expected, actual, strict=False))
    places = [at for at, (expected_letter, actual_letter) in letters if expected_letter != actual_letter]
    if len(expected) != len(actual) or len(actual) == 1 or len(places) != 1:
        return None
    ends = {0: "first character", len(actual) - 1: "last character"}
    where = ends.get(places[0], f"character {places[0] + 1}")
    return f"{subject} differs in its {where}" + _look_alike(expected[places[0]], actual[places[0]])


def _one_end(prefix: str, values: tuple[str, str], owners: tuple[str, str]) -> str | None:
    shorter, longer = sorted(values, key=len)
    owner = owners[values.index(longer)]
    if not shorter:
        return None
    if longer.startswith(shorter):
        return f"{prefix}{owner} continues with {shown(longer[len(shorter) :])}"
    if longer.endswith(shorter):
        return f"{prefix}{owner} has {shown(longer[: -len(shorter)])} in front"
    return None


def _look_alike(left: str, right: str) -> str:
    """Name a letter of another alphabet, which may look like the correct letter."""
    unusual = next((char for char in (left, right) if not char.isascii()), None)
    return f" ({char_name(unusual)})" if unusual and left.isascii() != right.isascii() else ""
