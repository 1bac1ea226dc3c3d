"""Find who else passes a whole exchange with Google: condition, mapping and service account bindings.

Strangers are derived from the token's subject and from subjects that the configuration names: strings of the condition,
and members. Such strings only yield candidates; the judge always decides whether they pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.checkkit import NotReadError, Opening
from oidc_doctor.findings.google_candidates import candidates_of, read_claims
from oidc_doctor.findings.strangers import as_stranger
from oidc_doctor.findings.trust_reach import TrustReach
from oidc_doctor.findings.trust_reach_bases import Base
from oidc_doctor.issuers.strangers import Stranger, Who, another, with_value
from oidc_doctor.model.document import Document, Origin
from oidc_doctor.model.evidence import AllowPolicy, Token
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.findings.shared_traces import SharedTraces
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace

_MOST_BASES = 16
_SOMEBODY = "somebody"  # a subject of an issuer with unknown subjects
_BEFORE = "x"  # prefix of a name that ends like another one
# Functions that may accept a name with a different character or case
_LOOSE = {"matches", "lowerAscii", "upperAscii", "replace", "substring", "charAt", "split", "contains"}
_LONGEST_NAME = 40
_FEW = 2  # characters that a pattern leaves open by mistake
# Claims about the user who starts a run, and who may do so for other owners too (inferred from their names).
PERSON = ("actor", "actor_id", "triggering_actor", "user_login", "user_id", "user_email")


class GoogleReach(TrustReach):
    """Finds who else passes, with the bindings as part of the exchange.

    `whole` False ignores the bindings. `shared` names claims that may have the same value in a stranger's token.
    """

    def __init__(
        self,
        case: Case,
        *,
        whole: bool = True,
        shared: tuple[str, ...] = (),
        shared_traces: SharedTraces | None = None,
    ) -> None:
        super().__init__(case, shared_traces=shared_traces)
        self._whole_exchange = whole
        self._shared = shared
        self._judged: dict[tuple[int, str], Trace] = {}

    # What checks ask

    def openings(self, *who: Who) -> list[Opening]:
        """Return the accepted strangers of these kinds.

        Without bindings, another team alone is no finding: vendors document conditions that fix the tenant, and leave
        the team to the bindings.
        """
        return [opening for opening in super().openings(*who) if opening.who != "team" or opening.bound]

    def names_alike(self) -> list[Opening]:
        """Find names with the same prefix, except neighbours below the team, whose names the same people choose."""
        return [opening for opening in super().names_alike() if not self._is_neighbour(opening.segment)]

    def vacuous(self) -> list[Opening]:
        """Return nothing: only IAM has operators that an absent claim satisfies."""
        return []

    def names_ending_alike(self) -> list[Opening]:
        """Find tenant and team names that merely end like the intended name: the string starts within a name."""
        alike: list[Opening] = []
        tried: list[Trace] = []
        for base in self._all_bases():
            for candidate in self._shared_traces.strangers(base.subject, base.profile):
                if candidate.who != "other" or not self._is_owner(base, candidate.segment):
                    continue
                stranger = self._preceded(base, candidate)
                trace, against = self._trace(base, stranger.subject), self._trace(base, candidate.subject)
                tried.append(trace)
                if self._accepted(trace) and self._accepted(against) is False:
                    alike += self._openings(base, stranger, trace, against)
        return self._not_flagged(alike, tried)

    def twins(self) -> list[Opening]:
        """Find tenant and team names that differ from the intended one in one character or in case.

        Only ids are tried in a different case: most issuers treat names as case-insensitive (inferred).
        """
        twins: list[Opening] = []
        for base in self._all_bases():
            condition = self._trace(base, base.subject).detail.get("condition")
            calls = {node.function for node in condition.walk()} if condition is not None else set()
            if base.profile is None or not calls & _LOOSE or not self._accepted(self._trace(base, base.subject)):
                continue
            for candidate in self._shared_traces.strangers(base.subject, base.profile):
                if candidate.who != "other" or not self._is_owner(base, candidate.segment):
                    continue
                against = self._trace(base, candidate.subject)
                if self._accepted(against) is not False:
                    continue
                named = [
                    candidate._replace(subject=with_value(base.subject, base.profile, candidate.segment, value))
                    for value in _twins_of(base, candidate.segment)
                ]
                passing = [twin for twin in named if self._accepted(self._trace(base, twin.subject))]
                if len(passing) > _FEW and candidate.segment != base.profile.tenancy.tenant:
                    continue  # a family of names of one owner is intended: app-[a-z]+
                for stranger in passing:
                    twins += self._openings(base, stranger, self._trace(base, stranger.subject), against)
        return self._not_flagged(twins, [])

    def _not_flagged(self, alike: list[Opening], tried: list[Trace]) -> list[Opening]:
        """Return openings of clauses that names with merely the same prefix do not pass."""
        flagged = {opening.pattern for opening in (*self._quietly(self.names_alike), *self._quietly(self.values_alike))}
        return [opening for opening in self._concluded(alike, tried) if opening.pattern not in flagged]

    @property
    def customers(self) -> str:
        """The vendor, if its customers share the issuer; else empty."""
        return next((base.customers for base in self._all_bases()), "")

    def accepted_subjects(self) -> list[str]:
        """Return subjects that pass: the token's own, or examples from the configuration. NotReadError if unknown."""
        traces = [(base.subject, self._trace(base, base.subject)) for base in self._all_bases()]
        accepted = [subject for subject, trace in traces if self._accepted(trace)]
        if not accepted and any(self._accepted(trace) is None for _, trace in traces):
            raise NotReadError("whether a subject is accepted depends on claims that were not given")
        return accepted

    def passes(self, subject: str) -> bool:
        """Whether this subject certainly passes, with any of its possible claims."""
        return any(self._accepted(self._trace(base, subject)) for base in self._all_bases())

    def granted_at(self, subject: str) -> Origin | None:
        """Return the member by which this subject passes."""
        traces = (self._trace(base, subject) for base in self._all_bases())
        return next((trace.step("impersonate").at for trace in traces if self._accepted(trace)), None)

    def mapped_alike(self) -> list[Opening]:
        """Find accepted owners with a name similar to the intended one, if only a member refuses other names."""
        openings: list[Opening] = []
        for base in self._all_bases():
            if not self._accepted(self._trace(base, base.subject)):
                continue
            candidates = [
                candidate
                for candidate in self._shared_traces.strangers(base.subject, base.profile)
                if self._is_owner(base, candidate.segment)
            ]
            for other in (candidate for candidate in candidates if candidate.who == "other"):
                against = self._trace(base, other.subject)
                if against.step("condition").state != PASSED or self._accepted(against) is not False:
                    continue
                alike = [
                    candidate
                    for candidate in candidates
                    if candidate.who == "longer" and candidate.segment == other.segment
                ]
                for stranger in (*alike, self._preceded(base, other), *self._shifted(base, other.segment)):
                    trace = self._trace(base, stranger.subject)
                    if self._accepted(trace):
                        openings += [
                            opening._replace(bound=self._bound(trace))
                            for opening in super()._openings(base, stranger, trace)
                        ]
        return openings

    def _shifted(self, base: Base, segment: str) -> Iterator[Stranger]:
        """Yield subjects whose names join to the same string: the last letter of a name moved to a later name."""
        if base.profile is None or segment in base.profile.tenancy.unique:
            return
        parts = [part for part in base.profile.parse_subject(base.subject).segments if part.known and part.value]
        place = [part.name for part in parts].index(segment)
        first = parts[place].value
        for later in parts[place + 1 :] if len(first) > 1 else ():
            moved = with_value(base.subject, base.profile, segment, first[:-1])
            yield Stranger(with_value(moved, base.profile, later.name, first[-1] + later.value), "other", segment)

    # Candidates

    def _all_bases(self) -> list[Base]:
        """Return the bases, which are the same with and without bindings."""
        return self._shared_traces.once("bases", (self.case,), lambda: list(self._derive_bases()))

    def _derive_bases(self) -> Iterator[Base]:
        subjects_done: set[tuple[str, str]] = set()
        for base in list(super()._derive_bases()) or self._unknown_subject():
            drafts = self._candidates(base)
            own = base.case.token.subject == base.subject
            for subject, more in [(base.subject, {})] * own + drafts:
                if len(subjects_done) >= _MOST_BASES:
                    break
                case = self._with_claims(base, subject, more)
                key = (subject, str(sorted(case.token.claims.items(), key=str)))
                if key not in subjects_done:
                    subjects_done.add(key)
                    yield Base(case, base.issuer, subject)
            if not drafts and not own:
                yield base

    def _candidates(self, base: Base) -> list[tuple[str, dict[str, str]]]:
        """Return the base's candidates, which other tokens of the same configuration have as well."""
        provider, policies = self._provider(), self._policies()
        return self._shared_traces.once(
            ("candidates", base.subject),
            (base.profile, provider, *policies),
            lambda: candidates_of(base, provider, policies),
        )

    def _unknown_subject(self) -> list[Base]:
        """Return a base for an issuer with unknown subjects: no token and no profile."""
        provider = self._provider()
        if not provider.issuer_uri:
            return []
        audience = {"aud": provider.allowed_audiences[0]} if provider.allowed_audiences else {}
        claims = {"iss": provider.issuer_uri, "sub": _SOMEBODY} | audience
        token = self.case.token._replace(kind="decoded", claims=claims, complete=False)
        case = self.case._replace(token=token, profile=None)
        return [Base(case, provider.issuer_uri.removeprefix("https://"), _SOMEBODY)]

    def _with_claims(self, base: Base, subject: str, more: dict[str, str]) -> Case:
        """Return the base's case with a token of this subject, and the claims that the configuration reads."""
        token = base.case.token
        own = token.subject == subject and not more
        claims = dict(token.claims) if own else dict(as_stranger(base.case, subject).token.claims)
        claims |= more
        if own and (token.complete or token.kind == "jwt"):
            return base.case
        for name, value in read_claims(self._provider(), base.profile, subject).items():
            if name not in claims and (not own or token.may_have(name)):
                claims[name] = value
        variant = Token("decoded", claims, None, complete=False, origin=token.origin, name=token.name, recorded=True)
        return base.case._replace(token=variant)

    def _policies(self) -> list[AllowPolicy]:
        gcp = self.case.evidence.gcp
        if gcp is None:
            return []
        policies = (gcp.service_account_policy, gcp.project_policy, gcp.folder_policy, gcp.organization_policy)
        return [policy for policy in policies if isinstance(policy, AllowPolicy)]

    def _preceded(self, base: Base, stranger: Stranger) -> Stranger:
        assert base.profile is not None  # noqa: S101 - only subjects with a grammar have such strangers
        value = base.profile.parse_subject(base.subject).value(stranger.segment) or ""
        subject = with_value(base.subject, base.profile, stranger.segment, _BEFORE + value)
        return stranger._replace(subject=subject)

    def _is_owner(self, base: Base, segment: str) -> bool:
        return base.profile is not None and segment in (base.profile.tenancy.tenant, base.profile.tenancy.team)

    def _is_neighbour(self, segment: str) -> bool:
        tenancies = [base.profile.tenancy for base in self._all_bases() if base.profile is not None]
        names = {name for tenancy in tenancies for name in tenancy.names if name not in tenancy.unique}
        return segment.replace(" ", "_") in names

    def _quietly(self, ask: object) -> list[Opening]:
        try:
            return ask() if callable(ask) else []
        except NotReadError:
            return []

    # Evaluating

    def _trace(self, base: Base, subject: str) -> Trace:
        key = (id(base.case), subject)
        if key not in self._judged:
            own = base.case.token.claims
            if any(name in self._shared or name.endswith("_id") for name in own):
                self._judged[key] = self._counted(lambda: self._shared_traces.trace(self._stranger(base, subject)))
            else:
                self._judged[key] = self._counted(lambda: self._shared_traces.stranger(base.case, subject))
        return self._judged[key]

    def _stranger(self, base: Base, subject: str) -> Case:
        """Return the case of a stranger with other ids of resources, and with the claims that it may share."""
        case, own = as_stranger(base.case, subject), base.case.token.claims
        same = {name: own[name] for name in self._shared if name in own}
        claims = case.token.claims | _ids_of_others(base, subject, case.token.claims) | same
        return case._replace(token=case.token._replace(claims=claims))

    def _accepted(self, trace: Trace) -> bool | None:
        """Whether condition, mapping and bindings accept; without bindings, the rest decides.

        Raises NotReadError if a missing library prevented an evaluation: every result is then unknown.
        """
        accepted = self._decided(trace)
        if accepted is None and "lacks" in trace.detail:
            raise NotReadError(trace.detail["lacks"])
        return accepted

    def _decided(self, trace: Trace) -> bool | None:
        if not self._whole_exchange:
            return super()._accepted(trace)
        provider, gcp = self._provider(), self.case.evidence.gcp
        if provider.disabled or provider.state == "DELETED":
            return False
        impersonate = trace.step("impersonate").state
        before = super()._accepted(trace)
        if before is False or impersonate == REFUSED:
            return False
        bindings_read = gcp is not None and isinstance(gcp.service_account_policy, AllowPolicy)
        return before if impersonate == PASSED or not bindings_read else None

    def _bound(self, trace: Trace) -> bool | None:
        """Whether a member covers it; None if no bindings were read, or none may be needed."""
        step, gcp = trace.step("impersonate"), self.case.evidence.gcp
        if step.state == REFUSED:
            return False
        direct = gcp is not None and isinstance(gcp.credentials, Document)
        return True if step.state == PASSED and (step.at is not None or direct) else None

    def _openings(
        self, base: Base, stranger: Stranger, trace: Trace, against: Trace | None = None
    ) -> Iterator[Opening]:
        if against is not None and against.step("condition").state == PASSED:
            return  # a member, not the condition, refuses the other one
        for opening in super()._openings(base, stranger, trace, against):
            yield opening._replace(bound=self._bound(trace))


