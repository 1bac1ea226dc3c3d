"""Choose the synthetic tokens that are strangers of a trust, and name them by the part that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from oidc_doctor.findings.strangers import OtherToken, foreign_subjects, other_tokens, with_token
from oidc_doctor.issuers.lookalikes import look_alikes
from oidc_doctor.issuers.strangers import another
from oidc_doctor.model.document import Missing, texts_in
from oidc_doctor.model.evidence import Role

if TYPE_CHECKING:
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Json

OF_ISSUER = "issuer"  # the part that names the tenant, where each tenant has an issuer
_WILD = frozenset("*?$")


def insiders_of(profile: Profile | None) -> str:
    """Return the part of the subject that names the tenant: `owner` of GitHub; "" where no part is known to.

    It is "issuer" where each tenant has an issuer, such as a Kubernetes cluster.
    """
    if profile is None or not profile.tenancy.team:
        return ""
    return OF_ISSUER if profile.tenancy.in_issuer else profile.tenancy.tenant or ""


class Outsiders:
    """The strangers of the tokens of a trust. `insiders` is the part of the subject whose value no stranger has."""

    def __init__(self, bases: Sequence[Case], insiders: str) -> None:
        self.insiders = insiders
        self.owners = {owners for base in bases for owners in _named_owners(base)}

    def of(self, case: Case) -> Iterator[OtherToken]:
        """Yield the strangers of a token."""
        profile: Profile | None = case.profile
        others = [other for other in other_tokens(case) if other.outsider]
        if profile is None:
            # one of the word-by-word variants may be another workload of the same owner
            foreign = set(foreign_subjects(case)[:1])
            yield from (other for other in others if other.issuer or other.audience or other.subject in foreign)
            return
        own = _parts(profile, case.token.subject or "")
        for other in (*others, *_fitted(case, profile)):
            if other.issuer or other.subject == case.token.subject:
                yield other
                continue
            parts = _parts(profile, other.subject)
            if self._is_insider(profile, own, parts) or _is_impossible(profile, own, parts):
                continue
            if _owners(profile, other.subject) not in self.owners:
                yield other._replace(who=_who(profile, own, parts) or other.who)

    def case_of(self, case: Case, other: OtherToken) -> Case:
        """Return the case with a stranger's token. An id of the own tenant or team is none of the stranger's."""
        made, profile = with_token(case, other), case.profile
        if profile is None or other.issuer or other.subject == case.token.subject:
            return made
        own, parts = _parts(profile, case.token.subject or ""), _parts(profile, other.subject)
        ids: dict[str, Json] = {}
        for name, segment in profile.tenancy.follows.items():
            above = list(own)[: list(own).index(segment) + 1] if segment in own else []
            value = made.token.claims.get(name)
            is_kept = isinstance(value, str | int) and value == case.token.claims.get(name)
            if name.endswith("_id") and is_kept and any(own[part] != parts.get(part) for part in above):
                ids[name] = another(str(value))
        return made._replace(token=made.token._replace(claims={**made.token.claims, **ids})) if ids else made

    def is_of_own_tenant(self, case: Case, other: OtherToken) -> bool:
        """Whether a stranger's token is of the tenant of the case's token, as far as its subject or issuer shows."""
        profile: Profile | None = case.profile
        if profile is None or other.issuer or other.audience:
            return False
        own, parts = _parts(profile, case.token.subject or ""), _parts(profile, other.subject)
        return _is_of_tenant(profile, insiders_of(profile), own, parts)

    def _is_insider(self, profile: Profile, own: dict[str, str], parts: dict[str, str]) -> bool:
        """Whether the token is of the same tenant, and the file says that the whole tenant is meant."""
        return self.insiders == insiders_of(profile) and _is_of_tenant(profile, self.insiders, own, parts)


def _is_of_tenant(profile: Profile, tenant: str, own: dict[str, str], parts: dict[str, str]) -> bool:
    """Whether all that a subject has before the team's name is the same: the tenant, and its id."""
    if tenant in ("", OF_ISSUER):
        return tenant == OF_ISSUER
    names, team = list(own), profile.tenancy.team
    above = names[: names.index(team)] if team in names else [tenant]
    return tenant in own and all(own[name] == parts.get(name) for name in above)


def _parts(profile: Profile, subject: str) -> dict[str, str]:
    segments = profile.parse_subject(subject).segments
    return {segment.name: segment.value for segment in segments if segment.known}


def _owners(profile: Profile, subject: str) -> tuple[str, ...]:
    """Return the tenant and the team of a subject, with their ids; () if it does not name the team."""
    parts, tenancy = _parts(profile, subject), profile.tenancy
    if not tenancy.team or not parts.get(tenancy.team):
        return ()
    names = {tenancy.tenant, tenancy.team, *tenancy.unique}
    return (profile.name, *(f"{name}={value}" for name, value in parts.items() if name in names))


def _fitted(case: Case, profile: Profile) -> Iterator[OtherToken]:
    """Yield tokens of other tenants and teams that differ where the wildcards of the trust policy are."""
    owners = (profile.tenancy.tenant, profile.tenancy.team)
    for stranger in look_alikes(case.token.subject or "", profile, _texts(case)):
        if stranger.segment in owners and not stranger.shares:
            yield OtherToken(f"another {stranger.segment}", stranger.subject)


def _texts(case: Case) -> Sequence[str]:
    """Return the texts of the trust policy."""
    aws = case.evidence.aws
    role = aws.role if aws is not None and case.cloud == "aws" else None
    policy = role.trust_policy if isinstance(role, Role) else None
    return texts_in(policy.value) if policy is not None and not isinstance(policy, Missing) else ()


def _named_owners(case: Case) -> Iterator[tuple[str, ...]]:
    """Yield the owners of the token, and those that the trust policy names in a whole subject without wildcards."""
    profile: Profile | None = case.profile
    if profile is None:
        return
    for text in (case.token.subject or "", *(text for text in _texts(case) if not _WILD & set(text))):
        owners = _owners(profile, text)
        if owners:
            yield owners


def _is_impossible(profile: Profile, own: dict[str, str], parts: dict[str, str]) -> bool:
    """Whether the subject has a name of the own team that no other team of the tenant can have."""
    tenancy = profile.tenancy
    is_other_team = own.get(tenancy.tenant or "") == parts.get(tenancy.tenant or "") and own.get(
        tenancy.team or ""
    ) != parts.get(tenancy.team or "")
    return is_other_team and any(own.get(name) and own[name] == parts.get(name) for name in tenancy.unique_in_tenant)


def _who(profile: Profile, own: dict[str, str], parts: dict[str, str]) -> str:
    """Return what the stranger is: another owner, or another repository of the same owner."""
    for name in (profile.tenancy.tenant, profile.tenancy.team):
        if name and own.get(name) and own[name] != parts.get(name):
            return f"another {name.replace('_', ' ')}"
    return ""
