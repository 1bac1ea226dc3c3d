"""Synthetic subjects derived from a subject: another tenant, another team, a name with the same prefix.

The issuer's grammar names the segments, its tenancy the segments that distinguish customers and teams. No rule against
such a name is known, so the issuer is assumed to issue tokens with it (inferred).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from oidc_doctor.issuers.catalogue import match_for, normalised
from oidc_doctor.issuers.condition_keys import shared_issuer_control
from oidc_doctor.issuers.grammar import WILD, Form, Grammar, Segment, Subject
from oidc_doctor.issuers.profile import Profile
from oidc_doctor.model import placeholder

# anyone: any subject of the issuer; tenant, team: another tenant or team; other: another value of `segment`; longer,
# before: a value that begins, or ends, like the segment's; twin, case: one that differs in single characters, or in its
# letters' case; key: a segment whose key ends like this one's
Who = Literal["anyone", "tenant", "team", "other", "longer", "before", "twin", "case", "key"]

_ALPHABETS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NEXT_CHARACTER = str.maketrans("".join(_ALPHABETS), "".join(letters[1:] + letters[0] for letters in _ALPHABETS))
_HEX = str.maketrans("0123456789abcdefABCDEF", "1234567890bcdefaBCDEFA")
_WORDS = ("elsewhere", "somebody", "foreign", "unknown-team")
_SYNTHETIC = "Stranger1"
_ANYONE = "somebody-else"  # a subject without any form


class Stranger(NamedTuple):
    """A synthetic subject, and its difference from the subject that it is derived from."""

    subject: str
    who: Who
    segment: str = ""
    shares: str = ""  # a segment whose id the subject shares with another tenant's; that no id is shared is inferred


def another(value: str) -> str:
    """Return a value of the same shape with another begin and end: another word, or another id of the same length.

    Each name of a path is another one; a Git reference stays in its folder.
    """
    folder, slash, name = value.rpartition("/")
    if slash and not value.startswith("refs/"):
        return "/".join(_another_name(part) for part in value.split("/"))
    return folder + slash + _another_name(name)


def is_uuid(value: str) -> bool:
    """Whether a value is a UUID, also in braces: no other UUID begins or ends with it, or differs in case alone."""
    return placeholder.is_uuid(value.removeprefix("{").removesuffix("}"))


def _another_name(name: str) -> str:
    if is_uuid(name):
        return name.translate(_HEX)
    if name.replace("-", "").isalpha() and name.islower():
        return next(word for word in _WORDS if word[0] != name[0] and word[-1] != name[-1])
    changed_name = name.translate(_NEXT_CHARACTER)
    return changed_name if changed_name != name else _SYNTHETIC


def longer(value: str) -> str:
    """Return a longer value that begins with this value."""
    return f"{value}-eu" if value.isalpha() else f"{value}2"


def serves_many_customers(profile: Profile | None, issuer: str | None) -> bool:
    """Whether a vendor's customers share this issuer, so that only the token's claims distinguish them."""
    if shared_issuer_control(issuer):
        return True
    if profile is None or profile.tenancy.in_issuer:
        return False
    if profile.url is None:
        return profile.shared
    return normalised(issuer) == normalised(profile.url) and match_for(profile, issuer) is not None


def strangers(subject: str, profile: Profile | None) -> list[Stranger]:
    """Return the synthetic subjects derived from this subject, the widest difference first."""
    parsed = profile.parse_subject(subject) if profile else None
    if profile is None or parsed is None or not _is_readable(parsed):
        return [Stranger(_ANYONE, "anyone")]
    candidates = list(_foreign(parsed, profile))
    for segment in labelled(parsed):
        candidates += _look_alikes(parsed, segment, profile)
    return [stranger for stranger in dict.fromkeys(candidates) if stranger.subject != subject]


def twins(subject: str, profile: Profile) -> list[str]:
    """Return the subject with another, a longer and a differently cased tenant or team, otherwise unchanged.

    That an id belongs to one tenant only is inferred for most issuers, so an edit must not rest on it.
    """
    parsed = profile.parse_subject(subject)
    subjects = []
    for name in (profile.tenancy.tenant, profile.tenancy.team):
        value = parsed.value(name) if name else None
        if name and value:
            subjects += [
                changed(parsed, {name: other_value})
                for other_value in ((another(value),) if is_uuid(value) else _twins_of(value))
            ]
    return [twin for twin in dict.fromkeys(subjects) if twin != subject]


def _twins_of(value: str) -> tuple[str, ...]:
    return another(value), longer(value), value.swapcase()


def _is_readable(parsed: Subject) -> bool:
    return any(segment.known for segment in parsed.segments)


def labelled(parsed: Subject) -> list[Segment]:
    """Return the segments of the issuer's grammar that have a value."""
    return [segment for segment in parsed.segments if segment.known and segment.value]


