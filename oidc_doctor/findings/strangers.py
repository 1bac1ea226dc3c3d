"""Strangers' tokens, and the other subjects that an edit of the configuration accepts or refuses.

A stranger's token is the exchange's token with another identity: issuer, audience and times are the same, claims that
follow the subject change with it, and a claim that may or may not follow it counts as unknown. Signature and keys are
not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from oidc_doctor.issuers import Profile, shared_issuer_control
from oidc_doctor.issuers.strangers import another, longer, strangers, twins
from oidc_doctor.judge import evaluate
from oidc_doctor.model.case import Case
from oidc_doctor.model.evidence import IssuerEvidence, Token
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.steps import REFUSED

# Claims of the exchange itself, which a stranger's token has too.
_EXCHANGE_CLAIMS = ("iss", "aud", "azp", "iat", "exp", "nbf")
# The steps that look at the token's subject.
_STEPS = {"aws": ("authorise",), "gcp": ("condition", "mapping", "impersonate")}
_MOST_LOGGED = 40  # subjects of the logs that an edit is tried on while a user waits for the answer


class EditReach(NamedTuple):
    """The subjects besides the token's that an edit was tried on, and those whose answer it changes."""

    tried: int  # synthetic subjects of other tenants and teams that were refused before
    newly_accepted: tuple[str, ...]  # of the tried, those that the edit no longer refuses
    logged: int  # subjects that the logs show as accepted, and that the configuration before accepted
    newly_refused: tuple[str, ...]  # of the logged, those that the edit refuses


def edit_reach(case: Case, edited: Case, accepted: Sequence[str]) -> EditReach:
    """Evaluate the steps that look at the subject with other subjects, before and after an edit."""
    steps = _STEPS[case.cloud]
    refused_before = [subject for subject in foreign_subjects(case) if refuses(case, subject, *steps)]
    logged = [subject for subject in accepted[:_MOST_LOGGED] if not refuses(case, subject, *steps)]
    return EditReach(
        len(refused_before),
        tuple(subject for subject in refused_before if not refuses(edited, subject, *steps)),
        len(logged),
        tuple(subject for subject in logged if refuses(edited, subject, *steps)),
    )


def refuses(case: Case, subject: str, *steps: str) -> bool:
    """Whether the exchange, or any of these steps of it, is known to refuse this token with another subject."""
    trace = evaluate(as_stranger(case, subject))
    return any(result.state == REFUSED for result in trace.steps if not steps or result.id in steps)


def foreign_subjects(case: Case) -> list[str]:
    """The token's subject as other tenants and teams have it, names that begin alike included."""
    subject, profile = case.token.subject, case.profile
    if subject is None:
        return []
    if profile is None:  # nothing says which part of the subject names its owner
        return [other for other in (another(subject), longer(subject), subject.swapcase()) if other != subject]
    owners = (profile.tenancy.tenant, profile.tenancy.team)
    subjects = [
        stranger.subject
        for stranger in strangers(subject, profile)
        if stranger.who not in ("anyone", "key") and stranger.segment in owners  # the issuer issues neither
    ]
    return list(dict.fromkeys([*subjects, *twins(subject, profile)]))


def as_stranger(case: Case, subject: str, *, lacking: str | None = None) -> Case:
    """The case with a token of this subject, without the claim `lacking`. Only the states of its steps are read."""
    token = case.token
    claims = {name: token.claims[name] for name in _EXCHANGE_CLAIMS if name in token.claims}
    claims |= {**_claims_with(case, subject), **_audience(case, subject), "sub": subject}
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
    evidence = case.evidence._replace(issuer=IssuerEvidence())
    return case._replace(token=stranger, evidence=evidence, readings=(), explain=False)


def _claims_with(case: Case, subject: str) -> dict[str, Any]:
    """The claims that the issuer issues with this subject, as far as they are known."""
    token = case.token
    profile: Profile | None = case.profile
    if profile is None:
        return {}
    tenancy = profile.tenancy
    before = _values(profile, token.subject or "")
    after = _values(profile, subject)
    claims: dict[str, Any] = {}
    for name, value in token.claims.items():
        equal = {after[segment] for segment, text in before.items() if text == value and segment in after}
        segment = tenancy.follows.get(name, name)
        if len(equal) == 1:
            claims[name] = equal.pop()
        elif name in tenancy.common:
            claims[name] = value
        elif segment in before and segment in after:
            claims[name] = value if before[segment] == after[segment] else _another(value)
    return claims | profile.implied_claims(subject)


def _audience(case: Case, subject: str) -> dict[str, str]:
    """The stranger's audience, where IAM uses it to distinguish the issuer's tenants; else empty."""
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
    """The template with the segments' values; empty where it has none or a value is unknown."""
    names = re.findall(r"\{(\w+)\}", template)
    return template.format(**values) if names and all(values.get(name) for name in names) else ""


def _values(profile: Profile, subject: str) -> dict[str, str]:
    segments = profile.parse_subject(subject).segments
    return {segment.name: segment.value for segment in segments if segment.known}


def _another(value: Any) -> Any:
    if isinstance(value, str):
        return another(value)
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) else value
