"""Secrets in a finished page of markup are removed from its texts, so that no tag is lost with them."""

from __future__ import annotations

import re
from bisect import bisect_left
from html import escape, unescape
from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import REMOVED, contains_secret, forbid_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = re.compile(r"(<[^>]*>)")  # every < and > of a text or an attribute's value is escaped
_NAME = re.compile(r"</?([A-Za-z0-9]+)")
# Elements inside a line: one value may be written over several of them. They end in the block in which they begin.
_INLINE = frozenset(("a", "b", "code", "del", "em", "ins", "mark", "span", "strong", "time"))


def forbid_tokens_in_markup(page: str) -> str:
    """Remove every token and every other secret from the texts of a page; its elements stay.

    The values of its attributes are ours, or were looked at before. A block with a secret loses the elements inside
    its lines; of one that goes on over several blocks, each is replaced.
    """
    tokens = _TAG.split(page)
    blocks = list(_blocks(tokens))
    texts = [unescape("".join(tokens[at] for at in block)) for block in blocks]
    if not contains_secret("\n".join(texts)):
        return page
    clean = [forbid_tokens(text) for text in texts]
    for _ in clean:
        if not contains_secret("\n".join(clean)):
            break
        for at in _smallest(clean):
            clean[at] = REMOVED
    for block, before, after in zip(blocks, texts, clean, strict=True):
        if before != after:
            tokens[block.start : block.stop] = [escape(after), *[""] * (len(block) * 2 - 2)]
    return "".join(tokens)


def _blocks(tokens: list[str]) -> Iterator[range]:
    """Yield the places of the texts of each block: texts have even places, the tags between them odd ones."""
    start = 0
    for at in range(1, len(tokens) + 1, 2):
        name = _NAME.match(tokens[at]) if at < len(tokens) else None
        if name is None or name[1].lower() not in _INLINE:
            if not start or not tokens[start - 1].startswith("<style"):
                yield range(start, at, 2)
            start = at + 1


def _smallest(texts: list[str]) -> range:
    """Return the places of the fewest neighbours that together hold the first secret."""
    places = range(len(texts))
    end = bisect_left(places, True, key=lambda at: contains_secret("\n".join(texts[: at + 1])))
    back = bisect_left(places[: end + 1], True, key=lambda at: contains_secret("\n".join(texts[end - at : end + 1])))
    return range(max(end - back, 0), min(end + 1, len(texts)))
