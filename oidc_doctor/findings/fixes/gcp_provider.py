"""Edit the provider and its pool: issuer, allowed audiences, states, and a missing provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.provider import service_states
from oidc_doctor.findings.fixes.edit import Candidate, Maker
from oidc_doctor.findings.fixes.gcp_evidence import document, edited_provider, pool_of, provider_of, saying, with_gcp
from oidc_doctor.findings.fixes.own_workload import conditions
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge.gcp.names import HOST, ProviderName, read_audience, read_name
from oidc_doctor.judge.typos import left_in, similarity, strip_invisible
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import GcpPool, GcpProvider, ServiceAccount
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.limits import AUDIENCES
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.times import epoch_of

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case

_LONGEST_AUDIENCE = 256  # characters per audience
_ALIKE = 0.9  # minimum similarity of a host and its misspelling


# --- audience and issuer ---------------------------------------------------------------------------------------------


def _audiences(case: Case) -> list[str]:
    value = case.token.claims.get("aud")
    listed = value if isinstance(value, list) else [value]
    return [audience for audience in listed if isinstance(audience, str) and _can_be_stored(audience)]


def _can_be_stored(audience: str) -> bool:
    return bool(audience) and len(audience) <= _LONGEST_AUDIENCE and audience.isprintable()


def allowed_audience(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Add the token's audience to the list; to an empty list also the default, which a list disables.

    The default is useless if the issuer puts the same audience into all its tokens.
    """
    provider = provider_of(case)
    if provider is None:
        return
    present = list(provider.allowed_audiences)
    fixed = case.profile is not None and case.profile.audience.fixed
    if not present and not fixed and provider.name and not read_name(provider.name).fault:
        present = [f"https:{HOST}{provider.name}", f"{HOST}{provider.name}"]
    for audience in _audiences(case):
        entries = tuple(dict.fromkeys([*present, audience]))
        if len(entries) <= AUDIENCES.most:
            yield from edited_provider(case, "add", "declared", allowed_audiences=entries)


