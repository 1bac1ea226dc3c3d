"""Find who passes the bindings of a service account, member by member.

Each member is judged alone: the case keeps the provider and only this member of the allow policies. Any provider of the
pool can map a pool identity, so the pool's other providers are judged instead of the target's as well.

Sources: Google Cloud, principal identifiers (a member names a pool and never a provider); allow policy inheritance (a
binding on a project, folder or organization applies to the service accounts below it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor import cel
from oidc_doctor.checkkit import NotReadError, Opening, Passer
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.provider import gcp_providers_of
from oidc_doctor.findings.google_candidates import is_plain
from oidc_doctor.findings.google_reach import PERSON, GoogleReach
from oidc_doctor.findings.shared_traces import SharedTraces
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge.gcp.member_index import EVERYONE
from oidc_doctor.judge.gcp.members import GRANTING
from oidc_doctor.judge.gcp.names import Member, read_member, read_name
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AllowPolicy, GcpEvidence, GcpProvider, Token

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.evidence import Binding, TargetEvidence

_EVERYBODY = (EVERYONE, "allAuthenticatedUsers")
_WHOLE_SUBJECT = "assertion.sub"
_MOST_PROVIDERS = 8
_MOST_MEMBERS = 20  # per question; an allow policy has up to 1,500
_SLOTS = ("service_account_policy", "project_policy", "folder_policy", "organization_policy")


class _Place(NamedTuple):
    """A pool member with a granting role."""

    policy: AllowPolicy
    binding: Binding
    member: Member
    at: Origin

    @property
    def key(self) -> str:
        """The mapped attribute that the member names; empty for the whole pool."""
        return {"subject": "google.subject", "attribute": f"attribute.{self.member.attribute}"}.get(
            self.member.form, ""
        )


class BindingReach:
    """Tokens that pass the whole exchange, and the members that admit them. Each question is answered on demand.

    The methods raise NotReadError if nothing is found and deciding evidence was not read.
    """

    def __init__(self, case: Case, reach: GoogleReach, shared_traces: SharedTraces | None = None) -> None:
        self._case = case
        self._reach = reach
        self._shared_traces = shared_traces or SharedTraces()

    @property
    def resource(self) -> str:
        """The provider's name, as requested in the exchange."""
        return self._reach.resource

    @property
    def customers(self) -> str:
        """The vendor, if all its customers share the provider's issuer; else empty."""
        return self._reach.customers

    # The protocol that checks use

    def whole_pool(self) -> list[Passer]:
        """Find strangers that pass by a whole-pool member on the service account."""
        places = [place for place in self._places("service-account") if place.member.form == "all"]
        return self._collected(places, lambda place: self._strangers(self._only(self._case, place), place)[:1])

    def other_providers(self) -> list[Passer]:
        """Find strangers that pass through another provider of the pool, but not through the target's."""
        places = list(self._places("service-account", "project", "folder", "organization"))
        if not places:
            return []
        passers: list[Passer] = []
        lacking: NotReadError | None = None
        for provider in self._other_providers(pool_wide=any(place.member.form == "all" for place in places)):
            try:
                passers += self._through(_with_provider(self._case, provider), places)
            except NotReadError as unread:
                lacking = unread
        if lacking and not passers:
            raise lacking
        return passers

    def above(self) -> list[Passer]:
        """Find subjects that pass by a member of a project, folder or organization policy."""
        own = read_name(self._own_name() or self._reach.resource)

        def intended(place: _Place) -> list[Passer]:
            if not own.fault and place.member.pool != own.pool:
                raise NotReadError(f"{place.at}: the providers of the pool {place.member.pool} were not read")
            subjects = GoogleReach(self._only(self._case, place), shared_traces=self._shared_traces).accepted_subjects()
            return [self._passer(place, subject) for subject in subjects[:1]]

        return self._collected(list(self._places("project", "folder", "organization")), intended)

    def everyone(self) -> list[Passer]:
        """Find members with granting roles that mean everybody, in any of the policies."""
        return [
            Passer("", member, binding.role, policy.document.at(f"{binding.pointer}/members/{index}"), _named(policy))
            for policy in self._policies()
            for binding in policy.bindings
            for index, member in enumerate(binding.members)
            if member in _EVERYBODY and binding.role in GRANTING and not binding.condition
        ]

    def colliding(self) -> list[Passer]:
        """Find strangers with exactly a member's value: as subject, constant, or truncated or joined string."""

        def alike(place: _Place) -> list[Passer]:
            expression = self._expression(self._case, place)
            if is_plain(expression) and (place.member.form == "attribute" or expression.strip() == _WHOLE_SUBJECT):
                return []
            reach = GoogleReach(self._only(self._case, place), shared=PERSON, shared_traces=self._shared_traces)
            openings: list[Opening] = []
            # an attribute mapped from a claim means a set of identities, so others with its value are intended
            if place.member.form == "subject" or not _reads_a_claim(expression):
                openings = [opening for opening in reach.openings("anyone", "tenant", "team") if opening.bound]
            openings = openings or reach.mapped_alike()
            return [self._passer(place, opening.subject, opening) for opening in openings[:1]]

        places = [place for place in self._places(*_RESOURCES) if place.key]
        return self._collected(places, alike)

    def names_ending_alike(self) -> list[Opening]:
        """Find tenant and team names that merely end like the intended name."""
        return self._reach.names_ending_alike()

    def twins(self) -> list[Opening]:
        """Find names that differ from the intended name in one character, or ids that differ in case."""
        return self._reach.twins()

    def refused_by_bindings_alone(self) -> list[Opening]:
        """Find strangers of other tenants that condition and mapping accept, but the bindings certainly refuse."""
        try:
            if self._reach.openings("anyone", "tenant"):
                return []
        except NotReadError:
            return []
        openings = GoogleReach(self._case, whole=False, shared_traces=self._shared_traces).openings("anyone", "tenant")
        return [opening for opening in openings if opening.bound is False]

    # Members

    def _policies(self) -> list[AllowPolicy]:
        gcp = self._case.evidence.gcp or GcpEvidence(_NO_PROVIDER)
        return [policy for slot in _SLOTS if isinstance(policy := getattr(gcp, slot), AllowPolicy)]

    def _places(self, *resources: str) -> Iterator[_Place]:
        """Yield the well-formed pool members with granting roles in these policies."""
        for policy in self._policies():
            for binding in policy.bindings if policy.resource in resources else ():
                for index, text in enumerate(binding.members if binding.role in GRANTING else ()):
                    member = read_member(text)
                    if member is None or member.fault or member.deleted:
                        continue
                    at = policy.document.at(f"{binding.pointer}/members/{index}")
                    yield _Place(policy, binding, member, at)

    def _collected(self, places: list[_Place], ask: Callable[[_Place], list[Passer]]) -> list[Passer]:
        """Collect the results for each member; NotReadError if there are none and some result is unknown."""
        passers: list[Passer] = []
        lacking: NotReadError | None = None
        for place in places[:_MOST_MEMBERS]:
            try:
                passers += ask(place)
            except NotReadError as unread:
                lacking = unread
        if len(places) > _MOST_MEMBERS and not lacking:
            lacking = NotReadError(f"only the first {_MOST_MEMBERS} of {len(places)} members were tried")
        if lacking and not passers:
            raise lacking
        return passers

    def _strangers(self, case: Case, place: _Place) -> list[Passer]:
        reach = GoogleReach(case, shared_traces=self._shared_traces)
        openings = [opening for opening in reach.openings("tenant", "anyone") if opening.bound]
        if openings and openings[0].who == "anyone":  # a subject that the issuer can issue is more informative
            openings = [opening for opening in reach.openings("team", "anyone") if opening.bound]
        return [self._passer(place, opening.subject, opening, case) for opening in openings]

    def _passer(self, place: _Place, subject: str, opening: Opening | None = None, case: Case | None = None) -> Passer:
        provider = case.evidence.gcp.provider if case is not None and case.evidence.gcp else None
        other = isinstance(provider, GcpProvider) and provider.name != self._own_name()
        return Passer(
            subject,
            place.member.text,
            place.binding.role,
            place.at,
            _named(place.policy),
            opening.whom if opening else "",
            opening.customers if opening else "",
            (provider.name or "") if other and isinstance(provider, GcpProvider) else "",
            place.key,
            self._expression(case or self._case, place),
            place.member.value,
        )

    def _expression(self, case: Case, place: _Place) -> str:
        gcp = case.evidence.gcp
        provider = gcp.provider if gcp else None
        mapping = provider.mapping if isinstance(provider, GcpProvider) else None
        return mapping.get(place.key, "") if isinstance(mapping, dict) else ""

    def _only(self, case: Case, place: _Place) -> Case:
        """Return the case with this member as the only member of all allow policies."""
        member = ("only", id(place.policy), place.at)  # the evidence has the policy
        evidence = self._shared_traces.once(member, tuple(case.evidence), lambda: _with_only(case.evidence, place))
        return case._replace(evidence=evidence)

    # The other providers of the pool

    def _own_name(self) -> str | None:
        gcp = self._case.evidence.gcp
        return gcp.provider.name if gcp and isinstance(gcp.provider, GcpProvider) else None

    def _other_providers(self, *, pool_wide: bool) -> list[GcpProvider]:
        """Return the pool's OIDC providers other than the target's, from the list or a file."""
        gcp = self._case.evidence.gcp or GcpEvidence(_NO_PROVIDER)
        own = read_name(self._own_name() or self._reach.resource)
        listed: tuple[GcpProvider, ...] = ()
        if isinstance(gcp.provider_list, Document):
            try:
                listed = gcp_providers_of(gcp.provider_list)
            except Unreadable as fault:
                raise NotReadError(f"gcp/providers.json: {fault}") from None
        elif pool_wide:
            raise NotReadError(f"the other providers of the pool: gcp/providers.json, {gcp.provider_list.reason}")
        providers: dict[str, GcpProvider] = {}
        for provider in (*listed, *gcp.near_providers):
            name = read_name(provider.name or "")
            same_pool = not name.fault and not own.fault and name.pool_name == own.pool_name
            if same_pool and provider.kind in ("oidc", "unknown") and name.full != own.full:
                providers.setdefault(name.full, provider)
        return list(providers.values())[:_MOST_PROVIDERS]

    def _through(self, case: Case, places: list[_Place]) -> list[Passer]:
        """Return the stranger that passes through another provider and that the target's provider refuses."""
        reach, same_issuer = GoogleReach(case), _issuer(case) == _issuer(self._case)
        openings = reach.openings(*(("tenant", "anyone", "team") if same_issuer else ("tenant", "anyone")))
        for opening in openings:
            at = reach.granted_at(opening.subject) if opening.bound else None
            place = next((place for place in places if place.at == at), None)
            if place is not None and not (same_issuer and self._reach.passes(opening.subject)):
                return [self._passer(place, opening.subject, opening, case)]
        return []


