"""Strangers' tokens: the exchange's token with another identity, and the decisions that an edit changes for them.

A stranger's token is fresh, and has the exchange's issuer and audience unless these are varied. Claims that depend on
the subject change with it, and a claim that may or may not depend on it is unknown. Signature and keys are ignored. The
issuer is assumed to issue such a token (inferred: no rule against it is known).
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.findings.trust_reach_traces import literals
from oidc_doctor.issuers import Profile, shared_issuer_control
from oidc_doctor.issuers.neighbours import neighbours
from oidc_doctor.issuers.strangers import another, longer, overlaid, strangers, twins, with_value
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.gcp.names import gke_identity
from oidc_doctor.model.case import Case
from oidc_doctor.model.evidence import GcpProvider, IssuerEvidence, Token
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.model.refusal import Trace

_UNREAD_ISSUER = IssuerEvidence()  # one value: equal cases have the same parts
# Claims of the exchange that a stranger's token also has.
_EXCHANGE_CLAIMS = ("iss", "aud", "azp")
# The steps that evaluate the token's subject.
_STEPS = {"aws": ("authorise",), "gcp": ("condition", "mapping", "impersonate")}
_AGE, _LIFETIME = 60, 3_600  # seconds
_MOST_LOGGED = 40  # subjects from the logs that an edit is tried on in the interactive UI
_MOST_TEXTS, _MOST_DECLARED = 24, 40  # values of a configuration, and tokens that they name
_PLAIN = re.compile(r"[\w:=./@-]*")  # a subject that makes no placeholder together with another one
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{3,}")
_OTHER_ISSUER = "https://issuer.stranger.example"
_OTHER_AUDIENCE = "another-audience"
_AUDIENCE = "another audience"
NAMED = "a workload"  # named by a configured value


class OtherToken(NamedTuple):
    """A token that differs from the exchange's in one respect, named by `who` as a singular noun."""

    who: str  # another org, a longer team, another audience
    subject: str
    outsider: bool = True  # False: another workload of the same tenant and team
    issuer: str = ""  # where it differs
    audience: str = ""  # where it differs
    claims: tuple[tuple[str, Any], ...] | None = None  # all claims, if no profile defines which depend on the subject
    same_tenant: bool = False  # an outsider of the token's own tenant: another team

    @property
    def differing(self) -> str:
        """The differing value: subject, issuer or audience."""
        return self.audience if self.who == _AUDIENCE else self.issuer or self.subject

    def __str__(self) -> str:
        """Format as `another org: v=1:org=…`; only the value if the configuration names it."""
        return self.differing if self.who == NAMED else f"{self.who}: {self.differing}"


class EditReach(NamedTuple):
    """The other tokens that an edit was tried on, and those whose decision it changes."""

    tried: int  # synthetic outsider tokens that were refused before
    newly_accepted: tuple[OtherToken, ...]  # tried tokens that the edit no longer refuses
    opens_to: tuple[OtherToken, ...]  # synthetic tokens of the same team that pass with the edit, one per difference
    logged: int  # subjects accepted in the logs and by the configuration before the edit
    newly_refused: tuple[str, ...]  # logged subjects that the edit refuses
    still_accepted: tuple[OtherToken, ...]  # outsider tokens that pass before the edit and with it


def edit_reach(case: Case, edited: Case, accepted: Sequence[str]) -> EditReach:
    """Judge the tokens for testing an edit, before and after the edit.

    A step that refuses the exchange's token after the edit is ignored, as in the proof of a proposed edit; an outsider
    that passes the steps that evaluate the subject is always counted.
    """
    steps = kept_steps(evaluate(edited))
    of_subject = _STEPS[case.cloud]
    others = other_tokens(case)
    refused = [other for other in others if refuses_token(case, other, *steps)]
    admitted = [other for other in refused if not refuses_token(edited, other, *steps)]
    tried = [other for other in refused if other.outsider]
    if not set(of_subject) <= set(steps):
        opened = [
            other
            for other in others
            if other not in admitted
            and refuses_token(case, other, *of_subject)
            and not refuses_token(edited, other, *of_subject)
        ]
        tried += [other for other in opened if other.outsider and other not in tried]
        admitted += opened
    logged = [subject for subject in accepted[:_MOST_LOGGED] if not refuses(case, subject, *of_subject)]
    return EditReach(
        len(tried),
        tuple(other for other in admitted if other.outsider),
        tuple(one_of_each(other for other in admitted if not other.outsider)),
        len(logged),
        tuple(subject for subject in logged if refuses(edited, subject, *of_subject)),
        tuple(
            other
            for other in others
            if other.outsider
            and other not in refused
            and not refuses_token(edited, other, *steps)
            and all(passes_token(one, other, *of_subject) for one in (case, edited))
        ),
    )


