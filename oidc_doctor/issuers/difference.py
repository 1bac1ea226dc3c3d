"""Explain how a text differs from the expected texts: the segment, the characters, and the words for the difference.

The evaluator compares; this module explains a failed comparison, so it may guess the intention: a pattern under
StringEquals is aligned as the pattern that it was meant to be. Expected texts are written by the account's owner,
actual ones by whoever holds a token: notes quote both shortened and with invisible characters spelled out.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from oidc_doctor.issuers.alignment import MOST_ALIGNED, MOST_BOUNDED, Alignment, Cost, LeastCosts, align
from oidc_doctor.issuers.characters import (
    Span,
    agreeing,
    blank_ends,
    char_name,
    fold,
    has_wildcard,
    is_invisible,
    likeness,
    literal_pairs,
    ordinary,
    particular_note,
    runs,
    swallowed,
    tight,
    value_note,
    visible,
    words,
)
from oidc_doctor.issuers.grammar import Grammar, Segment, Subject, parse, separator_of
from oidc_doctor.issuers.mismatch import FORM, FORMAT, SEGMENT, Mismatch
from oidc_doctor.issuers.profile import Profile
from oidc_doctor.model.placeholder import compare, has_placeholder, may_match

EQUAL: Final = "equal"  # nothing differs: the caller asked about a text that matches
WILDCARD: Final = "wildcard-under-string-equals"
CASE: Final = "subject-case-differs"
VALUE: Final = "value-differs"
KINDS: Final = (EQUAL, WILDCARD, CASE, FORMAT, FORM, SEGMENT, VALUE)

Spans = tuple[Span, ...]

_NO_GRAMMAR: Final = Grammar()
_SCHEME: Final = re.compile(r"https?:(?=//iam\.)|https?://", re.IGNORECASE)


class Difference(NamedTuple):
    """How `actual` differs from the nearest of the expected texts.

    Spans are (start, end) character offsets, in order; an empty span marks the place where the other side has more.
    `expected_index` is -1 when nothing was expected.
    """

    kind: str
    expected: str
    expected_index: int
    expected_spans: tuple[Span, ...]
    actual_spans: tuple[Span, ...]
    segment: str | None
    note: str
    certain: bool
    repeats_values: bool = False  # the note adds nothing to the two texts
    detail: str = ""  # of a changed format: how the issuer writes it, and since when; the note holds it in parentheses
    note_without_detail: str = ""


def compare_subject(
    expected: Sequence[str], actual: str, *, wildcards: bool, profile: Profile | None, pasted: bool = True
) -> Difference:
    """Explain why a subject matches none of the expected texts; `wildcards` as under StringLike.

    Not `pasted`: no text was copied by hand, so `<…>` and the like are ordinary characters.
    """
    question = _Question(tuple(expected), actual, wildcards=wildcards, profile=profile, pasted=pasted)
    return (
        question.nothing_expected(SEGMENT)
        or question.equal()
        or question.literal_wildcard()
        or question.only_case(CASE)
        or question.invisible(SEGMENT)
        or question.escaped_separator()
        or question.by_segment()
    )


def compare_value(expected: Sequence[str], actual: str, *, wildcards: bool, pasted: bool = True) -> Difference:
    """Explain why any other text (an audience, an ARN, a URL, a literal) matches none of the expected texts."""
    question = _Question(tuple(expected), actual, wildcards=wildcards, profile=None, pasted=pasted)
    return (
        question.nothing_expected(VALUE)
        or question.equal()
        or question.literal_wildcard()
        or question.invisible(VALUE)
        or question.blanks_around()
        or question.only_case(VALUE)
        or question.slash_or_scheme()
        or question.plain_difference()
    )


class _Question:
    """A comparison; each public method tries an explanation and returns None where it does not apply."""

    def __init__(
        self, expected: tuple[str, ...], actual: str, *, wildcards: bool, profile: Profile | None, pasted: bool
    ) -> None:
        self.expected = expected
        self.actual = actual
        self.wildcards = wildcards
        self.profile = profile
        self.names = ("the policy", "the token") if profile else ("the expected text", "the actual text")
        self.pasted = pasted
        self.verdicts = tuple(self._match(text, actual, pattern=wildcards) for text in expected)

    def nothing_expected(self, kind: str) -> Difference | None:
        """Report that an empty list of values matches nothing."""
        if self.expected:
            return None
        note = "no value is given to compare with"
        return Difference(kind, "", -1, (), ((0, len(self.actual)),), None, note, certain=True)

    def equal(self) -> Difference | None:
        """Report that a text matches after all."""
        if True not in self.verdicts:
            return None
        return self._answer(EQUAL, self.verdicts.index(True), (), (), "nothing differs")

    def literal_wildcard(self) -> Difference | None:
        """Report a text that would match if its `*` and `?` were wildcards."""
        if self.wildcards:
            return None
        index = self._first(
            lambda text: self._match(text, self.actual, pattern=True) if self._has_wildcard(text) else False
        )
        if index is None:
            return None
        text = self.expected[index]
        stars = runs(at for at, char in enumerate(text) if char in "*?")
        matched = tuple(self._first_segment(start, end) for start, end in swallowed(text, self.actual))
        return self._answer(WILDCARD, index, stars, matched, ordinary(text))

    def only_case(self, kind: str) -> Difference | None:
        """Report texts that are equal but for upper and lower case."""
        index = self._but_for(fold)
        if index is None:
            return None
        text, folded = self.expected[index], fold(self.actual)
        offset_pairs = literal_pairs(fold(text), folded) if self._as_pattern(text) else None
        if offset_pairs is None:
            agreed = agreeing(fold(text), folded)
            offset_pairs = [(at, at) for at in range(agreed)]
        offset_pairs = [(at, place) for at, place in offset_pairs if text[at] != self.actual[place] and text[at] != "?"]
        if not offset_pairs:  # the texts agree up to a placeholder that hides the difference
            return None
        expected = self._by_segment([at for at, _ in offset_pairs], text)
        actual = self._by_segment([place for _, place in offset_pairs], self.actual)
        segment = self._segment_at(self.actual, actual[0][0]) if kind == CASE else None
        where = f" ({words(segment)})" if segment else ""
        return self._answer(kind, index, expected, actual, f"only upper and lower case differ{where}", segment)

    def invisible(self, kind: str) -> Difference | None:
        """Report texts that are equal but for invisible characters."""
        index = self._but_for(visible)
        if index is None:
            return None
        text = self.expected[index]
        expected = runs(at for at, char in enumerate(text) if is_invisible(char))
        actual = runs(at for at, char in enumerate(self.actual) if is_invisible(char))
        if not expected and not actual:
            return None
        side, at = (text, expected[0][0]) if expected else (self.actual, actual[0][0])
        owner = self.names[0] if expected else self.names[1]
        note = f"an invisible character ({char_name(side[at])}) at position {at + 1} of what {owner} says"
        if not self.profile:
            note = f"an invisible character ({char_name(side[at])}) at position {at + 1} of {owner}"
        segment = self._segment_at(side, at) if kind == SEGMENT else None
        return self._answer(kind, index, expected, actual, note, segment)

    def escaped_separator(self) -> Difference | None:
        """Report a separator inside a value that the issuer escapes and the policy does not."""
        grammar = self.profile.grammar if self.profile else _NO_GRAMMAR
        escape = grammar.escaped_separator
        if not escape or escape not in self.actual:
            return None
        plain = self.actual.replace(escape, grammar.separator)
        index = self._first(lambda text: self._match(text, plain, pattern=self._as_pattern(text)))
        if index is None:
            return None
        actual = tuple(match.span() for match in re.finditer(re.escape(escape), self.actual))
        shift = len(escape) - len(grammar.separator)
        separators = {start - shift * number for number, (start, _) in enumerate(actual)}
        offset_pairs = literal_pairs(self.expected[index], plain) or []
        expected = runs(at for at, place in offset_pairs if place in separators)
        segment = self._segment_at(self.actual, actual[0][0])
        note = f"the issuer writes `{grammar.separator}` inside a value as {escape}"
        return self._answer(SEGMENT, index, expected, actual, note, segment)

    def by_segment(self) -> Difference:
        """Align the nearest expected text with the subject and report the first difference."""
        subject = self._parse(self.actual)
        changes = self.profile.changes if self.profile else ()
        least_costs = LeastCosts(subject, self._open_ended, changes)
        candidates = sorted(
            (least_costs.of(self._parse(text)), -agreeing(text, self.actual), index)
            for index, text in self._likeliest()
        )
        aligned: list[tuple[Cost, int, int, Alignment, Subject]] = []
        for least, agrees, index in candidates[:MOST_ALIGNED]:
            if aligned and min(aligned)[:3] <= (least, agrees, index):
                break  # none of the others can be nearer
            parsed = self._parse(self.expected[index])
            matches = functools.partial(self._match, pattern=self._as_pattern(parsed.text))
            alignment = align(parsed, subject, matches, self._open_ended, changes)
            if alignment is not None:
                aligned.append((alignment.cost, agrees, index, alignment, parsed))
        if not aligned:
            return self.plain_difference(SEGMENT)
        _, _, index, alignment, parsed = min(aligned)
        if all(step.kind == "agrees" for step in alignment.steps):
            return self.plain_difference(SEGMENT, index)
        mismatch = Mismatch(alignment, (parsed, subject), self.profile, pattern=self._as_pattern(parsed.text))
        also = f"; also, {ordinary(parsed.text)}" if not self.wildcards and self._has_wildcard(parsed.text) else ""
        expected, actual = _without_equals((parsed.text, self.actual), *mismatch.spans())
        note = mismatch.note(with_detail=True) + also
        difference = self._answer(mismatch.kind, index, expected, actual, note, mismatch.segment())
        return difference._replace(detail=mismatch.detail, note_without_detail=mismatch.note(with_detail=False) + also)

    def _likeliest(self) -> list[tuple[int, str]]:
        """Return the expected texts with their indexes; of very many, the neighbours of the subject in sorted order."""
        texts = list(enumerate(self.expected))
        if len(texts) <= MOST_BOUNDED:
            return texts
        texts.sort(key=lambda pair: pair[1])
        place = bisect.bisect([text for _, text in texts], self.actual)
        start = min(max(0, place - MOST_BOUNDED // 2), len(texts) - MOST_BOUNDED)
        return texts[start : start + MOST_BOUNDED]

    def blanks_around(self) -> Difference | None:
        """Report texts that are equal but for blanks at an end."""
        index = self._but_for(str.strip)
        if index is None:
            return None
        expected, actual = blank_ends(self.expected[index]), blank_ends(self.actual)
        if not expected and not actual:
            return None
        owner = self.names[0] if expected else self.names[1]
        return self._answer(VALUE, index, expected, actual, f"{owner} has a blank at its beginning or end")

    def slash_or_scheme(self) -> Difference | None:
        """Report texts that are equal but for the slash at the end, or the scheme in front."""

        def core(text: str) -> str:
            return _SCHEME.sub("", text).removesuffix("/")

        index = self._but_for(core)
        if index is None:
            return None
        text = self.expected[index]
        notes: list[str] = []
        expected: list[Span] = []
        actual: list[Span] = []
        schemes = [match.group() if (match := _SCHEME.match(side)) else "" for side in (text, self.actual)]
        if schemes[0] != schemes[1]:
            says = [f"begins with {scheme}" if scheme else "has no scheme" for scheme in schemes]
            notes.append(f"{self.names[0]} {says[0]}, {self.names[1]} {says[1]}")
            expected.append((0, len(schemes[0])))
            actual.append((0, len(schemes[1])))
        slashes = [side.endswith("/") for side in (text, self.actual)]
        if slashes[0] != slashes[1]:
            notes.append(f"a trailing slash: {self.names[0 if slashes[0] else 1]} ends in one")
            expected.append((len(text) - slashes[0], len(text)))
            actual.append((len(self.actual) - slashes[1], len(self.actual)))
        return self._answer(VALUE, index, expected, actual, "; ".join(notes)) if notes else None

    def plain_difference(self, kind: str = VALUE, index: int | None = None) -> Difference:
        """Report the place where the texts differ, where no other explanation fits."""
        if index is None:
            index = max(range(len(self.expected)), key=lambda at: (likeness(self.expected[at], self.actual), -at))
        text = self.expected[index]
        pattern = self._as_pattern(text)
        expected, actual = tight(text, self.actual, pattern=pattern)
        repeats_values = False
        if self.verdicts[index] is None:
            note = "a placeholder hides whether the two are equal"
        else:
            note = value_note("", text, self.actual, self.names, pattern=pattern)
            repeats_values = not particular_note("", text, self.actual, self.names, pattern=pattern)
        if not self.wildcards and self._has_wildcard(text):
            note += f"; also, {ordinary(text)}"
        segment = self._segment_at(self.actual, actual[0]) if kind == SEGMENT else None
        difference = self._answer(kind, index, (expected,), (actual,), note, segment)
        return difference._replace(repeats_values=repeats_values and not self.profile)

    def _match(self, expected: str, actual: str, *, pattern: bool) -> bool | None:
        if self.pasted:
            return may_match(expected, actual, wildcards=pattern)
        return compare([(expected, pattern, False)], actual, text_gaps=False)

    def _has_wildcard(self, text: str) -> bool:
        return has_wildcard(text, pasted=self.pasted)

    def _open_ended(self, text: str) -> bool:
        return self.pasted and has_placeholder(text)

    def _as_pattern(self, text: str) -> bool:
        return self.wildcards or self._has_wildcard(text)

    def _first(self, judge: Callable[[str], bool | None]) -> int | None:
        """Find the first expected text that the judge accepts; else the first that it cannot refuse."""
        return _first([judge(text) for text in self.expected])

    def _but_for(self, change: Callable[[str], str]) -> int | None:
        """Find the first expected text that certainly differs, but not after `change` is applied to both sides."""
        actual = change(self.actual)
        verdicts = [
            verdict is False
            and ((changed := change(text)) != text or actual != self.actual)
            and self._match(changed, actual, pattern=self._as_pattern(text))
            for text, verdict in zip(self.expected, self.verdicts, strict=True)
        ]
        return _first(verdicts)

    def _parse(self, text: str) -> Subject:
        if self.profile:
            return self.profile.parse_subject(text)
        return parse(text, _NO_GRAMMAR, separator=separator_of(self.actual))

    def _segment_at(self, text: str, offset: int) -> str | None:
        segments = self._parse(text).segments
        at = next((segment for segment in segments if offset < segment.end), segments[-1] if segments else None)
        return at.name if at else None

    def _first_segment(self, start: int, end: int) -> Span:
        """Shorten a span that a wildcard was meant to match to its first segment."""
        ends = [segment.end for segment in self._parse(self.actual).segments if start < segment.end <= end]
        return start, ends[0] if ends else end

    def _by_segment(self, places: Sequence[int], text: str) -> tuple[Span, ...]:
        """Return a span for each segment with some of the offsets, from its first offset to its last."""
        subject = self._parse(text)
        groups: dict[Segment | None, list[int]] = {}
        for place in places:
            groups.setdefault(subject.at(place), []).append(place)
        return tuple(sorted((min(group), max(group) + 1) for group in groups.values()))

    def _answer(
        self,
        kind: str,
        index: int,
        expected: Sequence[Span],
        actual: Sequence[Span],
        note: str,
        segment: str | None = None,
    ) -> Difference:
        certain = True in self.verdicts or None not in self.verdicts
        text = self.expected[index]
        return Difference(kind, text, index, tuple(expected), tuple(actual), segment, note, certain=certain)


def _first(verdicts: list[bool | None]) -> int | None:
    return next((verdicts.index(wanted) for wanted in (True, None) if wanted in verdicts), None)


def _without_equals(texts: tuple[str, str], expected: Spans, actual: Spans) -> tuple[Spans, Spans]:
    """Return the spans of `env=` and `environment=` without the trailing sign that both have."""
    if len(expected) != len(actual):
        return expected, actual
    shared_equals = [
        all(text[start:end].endswith("=") for text, (start, end) in zip(texts, span_pair, strict=True))
        for span_pair in zip(expected, actual, strict=True)
    ]

    def trimmed(spans: Spans) -> Spans:
        return tuple((start, end - shared) for (start, end), shared in zip(spans, shared_equals, strict=True))

    return trimmed(expected), trimmed(actual)
