"""The grammar of a subject: an ordered list of named segments, parsed from a token or from a pattern.

Parsing never fails: a part that is not in the grammar is a segment with `known` False, so that a new segment of an
issuer, a typo in a policy and a wildcard are all shown at their positions.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

Style = Literal["pairs", "assign", "positional", "generic"]

# Subjects are written by whoever holds the issuer's account; real ones have at most ten segments.
MOST_SEGMENTS = 48

WILD = "*"

# A placeholder such as <org/repo> or ${ORG} is one unknown text, so a separator in it separates nothing.
# The same rule applies to the braces of Bitbucket's UUIDs, which contain no separator.
_OPAQUE = r"<[^<>]*>|\$?\{[^{}]*\}"


class Segment(NamedTuple):
    """A segment of a subject; `text[start:end]` is key and value, `text[value_start:end]` the value alone."""

    name: str
    value: str
    start: int
    end: int
    known: bool
    value_start: int

    @property
    def labelled(self) -> bool:
        """Whether a key or a fixed lead precedes the value."""
        return self.value_start > self.start


class Subject(NamedTuple):
    """A subject cut into segments. Their texts, the separators between them and `leftover` make up `text`."""

    text: str
    form: str | None
    segments: tuple[Segment, ...]
    leftover: str

    def value(self, name: str) -> str | None:
        """Return the value of the first segment of this name."""
        return next((segment.value for segment in self.segments if segment.name == name), None)

    def at(self, offset: int) -> Segment | None:
        """Return the segment that covers this character, if any."""
        return next((segment for segment in self.segments if segment.start <= offset < segment.end), None)


class SegmentRule(NamedTuple):
    """The issuer's rule for one segment.

    `key` is the text before the value (`repo`, `org`). A rule with `after` has no key: its value follows that
    character in the value of the rule above it (`repo:OWNER@ID/REPOSITORY@ID`). `varies` holds the prefixes behind
    which the value is new for each run: `""` for all of it, `refs/tags/` for tags alone.
    """

    name: str
    key: str = ""
    after: str = ""
    flag: bool = False  # a bare word, such as GitHub's pull_request
    spans: bool = False  # the value may hold the separator (CircleCI's vcs-ref)
    rest: bool = False  # the value is all that follows (the path of a SPIFFE ID)
    values: tuple[str, ...] = ()
    varies: tuple[str, ...] = ()
    max_length: int | None = None
    example: str = ""  # a value of a synthetic subject


class Form(NamedTuple):
    """A set of segments that the issuer builds; `because` is the condition under which it does."""

    name: str
    segments: tuple[str, ...]
    because: str = ""


class Grammar(NamedTuple):
    """How an issuer builds its subjects."""

    style: Style = "generic"
    separator: str = ":"
    lead: str = ""
    rules: tuple[SegmentRule, ...] = ()
    forms: tuple[Form, ...] = ()
    custom_form: str | None = None
    bare: str | None = None  # the name of a subject that is one word without any key
    escaped_separator: str | None = None  # how a separator inside a value is written
    recognise: str | None = None
    keys: Mapping[str, tuple[SegmentRule, ...]] = MappingProxyType({})

    def rule(self, name: str) -> SegmentRule | None:
        """Return the first rule of this name."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def form(self, name: str | None) -> Form | None:
        """Return the form of this name."""
        return next((form for form in self.forms if form.name == name), None)


def keyed(rules: Sequence[SegmentRule]) -> dict[str, tuple[SegmentRule, ...]]:
    """Return each key with its rule and the rules that continue in its value."""
    keys: dict[str, tuple[SegmentRule, ...]] = {}
    current = ""
    for rule in rules:
        if rule.after and current:
            keys[current] += (rule,)
        elif rule.key:
            current = rule.key
            keys[current] = (rule,)
    return keys


