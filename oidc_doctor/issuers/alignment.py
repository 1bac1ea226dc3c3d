"""Align a pattern for subjects with a subject, segment by segment, so that they differ as little as possible.

A wildcard crosses separators (AWS IAM user guide, string condition operators), so a segment of the pattern may
match several of the subject; a placeholder may do so on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from oidc_doctor.issuers.grammar import WILD, Segment, Subject
from oidc_doctor.issuers.profile import FormatChange

# True, False, or None where a placeholder leaves it open.
Matches = Callable[[str, str], bool | None]

StepKind = Literal["agrees", "value", "format", "other", "only-expected", "only-actual"]

# Real subjects have at most ten segments; beyond this no explanation by segments would help anyone.
_MOST_NODES = 24

MOST_ALIGNED = 8
"""Expected texts that one subject is aligned with, those first that may be the nearest."""
MOST_BOUNDED = 64
"""Expected texts among which those are looked for: of more, those that begin most like the subject."""

# The cost of reporting a segment as missing although the other side has it in another place.
_ELSEWHERE = 10


class AlignedStep(NamedTuple):
    """A span of segments on both sides; either may be empty."""

    kind: StepKind
    expected: tuple[Segment, ...]
    actual: tuple[Segment, ...]
    change: FormatChange | None = None
    value_differs: bool = False


class Cost(NamedTuple):
    """The cost of an alignment, the worst difference first."""

    form: int = 0
    values: int = 0
    stretched: int = 0  # placeholders read as several segments
    formats: int = 0
    unsure: int = 0

    def plus(self, other: Cost) -> Cost:
        """Add two costs."""
        return Cost(
            self.form + other.form,
            self.values + other.values,
            self.stretched + other.stretched,
            self.formats + other.formats,
            self.unsure + other.unsure,
        )


class Alignment(NamedTuple):
    """The alignment of the two sides with the lowest cost."""

    steps: tuple[AlignedStep, ...]
    cost: Cost


class _Node(NamedTuple):
    segment: Segment
    name: str  # empty for a piece without a key, which only its position could name
    label: str
    before: str  # the separator in front of it
    wild: bool  # only a wildcard or placeholder
    elastic: bool  # its value may reach into the segments behind it


def align(
    expected: Subject,
    actual: Subject,
    matches: Matches,
    open_ended: Callable[[str], bool],
    changes: Sequence[FormatChange] = (),
) -> Alignment | None:
    """Align both sides; `open_ended` tests for a text that may be several segments. None when there are too many."""
    left = _nodes(expected, lambda text: WILD in text or open_ended(text))
    right = _nodes(actual, open_ended)
    if max(len(left), len(right)) > _MOST_NODES:
        return None
    return (
        _side_by_side(left, right, matches)
        or _Table((expected.text, actual.text), (left, right), matches, changes).best()
    )


def _side_by_side(left: Sequence[_Node], right: Sequence[_Node], matches: Matches) -> Alignment | None:
    """Pair the segments in order where both sides have the same ones; None where they have not.

    That has then the least cost: any other alignment leaves out a segment. A lone `*` behind the first segment covers
    what the other side has more: the segments around it have nothing else to be paired with.
    """
    stars = [at for at, node in enumerate(left) if at and node.wild and node.segment.value == WILD]
    star, after = (stars[0], len(right) - (len(left) - stars[0] - 1)) if len(stars) == 1 else (len(left), len(right))
    pairs = [*zip(left[:star], right, strict=False), *zip(left[star + 1 :], right[after:], strict=False)]
    if len(stars) == 1:
        is_covered = star < after and left[star].before == right[star].before
        others = (*left[:star], *left[star + 1 :], *right)
        if not is_covered or any(node.elastic for node in others) or not all(a.before for a, _ in pairs[star:]):
            return None
    elif len(left) != len(right):
        return None
    if any((a.name, a.label, a.before) != (b.name, b.label, b.before) or a.wild or b.elastic for a, b in pairs):
        return None
    steps: list[AlignedStep] = []
    cost = Cost()
    for a, b in pairs:
        verdict = matches(a.segment.value, b.segment.value)
        cost = cost.plus(Cost(values=1) if verdict is False else _open(verdict=verdict, reach=1))
        steps.append(AlignedStep("value" if verdict is False else "agrees", (a.segment,), (b.segment,)))
    if len(stars) == 1:
        covered = tuple(node.segment for node in right[star:after])
        steps.insert(star, AlignedStep("agrees", (left[star].segment,), covered))
    return Alignment(tuple(steps), cost)


class LeastCosts:
    """Finds costs that no alignment with one subject is below, from names and values alone.

    A policy may list hundreds of subjects: those that cannot be the nearest one are not aligned.
    """

    def __init__(self, actual: Subject, open_ended: Callable[[str], bool], changes: Sequence[FormatChange]) -> None:
        self._open_ended = open_ended
        self._values: dict[str, set[str]] | None = None  # by segment; None where a gap may represent any
        if not open_ended(actual.text):
            self._values = {}
            for segment in actual.segments:
                self._values.setdefault(segment.name, set()).add(segment.value)
        self._ignored = {WILD, *(name for change in changes for name in (*change.adds, change.old_key, change.new_key))}

    def of(self, expected: Subject) -> Cost:
        """Return a cost that the alignment with this text is not below."""
        values, ignored = self._values, self._ignored
        if values is None:
            return Cost()
        gaps = self._open_ended(expected.text)
        missing = different = 0
        for name, value, start, _, known, value_start in expected.segments:
            labelled = value_start > start
            if name in ignored or not (known or labelled):
                continue
            of_name = values.get(name)
            if of_name is not None and value in of_name:
                continue
            reaches = WILD in value or (gaps and self._open_ended(value))
            if of_name is None:
                missing += labelled or not reaches
            elif not reaches and "?" not in value:
                different += 1
        return Cost(form=missing) if missing else Cost(values=different)


def _nodes(subject: Subject, open_ended: Callable[[str], bool]) -> list[_Node]:
    segments = list(subject.segments)
    if subject.leftover:
        start = segments[-1].end + 1 if segments else 0
        remainder = subject.text[start:]
        segments.append(
            Segment(f"segment {len(segments) + 1}", remainder, start, len(subject.text), known=False, value_start=start)
        )
    befores = [""] + [subject.text[left.end : right.start] for left, right in pairwise(segments)]
    nodes = []
    for segment, before in zip(segments, befores, strict=False):
        elastic = open_ended(segment.value)
        unnamed = not segment.known and not segment.labelled
        nodes.append(
            _Node(
                segment=segment,
                name="" if unnamed else segment.name,
                label=subject.text[segment.start : segment.value_start],
                before=before,
                wild=not segment.labelled and elastic and (segment.name == WILD or _nothing_else(segment.value)),
                elastic=elastic,
            )
        )
    return nodes


def _nothing_else(value: str) -> bool:
    return not value.strip(WILD) or (value[0] in "<{$" and value[-1] in ">}")


# The least cost, the preceding pair, and of the step between the two: its kind, and what AlignedStep has besides.
_Cell = tuple[Cost, tuple[int, int] | None, StepKind, FormatChange | None, bool]


class _Table:
    """Dynamic programming over the prefixes of both sides."""

    def __init__(
        self,
        texts: tuple[str, str],
        nodes: tuple[Sequence[_Node], Sequence[_Node]],
        matches: Matches,
        changes: Sequence[FormatChange],
    ) -> None:
        self.expected, self.actual = texts
        left, right = nodes
        self.left, self.right = left, right
        self.matches = matches
        self.changes = changes
        self.left_names = {node.name for node in left}
        self.right_names = {node.name for node in right}
        self.verdicts: dict[tuple[str, str], bool | None] = {}
        self.added = [_added(changes, node.name, self.right_names) for node in left]
        self.gone = [_added(changes, node.name, self.left_names) for node in right]
        self.cells: dict[tuple[int, int], _Cell] = {
            (0, 0): (Cost(), None, "agrees", None, False)
        }  # by pair of prefixes

    def best(self) -> Alignment:
        """Fill the table and follow the cheapest path back."""
        for i in range(len(self.left) + 1):
            for j in range(len(self.right) + 1):
                if (i, j) in self.cells:
                    self._pairs(i, j)
                    self._wildcards(i, j)
                    self._gaps(i, j)
        steps: list[AlignedStep] = []
        at = (len(self.left), len(self.right))
        cost = self.cells[at][0]
        while (origin := self.cells[at][1]) is not None:
            _, _, kind, change, value_differs = self.cells[at]
            (i, j), (k, m) = origin, at
            expected = tuple(node.segment for node in self.left[i:k])
            actual = tuple(node.segment for node in self.right[j:m])
            steps.append(AlignedStep(kind, expected, actual, change, value_differs))
            at = origin
        return Alignment(tuple(reversed(steps)), cost)

    def _reach(
        self,
        origin: tuple[int, int],
        used: tuple[int, int],
        cost: Cost,
        kind: StepKind,
        change: FormatChange | None = None,
        *,
        value_differs: bool = False,
    ) -> None:
        target = (origin[0] + used[0], origin[1] + used[1])
        total = self.cells[origin][0].plus(cost)
        cell = self.cells.get(target)
        if cell is None or total < cell[0]:
            self.cells[target] = (total, origin, kind, change, value_differs)

    def _match(self, pattern: str, text: str) -> bool | None:
        key = (pattern, text)
        if key not in self.verdicts:
            self.verdicts[key] = self.matches(pattern, text)
        return self.verdicts[key]

    def _separated_alike(self, i: int, j: int) -> bool:
        """Whether both have the same separator in front, or a wildcard covers it."""
        if i == 0 or j == 0:
            return True
        glued = self.left[i].before == "" and self.left[i - 1].wild
        return glued or self.left[i].before == self.right[j].before

    def _lead_swallowed(self, i: int, j: int) -> bool:
        """Whether the pattern's first wildcard covers a fixed lead: `*:web` for `system:serviceaccount:web`."""
        if (i, j) != (1, 0) or not self.left[0].wild:
            return False
        lead, label = self.right[0].label, self.left[1].label
        return len(lead) > len(label) and lead.endswith(label)

    def _pairs(self, i: int, j: int) -> None:
        if i == len(self.left) or j == len(self.right):
            return
        left, right = self.left[i], self.right[j]
        same_separator = self._separated_alike(i, j)
        change = _renamed(self.changes, left.name, right.name)
        if change:
            differs = self._match(left.segment.value, right.segment.value) is False
            cost = Cost(formats=1, values=int(differs))
            self._reach((i, j), (1, 1), cost, "format", change, value_differs=differs)
        elif left.name == right.name and same_separator and (left.label == right.label or self._lead_swallowed(i, j)):
            for reach in range(1, len(self.right) - j + 1 if left.elastic else 2):
                text = self.actual[right.segment.value_start : self.right[j + reach - 1].segment.end]
                self._pair((i, j), (1, reach), left.segment.value, text)
            for reach in range(2, len(self.left) - i + 1 if right.elastic else 2):
                text = self.expected[left.segment.value_start : self.left[i + reach - 1].segment.end]
                self._pair((i, j), (reach, 1), text, right.segment.value)
        else:
            elsewhere = (left.name and left.name in self.right_names) or (right.name and right.name in self.left_names)
            self._reach((i, j), (1, 1), Cost(form=_ELSEWHERE if elsewhere else 1), "other")

    def _pair(self, origin: tuple[int, int], used: tuple[int, int], pattern: str, text: str) -> None:
        verdict = self._match(pattern, text)
        if verdict is False:
            self._reach(origin, used, Cost(values=1), "value")
        else:
            self._reach(origin, used, _open(verdict=verdict, reach=max(used)), "agrees")

    def _wildcards(self, i: int, j: int) -> None:
        """Extend the alignment by a piece without a key of its own: its text alone decides what it matches."""
        if i < len(self.left) and self.left[i].wild and (j == len(self.right) or self._separated_alike(i, j)):
            wildcard = self.left[i]
            following = self.left[i + 1] if i + 1 < len(self.left) else None
            if following and (following.before == "" or (j < len(self.right) and self._lead_swallowed(i + 1, j))):
                self._reach((i, j), (1, 0), Cost(), "agrees")
            for reach in range(1, len(self.right) - j + 1):
                text = self.actual[self.right[j].segment.start : self.right[j + reach - 1].segment.end]
                verdict = self._match(wildcard.segment.value, text)
                if verdict is not False:
                    self._reach((i, j), (1, reach), _open(verdict=verdict, reach=reach), "agrees")
        if j < len(self.right) and self.right[j].wild and (i == len(self.left) or self._separated_alike(i, j)):
            for reach in range(1, len(self.left) - i + 1):
                text = self.expected[self.left[i].segment.start : self.left[i + reach - 1].segment.end]
                if self._match(text, self.right[j].segment.value) is not False:
                    self._reach((i, j), (reach, 1), _open(verdict=None, reach=reach), "agrees")

    @staticmethod
    def _missing(node: _Node, other_side: set[str]) -> int:
        """Return the cost of a missing segment, which is higher where the other side has it elsewhere."""
        return _ELSEWHERE if node.name and not node.wild and node.name in other_side else 1

    def _gaps(self, i: int, j: int) -> None:
        if i < len(self.left):
            change = self.added[i]
            cost = Cost(formats=1) if change else Cost(form=self._missing(self.left[i], self.right_names))
            self._reach((i, j), (1, 0), cost, "format" if change else "only-expected", change)
        if j < len(self.right):
            change = self.gone[j]
            cost = Cost(formats=1) if change else Cost(form=self._missing(self.right[j], self.left_names))
            self._reach((i, j), (0, 1), cost, "format" if change else "only-actual", change)


def _open(*, verdict: bool | None, reach: int) -> Cost:
    return Cost() if verdict else Cost(unsure=1, stretched=int(reach > 1))


def _renamed(changes: Sequence[FormatChange], left: str, right: str) -> FormatChange | None:
    keys = {left, right}
    return next((change for change in changes if change.old_key and keys == {change.old_key, change.new_key}), None)


def _added(changes: Sequence[FormatChange], name: str, other_side: set[str]) -> FormatChange | None:
    return next((change for change in changes if name in change.adds and name not in other_side), None)
