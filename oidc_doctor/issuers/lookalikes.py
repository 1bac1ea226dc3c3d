"""Synthetic subjects made from the texts of a configuration, and values that resemble an intended value.

The texts only say which subjects are worth trying. Whether the cloud accepts a subject is never read from a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from oidc_doctor.issuers.grammar import WILD, Form, Segment, Subject
from oidc_doctor.issuers.profile import Profile
from oidc_doctor.issuers.strangers import (
    Stranger,
    Who,
    another,
    changed,
    is_closed,
    is_uuid,
    labelled,
    longer,
    unshared,
    written,
)

_ANY = "?"  # one character, in a pattern of IAM
_LETTERS = ("7", "3")  # the first fills the wildcards of a subject, the second those of its twin
_JOINTS = ("-", "_", ".", "/")
_MOST_FORMS = 3  # forms of subjects that one text is tried with


def filled(value: str, letter: str = _LETTERS[0]) -> str:
    """Return a value that these wildcards match; empty where there are only wildcards for any run."""
    text = value.strip(WILD)
    if not text:
        return ""
    if value.endswith(WILD) and text.endswith(_JOINTS):
        text += "main" if text.endswith("heads/") else letter
    if value.startswith(WILD) and text.startswith(_JOINTS):
        text = letter + text
    return text.replace(WILD, letter).replace(_ANY, letter)


def fitted(subject: str, text: str, profile: Profile) -> list[str]:
    """Return the subject with the values of a text of the configuration, in each form of the issuer that has them."""
    grammar, own = profile.grammar, profile.parse_subject(subject)
    read = profile.parse_subject(text).segments
    values = {segment.name: filled(segment.value) for segment in read if segment.known}
    flags = [name for name in values if _is_flag(profile, name)]
    values = {name: value for name, value in values.items() if value}
    asked = {*values, *flags}
    subjects = [changed(own, values)] if asked <= {segment.name for segment in own.segments} else []
    before = {segment.name: segment.value for segment in own.segments if segment.known}
    forms = sorted((form for form in grammar.forms if asked <= set(form.segments)), key=lambda form: len(form.segments))
    if not forms and grammar.custom_form:
        forms = [Form("custom", tuple(segment.name for segment in read if segment.known))]
    subjects += [written(grammar, form, before | values) for form in forms[:_MOST_FORMS]]
    loose = [part for segment in read if not segment.known for part in _loose(segment, grammar.separator)]
    return list(dict.fromkeys([*_with_parts(subjects[:2], loose, values, profile), *subjects]))


def oddness(text: str, profile: Profile) -> int:
    """Return how many parts of a pattern have wildcards next to or inside a name, or no name at all for the owner."""
    parts = profile.parse_subject(text).segments
    owners = (profile.tenancy.tenant, profile.tenancy.team)
    mixed = [part for part in parts if part.value.strip(WILD + _ANY) and (WILD in part.value or _ANY in part.value)]
    named = {part.name for part in parts if part.value.strip(WILD + _ANY)}
    return len(mixed) + sum(owner is not None and owner not in named for owner in owners)


def _loose(segment: Segment, separator: str) -> Iterator[str]:
    """Yield the words of a part that names no segment."""
    for part in segment.value.split(WILD):
        word = part.strip(separator).rpartition("=")[2].rpartition(separator)[2]
        if word:
            yield filled(word)


def _with_parts(
    subjects: Iterable[str], loose: Iterable[str], values: Mapping[str, str], profile: Profile
) -> Iterator[str]:
    """Yield the subjects with each word as the value of each segment that the text does not fix, the last first."""
    for word in loose:
        for subject in subjects:
            parsed = profile.parse_subject(subject)
            joined = _joined(word, profile)
            if joined:
                yield changed(parsed, joined)
                continue
            for segment in reversed(labelled(parsed)):
                if segment.name not in values and not is_closed(profile, segment.name):
                    folder, slash, _ = segment.value.rpartition("/")
                    yield changed(
                        parsed, {segment.name: word if word.startswith(folder + slash) else folder + slash + word}
                    )


def _joined(word: str, profile: Profile) -> Mapping[str, str]:
    """Return the values of a word with several joined names, such as GitHub's owner and repository."""
    grammar = profile.grammar
    for key, rules in grammar.keys.items():
        ends = tuple(rule.after for rule in rules if rule.after)
        if any(end in word for end in ends):
            read = profile.parse_subject(f"{grammar.lead}{key}{grammar.separator}{word}").segments
            return {segment.name: segment.value for segment in read if segment.known and segment.value}
    return {}


