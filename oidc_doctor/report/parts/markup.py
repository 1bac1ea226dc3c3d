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
_ROUNDS = 20  # secrets over several blocks that are looked for


def forbid_tokens_in_markup(page: str) -> str:
    """Remove every token and every other secret from the texts of a page; its elements stay.

    The values of its attributes are ours, or were looked at before. A block with a secret loses the elements inside
    its lines; of one that goes on over several blocks, each is replaced.
    """
    tokens = _TAG.split(page)
    blocks = [block for block in _blocks(tokens) if any(tokens[at].strip() for at in block)]
    texts = [unescape("".join(tokens[at] for at in block)) for block in blocks]
    if not contains_secret("\n".join(texts)):
        return page
    clean = list(texts)
    for at, text in enumerate(texts):
        if contains_secret(text):
            _remove(clean, at, at)
    for _ in range(_ROUNDS):
        if not contains_secret("\n".join(clean)):
            break
        _remove(clean, *_smallest(clean))
    else:
        return forbid_tokens(page)  # without tags that are in the way: a secret is worse than a broken page
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


def _remove(texts: list[str], start: int, end: int) -> None:
    """Remove the secret of some neighbours, and what follows it in the next ones."""
    while end + 1 < len(texts) and not forbid_tokens("\n".join(texts[start : end + 2])).endswith(f"\n{texts[end + 1]}"):
        end += 1
    for at in range(start, end + 1):
        texts[at] = forbid_tokens(texts[at]) if start == end else REMOVED


def _smallest(texts: list[str]) -> tuple[int, int]:
    """Return the first and the last of the fewest neighbours that together hold the first secret."""
    places = range(len(texts))
    end = bisect_left(places, True, key=lambda at: contains_secret("\n".join(texts[: at + 1])))
    back = bisect_left(places[: end + 1], True, key=lambda at: contains_secret("\n".join(texts[end - at : end + 1])))
    return max(end - back, 0), min(end, len(texts) - 1)