def parse(text: str, grammar: Grammar, *, separator: str | None = None) -> Subject:
    """Cut a subject or a pattern for subjects into segments. `separator` overrides the guess for a generic text."""
    if grammar.style == "generic" or not text:
        return _finish(text, _generic(text, separator or separator_of(text)), grammar)
    start = len(grammar.lead) if grammar.lead and text.startswith(grammar.lead) else 0
    if grammar.lead and not start and not text.startswith(WILD):
        return _finish(text, _generic(text, grammar.separator), grammar)
    if grammar.style == "pairs":
        segments = _pairs(text, start, grammar)
    elif grammar.style == "assign":
        segments = _assignments(text, grammar)
    else:
        segments = _positional(text, start, grammar)
    return _finish(text, segments, grammar)


def separator_of(text: str) -> str:
    """Return the separator that a subject of an unknown issuer seems to use."""
    without_scheme = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", text[:64]) + text[64:]
    return ":" if ":" in without_scheme else "/"


def _finish(text: str, segments: Iterator[Segment], grammar: Grammar) -> Subject:
    read = tuple(itertools.islice(segments, MOST_SEGMENTS))
    end = read[-1].end if read else 0
    return Subject(text, _form_of(read, grammar, whole=end == len(text)), read, text[end:])


def _form_of(segments: Sequence[Segment], grammar: Grammar, *, whole: bool) -> str | None:
    """Name the form of the segments, or the only form that they can have if wildcards match the rest."""
    if not whole or not segments:
        return None
    names = tuple(segment.name for segment in segments)
    for form in grammar.forms:
        if form.segments == names:
            return form.name
    if any(WILD in segment.value for segment in segments):
        fixed = [name for name in names if name != WILD]
        possible = [form.name for form in grammar.forms if _in_order(fixed, form.segments)]
        return possible[0] if len(possible) == 1 else None
    flags = {rule.name for rule in grammar.rules if rule.flag}
    complete = all(segment.known and (segment.value or segment.name in flags) for segment in segments)
    return grammar.custom_form if complete else None


def _in_order(names: Sequence[str], form: Sequence[str]) -> bool:
    remaining = iter(form)
    return all(name in remaining for name in names)


def _pieces(text: str, start: int, separator: str) -> list[tuple[int, int]]:
    """Return the offsets of the pieces between separators, without splitting placeholders."""
    pieces: list[tuple[int, int]] = []
    for match in re.compile(f"{_OPAQUE}|{re.escape(separator)}").finditer(text, start):
        if match.group() == separator:
            pieces.append((start, match.start()))
            start = match.end()
            if len(pieces) > 4 * MOST_SEGMENTS:
                return pieces
    pieces.append((start, len(text)))
    return pieces


def _wild_key(key: str, keys: Mapping[str, object]) -> int:
    """Return the length of a key's wildcard: `*environment` is a wildcard, then a key. Without a key, its length."""
    star = key.rfind(WILD) + 1
    return star if star == 0 or key[star:] in keys else len(key)


def _lone(text: str, start: int, end: int, number: int) -> Segment:
    """Read a piece without a key: a wildcard, or a text that is not in the grammar."""
    value = text[start:end]
    name = WILD if WILD in value else f"segment {number}"
    return Segment(name, value, start, end, known=False, value_start=start)


def _generic(text: str, separator: str) -> Iterator[Segment]:
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) if separator == "/" else None
    for number, (start, end) in enumerate(_pieces(text, scheme.end() if scheme else 0, separator), 1):
        first = 0 if number == 1 else start
        equals = text.find("=", start, end)
        if equals > start and WILD not in text[start:equals]:
            value_start = equals + 1
            yield Segment(text[start:equals], text[value_start:end], first, end, known=False, value_start=value_start)
        elif first < start:
            yield Segment(f"segment {number}", text[start:end], first, end, known=False, value_start=start)
        else:
            yield _lone(text, start, end, number)


def _assignments(text: str, grammar: Grammar) -> Iterator[Segment]:
    for number, (start, end) in enumerate(_pieces(text, 0, grammar.separator), 1):
        equals = text.find("=", start, end)
        wild = _wild_key(text[start:equals], grammar.keys) if equals >= 0 else 0
        if equals < 0 or wild == equals - start:
            yield _lone(text, start, end, number)
            continue
        if wild:
            yield _lone(text, start, start + wild, number)
        key = text[start + wild : equals]
        rules = grammar.keys.get(key)
        name = rules[0].name if rules else key or f"segment {number}"
        value = text[equals + 1 : end]
        yield Segment(name, value, start + wild, end, known=rules is not None, value_start=equals + 1)


