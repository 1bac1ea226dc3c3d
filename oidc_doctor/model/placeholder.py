"""Gaps in pasted evidence: `<account>`, `{region}`, `$NAME`, `***`, `xxx`, `...` could be anything.

A comparison with a gap has three results: True if it is true for all values of the gaps, False if it is false for all
values, None otherwise. A named gap, such as `<account>`, has the same value everywhere; other gaps have independent
values, except that two identical strings are equal.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    # One position: a character, None for any one character, or a gap: as written, and a number if it is unnamed.
    Cell: TypeAlias = str | tuple[str, int] | None
    # The cells between two wildcards for any run of characters.
    Cells: TypeAlias = list[Cell]

UNNAMED = frozenset(
    ("", "...", "\u2026", "censored", "hidden", "masked", "omitted", "redacted", "removed", "secret", "snip")
)
"""Words that people write into brackets as fillers."""

_LEFT_OUT = ("redacted", "censored")  # words that people write over a whole value, with or without brackets
_LONGEST_REDACTION = 14  # characters of such a word, with up to three brackets on each side
_BARS = "\u2580-\u259f\u25a0\u25ae\u2b1b"  # black bars: block elements and black squares
_BY_HAND = (
    rf"[{_BARS}]+"
    r"|[\u2022\u25cf]{3,}"
    r"|\[(?i:hidden|masked|omitted|redacted|removed|secret|snip|censored)\]"
    r"|\((?i:hidden|masked|omitted|redacted|removed|censored)\)"
    r"|(?<![A-Za-z0-9])(?:REDACTED|CENSORED|HIDDEN|MASKED|OMITTED|REMOVED)(?![A-Za-z0-9])"
)
"""Characters that people write over a part of a value, and that no cloud writes."""

LONGEST = 256
"""A bracket pair further apart than this is text. Keeps the scan linear."""

ELLIPSIS = "\u2026"
TRIGGERS = ("<", "{", "$", "...", ELLIPSIS, "xxx", "XXX", "###", "***")


class Pasted(str):
    """A string copied by hand, which may contain placeholders; a string read by a program never does."""

    __slots__ = ()


def spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of the placeholders as (start, end), from left to right."""
    if is_redaction(text):
        return [(0, len(text))]
    for trigger in TRIGGERS:  # a loop: this runs for every string, and `any` takes four times as long
        if trigger in text:
            break
    else:
        return _by_hand(text)
    by_hand = dict(_by_hand(text))
    places = []
    position = 0
    while position < len(text):
        end, is_gap = (by_hand[position], True) if position in by_hand else _gap_at(text, position)
        if is_gap:
            places.append((position, end))
        position = end
    return places


def _by_hand(text: str) -> list[tuple[int, int]]:
    """Return the spans of black bars and of words such as `[hidden]` and REDACTED."""
    if "ED" in text or "[" in text or "(" in text or "HIDDEN" in text or not text.isascii():
        import re  # late: importing it costs more than this module; it keeps what it compiled

        return [match.span() for match in re.finditer(_BY_HAND, text)]
    return []


@lru_cache(maxsize=8192)  # configured values are compared with every token
def has_placeholder(text: str) -> bool:
    """Whether the text contains a placeholder."""
    return bool(spans(text))


def is_redaction(text: str) -> bool:
    """Whether the whole text is a word such as `REDACTED`, which is no value in any cloud."""
    return len(text) <= _LONGEST_REDACTION and text.strip("[](){}<>").lower() in _LEFT_OUT


def is_left_out(text: str) -> bool:
    """Whether the text was redacted, even partly, in a way that no cloud writes: black bars, `[hidden]`, REDACTED.

    Unlike `<account>` or `***`, which a policy may contain, this is a redaction even in a recorded file.
    """
    return bool(_by_hand(text)) or is_redaction(text)


def with_gaps(text: str) -> str:
    """Replace parts redacted by hand with an ellipsis, since a change of case would hide them."""
    import re  # late

    return ELLIPSIS if is_redaction(text) else re.sub(_BY_HAND, ELLIPSIS, text)


def stands_for_another(text: str) -> bool:
    """Whether no policy can contain this text as a name: it is empty, redacted, or has an ellipsis or a placeholder.

    Runs of `*`, `x` and `#` are not counted: the first are wildcards, the others may be part of a name.
    """
    return not text or is_redaction(text) or any(text[start] not in "xX#*" for start, _ in spans(text))


def account_is_redacted(account: str) -> bool:
    """Whether the text cannot be an AWS account id, so that the real id was redacted."""
    return not (len(account) == 12 and account.isascii() and account.isdigit())  # noqa: PLR2004 - an account id's length


def names_a_key(inner: str) -> bool:
    """Whether `${inner}` names a condition key, as an IAM policy variable does. `${VAR:-default}` is a shell's."""
    if inner in {"*", "?", "$"}:
        return True
    prefix, colon, key = inner.partition(",")[0].partition(":")
    return (
        bool(prefix and colon and key)
        and all(character.isalnum() or character in "._-/" for character in prefix)
        and key[0] not in "-=+?"
        and not any(character.isspace() for character in key)
    )


