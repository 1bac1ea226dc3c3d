"""The matches of a pattern near words that each match has: a search at every character would take far longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator


def places_of(words: Iterable[str], text: str) -> set[int]:
    """Return where the words begin in `text`."""
    return {place for word in words for place in _places(text, word)}


def _places(text: str, word: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def matches_near(pattern: re.Pattern[str], text: str, places: Iterable[int], before: int) -> Iterator[re.Match[str]]:
    """Yield the matches in turn, as `finditer` does, if each begins at most `before` characters before a place."""
    reached = 0
    for place in sorted(places):
        for start in range(max(reached, place - before), place + 1):
            match = pattern.match(text, start)
            if match is not None:
                yield match
                reached = match.end()
                break
        else:
            reached = max(reached, place + 1)  # tried
