"""Remove every secret from a text."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from oidc_doctor.model.secret_texts.encoded import encoded_spans
from oidc_doctor.model.secret_texts.forms import form_spans, jwk_spans, secret_key_spans, value_first_spans
from oidc_doctor.model.secret_texts.labels import holds_secret, label_spans
from oidc_doctor.model.secret_texts.pieces import piece_spans
from oidc_doctor.model.secret_texts.tokens import Span, jwt_spans, merged

if TYPE_CHECKING:
    from collections.abc import Callable

REMOVED: Final = "[token removed]"
REMOVED_SECRET: Final = "[secret removed]"
_SHORTEST: Final = 6  # minimum characters of a text with a secret and its label
_UNSEEN = re.compile(
    "[\u00ad\u200b-\u200f\u2060\ufeff]+"
    r"|(?:(?<!\\)\\++u(?:00[aA][dD]|200[b-fB-F]|2060|[fF][eE][fF][fF]))+"
)
_REPEATED: Final = 300  # characters of a text that a report may well have many times
_LONGEST: Final = 64 * 1024  # characters of a token
_WORD_END = re.compile(r"[^\w+/=%.\\-]")
_ROUNDS: Final = 4  # a removal may show another secret, whose name was covered


def without_secrets(text: str, mark: str | None = None) -> str:
    """Return `text` with every secret replaced by a mark. On finished JSON, quotes and escapes stay as they are."""
    return removed(text, mark)[0]


def without_secrets_between(text: str, value: re.Pattern[str]) -> str:
    """Return a finished document whose values, each without secrets already, form no token together.

    `value` matches a value, whose content is the group that matched; or, without a group, what is none. Nothing outside
    of the values changes: after a value that ends with the name of a secret, the document's own marks would be taken
    for the secret.
    """
    for _ in range(_ROUNDS):
        tokens, others = _spans(text)
        if not tokens and not others:
            break
        pieces: list[str] = []
        reached = 0
        for start, end in _inside(text, value, tokens, others):
            pieces += [text[reached:start], REMOVED]
            reached = end
        if not reached:
            break
        text = "".join([*pieces, text[reached:]])
    return text


def _inside(text: str, value: re.Pattern[str], tokens: list[Span], others: list[Span]) -> list[Span]:
    """Return the parts of the tokens that are in a value, and the other secrets that are whole in one."""
    spans: list[Span] = []
    for found in value.finditer(text):
        low, high = found.span(found.lastindex) if found.lastindex else (0, 0)
        spans += [(max(start, low), min(end, high)) for start, end in tokens if start < high and end > low]
        spans += [(start, end) for start, end in others if low <= start and end <= high]
    return merged(spans) if spans else spans


def removed(text: str, mark: str | None = None) -> tuple[str, int, int]:
    """Return the text without its secrets, and how many tokens and how many other secrets were removed."""
    # A report and a capture repeat their names, pointers and states thousands of times.
    return _removed_once(text, mark) if len(text) <= _REPEATED else _removed_of_long(text, mark)


def _removed(text: str, mark: str | None) -> tuple[str, int, int]:
    tokens = others = 0
    for _ in range(_ROUNDS):
        token_spans, spans = _spans(text)
        if not token_spans and not spans:
            break
        before = len(token_spans), len(spans)
        text = _replaced(text, token_spans, spans, mark)
        tokens += before[0]
        others += before[1]
    return text, tokens, others


_removed_once = functools.lru_cache(maxsize=65_536)(_removed)
# A long value or error text is shown whole, in part and in sentences, one after the other.
_removed_of_long = functools.lru_cache(maxsize=8)(_removed)


def beginning_without_secrets(text: str, most: int, remove: Callable[[str], str] = without_secrets) -> tuple[str, bool]:
    """Return the first `most` characters of `remove(text)`, without a look at all of a long text, and if that is all.

    A secret across the end of what is kept is found as in the whole text: a token is followed for 64 Ki characters,
    and no word is cut in two. Where nearly all of the beginning is secrets, fewer characters are kept.
    """
    cut = _WORD_END.search(text, most + 3 * _LONGEST)
    clean = remove(text[: cut.start()] if cut else text)
    if cut is None:
        return clean[:most], len(clean) <= most
    behind = _LONGEST + clean.count("[") * len(REMOVED_SECRET)  # a mark may be longer than its secret
    return clean[: max(min(most, len(clean) - behind), 0)], False


def contains_secret(text: str) -> bool:
    """Return whether a secret would be removed from `text`."""
    return any(_spans(text))


def _spans(text: str) -> tuple[list[Span], list[Span]]:
    """Return the spans of the tokens and of the other secrets; characters that cannot be seen do not hide one."""
    is_plain = text.isascii() and "\\u" not in text  # nearly always
    marks = [] if is_plain else list(_UNSEEN.finditer(text))
    if not marks:
        return _token_spans(text), _other_spans(text)
    pieces, places, at, size = [], [0], 0, 0
    sizes = [0]  # how much of the text without the marks is before each of `places`
    for mark in marks:
        pieces.append(text[at : mark.start()])
        size += mark.start() - at
        at = mark.end()
        places.append(at)
        sizes.append(size)
    shown = "".join([*pieces, text[at:]])

    def place(index: int) -> int:
        nearest = bisect_right(sizes, index) - 1
        return places[nearest] + index - sizes[nearest]

    found_spans = (_token_spans(shown), _other_spans(shown))
    hidden, others = ([(place(start), place(end - 1) + 1) for start, end in spans] for spans in found_spans)
    return hidden, others


def _token_spans(text: str) -> list[Span]:
    if len(text) < _SHORTEST:
        return []
    spans = jwt_spans(text)
    return merged([*spans, *piece_spans(text, spans)])


def _holds(text: str) -> bool:
    """Return whether a decoded text contains a secret; text that is encoded again is ignored."""
    return bool(_token_spans(text) or _other_spans(text, encoded=False))


def _other_spans(text: str, *, encoded: bool = True) -> list[Span]:
    if len(text) < _SHORTEST:
        return []
    low = text.lower()
    spans = [*form_spans(text, low), *jwk_spans(text), *label_spans(text, low), *secret_key_spans(text, low)]
    spans += [span for name, span in value_first_spans(text, low) if holds_secret(name, text[slice(*span)])]
    if encoded:
        spans += encoded_spans(text, _holds)
    return merged([(start, end) for start, end in spans if end > start]) if spans else spans


def _replaced(text: str, tokens: list[Span], others: list[Span], mark: str | None) -> str:
    pieces: list[str] = []
    reached = 0
    waiting = iter([*tokens, (len(text) + 1, 0)])
    token = next(waiting)
    for start, end in merged([*tokens, *others]):
        is_token = token[0] < end
        pieces += [text[reached:start], mark or (REMOVED if is_token else REMOVED_SECRET)]
        reached = end
        while token[0] < end:
            token = next(waiting)
    return "".join([*pieces, text[reached:]])