def audience_corrected(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Correct the entry that differs from the token's audience by an invisible character or a placeholder."""
    provider = provider_of(case)
    for audience in _audiences(case) if provider is not None else ():
        present = provider.allowed_audiences if provider is not None else ()
        entries = tuple(
            audience if left_in(entry) or strip_invisible(entry) == strip_invisible(audience) else entry
            for entry in present
        )
        if entries != present and strip_invisible(audience) == audience:
            yield from edited_provider(case, "correct", "declared", allowed_audiences=entries)


def issuer_corrected(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Correct the provider's issuer if it misspells the token's, and so matches no token."""
    provider, issuer = provider_of(case), case.token.claims.get("iss")
    if provider is None or not provider.issuer_uri or not isinstance(issuer, str) or not issuer.isprintable():
        return
    if issuer.startswith("https://") and not has_placeholder(issuer) and _misspells(provider.issuer_uri, issuer):
        yield from edited_provider(case, "correct", "declared", issuer_uri=issuer)


def _misspells(configured: str, issuer: str) -> bool:
    """Whether a configured issuer is a typo of another: spelling, slash, scheme, or no known issuer's name."""
    profile = profile_for(configured)
    if profile is not None and configured.rstrip("/") == profile.url:
        return False  # the vendor's own address, which issues all its other tokens
    plain = [strip_invisible(text).lower().partition("://")[2].rstrip("/") for text in (configured, issuer)]
    if plain[0] == plain[1] or left_in(configured):
        return True
    host, path = plain[0].partition("/")[::2]
    other, other_path = plain[1].partition("/")[::2]
    return (
        path == other_path and _is_vendor(issuer) and not _is_vendor(configured) and similarity(host, other) >= _ALIKE
    )


def _is_vendor(issuer: str) -> bool:
    """Whether a known vendor runs this issuer: anyone can choose a name similar to an unknown issuer's."""
    profile, host = profile_for(issuer), issuer.partition("://")[2].partition("/")[0]
    return profile is not None and not profile.self_hosted and host == host.lower()


# --- states ----------------------------------------------------------------------------------------------------------


def provider_enabled(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Enable the provider."""
    yield from edited_provider(case, "correct", "declared", disabled=False)


def provider_undeleted(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Undelete the provider, which is possible for 30 days."""
    provider = provider_of(case)
    if provider is not None and not _is_purged(provider.document.value, case.at):
        yield from edited_provider(case, "correct", "declared", state="ACTIVE")


def pool_restored(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Enable or undelete the pool."""
    gcp = case.evidence.gcp
    if gcp is None or not isinstance(gcp.pool, GcpPool) or _is_purged(gcp.pool.document.value, case.at):
        return
    changed: dict[str, Any] = {"disabled": False} if refusal.kind is Kind.POOL_DISABLED else {"state": "ACTIVE"}
    yield Candidate(with_gcp(case, pool=gcp.pool._replace(**changed)), "correct", "declared")


def account_enabled(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Enable the service account."""
    gcp = case.evidence.gcp
    if gcp is not None and isinstance(gcp.service_account, ServiceAccount):
        account = gcp.service_account._replace(disabled=False)
        yield Candidate(with_gcp(case, service_account=account), "correct", "declared")


def api_enabled(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Enable the API in the project."""
    gcp, api = case.evidence.gcp, refusal.fact("api")
    if gcp is not None and isinstance(gcp.services, Document) and api:
        states = service_states(gcp.services) | {api: "ENABLED"}
        yield Candidate(with_gcp(case, services=document(gcp.services.file, states)), "correct", "declared")


def _is_purged(value: Any, at: float) -> bool:
    """Whether Google's retention period for deleted resources has passed."""
    text = value.get("expireTime") if isinstance(value, dict) else None
    if not isinstance(text, str) or value.get("state") != "DELETED":
        return False
    end = epoch_of(text)
    return end is not None and end <= at


# --- a provider that is not there ------------------------------------------------------------------------------------


def provider_created(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Create the requested provider, only for the token's issuer, audience and workload."""
    name = _wanted(case)
    if name is None:
        return
    for provider in _new_provider(case, name):
        changed: dict[str, Any] = {"provider": provider}
        if refusal.kind is Kind.WORKLOAD_POOL_MISSING:
            box = {"name": name.pool_name, "state": "ACTIVE"}
            changed["pool"] = GcpPool(name.pool_name, "ACTIVE", False, document("gcp/pool.json", box))
        yield Candidate(with_gcp(case, **changed), "create")


def provider_beside(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Create a provider for the token's issuer in the same pool, used by the client; the present one is unchanged."""
    gcp, provider, pool, request = case.evidence.gcp, provider_of(case), pool_of(case), case.evidence.target.gcp
    issuer = str(case.token.claims.get("iss"))
    if gcp is None or provider is None or pool is None or request is None or not _is_vendor(issuer):
        return
    word = case.profile.name if case.profile is not None else issuer.removeprefix("https://").partition("/")[0]
    name = pool._replace(provider=f"{re.sub(r'[^a-z0-9-]+', '-', word.lower()).strip('-')[:24]}-provider")
    taken = [pool.provider, *(read_name(other.name or "").provider for other in gcp.near_providers)]
    if name.provider in taken:
        name = name._replace(provider=f"{name.provider}-2")
    sent: dict[str, Any] = {"provider": name.full} if request.provider else {}
    sent |= {"audience": HOST + name.full} if request.audience else {}
    target = case.evidence.target._replace(gcp=request._replace(**sent))
    for new in _new_provider(case, name):
        near = (*gcp.near_providers, provider)
        yield Candidate(with_gcp(case, provider=new, near_providers=near)._replace(target=target), "create")


def _new_provider(case: Case, name: ProviderName) -> Iterator[GcpProvider]:
    """Yield a provider with this name, only for the token's issuer, audience and workload."""
    issuer = case.token.claims.get("iss")
    if not isinstance(issuer, str) or not issuer.startswith("https://") or not issuer.isprintable():
        return
    if has_placeholder(issuer) or has_placeholder(name.full):
        return
    default = (f"https:{HOST}{name.full}", f"{HOST}{name.full}")
    for own in conditions(case):
        for audience in _audiences(case):
            allowed = () if audience in default else (audience,)
            yield GcpProvider(
                name=name.full,
                kind="oidc",
                state="ACTIVE",
                disabled=False,
                issuer_uri=issuer,
                allowed_audiences=allowed,
                jwks_json=None,
                mapping={"google.subject": "assertion.sub"},
                condition=own,
                document=document("gcp/provider.json", {"name": name.full}),
            )


def _wanted(case: Case) -> ProviderName | None:
    """Return the requested provider, by project number."""
    request = case.evidence.target.gcp
    for text in (request.audience, f"{HOST}{request.provider}" if request.provider else None) if request else ():
        name = read_audience(text, pasted=True) if text else None
        if name is not None and not name.fault and name.provider and name.project_is_number:
            return name
    return None


_CREATED = "Create the provider that the request names, for this workload alone."
PROVIDER_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.AUDIENCE_NOT_ALLOWED: (allowed_audience,),
    Kind.ALLOWED_AUDIENCES_EMPTY: (allowed_audience,),
    Kind.INVISIBLE_CHARACTER_IN_VALUE: (audience_corrected, issuer_corrected, allowed_audience),
    Kind.PLACEHOLDER_LEFT_IN: (audience_corrected, issuer_corrected, allowed_audience),
    Kind.ISSUER_MISMATCH: (
        saying("Correct the provider's issuer URI to the token's issuer.", issuer_corrected),
        saying("Create a provider of the token's issuer next to the present one, for this workload.", provider_beside),
    ),
    Kind.PROVIDER_DISABLED: (provider_enabled,),
    Kind.PROVIDER_DELETED: (provider_undeleted,),
    Kind.POOL_DISABLED: (pool_restored,),
    Kind.POOL_DELETED: (pool_restored,),
    Kind.SERVICE_ACCOUNT_DISABLED: (account_enabled,),
    Kind.API_DISABLED: (api_enabled,),
    Kind.PROVIDER_NOT_FOUND: (saying(_CREATED, provider_created),),
    Kind.WORKLOAD_POOL_MISSING: (saying(_CREATED, provider_created),),
}
