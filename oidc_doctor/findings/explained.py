"""Find checks by a code, a name, a pasted error, or any words.

The words are untrusted. Nothing is judged: an error's causes are those of its steps, and words are searched in the
checks' own pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.findings.likely import answer_for
from oidc_doctor.findings.run_checks import by_kind
from oidc_doctor.judge.error_texts import read_error

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Check

_CODE = re.compile(r"([a-z]{3})[ _-]?0*(\d{1,3})", re.ASCII)
_WORD = re.compile(r"[a-z0-9]+", re.ASCII)
_LONGEST = 4_000  # maximum characters of the search text
_MOST_WORDS = 40
_CLOSEST = 3
_TITLE, _PAGE = 5, 1  # weight of a word in the title or name, and in the page
_LONGEST_NAME = 100  # maximum characters of a mistyped name
_LEAST_LIKE = 0.7  # minimum similarity (difflib's ratio) of a mistyped name
# Words that are not specific to a fault
_PLAIN = frozenset(
    ("a", "an", "and", "are", "at", "by", "for", "from", "in", "is", "it", "my", "of", "on", "or", "the")
)


class Found(NamedTuple):
    """Matching checks, the best first. `exact`: matched by code, name or title, or the only fault of an error."""

    checks: tuple[Check, ...]
    exact: bool = False
    said: str = ""  # how they were found: "" for words, else a short description


def find(text: str, checks: Sequence[Check]) -> Found:
    """Return the checks that match a text; none if none of its words is known."""
    asked = " ".join(text[:_LONGEST].split())
    named = _named(asked.lower(), checks)
    if named:
        return Found(tuple(named), exact=True)
    of_error = _of_error(text[:_LONGEST], checks)
    return of_error or Found(tuple(_by_words(asked.lower(), checks)))


def closest(text: str, checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks most similar to the text or one of its words, for a text without matches."""
    import difflib  # late: only for a mistyped name

    asked = [text[:_LONGEST_NAME].lower().strip(), *_words(text[:_LONGEST_NAME])]
    parts = {part for check in checks for part in (*_names(check), *_WORD.findall(" ".join(_names(check))))}
    like = {
        near_word
        for word in asked
        for near_word in difflib.get_close_matches(word, parts, n=_CLOSEST, cutoff=_LEAST_LIKE)
    }
    scored = [
        (-sum(part in like for part in (*_names(check), *_WORD.findall(check.name))), check.code, check)
        for check in checks
    ]
    scored.sort(key=lambda near_word: near_word[:2])
    return tuple(check for score, _, check in scored[:_CLOSEST] if score)


def is_code(text: str) -> bool:
    """Whether the text has the form of a code, such as AWS025."""
    return _CODE.fullmatch(text.strip().lower()) is not None


def title_of(check: Check) -> str:
    """Return the first line of the check's page."""
    return check.page.strip().partition("\n")[0]


def holds_words(check: Check, text: str) -> bool:
    """Whether the check's code, name, title or page contains all words of the text, or words with these prefixes."""
    return all(_weight(word, check) for word in _words(text)) if text.strip() else True


def _names(check: Check) -> tuple[str, str, str]:
    return check.code.lower(), check.name, title_of(check).lower()


def _named(asked: str, checks: Sequence[Check]) -> list[Check]:
    code = _CODE.fullmatch(asked)
    wanted = f"{code[1]}{int(code[2]):03d}" if code else asked
    hyphened = re.sub(r"[ _]+", "-", asked)
    return [
        check
        for check in checks
        if wanted.upper() in check.codes or hyphened == check.name or asked == title_of(check).lower()
    ]


def _of_error(text: str, checks: Sequence[Check]) -> Found | None:
    """Return the causes of a known error; None if the text is no known error or names no cloud."""
    reading = read_error(text)
    if reading is None:
        return None
    kinds = by_kind(checks)
    if reading.kind is not None and reading.proves and reading.kind in kinds:
        return Found((kinds[reading.kind],), exact=True, said="this error names one fault")
    if reading.cloud is None:
        return None
    answer = answer_for(reading.cloud, reading.steps, {})
    ranked = [*([reading.kind] if reading.kind is not None else []), *(cause.kind for cause in answer.causes)]
    listed = tuple(dict.fromkeys(kinds[kind] for kind in ranked if kind in kinds))
    order = f"the most likely first ({answer.basis})" if answer.basis else "in the order of the steps"
    return Found(listed, said=f"this error fits these causes, {order}") if listed else None


def _words(text: str) -> list[str]:
    words = _WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text[:_LONGEST]).lower())[:_MOST_WORDS]
    return [word for word in dict.fromkeys(words) if word not in _PLAIN] or words


def _by_words(asked: str, checks: Iterable[Check]) -> list[Check]:
    """Return the checks that contain every word, the best first."""
    words = _words(asked)
    scored = []
    for check in checks:
        weights = [_weight(word, check) for word in words]
        if words and all(weights):
            scored.append((-sum(weights), check.code, check))
    return [check for _, _, check in sorted(scored, key=lambda entry: entry[:2])]


def _weight(word: str, check: Check) -> int:
    code, name, title = _names(check)
    if code.startswith(word):
        return _TITLE
    names = _WORD.findall(f"{name} {title}")
    if word in names:
        return _TITLE
    if any(part.startswith(word) for part in names):
        return _TITLE - 1
    return _PAGE if re.search(rf"\b{re.escape(word)}", check.page.lower()) else 0