def _pairs(text: str, offset: int, grammar: Grammar) -> Iterator[Segment]:
    pieces = _pieces(text, offset, grammar.separator)
    if grammar.bare and len(pieces) == 1 and WILD not in text and text not in grammar.keys:
        yield Segment(grammar.bare, text, 0, len(text), known=True, value_start=0)
        return
    index = number = 0
    while index < len(pieces):
        start, end = pieces[index]
        first = 0 if index == 0 else start  # a lead, such as `modal:`, belongs to the first key
        index += 1
        number += 1
        wild = _wild_key(text[start:end], grammar.keys)
        if wild:
            yield _lone(text, first, start + wild, number)
            first = start = start + wild
            if start == end:
                continue
        rules = grammar.keys.get(text[start:end], ())
        last = _value_end(text, pieces, index, rules, grammar.keys)
        if rules and last < index:
            yield Segment(rules[0].name, "", first, end, known=True, value_start=end)
        elif rules:
            yield from _parts(text, first, (pieces[index][0], pieces[last][1]), rules)
        elif last < index:
            yield _lone(text, start, end, number)
        else:
            name = text[start:end] or f"segment {number}"
            value_start, value_end = pieces[index]
            yield Segment(name, text[value_start:value_end], first, value_end, known=False, value_start=value_start)
        index = last + 1


def _value_end(
    text: str,
    pieces: Sequence[tuple[int, int]],
    index: int,
    rules: Sequence[SegmentRule],
    keys: Mapping[str, object],
) -> int:
    """Return the last piece of the value that begins at this piece; the preceding piece when there is no value."""

    def is_key(piece: int) -> bool:
        return text[slice(*pieces[piece])] in keys

    if index == len(pieces) or (rules and rules[0].flag) or (not rules and is_key(index)):
        return index - 1
    last = index
    if rules and rules[0].spans:
        while last + 1 < len(pieces) and not is_key(last + 1):
            last += 1
    return last


def _parts(text: str, first: int, span: tuple[int, int], rules: Sequence[SegmentRule]) -> Iterator[Segment]:
    """Cut a value by the rules that follow in it: `octocat@12/hello@34` is owner, owner_id, repository, repository_id.

    A part may be missing (ids came later than names), so a separator ends the current part only if a later rule
    begins with it.
    """
    start, end = span
    current = 0
    if len(rules) > 1:
        ends = "".join(sorted({rule.after for rule in rules[1:]}))
        for match in re.compile(f"{_OPAQUE}|[{re.escape(ends)}]").finditer(text, start, end):
            following = next((n for n in range(current + 1, len(rules)) if rules[n].after == match.group()), None)
            if following is not None:
                value = text[start : match.start()]
                yield Segment(rules[current].name, value, first, match.start(), known=True, value_start=start)
                first = start = match.end()
                current = following
    yield Segment(rules[current].name, text[start:end], first, end, known=True, value_start=start)


def _positional(text: str, offset: int, grammar: Grammar) -> Iterator[Segment]:
    pieces = _pieces(text, offset, grammar.separator)
    longest = max((form.segments for form in grammar.forms), key=len)
    fitting = next((form.segments for form in grammar.forms if len(form.segments) == len(pieces)), longest)
    skip = 0
    if (grammar.lead and not offset) or (text.startswith(WILD) and len(pieces) < len(fitting)):
        # The pattern begins with a wildcard: the pieces after it are named from the end.
        yield _lone(text, *pieces[0], 1)
        pieces = pieces[1:]
        skip = max(len(fitting) - len(pieces), 0)
    for number, (start, end) in enumerate(pieces):
        if skip + number >= len(fitting):
            return
        rule = grammar.rule(fitting[skip + number])
        first = 0 if number == 0 and offset else start
        stop = len(text) if rule and rule.rest else end
        yield Segment(fitting[skip + number], text[start:stop], first, stop, known=True, value_start=start)
        if stop != end:
            return
