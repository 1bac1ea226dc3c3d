"""Subjects that resemble a subject: twins of its tenant's and team's names, and other workloads of the same team.

The issuer's grammar names the segments. No rule against such a name is known, so the issuer is assumed to issue tokens
with it (inferred).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from oidc_doctor.issuers.grammar import Segment, Subject
from oidc_doctor.issuers.profile import Profile
from oidc_doctor.issuers.strangers import another, changed, is_uuid, with_value, written
from oidc_doctor.model.placeholder import has_placeholder


class Neighbour(NamedTuple):
    """Another subject, the segment that differs, and whether it belongs to another tenant or team."""

    subject: str
    segment: str
    outsider: bool


def neighbours(subject: str, profile: Profile | None) -> list[Neighbour]:
    """Return the twins of each name and the other values of each segment; empty where no grammar reads the subject."""
    if profile is None:
        return []
    parsed = profile.parse_subject(subject)
    candidates = [twin for segment in parsed.segments for twin in _of_segment(subject, segment, profile)]
    candidates += _of_other_forms(parsed, profile)
    return [
        neighbour
        for neighbour in {neighbour.subject: neighbour for neighbour in reversed(candidates)}.values()
        if neighbour.subject != subject
    ][::-1]


def _of_segment(subject: str, segment: Segment, profile: Profile) -> Iterator[Neighbour]:
    rule, tenancy = profile.segment_rule(segment.name), profile.tenancy
    if not segment.known or not segment.value or (rule is not None and (rule.flag or rule.varies == ("",))):
        return
    outsider = segment.name in (tenancy.tenant, tenancy.team)
    if segment.name == tenancy.tenant and tenancy.in_issuer:
        return
    if rule is not None and rule.values:
        for value in rule.values:
            if value != segment.value:
                yield Neighbour(with_value(subject, profile, segment.name, value), segment.name, outsider)
        return
    if rule is not None and rule.after and segment.name in tenancy.unique:
        return  # an id of the name before it: it changes with that name
    value = segment.value
    word = value.strip("<>")  # <none>, of a workload without environment: another text in <> reads as a placeholder
    alike = () if is_uuid(value) else (f"{value}X", f"{value}-2", f"x{value}", value[:-1], value.swapcase())
    for other in (another(word), *alike):
        if other and other != value and not has_placeholder(other):
            yield Neighbour(with_value(subject, profile, segment.name, other), segment.name, outsider)
            if outsider:  # and with the ids below as they are: that an id belongs to one tenant only is inferred
                yield Neighbour(changed(profile.parse_subject(subject), {segment.name: other}), segment.name, outsider)


def _of_other_forms(parsed: Subject, profile: Profile) -> Iterator[Neighbour]:
    """Yield the same tenant's and team's subjects in the issuer's other forms: a pull request for a branch."""
    tenancy = profile.tenancy
    owners = {name for name in (tenancy.tenant, tenancy.team, *tenancy.unique) if name}
    outdated = {change.old_key for change in profile.changes}
    own = {segment.name: segment.value for segment in parsed.segments if segment.known and segment.value}
    mine = owners & set(own)
    for form in profile.grammar.forms:
        if form.name == parsed.form or not mine or owners & set(form.segments) != mine or outdated & set(form.segments):
            continue
        yield Neighbour(written(profile.grammar, form, own), form.segments[-1], outsider=False)
