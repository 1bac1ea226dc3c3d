"""The start of a subject, which names its tenant and team; and patterns and other workloads within it.

This module only builds strings; the judge decides whether a cloud accepts a subject.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from oidc_doctor.issuers.grammar import WILD, Segment, Subject
from oidc_doctor.issuers.profile import Profile
from oidc_doctor.issuers.strangers import another, with_value, written

_ONE = "?"  # IAM's wildcard for one character
_MOST_REACHED = 64  # positions of a pattern


def owner_head(subject: str, profile: Profile) -> str:
    """Return the subject up to its tenant and team, with the separator after them: `v=1:org=O:team=T:`.

    Empty if the subject lacks the tenant, or the team for an issuer without tenants.
    """
    tenancy, parsed = profile.tenancy, profile.parse_subject(subject)
    owners = [name for name in (tenancy.tenant, tenancy.team) if name and parsed.value(name)]
    needed = tenancy.team if tenancy.in_issuer else tenancy.tenant
    return _through(parsed, owners[-1], profile) if owners and needed in owners else ""


def heads(subject: str, profile: Profile) -> list[str]:
    """Return the owner's head of the subject, then longer heads up to each workload name; the widest first."""
    first, parsed = owner_head(subject, profile), profile.parse_subject(subject)
    names = [name for name in profile.tenancy.names if parsed.value(name) and not _is_new(profile, name)]
    deeper = [_through(parsed, name, profile) for name in names]
    return [first, *(head for head in dict.fromkeys(deeper) if len(head) > len(first))] if first else []


def _through(parsed: Subject, name: str, profile: Profile) -> str:
    segments = parsed.segments
    last = next(place for place, segment in enumerate(segments) if segment.name == name and segment.known)
    while last + 1 < len(segments) and _belongs(segments[last + 1], profile):
        last += 1
    end = segments[last + 1].start if last + 1 < len(segments) else len(parsed.text)
    return parsed.text[:end]


def _belongs(segment: Segment, profile: Profile) -> bool:
    """Whether the segment is the id of the name before it: OWNER@ID."""
    rule = profile.segment_rule(segment.name)
    return rule is not None and bool(rule.after) and segment.name in profile.tenancy.unique


def _is_new(profile: Profile, name: str) -> bool:
    rule = profile.segment_rule(name)
    return rule is not None and rule.varies == ("",)


def within(pattern: str, head: str, subjects: Sequence[str]) -> list[str]:
    """Return patterns that together match exactly the strings that `pattern` matches and that begin with `head`.

    They are the rests of the pattern after `head` is consumed. Of several, the patterns that match one of `subjects`
    are kept; a head that is a complete subject is its own pattern.
    """
    pattern = re.sub(r"\*+", WILD, pattern)
    reached = _with_stars({0}, pattern)
    for character in head:
        after = {place for place in reached if pattern[place : place + 1] == WILD}
        after |= {place + 1 for place in reached if pattern[place : place + 1] in (_ONE, character)}
        reached = _with_stars(after, pattern)
        if len(reached) > _MOST_REACHED:
            return []
    rests = [pattern[place:] for place in sorted(reached)]
    if head in subjects:
        return [head] if any(covers(rest, "") for rest in rests) else []
    patterns = [
        head + rest for rest in dict.fromkeys(rests) if not any(covers(other, rest) for other in rests if other != rest)
    ]
    met = [rest_pattern for rest_pattern in patterns if any(covers(rest_pattern, subject) for subject in subjects)]
    return (
        [rest_pattern for rest_pattern in patterns if rest_pattern in met or _ONE in rest_pattern] if met else patterns
    )


def _with_stars(places: set[int], pattern: str) -> set[int]:
    """Add the positions after stars, which may match nothing."""
    positions, waiting = set(places), list(places)
    while waiting:
        place = waiting.pop()
        if pattern[place : place + 1] == WILD and place + 1 not in positions:
            positions.add(place + 1)
            waiting.append(place + 1)
    return positions


def covers(wide: str, narrow: str) -> bool:
    """Whether every string that `narrow` matches also matches `wide`; False if not obvious."""
    first, *others = wide.split(WILD)
    if _ONE in wide or not others:
        return wide == narrow
    *middle, last = others
    if not narrow.startswith(first) or not narrow.endswith(last) or len(narrow) < len(first) + len(last):
        return False
    place, end = len(first), len(narrow) - len(last)
    for part in middle:
        place = narrow.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


def same_team(subject: str, profile: Profile) -> list[str]:
    """Return subjects of other workloads of the same tenant and team: one or two changed values, and other forms."""
    tenancy, parsed = profile.tenancy, profile.parse_subject(subject)
    owners = {name for name in (tenancy.tenant, tenancy.team) if name}
    own = {segment.name: segment.value for segment in parsed.segments if segment.known and segment.value}
    changes: list[tuple[str, str]] = []
    for name, value in own.items():
        rule = profile.segment_rule(name)
        attached = rule is not None and (rule.flag or (bool(rule.after) and name in tenancy.unique))
        if name not in owners and not attached:
            values = rule.values if rule is not None and rule.values else (another(value),)
            changes += [(name, other) for other in values if other != value]
    others = [with_value(subject, profile, *change) for change in changes]
    others += [
        with_value(changed_once, profile, *second)
        for place, changed_once in enumerate(others)
        for second in changes[place + 1 :]
        if second[0] != changes[place][0]
    ]
    mine = [name for name in own if name in owners | set(tenancy.unique)]
    for form in profile.grammar.forms:
        if form.name != parsed.form and set(mine) <= set(form.segments):
            others.append(written(profile.grammar, form, own))
    head = owner_head(subject, profile)
    return [other for other in dict.fromkeys(others) if other != subject and head and other.startswith(head)]