def kept_steps(trace: Trace) -> tuple[str, ...]:
    """Return the steps that do not refuse the exchange's token.

    A step that still refuses it proves nothing about strangers: another edit may make it pass for everyone.
    """
    return tuple(result.id for result in trace.steps if result.state != REFUSED)


def one_of_each(others: Iterable[OtherToken]) -> list[OtherToken]:
    """Return one token per difference (another model, another environment), without duplicate subjects."""
    by_subject: dict[str, OtherToken] = {}
    for other in others:
        by_subject.setdefault(other.differing, other)
    by_difference: dict[str, OtherToken] = {}
    for other in by_subject.values():
        by_difference.setdefault(other.who, other)
    return list(by_difference.values())


def refuses(case: Case, subject: str, *steps: str) -> bool:
    """Whether the exchange, or any of these steps, certainly refuses the token with this subject."""
    return _is_refused(as_stranger(case, subject), *steps)


def refuses_token(case: Case, other: OtherToken, *steps: str) -> bool:
    """Whether the exchange, or any of these steps, certainly refuses another token."""
    return _is_refused(with_token(case, other), *steps)


def passes_token(case: Case, other: OtherToken, *steps: str) -> bool:
    """Whether each of these steps certainly passes another token."""
    trace = evaluate(with_token(case, other)._replace(traced=False))
    return all(trace.step(step).state == PASSED for step in steps)


def _is_refused(case: Case, *steps: str) -> bool:
    trace = evaluate(case._replace(traced=False))
    return any(result.state == REFUSED for result in trace.steps if not steps or result.id in steps)


def other_tokens(case: Case) -> list[OtherToken]:
    """Return the other tokens for testing a configuration: outsiders first, then neighbours.

    Outsiders are other tenants and teams, names that resemble theirs, other issuers and audiences. Neighbours are other
    workloads, environments, types and branches of the same tenant and team.
    """
    subject = case.token.subject
    if subject is None:
        return []
    profile: Profile | None = case.profile
    owner = f"another {profile.tenancy.tenant or 'tenant'} or team" if profile else "a stranger"
    others_found = [OtherToken(owner, other) for other in foreign_subjects(case)]
    others_found += [
        OtherToken(
            f"another {segment.replace('_', ' ')}",
            other,
            outsider,
            same_tenant=profile is not None and segment == profile.tenancy.team,
        )
        for other, segment, outsider in neighbours(subject, profile)
    ]
    others_found += _of_other_words(case, subject)
    audience = case.token.claims.get("aud")
    if isinstance(audience, list) and audience:
        audience = audience[0]
    if isinstance(audience, str):  # if the audience distinguishes tenants, there is no proof that it always does
        outsiders = [token for token in others_found if token.outsider]
        others_found += [
            token._replace(audience=audience)
            for token in outsiders
            if as_stranger(case, token.subject).token.claims.get("aud") != audience
        ]
    if _is_of_gke(case):  # its pool accepts no other issuer's tokens, and no provider shows this
        audience = None
    else:
        others_found.append(OtherToken("another issuer", subject, issuer=_OTHER_ISSUER))
    if isinstance(audience, str):
        others = (f"{audience}-2", _OTHER_AUDIENCE)
        others_found += [OtherToken(_AUDIENCE, subject, audience=other) for other in others]
    distinct: dict[tuple[str, ...], OtherToken] = {}
    for token in others_found:
        distinct.setdefault((token.subject, token.issuer, token.audience, str(token.claims)), token)
    return list(distinct.values())


def _is_of_gke(case: Case) -> bool:
    """Whether a GKE cluster issued the token, whose pool has no readable provider."""
    gcp = case.evidence.gcp
    unread = case.cloud == "gcp" and (gcp is None or not isinstance(gcp.provider, GcpProvider))
    return unread and gke_identity(case.token.claims.get("iss"), case.token.subject) is not None


def _of_other_words(case: Case, subject: str) -> Iterator[OtherToken]:
    """Yield tokens with a word of the subject replaced in every claim; the word's meaning is unknown."""
    if case.profile is not None:
        return
    for word in dict.fromkeys(_WORD.findall(subject)):
        for other in (another(word), longer(word), f"x{word}", word[:-1], word.swapcase()):
            claims = {
                name: value if name in _EXCHANGE_CLAIMS else _replaced(value, word, other)
                for name, value in case.token.claims.items()
            }
            changed = str(claims.get("sub", ""))
            if changed != subject:
                yield OtherToken("a stranger", changed, claims=tuple(claims.items()))