def _gap_at(text: str, start: int) -> tuple[int, bool]:
    """Return the end of the character or gap that begins at the position, and whether it is a gap."""
    character = text[start]
    if character in "xX#*.":
        end = start + 1
        while end < len(text) and text[end] == character:
            end += 1
        return end, end - start >= 3  # noqa: PLR2004 - three or more make a gap
    if character == ELLIPSIS:
        return start + 1, True
    if character == "<":
        end = _closed(text, start + 1, "<", ">")
        return (end, text[start:end] != "<none>") if end else (start + 1, False)
    if character == "{":
        end = _braces(text, start)
        return (end, not is_uuid(text[start + 1 : end - 1])) if end else (start + 1, False)
    if character == "$":
        return _dollar(text, start)
    return start + 1, False


def _closed(text: str, start: int, opening: str, closing: str) -> int:
    """Return the end of the gap that opened just before start; 0 if it is not closed, or another gap opens first."""
    end = text.find(closing, start, start + LONGEST)
    if end < 0 or (end == start and closing == ">"):
        return 0
    inner = text[start:end]
    return 0 if opening in inner or "\n" in inner else end + 1


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID. Bitbucket writes them in braces, which are then no placeholder's."""
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        character in "0123456789abcdefABCDEF" for part in parts for character in part
    )


def _braces(text: str, start: int) -> int:
    if text.startswith("{{", start):
        end = text.find("}}", start + 2, start + LONGEST)
        if end >= 0:
            return end + 2
    return _closed(text, start + 1, "{", "}")


def _dollar(text: str, start: int) -> tuple[int, bool]:
    if text.startswith("{", start + 1):
        end = _braces(text, start + 1)
        if end:
            return end, not names_a_key(text[start + 2 : end - 1])
        return start + 1, False
    end = start + 1
    while end < len(text) and (text[end] == "_" or (text[end].isascii() and text[end].isalnum())):
        end += 1
    return end, end > start + 1 and not text[start + 1].isdigit()


def may_equal(left: str, right: str) -> bool | None:
    """Whether the two texts are the same."""
    if left == right:
        return True
    return compare([(left, False, True)], right) if has_placeholder(left) or has_placeholder(right) else False


def may_match(pattern: str, text: str, wildcards: bool) -> bool | None:
    """Whether the text matches the pattern as a whole; `*` and `?` of the pattern are optionally wildcards."""
    return pattern == text or compare([(pattern, wildcards, True)], text)


def may_start_with(text: str, start: str) -> bool | None:
    """Whether the text begins with `start`."""
    return compare([(start, False, True), ("*", True, False)], text)


def may_end_with(text: str, end: str) -> bool | None:
    """Whether the text ends with `end`."""
    return compare([("*", True, False), (end, False, True)], text)


def may_contain(text: str, part: str) -> bool | None:
    """Whether the part occurs anywhere in the text."""
    return compare([("*", True, False), (part, False, True), ("*", True, False)], text)


def compare(pattern: Sequence[tuple[str, bool, bool]], text: str, *, text_gaps: bool = True) -> bool | None:
    """Whether the text matches a pattern in parts: (text, whether wildcards are active, whether it may have gaps)."""
    if len(pattern) == 1:
        written, wildcards, gaps = pattern[0]
        if wildcards and written in ("*", "**"):  # covers any text and any gap; three stars are a redaction
            return True
        if not (gaps and has_placeholder(written)) and not (text_gaps and has_placeholder(text)):
            literal = min(_before(written, "*"), _before(written, "?")) if wildcards else len(written)
            if literal == len(written) or not text.startswith(written[:literal]):  # nearly always
                return written == text
            if len(written) - written.count("*") > len(text):  # each of the others needs a character
                return False
            if not _has_in_order(written.replace("?", "*").split("*"), text):
                return False
        elif not (text_gaps and has_placeholder(text)) and not _has_ends(written, text, wildcards=wildcards):
            return False
    expected = _cells(pattern, 1)
    actual = _cells([(text, False, text_gaps)], -1)
    _drop_common(expected, actual[0])
    if not _may_meet(_opened(expected), _opened(actual)):
        return False
    # Strictly: a gap of the text is a cell that only a star covers, or the same gap.
    return True if _fits(expected, actual[0], loose=False) else None


def _has_ends(written: str, text: str, *, wildcards: bool) -> bool:
    """Whether the text begins and ends as the pattern does. The pattern has a gap, and the text has none."""
    begin, end = ends_of(written, wildcards)
    return text.startswith(begin) and text.endswith(end)


@lru_cache(maxsize=8192)
def ends_of(written: str, wildcards: bool) -> tuple[str, str]:
    """Return what a pattern with a gap has before its first gap or wildcard, and after its last one."""
    gaps = spans(written)
    begin, end = gaps[0][0], gaps[-1][1]
    if wildcards:
        begin = min(begin, _before(written, "*"), _before(written, "?"))
        end = max(end, written.rfind("*") + 1, written.rfind("?") + 1)
    return written[:begin], written[end:]


