"""The subjects that strangers are derived from: the token's, and those suggested by the configuration's values.

A trust may also be examined without a token. Then its issuers define the form of the subjects, and its strings their
values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings.strangers import as_stranger
from oidc_doctor.findings.trust_reach_traces import keys, literals
from oidc_doctor.issuers import profile_for
from oidc_doctor.issuers.catalogue import match_for
from oidc_doctor.issuers.lookalikes import filled, fitted, oddness
from oidc_doctor.issuers.strangers import example, overlaid, serves_many_customers
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role, Token
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.findings.shared_traces import SharedTraces
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case

_MOST_BASES = {"aws": 12, "gcp": 5}  # subjects per issuer that strangers are derived from
_MOST_TEXTS = 400  # patterns per policy that subjects are built from
_NONE = Missing("this cloud", "no file and no target names it")
_NOBODY = "somebody"  # a subject of an issuer with unknown forms
_AUDIENCE = "aud"


class Base(NamedTuple):
    """A case, and its issuer's subject that strangers are derived from."""

    case: Case
    issuer: str
    subject: str
    texts: tuple[str, ...] = ()  # configured patterns that a subject is compared with

    @property
    def profile(self) -> Profile | None:
        """The issuer's profile; None for an unknown issuer."""
        profile: Profile | None = self.case.profile
        return profile

    @property
    def customers(self) -> str:
        """The vendor, if its customers share the issuer; empty if the issuer has one customer."""
        if not serves_many_customers(self.profile, self.issuer):
            return ""
        return self.profile.title if self.profile else self.issuer


def address(issuer: object) -> str:
    """Return an issuer as IAM writes it: without scheme and trailing slash."""
    return issuer.removeprefix("https://").rstrip("/") if isinstance(issuer, str) else ""


def policy_of(case: Case) -> Document:
    """Return the trust policy of the exchange's role."""
    aws = case.evidence.aws
    role = aws.role if aws and case.cloud == "aws" else _NONE
    policy = role.trust_policy if isinstance(role, Role) else role
    if isinstance(policy, Missing):
        raise NotReadError(f"{policy.what}: {policy.reason}")
    return policy


def provider_of(case: Case) -> GcpProvider:
    """Return the exchange's workload identity provider."""
    gcp = case.evidence.gcp
    provider = gcp.provider if gcp and case.cloud == "gcp" else _NONE
    if isinstance(provider, Missing):
        raise NotReadError(f"{provider.what}: {provider.reason}")
    return provider


def client_ids(case: Case, issuer: str) -> tuple[str, ...] | None:
    """Return the ClientIDList of the issuer's provider; None if it was not read."""
    provider = case.evidence.aws.provider if case.evidence.aws else None
    if not isinstance(provider, AwsOidcProvider) or address(provider.url) != issuer:
        return None
    return provider.client_ids if isinstance(provider.client_ids, tuple) else None


def bases_of(case: Case, shared_traces: SharedTraces) -> Iterator[Base]:
    """Yield the bases of each issuer that the configuration trusts."""
    token_issuer = address(case.token.claims.get("iss"))
    trusted = _trusted(case) or [token_issuer]
    for issuer in trusted:
        own = case if token_issuer or len(trusted) == 1 else case._replace(profile=None)
        if token_issuer and token_issuer.lower() != issuer.lower():
            token = Token("decoded", {}, None, complete=False, origin=case.token.origin, recorded=True)
            own = case._replace(token=token, profile=None)
        if token_issuer.lower() != issuer.lower():
            own = _without_other_provider(own, issuer)
        yield from _Bases(own, issuer, shared_traces).all()


def _without_other_provider(case: Case, issuer: str) -> Case:
    """Return the case without the OIDC provider that was read, if it belongs to another issuer."""
    aws = case.evidence.aws
    if aws is None or not isinstance(aws.provider, AwsOidcProvider) or address(aws.provider.url) == issuer:
        return case
    other = Missing("aws/oidc-provider.json", f"the provider of {issuer} was not read")
    return case._replace(evidence=case.evidence._replace(aws=aws._replace(provider=other)))


