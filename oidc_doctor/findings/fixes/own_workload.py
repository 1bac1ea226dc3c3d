"""Express the token's own workload as an attribute condition or mapped attribute of Google Cloud.

The workload is the subject without what each deployment changes: tenant, team, model, environment and type of a Baseten
subject, the whole subject where nothing in it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor import cel
from oidc_doctor.model.placeholder import has_placeholder

if TYPE_CHECKING:
    from oidc_doctor.issuers import Profile
    from oidc_doctor.issuers.grammar import Segment
    from oidc_doctor.model.case import Case

_SUBJECT = "assertion.sub"


def known_subject(case: Case) -> str:
    """Return the token's subject if usable in an edit; empty if it is unknown or contains a placeholder."""
    subject = case.token.subject
    return subject if subject and subject.isprintable() and not has_placeholder(subject) else ""


def parts_of(case: Case) -> list[str]:
    """Return the constant parts of the subject across deployments: one if all of it, else those around the changes."""
    subject, profile = known_subject(case), case.profile
    if not subject or profile is None:
        return [subject] if subject else []
    parts, done = [], 0
    for segment in profile.parse_subject(subject).segments:
        start = varying_from(segment, profile)
        if start is not None:
            parts.append(subject[done:start])
            done = segment.end
    return [*parts, subject[done:]]


def varying_from(segment: Segment, profile: Profile) -> int | None:
    """Return the position from which a segment is new in each deployment or run; None if it is constant."""
    rule = profile.segment_rule(segment.name)
    if rule is None or not segment.value or not segment.known:
        return None
    prefix = next((prefix for prefix in rule.varies if segment.value.startswith(prefix)), None)
    if prefix is None:
        return None
    return segment.value_start + len(prefix) if prefix else segment.start


def conditions(case: Case) -> Iterator[str]:
    """Yield attribute conditions that admit only the token's workload, the simplest first."""
    parts = parts_of(case)
    if not parts:
        return
    if len(parts) == 1:
        yield f"{_SUBJECT} == {cel.quote(parts[0])}"
        return
    yield glob(_SUBJECT, parts)
    claims = own_claims(case)
    if claims:
        yield " && ".join(f"assertion.{name} == {cel.quote(value)}" for name, value in claims.items())


def glob(path: str, parts: list[str]) -> str:
    """Return a test for a string that starts with the first part, ends with the last and contains those between."""
    first, *middle, last = parts
    tests = [f"{path}.startsWith({cel.quote(first)})"] if first else []
    tests += [f"{path}.contains({cel.quote(part)})" for part in middle if part]
    tests += [f"{path}.endsWith({cel.quote(last)})"] if last else []
    return " && ".join(tests)


def own_claims(case: Case) -> dict[str, str]:
    """Return the token's claims that repeat constant parts of its subject, in subject order."""
    subject, profile = known_subject(case), case.profile
    if not subject or profile is None:
        return {}
    lasting = [
        segment.name
        for segment in profile.parse_subject(subject).segments
        if segment.known and segment.value and varying_from(segment, profile) is None
    ]
    implied = profile.implied_claims(subject)
    return {
        name: implied[name]
        for name in lasting
        if name in implied and name.isidentifier() and case.token.claims.get(name) == implied[name]
    }


def without_segments(case: Case) -> Iterator[tuple[str, str]]:
    """Yield expressions for the subject without some of its segments, with their values; the least loss first.

    The segment that each deployment changes is dropped first, then those other than tenant, team and type.
    """
    subject, profile = known_subject(case), case.profile
    if not subject or profile is None:
        return
    segments = [segment for segment in profile.parse_subject(subject).segments if segment.known and segment.labelled]
    owners = (profile.tenancy.tenant, profile.tenancy.team)
    varying = [number for number, part in enumerate(segments) if varying_from(part, profile) is not None]
    others = [number for number, part in enumerate(segments) if number not in varying and part.name not in owners]
    runs = [(number, number + 1) for number in (*varying, *others)]
    runs += [(start, end) for start in others for end in range(start + 2, len(segments))]
    for start, end in runs:
        following = segments[end] if end < len(segments) else None
        if start:
            yield _without(subject, segments[start], following)


def _without(subject: str, first: Segment, following: Segment | None) -> tuple[str, str]:
    """Return the subject without the segments between two others, as an expression and as a string."""
    start = subject[first.start : first.value_start]
    if following is None:
        return f"{_SUBJECT}.extract({cel.quote('{head}' + subject[first.start - 1] + start)})", subject[
            : first.start - 1
        ]
    end = subject[following.start : following.value_start]
    before = subject[following.start - 1 : following.start]  # the separator
    head = f"{_SUBJECT}.extract({cel.quote('{head}' + start)})"
    tail = f"{cel.quote(end)} + {_SUBJECT}.extract({cel.quote(before + end + '{tail}')})"
    if any(mark in start + end for mark in "{}"):
        return "", ""
    return f"{head} + {tail}", subject[: first.start] + subject[following.start :]
