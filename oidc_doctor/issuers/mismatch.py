"""Describe the difference that an alignment of a pattern and a subject shows, in words and spans."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from oidc_doctor.issuers.alignment import AlignedStep, Alignment
from oidc_doctor.issuers.characters import Span, has_wildcard, listed, merged, shown, tight, value_note, words
from oidc_doctor.issuers.grammar import WILD, Grammar, Segment, Subject
from oidc_doctor.issuers.profile import Profile

FORMAT: Final = "subject-format-changed"
FORM: Final = "subject-form-differs"
SEGMENT: Final = "subject-segment-differs"

_FORMAL: Final = frozenset({"other", "only-expected", "only-actual"})
_NO_GRAMMAR: Final = Grammar()


class Mismatch:
    """The difference that an alignment shows: its kind, its segment, its spans and its words."""

    def __init__(
        self, alignment: Alignment, sides: tuple[Subject, Subject], profile: Profile | None, *, pattern: bool
    ) -> None:
        self.expected, self.actual = sides
        self.steps = alignment.steps
        self.wrong = [step for step in alignment.steps if step.kind != "agrees"]
        self.grammar = profile.grammar if profile else _NO_GRAMMAR
        self.pattern = pattern
        self.policy = "the pattern" if pattern and has_wildcard(self.expected.text) else "the policy"
        # A change of format counts when the pattern fails on it first; then another form; then a value.
        first_formal = next((step for step in self.wrong if step.kind in _FORMAL), None)
        if self.wrong[0].kind == "format":
            self.kind, self.main = FORMAT, self.wrong[0]
        elif first_formal:
            self.kind, self.main = FORM, first_formal
        else:
            self.kind, self.main = SEGMENT, self.wrong[0]

    def segment(self) -> str:
        """Return the name of the differing segment, from the token where the token has the segment."""
        expected, actual = self._block()
        if self._without_lead() and self.actual.segments:
            return self.actual.segments[0].name
        return (actual or expected)[0].name

    def spans(self) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Return the differing spans of each side, over all steps that differ."""
        expected_spans: list[Span] = []
        actual_spans: list[Span] = []
        ends = (0, 0)
        for step in self.steps:
            if step.kind == "value":
                expected, actual = self._value_spans(step)
            elif step.change and step.expected and step.actual and not step.value_differs:
                expected = (step.expected[0].start, step.expected[0].value_start)
                actual = (step.actual[0].start, step.actual[0].value_start)
            else:
                expected = _stretch(step.expected, ends[0], alone=not step.actual)
                actual = _stretch(step.actual, ends[1], alone=not step.expected)
            if step.kind != "agrees":
                expected_spans.append(expected)
                actual_spans.append(actual)
            ends = (_end(step.expected, ends[0]), _end(step.actual, ends[1]))
        return merged(expected_spans, gap=1), merged(actual_spans, gap=1)

    def _value_spans(self, step: AlignedStep) -> tuple[Span, Span]:
        starts = (step.expected[0].value_start, step.actual[0].value_start)
        expected, actual = tight(*self._values(step), pattern=self.pattern)
        return (starts[0] + expected[0], starts[0] + expected[1]), (starts[1] + actual[0], starts[1] + actual[1])

    def _values(self, step: AlignedStep) -> tuple[str, str]:
        expected = self.expected.text[step.expected[0].value_start : step.expected[-1].end]
        if len(step.actual) > 1 and WILD in expected:  # the wildcard matched more; the segment's own value differs
            return expected, step.actual[0].value
        return expected, self.actual.text[step.actual[0].value_start : step.actual[-1].end]

    @property
    def detail(self) -> str:
        """Return how the issuer writes a changed format, and since when; empty where that is not known."""
        change = self.main.change
        return "" if change is None else change.detail_new if self._is_newer() else change.detail_old

    def note(self, *, with_detail: bool) -> str:
        """Describe the first difference, and name the other values that differ."""
        if self.main.change:
            text = self.main.change.token_new if self._is_newer() else self.main.change.token_old
            text += f" ({self.detail})" if with_detail and self.detail else ""
        elif self.main.kind == "value":
            name = words(self.main.actual[0].name)
            text = value_note(name, *self._values(self.main), (self.policy, "the token"), pattern=self.pattern)
        else:
            text = self._form_words()
        names = ["its value"] if self.main.value_differs else []
        for step in self.wrong:
            formal = step.kind in _FORMAL and self.kind != FORM
            if step is not self.main and (step.kind == "value" or formal):
                names.append(words((step.actual or step.expected)[0].name))
        unique = list(dict.fromkeys(names))[:3]
        if not unique:
            return text
        return f"{text}; {listed(unique)} {'differs' if len(unique) == 1 else 'differ'} too"

    def _is_newer(self) -> bool:
        """Whether the token is of the new format and the policy of the old one."""
        return not self.main.expected or self._says_new_key(self.main)

    def _says_new_key(self, step: AlignedStep) -> bool:
        return bool(step.change and step.actual and step.actual[0].name == step.change.new_key)

    def _block(self) -> tuple[list[Segment], list[Segment]]:
        """Return the segments of the main step, and of later steps that are of another form too."""
        if self.main.kind not in _FORMAL:
            return list(self.main.expected), list(self.main.actual)
        start = self.steps.index(self.main)
        run = list(itertools.takewhile(lambda step: step.kind in _FORMAL, self.steps[start:]))
        expected = [segment for step in run for segment in step.expected]
        return expected, [segment for step in run for segment in step.actual]

    def _without_lead(self) -> bool:
        lead = self.grammar.lead
        texts = (self.expected.text, self.actual.text)
        return self.kind == FORM and bool(lead) and texts[1].startswith(lead) and not texts[0].startswith((lead, WILD))

    def _form_words(self) -> str:
        expected, actual = self._block()
        names = {segment.name for segment in self.expected.segments}, {segment.name for segment in self.actual.segments}
        if self._without_lead():
            return f"{self.policy} does not begin with {self.grammar.lead}"
        moved = [segment.name for segment in expected if segment.known and segment.name in names[1]]
        moved += [segment.name for segment in actual if segment.known and segment.name in names[0]]
        if moved:
            order = ", ".join(_noun(segment) for segment in self.actual.segments[:8])
            return f"{words(moved[0])} is in another place: the token's order is {order}"
        if expected and actual:
            return self._instead(expected, actual)
        return self._surplus(actual) if actual else self._missing(expected)

    def _because(self) -> str:
        """Return why the issuer built this form, if the policy is of another form of the issuer."""
        form = self.grammar.form(self.actual.form)
        other_form = self.expected.form != self.actual.form
        recognised = all(segment.known or segment.name == WILD for segment in self.expected.segments)
        return form.because if form and other_form and recognised else ""

    def _instead(self, expected: Sequence[Segment], actual: Sequence[Segment]) -> str:
        wants = shown(self.expected.text[expected[0].start : expected[-1].end]) or "nothing"
        says = shown(self.actual.text[actual[0].start : actual[-1].end]) or "nothing"
        reason = self._because()
        if reason:
            return f"{reason}, so its subject says {says} instead of {wants}"
        return f"the token says {says} where {self.policy} says {wants}"

    def _surplus(self, run: Sequence[Segment]) -> str:
        """Describe segments of the token that the policy does not have."""
        at = self.steps.index(self.main)
        after = next((step.expected[0] for step in self.steps[at:] if step.expected), None)
        before = next((step.expected[-1] for step in reversed(self.steps[:at]) if step.expected), None)
        text = self.actual.text
        if after is None:
            end = f"ends at {_with_article(before)}" if before else "is empty"
            says = f"{self.policy} {end}; the token continues with {shown(text[max(run[0].start - 1, 0) :])}"
        elif before is None:
            begins = shown(text[run[0].start : run[-1].end]), shown(self.expected.text[after.start : after.end])
            return f"the token begins with {begins[0]}, {self.policy} with {begins[1]}"
        else:
            has = listed(_noun(segment) for segment in run)
            says = f"between {_noun(before)} and {_noun(after)} the token has {has}, {self.policy} has not"
        reason = self._because()
        return f"{says} ({reason})" if reason else says

    def _missing(self, run: Sequence[Segment]) -> str:
        """Describe segments of the policy that the token does not have."""
        at = self.steps.index(self.main)
        after = next((step.actual[0] for step in self.steps[at:] if step.actual), None)
        before = next((step.actual[-1] for step in reversed(self.steps[:at]) if step.actual), None)
        if after is None:
            end = f"ends at {_with_article(before)}" if before else "says nothing"
            goes_on = shown(self.expected.text[max(run[0].start - 1, 0) :])
            says = f"the token {end}; {self.policy} continues with {goes_on}"
        elif all(segment.name == WILD for segment in run):
            place = f"before {_noun(after)} ({shown(run[0].value)})"
            says = f"{self.policy} requires a segment {place}; the token has none"
        else:
            says = f"the token has no {listed(_noun(segment) for segment in run)}, which {self.policy} requires"
        reason = self._because()
        return f"{says} ({reason})" if reason else says


def _noun(segment: Segment) -> str:
    """A segment's name as words; the value of one that has only a number, which no reader counts."""
    return shown(segment.value) if re.fullmatch(r"segment \d+", segment.name) else words(segment.name)


def _with_article(segment: Segment) -> str:
    noun = _noun(segment)
    return noun if segment.name.startswith("segment ") else f"the {noun}"


def _stretch(segments: Sequence[Segment], done: int, *, alone: bool) -> Span:
    """Return the span from the first to the last, with the separator in front when the other side is empty."""
    if not segments:
        return (done, done)
    return (done if alone else segments[0].start, segments[-1].end)


def _end(segments: Sequence[Segment], otherwise: int) -> int:
    return segments[-1].end if segments else otherwise
