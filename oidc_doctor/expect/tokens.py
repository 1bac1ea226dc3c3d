"""Make the token of an expectation: from a subject, or from claims that the issuer's profile completes.

A claim that equals a part of the subject fixes that part. Where the claims fix every part of one of the issuer's forms,
the subject is written in it; where they fix several forms alike (GitHub's subject with and without ids), each of these
subjects is possible, and the expectation holds only if it holds for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.token import hypothetical
from oidc_doctor.issuers import profile_for
from oidc_doctor.issuers.catalogue import all_profiles
from oidc_doctor.issuers.characters import listed
from oidc_doctor.issuers.strangers import written
from oidc_doctor.judge.profiles import complete_hypothetical, configured_issuers, profile_of

if TYPE_CHECKING:
    from oidc_doctor.documents.expect_file import ExpectedToken
    from oidc_doctor.issuers import Profile
    from oidc_doctor.issuers.grammar import Form
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.evidence import TargetEvidence, Token

_NEARLY = 0.88  # of difflib: one letter of eight more, less or moved
_REGISTERED = ("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti")  # RFC 7519, OpenID Connect Core
_SEVERAL = 2
_EVENT = "event_name"  # the claim that says which flag the subject has: GitHub's pull_request


class Drafted(NamedTuple):
    """The tokens that an expectation may mean, with the profile of their issuer; none where `lacking` says why."""

    tokens: tuple[Token, ...]
    profile: Profile | None
    lacking: str = ""  # completes "the subject is not known: …"


def tokens_of(expected: ExpectedToken, evidence: TargetEvidence, issuer: str) -> Drafted:
    """Return the tokens of an entry. `issuer` is that of its table, "" if the evidence shows it."""
    named = expected.claims.get("iss") or issuer
    address = named if isinstance(named, str) else ""
    several = [] if address else _possible_issuers(evidence, expected)
    drafts = [_of_issuer(expected, evidence, one) for one in several or [address]]
    tokens = tuple(token for draft in drafts for token in draft.tokens)
    return next((draft for draft in drafts if draft.lacking), None) or Drafted(tokens, drafts[0].profile)


def _possible_issuers(evidence: TargetEvidence, expected: ExpectedToken) -> list[str]:
    """Return those of several configured issuers whose tokens the entry may mean; none where one is configured.

    They are those whose subjects have the form of the entry's, or that issue most of its claims; else those whose
    subjects have any form.
    """
    addresses = configured_issuers(evidence)
    if len(addresses) < _SEVERAL:
        return []
    subject = expected.subject or str(expected.claims.get("sub", ""))
    profiles = {address: profile_for(address, subject or None) for address in addresses}
    shapes = {address: profile.grammar.recognise for address, profile in profiles.items() if profile}
    if subject:
        fitting = [address for address, shape in shapes.items() if shape and re.match(shape, subject)]
    else:
        known = {address: len(values_of(profile, expected.claims)) for address, profile in profiles.items() if profile}
        fitting = [address for address, count in known.items() if count == max(known.values()) and count]
    return fitting or [address for address in addresses if not shapes.get(address)]


def _of_issuer(expected: ExpectedToken, evidence: TargetEvidence, address: str) -> Drafted:
    """Return the tokens of an entry by this issuer; "" for the one that the evidence shows."""
    if expected.subject:
        address = address or _foreign_issuer(evidence, expected.subject)
        token = hypothetical(expected.subject, issuer=address or None, origin=expected.at)
        return _completed(token, evidence)
    if "sub" in expected.claims:
        known = profile_for(address or next(iter(configured_issuers(evidence)), None), str(expected.claims["sub"]))
        misspelled = _misspelled(known, expected.claims) if known else ""
        if misspelled:
            return Drafted((), known, misspelled)
        return _checked(_with_claims(expected, address, {}, ()), evidence)
    address, profile = _issuer_of(evidence, expected.claims, address)
    if profile is None:
        return _completed(_with_claims(expected, address, {}, ()), evidence)
    misspelled = _misspelled(profile, expected.claims)
    if misspelled:
        return Drafted((), profile, misspelled)
    values = values_of(profile, expected.claims)
    forms, lacking = forms_of(profile, values, expected.claims)
    if not forms:
        return Drafted((), profile, lacking)
    subjects = {written(profile.grammar, form, _escaped(profile, values)): form for form in forms}
    drafts = []
    for subject, form in subjects.items():
        fault = _misread(profile, subject, form, _escaped(profile, values))
        if fault:
            return Drafted((), profile, fault)
        token = _with_claims(expected, address, {"sub": subject}, form.segments, profile)
        drafts.append(_checked(token, evidence))
    return next((draft for draft in drafts if draft.lacking), None) or Drafted(
        tuple(token for draft in drafts for token in draft.tokens), profile
    )


def _foreign_issuer(evidence: TargetEvidence, subject: str) -> str:
    """Return the usual issuer of a subject that has the form of no configured issuer; "" if one may have issued it."""
    profiles = [profile_for(address, subject) for address in configured_issuers(evidence)]
    if not profiles or not all(profile and profile.grammar.recognise for profile in profiles):
        return ""
    if any(profile and profile.recognises(subject) for profile in profiles):
        return ""
    other = profile_for(None, subject)
    return (other.url or "") if other is not None else ""


def _with_claims(
    expected: ExpectedToken,
    issuer: str,
    more: Mapping[str, Json],
    parts: Sequence[str],
    profile: Profile | None = None,
) -> Token:
    """Return a token with the claims as given, without those that are only parts of the subject."""
    templates = dict(profile.implied) if profile else {}
    claims = {
        name: value
        for name, value in expected.claims.items()
        if name not in parts or (name in templates and _parsed(templates[name], str(value)))
    }
    claims |= {**({"iss": issuer} if issuer else {}), **more}
    subject = claims.get("sub")
    token = hypothetical(subject if isinstance(subject, str) else "", origin=expected.at)
    return token._replace(claims=claims)


def _completed(token: Token, evidence: TargetEvidence) -> Drafted:
    profile: Profile | None = profile_of(evidence, token)
    whole = complete_hypothetical(token, profile, evidence)
    if "iss" not in whole.claims:
        configured = configured_issuers(evidence)
        if len(configured) == 1:
            whole = whole._replace(claims={**whole.claims, "iss": configured[0]})
    return Drafted((whole,), profile)


def _checked(token: Token, evidence: TargetEvidence) -> Drafted:
    """Return the completed token, unless a given claim contradicts its subject."""
    draft = _completed(token, evidence)
    if draft.profile is None or token.subject is None:
        return draft
    implied = draft.profile.implied_claims(token.subject)
    wrong = [name for name, value in implied.items() if name in token.claims and str(token.claims[name]) != value]
    return draft._replace(tokens=(), lacking=f"{listed(wrong)} contradicts it") if wrong else draft


def _misspelled(profile: Profile, claims: Mapping[str, Json]) -> str:
    """Return which claim is nearly one of the issuer's: without effect, it would test another token than is meant."""
    tenancy = profile.tenancy
    known = {*_REGISTERED, *dict(profile.implied), *profile.own_condition_keys, *profile.claim_values}
    known |= {*tenancy.common, *tenancy.follows, *(rule.name for rule in profile.grammar.rules), _EVENT}
    for name in claims:
        near = get_close_matches(name, known, n=1, cutoff=_NEARLY) if name not in known else []
        if near:
            return f"no claim {name} is known; did you mean {near[0]}?"
    return ""