def _replaced(value: Any, word: str, other: str) -> Any:
    if isinstance(value, str):
        return value.replace(word, other)
    return [_replaced(part, word, other) for part in value] if isinstance(value, list) else value


def declared_tokens(case: Case, trace: Trace, others: Sequence[OtherToken]) -> list[OtherToken]:
    """Return tokens that configured values name: the token with the parts that a value fixes.

    `others` are the case's `other_tokens`. Only the judge decides whether the configuration accepts them.
    """
    texts = list(dict.fromkeys(_texts(case, trace)))[:_MOST_TEXTS]
    declared = list(dict.fromkeys(token for text in texts for token in _declared(case, text)))[:_MOST_DECLARED]
    teams = [other for other in others if other.same_tenant and not other.audience][:1]
    audiences = [other.audience for other in declared if other.audience]
    # Another team of the tenant may use an audience that the token's own team does not use.
    return [*declared, *teams, *(team._replace(audience=audience) for team in teams for audience in audiences)]


def _declared(case: Case, text: str) -> Iterator[OtherToken]:
    subject, profile = case.token.subject, case.profile
    if subject is None:
        return
    if profile is None:
        filled = text.replace("*", "x").replace("?", "x")
        if filled != subject:
            yield OtherToken(NAMED, filled)
        return
    for other in (overlaid(subject, text, profile), *_with_claim_value(subject, text, profile)):
        if other != subject:
            yield OtherToken(NAMED, other)
    is_subject = any(segment.known for segment in profile.parse_subject(text).segments)
    if not is_subject and not set("*?$") & set(text) and case.token.claims.get("aud") != text:
        yield OtherToken(_AUDIENCE, subject, audience=text)


def _with_claim_value(subject: str, text: str, profile: Profile) -> Iterator[str]:
    """Yield the subjects of tokens with this string as the value of a claim."""
    present = {segment.name for segment in profile.parse_subject(subject).segments if segment.known and segment.value}
    for _, template in profile.implied:
        names = re.findall(r"\{(\w+)\}", template)
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
        values = re.fullmatch(pattern, text) if set(names) <= present and len(set(names)) == len(names) else None
        if values is not None and profile.grammar.separator not in text:
            other = subject
            for name in names:
                other = with_value(other, profile, name, values[name])
            yield other


def _texts(case: Case, trace: Trace) -> Iterator[str]:
    policy = trace.detail.get("policy")
    waiting = [policy] if policy is not None else []
    while waiting:
        node = waiting.pop(0)
        if node.level == "value" and isinstance(node.expected, str):
            yield node.expected
        waiting.extend(node.children)
    provider = case.evidence.gcp.provider if case.evidence.gcp and case.cloud == "gcp" else None
    if isinstance(provider, GcpProvider):
        yield from literals(provider.condition or "")


def foreign_subjects(case: Case) -> list[str]:
    """Return the token's subject for other tenants and teams, including names with the same prefix."""
    subject, profile = case.token.subject, case.profile
    if subject is None:
        return []
    if profile is None:  # the part of the subject that names its owner is unknown
        return [other for other in (another(subject), longer(subject), subject.swapcase()) if other != subject]
    owners = (profile.tenancy.tenant, profile.tenancy.team)
    subjects = [
        stranger.subject
        for stranger in strangers(subject, profile)
        if stranger.who not in ("anyone", "key") and stranger.segment in owners  # the issuer issues neither
    ]
    return list(dict.fromkeys([*subjects, *twins(subject, profile)]))


def with_token(case: Case, other: OtherToken) -> Case:
    """Return the case with another token. Only step states are meaningful."""
    stranger = as_stranger(case, other.subject)
    claims = dict(stranger.token.claims) | dict(other.claims or ())
    if other.issuer:
        claims["iss"] = other.issuer
    if other.audience:
        claims = {name: value for name, value in claims.items() if name != "azp"} | {"aud": other.audience}
    token = stranger.token._replace(claims=claims)
    if other.claims is not None:
        token = token._replace(complete=case.token.complete, kind="decoded")
    return stranger._replace(token=token)


def as_stranger(case: Case, subject: str, *, lacking: str | None = None) -> Case:
    """Return the case with a token of this subject, without the claim `lacking`. Only step states are meaningful."""
    token = case.token
    claims = {name: token.claims[name] for name in _EXCHANGE_CLAIMS if name in token.claims}
    claims |= {**_claims_with(case, subject), **_audience(case, subject), "sub": subject}
    claims |= {"iat": int(case.at) - _AGE, "exp": int(case.at) - _AGE + _LIFETIME}
    absent = {"aud": ("aud", "azp")}.get(lacking or "", (lacking,))
    stranger = Token(
        "decoded",
        {name: value for name, value in claims.items() if name not in absent},
        None,
        complete=False,
        origin=token.origin,
        name=token.name,
        missing_claims=frozenset(name for name in absent if name),
        recorded=token.recorded or token.kind == "jwt" or not has_placeholder(f"{subject} {token.subject}"),
    )
    evidence = case.evidence._replace(issuer=_UNREAD_ISSUER)
    return case._replace(token=stranger, evidence=evidence, readings=(), explain=False)


