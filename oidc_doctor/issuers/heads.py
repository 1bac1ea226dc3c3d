"""The beginning of a subject that names its tenant and team, and patterns and workloads inside it.

Everything here writes texts; whether a cloud accepts one is asked of the judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from oidc_doctor.issuers.grammar import WILD, Segment, Subject
from oidc_doctor.issuers.profile import Profile
from oidc_doctor.issuers.strangers import another, with_value, written

_ONE = "?"  # IAM's sign for one character
_MOST_REACHED = 64  # places of a pattern


def owner_head(subject: str, profile: Profile) -> str:
    """The subject through its tenant and team, and the separator after them: `v=1:org=O:team=T:`.

    Empty where the tenant, or where there is none the team, is not in the subject.
    """
    tenancy, parsed = profile.tenancy, profile.parse_subject(subject)
    owners = [name for name in (tenancy.tenant, tenancy.team) if name and parsed.value(name)]
    needed = tenancy.team if tenancy.in_issuer else tenancy.tenant
    return _through(parsed, owners[-1], profile) if owners and needed in owners else ""


def heads(subject: str, profile: Profile) -> list[str]:
    """The owner's beginning of the subject, then those through each name of a workload below; the widest first."""
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


def within(pattern: str, head: str, known: Sequence[str]) -> list[str]:
    """The patterns that together match the pattern's texts that begin with `head`, and no other text.

    They are the rests of the pattern after its beginning has consumed `head`. Of several, those stay that a `known`
    subject meets; a head that is a whole subject is its own pattern.
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
    if head in known:
        return [head] if any(covers(rest, "") for rest in rests) else []
    patterns = [
        head + rest for rest in dict.fromkeys(rests) if not any(covers(other, rest) for other in rests if other != rest)
    ]
    met = [one for one in patterns if any(covers(one, subject) for subject in known)]
    return [one for one in patterns if one in met or _ONE in one] if met else patterns


def _with_stars(places: set[int], pattern: str) -> set[int]:
    """The places, and those after a star that may represent nothing."""
    found, waiting = set(places), list(places)
    while waiting:
        place = waiting.pop()
        if pattern[place : place + 1] == WILD and place + 1 not in found:
            found.add(place + 1)
            waiting.append(place + 1)
    return found


def covers(wide: str, narrow: str) -> bool:
    """Whether each text of one pattern is one of the other; False where that is not plain."""
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
    """Subjects of other workloads of the same tenant and team: one or two other values, and the other forms."""
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
    found = [with_value(subject, profile, *change) for change in changes]
    found += [
        with_value(one, profile, *second)
        for place, one in enumerate(found)
        for second in changes[place + 1 :]
        if second[0] != changes[place][0]
    ]
    mine = [name for name in own if name in owners | set(tenancy.unique)]
    for form in profile.grammar.forms:
        if form.name != parsed.form and set(mine) <= set(form.segments):
            found.append(written(profile.grammar, form, own))
    head = owner_head(subject, profile)
    return [other for other in dict.fromkeys(found) if other != subject and head and other.startswith(head)]