def _has_in_order(literals: list[str], text: str) -> bool:
    """Whether the text contains the pattern's literal parts in order, as every matching text does."""
    position = 0
    for literal in literals:
        index = text.find(literal, position)
        if index < 0:
            return False
        position = index + len(literal)
    return True


def _before(text: str, character: str) -> int:
    """Count the characters before the first of this kind."""
    place = text.find(character)
    return len(text) if place < 0 else place


def _cells(pieces: Iterable[tuple[str, bool, bool]], side: int) -> list[Cells]:
    """Return the segments between the active stars. Each nameless gap has its own number, negative on one side."""
    segments: list[Cells] = [[]]
    nameless = 0
    for text, wildcards, gaps in pieces:
        position = 0
        for start, end in [*(spans(text) if gaps else ()), (len(text), len(text))]:
            for star, literal in enumerate(text[position:start].split("*") if wildcards else (text[position:start],)):
                if star:
                    segments.append([])
                segments[-1].extend(None if wildcards and cell == "?" else cell for cell in literal)
            if end > start:
                gap = text[start:end]
                is_named = gap[0] in "<{$" and gap.strip("<>{}$ ").lower() not in UNNAMED
                nameless += not is_named
                segments[-1].append((gap, 0 if is_named else side * nameless))
            position = end
    return segments


def _drop_common(pattern: list[Cells], text: Cells) -> None:
    """Drop the common prefix and suffix, gaps of the same name included; only the remainder decides."""
    start = _in_common(pattern[0], text)
    del pattern[0][:start], text[:start]
    end = _in_common(reversed(pattern[-1]), reversed(text))
    del pattern[-1][len(pattern[-1]) - end :], text[len(text) - end :]


def _in_common(left: Iterable[Cell], right: Iterable[Cell]) -> int:
    """Count the cells of the common prefix."""
    count = 0
    for cell, other_cell in zip(left, right, strict=False):
        if cell is None or cell != other_cell:
            break
        count += 1
    return count


def _opened(segments: list[Cells]) -> list[Cells]:
    """Return the segments with each gap replaced by its possible values."""
    opened: list[Cells] = []
    for segment in segments:
        opened.append([])
        for cell in segment:
            if not isinstance(cell, tuple):
                opened[-1].append(cell)
                continue
            # At least one character, except that an ellipsis may be empty.
            if not cell[0].startswith((".", ELLIPSIS)):
                opened[-1].append(None)
            opened.append([])
    return opened


def _may_meet(left: list[Cells], right: list[Cells]) -> bool:
    """Whether any text matches both. Linear: no search is needed if both sides have a wildcard for any run.

    There, the middle of one side fits into a run of the other, so only the prefixes and the suffixes must agree.
    """
    if len(left) > 1 and len(right) > 1:
        return all(map(_agree, left[0], right[0])) and all(map(_agree, reversed(left[-1]), reversed(right[-1])))
    if len(left) > 1:
        return _fits(left, right[0], loose=True)
    return _fits(right, left[0], loose=True)


def _agree(left: Cell, right: Cell) -> bool:
    return left is None or right is None or left == right


def _fits(pattern: list[Cells], text: Cells, *, loose: bool) -> bool:
    """Whether the cells of the text match the segments with any run between them.

    Loose: a None of either side agrees with anything. Strict: a None of the pattern matches a character, never a gap.
    """

    def at(segment: Cells, position: int) -> bool:
        aligned = zip(segment, text[position : position + len(segment)], strict=True)
        if loose:
            return all(_agree(a, b) for a, b in aligned)
        return all(a == b or (a is None and isinstance(b, str)) for a, b in aligned)

    first, last = pattern[0], pattern[-1]
    if len(pattern) == 1:
        return len(text) == len(first) and at(first, 0)
    end = len(text) - len(last)
    if len(first) > end or not at(first, 0) or not at(last, end):
        return False
    position = len(first)
    for segment in pattern[1:-1]:
        if segment:
            position = _after(segment, text, position, end, loose=loose)
            if position < 0:
                return False
    return True


def _after(segment: Cells, text: Cells, start: int, end: int, *, loose: bool) -> int:
    """Return the end of the first match of the segment in text[start:end], or -1. Shift-And, one step per cell."""
    masks: dict[Cell, int] = {}
    anything = 0
    for index, cell in enumerate(segment):
        if cell is None:
            anything |= 1 << index
        else:
            masks[cell] = masks.get(cell, 0) | (1 << index)
    every, accept, state = (1 << len(segment)) - 1, 1 << (len(segment) - 1), 0
    for position in range(start, end):
        cell = text[position]
        if loose and cell is None:
            fits = every
        else:
            fits = masks.get(cell, 0) | (anything if loose or isinstance(cell, str) else 0)
        state = ((state << 1) | 1) & fits
        if state & accept:
            return position + 1
    return -1