def _issuer_of(evidence: TargetEvidence, claims: Mapping[str, Json], issuer: str) -> tuple[str, Profile | None]:
    """Return the issuer whose profile knows most of the claims, and the profile."""
    if issuer:
        return issuer, profile_for(issuer) or _self_hosted(claims)
    addresses = configured_issuers(evidence)
    profiles = [(address, profile_for(address)) for address in addresses]
    known = [(len(values_of(profile, claims)), address, profile) for address, profile in profiles if profile]
    if known:
        most = max(count for count, _, _ in known)
        _, address, profile = next(row for row in known if row[0] == most)
        return address, profile
    return (addresses[0], _self_hosted(claims)) if len(addresses) == 1 else ("", None)


def _self_hosted(claims: Mapping[str, Json]) -> Profile | None:
    """Return the only profile of a server that anyone may run whose subject these claims fix: its address is any."""
    found = [
        profile
        for profile in all_profiles()
        if profile.self_hosted and forms_of(profile, values_of(profile, claims), claims)[0]
    ]
    return found[0] if len(found) == 1 else None


def values_of(profile: Profile, claims: Mapping[str, Json]) -> dict[str, str]:
    """Return the parts of the subject that the claims fix, by the profile's names of the parts."""
    templates = dict(profile.implied)
    in_forms = {name for form in profile.grammar.forms for name in form.segments}
    values: dict[str, str] = {}
    for name, value in claims.items():
        if isinstance(value, bool | list):
            continue
        parsed = _parsed(templates[name], str(value)) if name in templates else {}
        values |= parsed or ({name: str(value)} if name in in_forms else {})
    return values