class _Bases:
    """Builds the bases of an issuer."""

    def __init__(self, case: Case, issuer: str, shared_traces: SharedTraces) -> None:
        self.issuer = issuer
        self.shared_traces = shared_traces
        claims = dict(case.token.claims)
        claims.setdefault("iss", f"https://{issuer}")
        self.case = case._replace(token=case.token._replace(claims=claims))
        self.texts = self._texts(_subject_key(issuer))
        profile = case.profile or self._profile()
        match = match_for(profile, issuer) if profile else None
        if profile is not None and match is not None and match.in_issuer:
            profile = profile._replace(tenancy=profile.tenancy._replace(in_issuer=True))
        self.case = self.case._replace(profile=profile)
        if profile is not None and not self.case.token.subject:
            claims |= self._common_claims(profile)
            self.case = self.case._replace(token=self.case.token._replace(claims=claims))
        self.audiences = self._audiences()

    def all(self) -> Iterator[Base]:
        """Yield the token's subject first, then the subjects that the configured strings suggest."""
        profile, token = self.case.profile, self.case.token
        subject = token.subject
        if profile is not None:
            parts = profile.parse_subject(subject).segments if subject else ()
            if not any(part.known for part in parts):
                subject = example(profile)
        elif not subject and self.case.cloud == "aws":
            subject = next((text for text in map(filled, self.texts) if text), _NOBODY)
        if not subject:
            return
        bases = [self._made(subject, text, profile) for text in self._seeds()] if profile is not None else []
        rounds = itertools.zip_longest(*bases)  # the first subject of each string before the second of any
        subjects = dict.fromkeys([subject, *(other for made_round in rounds for other in made_round if other)])
        for other in itertools.islice(subjects, _MOST_BASES[self.case.cloud]):
            yield self._base(other)

    def _made(self, subject: str, text: str, profile: Profile) -> list[str]:
        return fitted(subject, text, profile) if self.case.cloud == "aws" else [overlaid(subject, text, profile)]

    def _base(self, subject: str) -> Base:
        """Return the base with an accepted audience, if the issuer's workloads can choose it."""
        case, first = self.case, None
        if not case.token.subject:
            case = case._replace(token=case.token._replace(claims={**case.token.claims, "sub": subject}))
        for audience in self.audiences:
            with_aud = with_audience(case, audience)
            first = first or with_aud
            if case.cloud == "gcp":
                break
            trace = self.shared_traces.stranger(with_aud, subject)
            if trace.step("authorise").state == PASSED and trace.step("audience").state != REFUSED:
                return Base(with_aud, self.issuer, subject, tuple(self.texts))
        return Base(first or case, self.issuer, subject, tuple(self.texts))

    def _profile(self) -> Profile | None:
        shapes = (filled(text) for text in self.texts)
        return next(
            (profile for profile in (profile_for(self.issuer, shape) for shape in shapes) if profile), None
        ) or (profile_for(self.issuer))

    def _common_claims(self, profile: Profile) -> dict[str, str]:
        """Return claims with the values that the policy requires, if every tenant's tokens can have them."""
        implied = {name for name, _ in profile.implied}
        texts = {
            name: self._texts(f"{self.issuer}:{name}".lower()) for name in profile.tenancy.common if name not in implied
        }
        return {name: filled(values[0]) for name, values in texts.items() if values}

    def _audiences(self) -> list[str]:
        """Return the possible audiences of the issuer's tokens, the token's own first."""
        claims, profile = self.case.token.claims, self.case.profile
        own = claims.get(_AUDIENCE)
        if self.case.cloud == "gcp" or (own is not None and not isinstance(own, str)):
            return [] if own is not None else self._literal(provider_of(self.case).allowed_audiences)[:1]
        fixed = profile.audience.fixed if profile else None
        ids = () if fixed else client_ids(self.case, self.issuer)
        texts = [] if fixed else [filled(text) for text in self._texts(f"{self.issuer}:{_AUDIENCE}".lower())]
        return list(dict.fromkeys([*([own] if own else ()), *self._literal(ids), *texts]))

    def _literal(self, listed: Any) -> list[str]:
        profile = self.case.profile
        fixed = (profile.audience.fixed, profile.audience.aws, profile.audience.google) if profile else ()
        audiences = [*(listed if isinstance(listed, tuple) else ()), *fixed]
        return [audience for audience in audiences if audience and "{" not in audience]

    def _seeds(self) -> list[str]:
        """Return the configured strings that a subject is compared with."""
        if self.case.cloud == "aws":
            # Without a string, each of the issuer's forms is tried. A list may be long: the unusual ones first.
            return sorted(self.texts, key=lambda text: -oddness(text, self.case.profile)) or [""]
        texts = literals((provider_of(self.case).condition or "").strip())
        profile: Profile = self.case.profile
        return [profile.grammar.separator.join(texts), *texts] if len(texts) > 1 else texts

    def _texts(self, key: str) -> list[str]:
        """Return the values that the policy's Allow statements compare this condition key with."""
        if self.case.cloud != "aws":
            return []
        trace = self.shared_traces.trace(as_stranger(self.case, self.case.token.subject or _NOBODY))
        texts = [
            value.expected
            for _, _, node in keys(trace)
            if node.name.lower() == key
            for value in node.children
            if isinstance(value.expected, str)
        ]
        return list(dict.fromkeys(texts))[:_MOST_TEXTS]


def with_audience(case: Case, audience: str) -> Case:
    """Return the case with another token audience, which also replaces azp."""
    claims = {name: value for name, value in case.token.claims.items() if name != "azp"}
    if case.token.claims.get(_AUDIENCE) == audience:
        return case
    return case._replace(token=case.token._replace(claims={**claims, _AUDIENCE: audience}))


def _subject_key(issuer: str) -> str:
    return f"{issuer}:sub".lower()


def _trusted(case: Case) -> list[str]:
    """Return the issuers that the configuration trusts, without scheme."""
    from oidc_doctor.judge.aws.arns import federated, split_provider  # late: one cloud does not load the other's

    if case.cloud == "gcp":
        issuer = address(provider_of(case).issuer_uri)
        return [issuer] if issuer else []
    providers = [split_provider(arn) for arn, _ in federated(policy_of(case).value)]
    return list(dict.fromkeys(provider[2] for provider in providers if provider))
