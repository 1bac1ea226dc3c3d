"""Derive subjects and claims named by a provider and its bindings: candidates for the judge, never a result.

The strings that a condition compares a claim with, the pieces of a regular expression, and members' values are inserted
into the issuer's subject where its grammar allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor import cel
from oidc_doctor.issuers.grammar import WILD
from oidc_doctor.issuers.strangers import example, with_value
from oidc_doctor.judge.gcp.members import GRANTING
from oidc_doctor.judge.gcp.names import read_member

if TYPE_CHECKING:
    from oidc_doctor.cel.syntax import Expr
    from oidc_doctor.findings.trust_reach_bases import Base
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.evidence import AllowPolicy, GcpProvider

_CALLS = ("startsWith", "endsWith", "contains", "matches")
_PIECES = re.compile(r"(?:\\\W|[^\\^$.*+?()\[\]{}|])+")  # literal characters of a regular expression
_TEMPLATE = re.compile(r"\{\w+\}")  # of extract()
_PLAIN = re.compile(r"assertion\.([A-Za-z_][A-Za-z0-9_]*)|assertion\[['\"]([^'\"]+)['\"]\]")
_SAME_AS_SEGMENT = ("_name", "_path", "_slug")  # claims that repeat a segment; other dependent claims are ids
_MOST_MEMBERS = 12
_FIRST = 3  # members that precede the condition's strings
_SYNTHETIC_ID = "1001"
_SYNTHETIC_VALUE = "push"


class _Hint(NamedTuple):
    """A string that a claim is compared with; claim "" if unknown."""

    claim: str
    text: str


class _Draft(NamedTuple):
    """Values of segments, and of claims other than the subject."""

    segments: dict[str, str]
    claims: dict[str, str]

    def joined(self, other: _Draft) -> _Draft:
        """Merge both, the other's values first."""
        return _Draft(self.segments | other.segments, self.claims | other.claims)


_EMPTY = _Draft({}, {})


def candidates_of(
    base: Base, provider: GcpProvider, policies: Iterable[AllowPolicy]
) -> list[tuple[str, dict[str, str]]]:
    """Return subjects with further claims, built from strings of the condition and members; the most complete first."""
    profile = base.profile
    if profile is None or not profile.grammar.forms:
        return []
    mapping = provider.mapping if isinstance(provider.mapping, dict) else {}
    tests = [_drafts(profile, hint) for hint in _of_condition(provider.condition or "", mapping)]
    members = _interleaved([_of_hints(profile, hints) for hints in _of_members(policies, mapping)])
    condition = _EMPTY
    for drafts in tests:
        condition = condition.joined(drafts[0] if drafts else _EMPTY)
    alone = _interleaved(tests)
    drafts = [condition.joined(member) for member in members[:_FIRST]]
    drafts += [condition, *alone[: 2 * _FIRST], *(condition.joined(member) for member in members[_FIRST:])]
    drafts += [draft.joined(member) for draft in alone for member in members[:1]]
    wanted = _segments_read(profile, [provider.condition or "", *mapping.values()])
    forms = _forms(base, profile)
    return [(_subject(profile, forms, draft, wanted), draft.claims) for draft in drafts]


def _segments_read(profile: Profile, texts: Iterable[str]) -> set[str]:
    """Return the segments that make up the claims read by these expressions."""
    implied = dict(profile.implied)
    names = {name for text in texts for name in _claims_read(text)}
    return {segment for name in names for segment in re.findall(r"\{(\w+)\}", implied.get(name, ""))}