def _ids_of_others(base: Base, subject: str, claims: dict[str, Any]) -> dict[str, Any]:
    """Return other ids for resources with the same name under another owner: an id belongs to one resource."""
    if base.profile is None:
        return {}
    before, after = (base.profile.parse_subject(text).segments for text in (base.subject, subject))
    values = {part.name: part.value for part in after if part.known}
    moved: set[str] = set()  # segments that differ, or are below a differing one
    for part in before:
        if part.known and (moved or values.get(part.name) != part.value):
            moved.add(part.name)
    own = base.case.token.claims
    return {
        name: another(value) if isinstance(value, str) else value + 1
        for name, value in claims.items()
        if name.endswith("_id") and base.profile.tenancy.follows.get(name) in moved
        if value == own.get(name) and isinstance(value, str | int) and not isinstance(value, bool)
    }


def _twins_of(base: Base, segment: str) -> Iterator[str]:
    """Yield the value with one character changed, and with changed case if it is an id."""
    assert base.profile is not None  # noqa: S101 - the caller's branch
    value = base.profile.parse_subject(base.subject).value(segment) or ""
    if segment in base.profile.tenancy.unique and value.swapcase() != value:
        yield value.swapcase()
    for place, letter in enumerate(value[:_LONGEST_NAME]):
        if letter not in "/:":
            yield value[:place] + ("y" if letter == "x" else "x") + value[place + 1 :]