def _is_flag(profile: Profile, name: str) -> bool:
    rule = profile.segment_rule(name)
    return rule is not None and rule.flag


# --- values that resemble ---------------------------------------------------------------------------------------------


def look_alikes(subject: str, profile: Profile, texts: Iterable[str]) -> list[Stranger]:
    """Return the subject with values that resemble its own, and for each of these segments another value.

    `texts` are the patterns of the configuration: the positions of their wildcards are where a twin differs.
    """
    parsed = profile.parse_subject(subject)
    twins = _twins(texts, profile)
    strangers = [
        stranger
        for segment in labelled(parsed)
        if _may_resemble(segment, profile)
        for stranger in _resembling(parsed, segment, profile, twins.get(segment.name, ()))
    ]
    return [stranger for stranger in dict.fromkeys(strangers) if stranger.subject != subject]


def _twins(texts: Iterable[str], profile: Profile) -> dict[str, list[str]]:
    """Return for each segment the values of two fillings of the wildcards inside it."""
    twins: dict[str, list[str]] = {}
    for text in texts:
        for segment in profile.parse_subject(text).segments:
            inner = segment.value.strip(WILD)
            if segment.known and inner and (WILD in inner or _ANY in inner):
                twins.setdefault(segment.name, []).extend(filled(segment.value, letter) for letter in _LETTERS)
    return twins


def _may_resemble(segment: Segment, profile: Profile) -> bool:
    """Whether the issuer may issue a resembling value: no closed list, no run's own value, no one's own address."""
    rule, tenancy = profile.segment_rule(segment.name), profile.tenancy
    if rule is not None and (
        is_closed(profile, segment.name) or (rule.varies == ("",) and segment.name not in tenancy.names)
    ):
        return False
    if rule is not None and rule.after and segment.name in tenancy.unique:
        return False  # the id belongs to the name before it: no other customer has that name
    return not (segment.name == tenancy.tenant and tenancy.in_issuer)


def _resembling(parsed: Subject, segment: Segment, profile: Profile, twins: Iterable[str]) -> Iterator[Stranger]:
    rule, tenancy, value = profile.segment_rule(segment.name), profile.tenancy, segment.value
    values: list[tuple[Who, str]] = [("twin", twin) for twin in dict.fromkeys(twins)]
    if not is_uuid(value):  # no such id begins or ends with another one
        values += [("longer", longer(value)), ("before", _before(value))]
    is_id = segment.name in tenancy.unique and segment.name in (tenancy.tenant, tenancy.team)
    if is_id and not tenancy.in_issuer and value.lower() != value:
        values.append(("case", value.swapcase()))
    values.append(("other", another(value)))
    longest = rule.max_length if rule is not None and rule.max_length else len(parsed.text) + len(value) + 8
    below = unshared(parsed, segment.name, profile)
    for who, text in values:
        if text == value or len(text) > longest:
            continue
        yield Stranger(changed(parsed, {**below, segment.name: text}), who, segment.name)
        if below and segment.name == tenancy.tenant:
            yield Stranger(changed(parsed, {segment.name: text}), who, segment.name, next(iter(below)))


def _before(value: str) -> str:
    folder, slash, name = value.rpartition("/")
    return f"{folder}{slash}pre-{name}" if name.isalpha() else f"{folder}{slash}2{name}"


# --- what a narrow trust looks like -----------------------------------------------------------------------------------


def narrow(profile: Profile, subject: str = "") -> str:
    """Return a pattern for the subjects of one team, with the subject's own names where there is one."""
    grammar, tenancy = profile.grammar, profile.tenancy
    last = tenancy.team or tenancy.tenant
    parsed = profile.parse_subject(subject) if subject else None
    form = next((form for form in grammar.forms if last in form.segments), None)
    if form is None or last is None:
        return ""
    kept = form.segments[: form.segments.index(last) + 1]
    names = {
        name: (parsed.value(name) if parsed else None) or name.upper() for name in kept if not is_closed(profile, name)
    }
    whole = len(kept) == len(form.segments)
    return written(grammar, Form("narrow", kept), names) + ("" if whole else grammar.separator + WILD)
