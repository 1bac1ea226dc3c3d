"""Find the intended condition key if a trust policy tests a key that does not exist, or a key for a different value.

The value decides before the name: a subject under `:aud` was meant for `:sub`, however similar the names.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from oidc_doctor import iam
from oidc_doctor.judge.aws.arns import issuer_path, split_provider
from oidc_doctor.judge.aws.global_keys import is_absent, is_unknown
from oidc_doctor.judge.typos import may_be_similar, similarity
from oidc_doctor.model.document import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.issuers import Profile
    from oidc_doctor.judge.aws.state import AwsExchange

# Minimum similarity of a key name and its misspelling (difflib's ratio).
_SIMILAR, _SIMILAR_PREFIX = 0.8, 0.6
# Prefixes of keys that belong to no issuer.
_GENERAL = ("aws", "sts")


class SameProfile:
    """A profile compared by identity, because it is not hashable."""

    def __init__(self, profile: Profile | None) -> None:
        self.profile = profile

    def __hash__(self) -> int:
        return id(self.profile)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameProfile) and self.profile is other.profile


def names_issuer_alone(exchange: AwsExchange, name: str) -> bool:
    """Whether a condition key is only the issuer, its URL or its provider's ARN, without a claim after it."""
    parts = split_provider(name)
    bare = (parts[2] if parts else name).removeprefix("https://").rstrip("/:")
    return bare.lower() == issuer_path(exchange.issuer or "").rstrip("/").lower()


def meant_by(exchange: AwsExchange, operator: str, values: list[str]) -> str | None:
    """Return the claim (sub or aud) that the values were written for: the claim that meets them, else by their form."""
    token = {"sub": exchange.token.claim("sub"), "aud": exchange.audience}
    holds = _test(operator, tuple(values))
    met = [claim for claim, value in token.items() if isinstance(value, str) and holds({"k": value}) is True]
    if met:
        return met[0] if len(met) == 1 else None
    forms = _forms(exchange, values)
    return next(iter(forms)) if len(forms) == 1 else None


@functools.lru_cache(maxsize=64)  # one policy's values are compared with many subjects
def _test(operator: str, values: tuple[str, ...]) -> Callable[[dict[str, Any]], bool | None]:
    return iam.compile_conditions({operator: {"k": list(values)}})


def is_any_of_form(exchange: AwsExchange, values: list[str], claim: str) -> bool:
    """Whether any policy value has the form of this claim (sub or aud)."""
    return claim in _forms(exchange, values)


def _forms(exchange: AwsExchange, values: list[str]) -> frozenset[str | None]:
    """Return the claims that the values have the form of; None among them for a value that has neither's."""
    profile, audiences = exchange.case.profile, frozenset(_audiences(exchange))
    if profile is None:
        subject = exchange.token.claim("sub")
        return frozenset(_form_like(subject, value, audiences) for value in values)
    return _forms_of_issuer(SameProfile(profile), tuple(values), audiences)


@functools.lru_cache(maxsize=64)  # one policy's values are explained to many subjects
def _forms_of_issuer(
    issuer: SameProfile, values: tuple[str, ...], audiences: frozenset[str | None]
) -> frozenset[str | None]:
    assert issuer.profile is not None  # noqa: S101 - as in _forms
    return frozenset(_form_of(issuer.profile, value, audiences) for value in values)


def _audiences(exchange: AwsExchange) -> set[str | None]:
    profile, provider = exchange.case.profile, exchange.provider
    audiences = {
        exchange.audience,
        *(provider.client_ids if provider and isinstance(provider.client_ids, tuple) else ()),
    }
    if profile is not None:
        audiences |= {profile.audience.fixed, profile.audience.aws}
    return audiences


def _form_like(subject: object, value: str, audiences: frozenset[str | None]) -> str | None:
    """Return the claim of a value by the subject of the token: the issuer's form of subjects is not known."""
    if value in audiences:
        return "aud"
    lead = value.partition(":")[0]
    alike = isinstance(subject, str) and lead and "*" not in lead and subject.startswith(lead + ":")
    return "sub" if alike and "://" not in value else None


def _form_of(profile: Profile, value: str, audiences: frozenset[str | None]) -> str | None:
    if value in audiences:
        return "aud"
    segments = [segment for segment in profile.parse_subject(value).segments if segment.known]
    return "sub" if len(segments) > 1 else None


def correct_key(
    exchange: AwsExchange, name: str, claims: list[str], present: list[str], meant: str | None
) -> str | None:
    """Return the condition key that the name probably misspells.

    `claims` are those with a key of this issuer; `meant` is the claim that the policy's value was written for.
    """
    path = issuer_path(exchange.issuer or "")
    if names_issuer_alone(exchange, name):
        return f"{path}:{meant or 'sub'}"
    prefix, _, claim = name.rpartition(":")
    own_name = claim.lower() not in ("sub", "aud") and _is_claim(exchange, claim)
    if meant and not own_name and _like_issuer(prefix, path) and not prefix.lower().startswith(_GENERAL):
        return f"{path}:{meant}"
    by_lower_case = {key.lower(): key for key in claims}
    if prefix.lower() == path.lower():
        near = _near(claim, tuple(claims)) if not _is_claim(exchange, claim) else None
        return f"{path}:{near}" if near else None
    if claim.lower() in by_lower_case and not prefix.lower().startswith(_GENERAL) and _like_issuer(prefix, path):
        return f"{path}:{by_lower_case[claim.lower()]}"
    return None if is_absent(name) or is_unknown(name) else _near(name, tuple(present))


def _is_claim(exchange: AwsExchange, claim: str) -> bool:
    """Whether the token has this claim, or every token has it although AWS never exports it."""
    profile = exchange.case.profile
    if profile is not None and (profile.segment_rule(claim) is not None or claim in profile.grammar.keys):
        return True
    return exchange.token.claim(claim) is not ABSENT and (
        claim in exchange.token.claims or claim in ("iss", "azp", "exp", "iat", "nbf", "jti")
    )


def _like_issuer(prefix: str, path: str) -> bool:
    """Whether a wrong prefix was meant for this issuer, or at least for an issuer (it contains a dot or a slash)."""
    if not prefix or "." in prefix or "/" in prefix:
        return True
    return similarity(prefix.lower(), path.lower()) > _SIMILAR_PREFIX


@functools.lru_cache(maxsize=1024)  # the same few keys are explained to many tokens
def _near(name: str, candidates: tuple[str, ...]) -> str | None:
    """Return the candidate that the name probably misspells."""
    best, score = None, 0.0
    for candidate in candidates:
        a, b = name.lower(), candidate.lower()
        ratio = similarity(a, b) if may_be_similar(a, b, _SIMILAR) else 0.0
        longer = a.removeprefix(b) if len(a) > len(b) else b.removeprefix(a)
        if (a.startswith(b) or b.startswith(a)) and not longer.startswith(
            "_"
        ):  # workflow_ref is not a misspelled workflow
            ratio = max(ratio, _SIMILAR if min(len(a), len(b)) > len("su") else 0.0)
        elif "_" in longer and a.startswith(b):
            continue
        if ratio > score:
            best, score = candidate, ratio
    return best if score >= _SIMILAR else None