def read_claims(provider: GcpProvider, profile: Profile | None, subject: str) -> dict[str, str]:
    """Return synthetic values of the claims that condition and mapping read and that depend on a known segment."""
    if profile is None:
        return {}
    values = {part.name: part.value for part in profile.parse_subject(subject).segments if part.known}
    texts = [provider.condition or "", *(provider.mapping.values() if isinstance(provider.mapping, dict) else ())]
    claims: dict[str, str] = {}
    for name in dict.fromkeys(name for text in texts for name in _claims_read(text)):
        segment = profile.tenancy.follows.get(name, "")
        if segment in values:
            claims[name] = values[segment] if name.endswith(_SAME_AS_SEGMENT) else _SYNTHETIC_ID
        elif name in values:
            claims[name] = values[name]
        elif name in profile.tenancy.common and name not in dict(profile.implied):
            claims[name] = _SYNTHETIC_VALUE
    return claims


def is_plain(expression: str) -> bool:
    """Whether a mapping copies a claim unchanged."""
    return _PLAIN.fullmatch(expression.strip()) is not None


def _claims_read(text: str) -> list[str]:
    try:
        references = cel.compile(text).references()
    except cel.CelError:
        return []
    return [reference.keys[1] for reference in references if reference.keys[0] == "assertion" and reference.keys[1:]]


# --- hints -----------------------------------------------------------------------------------------------------------


def _of_condition(text: str, mapping: dict[str, str]) -> list[_Hint]:
    """Return the strings that a condition compares with, each with its claim."""
    try:
        program = cel.compile(text) if text.strip() else None
    except cel.CelError:
        program = None
    if program is None:
        return []
    hints: list[_Hint] = []
    for test in _tests(program.tree):
        paths = [reference.keys for reference in program.references() if test.start <= reference.start < test.end]
        literals = _texts_of(test)
        plain = [text for text in literals if not _TEMPLATE.search(text)]
        for template in literals if len(plain) < len(literals) else ():
            hints += [_Hint("sub", filled) for value in plain if (filled := _filled(template, value)) != template]
        for literal in plain:
            pieces = _pieces(literal) if test.name == "matches" else [literal]
            hints += [hint for keys in paths for piece in pieces for hint in _compared(keys, piece, mapping)]
    return list(dict.fromkeys(hints))


def _compared(keys: tuple[str, ...], text: str, mapping: dict[str, str]) -> list[_Hint]:
    """Return the hints from comparing this path with a string, through the mapping."""
    if keys[0] == "assertion":
        return [_Hint(keys[1], text)] if len(keys) > 1 else []
    return _through(mapping.get(".".join(keys[:2]), ""), text)


def _tests(tree: Expr) -> Iterator[Expr]:
    """Yield the comparisons that have to be true."""
    waiting = [tree]
    while waiting:
        expr = waiting.pop()
        if expr.op == "not" or (expr.op == "compare" and expr.name == "!="):
            continue
        if expr.op in ("compare", "in") or (expr.op == "call" and expr.name in _CALLS):
            yield expr
            continue
        waiting.extend(reversed(expr.children))


def _texts_of(expr: Expr) -> list[str]:
    if expr.op == "literal":
        return [expr.value] if isinstance(expr.value, str) and expr.value else []
    return [text for child in expr.children for text in _texts_of(child)]


def _pieces(pattern: str) -> list[str]:
    """Return the literal strings of a regular expression."""
    return [re.sub(r"\\(\W)", r"\1", piece) for piece in _PIECES.findall(pattern) if piece.strip(":/")]


def _of_members(policies: Iterable[AllowPolicy], mapping: dict[str, str]) -> list[list[_Hint]]:
    """Return each member's values, with the claim that they are compared with."""
    hints: list[list[_Hint]] = []
    for policy in policies:
        for binding in policy.bindings:
            for text in binding.members if binding.role in GRANTING else ():
                member = read_member(text)
                if member is None or member.form not in ("subject", "attribute") or len(hints) >= _MOST_MEMBERS:
                    continue
                key = "google.subject" if member.form == "subject" else f"attribute.{member.attribute}"
                hints.append(_through(mapping.get(key, ""), member.value))
    return hints