_NO_PROVIDER = Missing("gcp/provider.json", "not in the bundle")
_RESOURCES = ("service-account", "project", "folder", "organization")


def _named(policy: AllowPolicy) -> str:
    return f"the {policy.resource.replace('-', ' ')}"


def _with_only(evidence: TargetEvidence, place: _Place) -> TargetEvidence:
    gcp = evidence.gcp or GcpEvidence(_NO_PROVIDER)
    binding = place.binding._replace(members=(place.member.text,))
    policies: dict[str, Any] = {
        slot: policy._replace(bindings=(binding,) if policy is place.policy else ())
        for slot in _SLOTS
        if isinstance(policy := getattr(gcp, slot), AllowPolicy)
    }
    empty = place.policy._replace(bindings=(), resource="service-account")
    policies.setdefault("service_account_policy", empty)
    return evidence._replace(gcp=gcp._replace(**policies))


def _issuer(case: Case) -> str:
    provider = case.evidence.gcp.provider if case.evidence.gcp else None
    return (provider.issuer_uri or "").rstrip("/") if isinstance(provider, GcpProvider) else ""


def _reads_a_claim(expression: str) -> bool:
    try:
        return bool(cel.compile(expression).references())
    except cel.CelError:
        return True


def _with_provider(case: Case, provider: GcpProvider) -> Case:
    """Return the case with another provider instead of the target's, and no token."""
    evidence, token = case.evidence, case.token
    gcp = (evidence.gcp or GcpEvidence(_NO_PROVIDER))._replace(provider=provider, near_providers=())
    asked = evidence.target.gcp
    target = evidence.target._replace(gcp=asked._replace(provider=None, audience=None) if asked else None)
    issuer = provider.issuer_uri or ""
    return case._replace(
        evidence=evidence._replace(gcp=gcp, target=target),
        token=Token("decoded", {"iss": issuer}, None, complete=False, origin=token.origin, recorded=True),
        profile=profile_for(issuer),
        readings=(),
    )