def taken_from(case: Case) -> Hashable:
    """Return what `as_stranger` takes from the case's token: cases alike in it and in the rest have the same strangers.

    Most tokens have no claim that follows the subject, and then their own subjects do not matter.
    """
    token, profile = case.token, case.profile
    own, issuer = token.subject or "", token.claims.get("iss")
    read = token.recorded or token.kind == "jwt"
    follows = (
        (profile is not None and bool(_rules_once(token, profile)))
        or "aud" in shared_issuer_control(issuer if isinstance(issuer, str) else None)
        or not (read or (_PLAIN.fullmatch(own) and not has_placeholder(own)))
    )
    names = token.claims if follows else [name for name in _EXCHANGE_CLAIMS if name in token.claims]
    return read, follows, json.dumps({name: token.claims[name] for name in names}, sort_keys=True, default=repr)


def _claims_with(case: Case, subject: str) -> dict[str, Any]:
    """Return the claims that the issuer issues with this subject, as far as known."""
    profile: Profile | None = case.profile
    if profile is None:
        return {}
    after = _values(profile, subject)
    claims: dict[str, Any] = {}
    for name, value, alike, is_common, segment, before in _rules_once(case.token, profile):
        equal = {after[other] for other in alike if other in after}
        if len(equal) == 1:
            claims[name] = equal.pop()
        elif is_common:
            claims[name] = value
        elif before is not None and segment in after:
            claims[name] = value if before == after[segment] else _another(value)
    return claims | profile.implied_claims(subject)


class _Rule(NamedTuple):
    """How a claim of the token depends on the subject."""

    name: str
    value: Any
    alike: tuple[str, ...]  # the segments of the token's subject that equal the claim
    is_common: bool  # all tokens of the issuer have its value
    segment: str  # the segment that it depends on, if any
    before: str | None  # that segment's value in the token's subject


# Keyed by the id of a token, which is kept so that the id is not reused: many strangers derive from few tokens.
_RULES: dict[int, tuple[Token, Profile, tuple[_Rule, ...]]] = {}
_MOST_KEPT = 16


def _rules_once(token: Token, profile: Profile) -> tuple[_Rule, ...]:
    kept = _RULES.get(id(token))
    if kept is None or kept[1] is not profile:
        if len(_RULES) >= _MOST_KEPT:
            _RULES.clear()
        kept = _RULES[id(token)] = (token, profile, tuple(_rules(token, profile)))
    return kept[2]


def _rules(token: Token, profile: Profile) -> Iterator[_Rule]:
    before = _values(profile, token.subject or "")
    for name, value in token.claims.items():
        segment = profile.tenancy.follows.get(name, name)
        alike = tuple(other for other, text in before.items() if text == value)
        is_common = name in profile.tenancy.common
        if alike or is_common or segment in before:  # of the others a stranger's value is unknown
            yield _Rule(name, value, alike, is_common, segment, before.get(segment))


def _audience(case: Case, subject: str) -> dict[str, str]:
    """Return the stranger's audience if IAM uses it to distinguish the issuer's tenants; else empty."""
    token, profile = case.token, case.profile
    issuer, audience = token.claims.get("iss"), token.claims.get("aud")
    if not isinstance(audience, str) or "aud" not in shared_issuer_control(issuer if isinstance(issuer, str) else None):
        return {}
    if profile is None:
        return {"aud": another(audience)}
    for template in (profile.audience.aws, profile.audience.google, profile.audience.default):
        if template and _filled(template, _values(profile, token.subject or "")) == audience:
            return {"aud": _filled(template, _values(profile, subject)) or another(audience)}
    return {}


def _filled(template: str, values: dict[str, str]) -> str:
    """Fill the template with the segments' values; empty if it has none or a value is unknown."""
    names = re.findall(r"\{(\w+)\}", template)
    return template.format(**values) if names and all(values.get(name) for name in names) else ""


def _values(profile: Profile, subject: str) -> dict[str, str]:
    segments = profile.parse_subject(subject).segments
    return {segment.name: segment.value for segment in segments if segment.known}


def _another(value: Any) -> Any:
    if isinstance(value, str):
        return another(value)
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) else value