def _through(expression: str, value: str) -> list[_Hint]:
    """Return the hints from a mapped value about the claims that its expression reads."""
    plain = _PLAIN.fullmatch(expression.strip())
    if plain:
        return [_Hint(plain[1] or plain[2], value)]
    try:
        literals = _texts_of(cel.compile(expression).tree)
    except cel.CelError:
        return []
    filled = [text for literal in literals if (text := _filled(literal, value)) != literal]
    return [*(_Hint("sub", text) for text in filled), *_of_condition(expression, {}), _Hint("", value)]


def _filled(template: str, value: str) -> str:
    """Insert the value into the template of extract(); other strings are unchanged."""
    return _TEMPLATE.sub(lambda _: value, template)


# --- subjects --------------------------------------------------------------------------------------------------------


def _drafts(profile: Profile, hint: _Hint) -> list[_Draft]:
    """Return the segment and claim values that a hint may mean; an unassigned string is tried in every segment."""
    if not hint.claim:
        return [_Draft({name: hint.text}, {}) for name in profile.grammar.forms[0].segments]
    if hint.claim == "sub":
        segments = _segments_in(profile, hint.text)
        return [_Draft(segments, {})] if segments else _drafts(profile, hint._replace(claim=""))
    template = dict(profile.implied).get(hint.claim)
    if template:
        first = set(profile.grammar.forms[0].segments)
        return [
            _Draft(segments, {} if set(segments) <= first else {hint.claim: hint.text})
            for segments in _matched(template, hint.text)
        ]
    segment = profile.tenancy.follows.get(hint.claim, hint.claim)
    same = hint.claim == segment or hint.claim.endswith(_SAME_AS_SEGMENT)
    is_segment = profile.segment_rule(segment) is not None
    return [_Draft({segment: hint.text} if same and is_segment else {}, {hint.claim: hint.text})]


def _of_hints(profile: Profile, hints: list[_Hint]) -> list[_Draft]:
    return [draft for hint in hints for draft in _drafts(profile, hint)]


def _interleaved(groups: list[list[_Draft]]) -> list[_Draft]:
    """Yield the first item of each, then the second of each."""
    longest = max((len(group) for group in groups), default=0)
    return [group[place] for place in range(longest) for group in groups if place < len(group)]


def _segments_in(profile: Profile, text: str) -> dict[str, str]:
    segments = profile.parse_subject(text.strip(profile.grammar.separator + WILD)).segments
    values = {part.name: part.value.partition(WILD)[0] for part in segments if part.known}
    return {name: value for name, value in values.items() if value}


def _matched(template: str, text: str) -> list[dict[str, str]]:
    """Return segment values from a claim made of them ({owner}/{repository}), or from its start or end."""
    names = re.findall(r"\{(\w+)\}", template)
    if not names:
        return []
    whole = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", "(.+)", re.escape(template)), text)
    if whole:
        return [dict(zip(names, whole.groups(), strict=True))]
    value = text.strip("/:")
    if not value:
        return []
    first, last = {names[0]: value}, {names[-1]: value}
    return [last] if text[0] in "/:" else [first] if text[-1] in "/:" else [first, last]


def _forms(base: Base, profile: Profile) -> list[tuple[str, set[str]]]:
    """Return the base's subject, and an example of each of the issuer's forms, with their segment names."""
    grammar = profile.grammar
    examples = [example(profile._replace(grammar=grammar._replace(forms=(form,)))) for form in grammar.forms]
    return [
        (subject, {part.name for part in profile.parse_subject(subject).segments if part.known})
        for subject in (base.subject, *examples)
    ]


def _subject(profile: Profile, forms: list[tuple[str, set[str]]], draft: _Draft, wanted: set[str]) -> str:
    """Return the subject of the form with most of the intended segments, with the draft's values."""
    meant = set(draft.segments)
    subject, _ = max(forms, key=lambda form: 2 * len(form[1] & meant) + len(form[1] & wanted))
    for part in profile.parse_subject(subject).segments:
        value = draft.segments.get(part.name, "")
        if part.known and part.value and value and profile.grammar.separator not in value:
            subject = with_value(subject, profile, part.name, value)
    return subject