def _foreign(parsed: Subject, profile: Profile) -> Iterator[Stranger]:
    """Yield other tenants and teams: with all other segments changed, and with only the unshareable ones changed."""
    tenancy = profile.tenancy
    boundaries: list[tuple[Who, str | None]] = [("tenant", tenancy.tenant), ("team", tenancy.team)]
    for who, name in boundaries:
        if name is None or not parsed.value(name) or (who == "tenant" and tenancy.in_issuer):
            continue
        below = {segment.name for segment in labelled(parsed)[_place(parsed, name) + 1 :]}
        free = {segment for segment in below if not is_closed(profile, segment)}
        own = {*tenancy.unique, *(tenancy.unique_in_tenant if who == "team" else ())}
        for differing in ({name, *free}, {name, *(below & own)}):
            yield Stranger(changed(parsed, dict.fromkeys(differing)), who, name)
    if tenancy.in_issuer or tenancy.tenant is None:
        yield Stranger(_ANYONE, "anyone")


def _look_alikes(parsed: Subject, segment: Segment, profile: Profile) -> Iterator[Stranger]:
    """Yield a longer value of a segment, and another value for comparison: a pattern that accepts both is open."""
    rule, tenancy = profile.segment_rule(segment.name), profile.tenancy
    if rule is not None and (rule.flag or (rule.varies == ("",) and segment.name not in tenancy.names)):
        return
    if rule is not None and rule.after and segment.name in tenancy.unique:
        return  # the id belongs to the name before it: no other customer has that name
    if segment.name == tenancy.tenant and tenancy.in_issuer:
        return
    below = unshared(parsed, segment.name, profile)
    if not is_uuid(segment.value):
        yield Stranger(changed(parsed, {**below, segment.name: longer(segment.value)}), "longer", segment.name)
    yield Stranger(changed(parsed, {**below, segment.name: None}), "other", segment.name)
    if segment.labelled and segment.start:
        start = segment.start
        yield Stranger(f"{parsed.text[:start]}x{parsed.text[start:]}", "key", segment.name)


def unshared(parsed: Subject, name: str, profile: Profile) -> dict[str, str | None]:
    """Return the later segments whose values belong to this segment, each with None for a synthetic value."""
    below = (segment.name for segment in labelled(parsed)[_place(parsed, name) + 1 :])
    return dict.fromkeys(segment for segment in below if segment in profile.tenancy.unique)


def _place(parsed: Subject, name: str) -> int:
    return [segment.name for segment in labelled(parsed)].index(name)


def is_closed(profile: Profile, name: str) -> bool:
    """Whether the issuer issues only listed values of this segment, or none."""
    rule = profile.segment_rule(name)
    return rule is not None and (rule.flag or bool(rule.values))


def changed(parsed: Subject, values: Mapping[str, str | None]) -> str:
    """Return the subject with other values of these segments; None means a synthetic value."""
    text, done = "", 0
    for segment in parsed.segments:
        if segment.known and segment.name in values:
            value = values[segment.name]
            text += parsed.text[done : segment.value_start] + (another(segment.value) if value is None else value)
            done = segment.end
    return text + parsed.text[done:]


def with_value(subject: str, profile: Profile, segment: str, value: str) -> str:
    """Return the subject with this value of one segment, and synthetic values of the segments that belong to it."""
    parsed = profile.parse_subject(subject)
    return changed(parsed, {**unshared(parsed, segment, profile), segment: value})


def example(profile: Profile) -> str:
    """Return a subject of the issuer's first form with synthetic values; empty where the profile has no form."""
    if not profile.grammar.forms:
        return ""
    return written(profile.grammar, profile.grammar.forms[0], {})


def overlaid(subject: str, seed: str, profile: Profile) -> str:
    """Return the subject with the values that a text of the configuration fixes: a pattern, or a piece of a subject.

    The result is only a candidate: whether the cloud accepts a subject is never read from such a text.
    """
    values: dict[str, str | None] = {}
    for segment in profile.parse_subject(seed.strip(profile.grammar.separator + WILD)).segments:
        value = segment.value.partition(WILD)[0]
        if segment.known and value:
            values[segment.name] = value
    return changed(profile.parse_subject(subject), values)


def written(grammar: Grammar, form: Form, values: Mapping[str, str]) -> str:
    """Return a subject of this form, with synthetic values where `values` has none."""
    text = grammar.lead
    for number, name in enumerate(form.segments):
        rule = grammar.rule(name)
        value = values.get(name) or (rule and (rule.example or next(iter(rule.values), ""))) or f"{name[:2]}{number}"
        if rule is not None and rule.after:
            text += rule.after + value
            continue
        text += grammar.separator if number else ""
        if rule is None or grammar.style == "positional":
            text += value
        elif rule.flag:
            text += rule.key
        else:
            text += f"{rule.key}{'=' if grammar.style == 'assign' else grammar.separator}{value}"
    return text