def _parsed(template: str, value: str) -> dict[str, str]:
    """Return the parts in a claim's value: of `{owner}/{repository}`, the first name ends at the first slash."""
    pieces = re.split(r"\{(\w+)\}", template)
    names = pieces[1::2]
    pattern = re.escape(pieces[0])
    for index, (name, after) in enumerate(zip(names, pieces[2::2], strict=True), 1):
        inner = ".+" if index == len(names) else f"[^{re.escape(after[:1])}]+"
        pattern += f"(?P<{name}>{inner}){re.escape(after)}"
    match = re.fullmatch(pattern, value, re.DOTALL)
    return match.groupdict() if match else {}


def forms_of(profile: Profile, values: Mapping[str, str], claims: Mapping[str, Json]) -> tuple[list[Form], str]:
    """Return the issuer's forms that the values fix alike, or which claims are missing.

    A form comes before those that the profile lists later: GitHub names the environment wherever a job has one. A form
    with a flag, such as pull_request, comes before one that is for all other events.
    """
    outdated = {change.old_key for change in profile.changes} - set(values)
    bare = {profile.grammar.bare}
    forms = [form for form in profile.grammar.forms if not (outdated | bare) & set(form.segments)]
    lacking = {form.name: list(_lacking(profile, form, values, claims)) for form in forms}
    complete = [form for form in forms if not lacking[form.name]]
    complete.sort(key=lambda form: (form is not forms[0], not _has_flag(profile, form)))
    if complete:
        first = set(complete[0].segments)
        return [form for form in complete if first <= set(form.segments)], ""
    fitting = [form for form in forms if set(values) <= set(form.segments)] or list(forms)
    fewest = min((len(lacking[form.name]) for form in fitting), default=0)
    names = dict.fromkeys(
        listed(_claims_of(profile, lacking[form.name]))
        for form in fitting
        if len(lacking[form.name]) == fewest or form is forms[0]
    )
    return [], f"missing: {'; or '.join(names) if fewest > 1 else listed(names, 'or')}"


def _lacking(profile: Profile, form: Form, values: Mapping[str, str], claims: Mapping[str, Json]) -> Iterator[str]:
    for name in form.segments:
        rule = profile.segment_rule(name)
        if rule is not None and rule.flag:
            if claims.get(name) is not True and claims.get(_EVENT) != name:
                yield name
        elif name not in values and not (rule is not None and len(rule.values) == 1):
            yield name


def _claims_of(profile: Profile, segments: Sequence[str]) -> list[str]:
    """Return the claims that fix these parts of a subject; a part that no claim fixes by its own name."""
    left, names = list(segments), []
    for claim, template in profile.implied:
        parts = re.findall(r"\{(\w+)\}", template)
        if set(parts) <= set(left):
            names.append(claim)
            left = [name for name in left if name not in parts]
    return [*names, *left]


def _has_flag(profile: Profile, form: Form) -> bool:
    rules = (profile.segment_rule(name) for name in form.segments)
    return any(rule is not None and rule.flag for rule in rules)


def _escaped(profile: Profile, values: Mapping[str, str]) -> dict[str, str]:
    separator, escaped = profile.grammar.separator, profile.grammar.escaped_separator
    return {name: value.replace(separator, escaped) if escaped else value for name, value in values.items()}


def _misread(profile: Profile, subject: str, form: Form, values: Mapping[str, str]) -> str:
    """Return why the subject does not have the given parts; "" if it has."""
    parsed = profile.parse_subject(subject)
    wrong = [name for name in form.segments if name in values and parsed.value(name) != values[name]]
    return f"the value of {listed(wrong)} fits no subject of {profile.title}" if wrong else ""
