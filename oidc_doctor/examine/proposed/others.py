"""Who else a change accepts: synthetic tokens of strangers and neighbours, judged before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.findings.reach import own_cases_of
from oidc_doctor.findings.strangers import NAMED, OtherToken, declared_tokens, other_tokens, with_token
from oidc_doctor.findings.widened import BEFORE, DECIDING, OF_TRUST
from oidc_doctor.issuers.heads import owner_head
from oidc_doctor.judge import evaluate
from oidc_doctor.model import limits
from oidc_doctor.model.evaluations import Evaluations, NoEvaluationsLeftError
from oidc_doctor.model.evidence import AllowPolicy
from oidc_doctor.model.proposed import OtherEffect
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from oidc_doctor.examine.proposed.pairs import Changed
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.proposed import Effect, WorkloadEffect

_MOST_BASES = 4  # tokens that others are derived from, one for each owner
_ORDER = ("gains", "unknown", "loses")
_LEAST_SIZE = 1_000  # characters: what an evaluation takes besides the documents


class Reach(NamedTuple):
    """The other tokens that a change was tried on."""

    effects: list[OtherEffect]  # on the tokens whose decision changes, or is unknown
    tried: int  # tokens of strangers that were refused before
    still_open: int  # tokens of strangers that are accepted before and after
    is_complete: bool = True


def other_effects(changed: Changed, workloads: Iterable[WorkloadEffect]) -> Reach:
    """Judge tokens that no log shows, derived from the known ones and from the values of both configurations.

    A stranger is of another owner than every given token and every logged one that has access, before or afterwards.
    """
    known = list(workloads)
    search = _Search(changed, known)
    try:
        search.run()
    except NoEvaluationsLeftError:
        return search.reach()._replace(is_complete=False)
    return search.reach()


class _Search:
    def __init__(self, changed: Changed, workloads: list[WorkloadEffect]) -> None:
        self.changed = changed
        self.subjects = {row.subject for row in workloads if row.subject}
        self.owners = [row.subject for row in workloads if row.subject and (row.given or row.effect != "refused")]
        self.allowed = Evaluations(max(1, limits.FIX_WORK.most // _size(changed)))
        self.found: dict[tuple[str, bool, Effect], list[OtherToken]] = {}
        self.tried: set[tuple[str, ...]] = set()
        self.still_open: set[tuple[str, ...]] = set()

    def run(self) -> None:
        """Try every token once. Raises NoEvaluationsLeftError."""
        done: set[tuple[str, ...]] = set()
        for base in self._bases():
            for other in self._tokens(base):
                key = (other.subject, other.issuer, other.audience, str(other.claims))
                if key not in done and not (other.subject in self.subjects and not (other.issuer or other.audience)):
                    done.add(key)
                    self._try(base, other, key)

    def reach(self) -> Reach:
        """Return what was found, strangers first."""
        rows = [
            OtherEffect(
                self.changed.target, self.changed.cloud, who, tokens[0].differing, len(tokens), stranger,
                effect,
            )
            for (who, stranger, effect), tokens in self.found.items()
        ]  # fmt: skip
        rows.sort(key=lambda row: (_ORDER.index(row.effect), not row.stranger))
        return Reach(rows, len(self.tried), len(self.still_open))

    def _bases(self) -> list[Case]:
        """Return the case with each token to derive others from: those of the exchanges, of the logs, of the values."""
        own = [exchange.diagnosis.case for exchange in self.changed.exchanges]
        replayed = self.changed.replayed
        if replayed is not None:
            samples = (signature.sample for signature in replayed.replayer.signatures if signature.sample.subject)
            own += [replayed.replayer.case_now(sample, self.changed.at) for sample in samples]
        own = [case for case in own if case.token.subject]
        if not own and self.changed.exchanges:
            present = self.changed.exchanges[0].diagnosis.case._replace(readings=(), asks_access=False)
            for case in (present, self.changed.then(present)):
                own += [one._replace(evidence=present.evidence) for one in own_cases_of(case)[:_MOST_BASES]]
        by_owner: dict[str, Case] = {}
        for case in own:
            subject = case.token.subject or ""
            by_owner.setdefault(owner_head(subject, case.profile) or subject if case.profile else subject, case)
        return [
            case._replace(readings=(), asks_access=False, explain=False, allowed=self.allowed)
            for case in list(by_owner.values())[:_MOST_BASES]
        ]

    def _tokens(self, base: Case) -> Iterator[OtherToken]:
        """Yield the tokens to try: those that derive from the base's, and those that both configurations name."""
        others = other_tokens(base)
        yield from others
        audience, own = base.token.claims.get("aud"), base.token.subject or ""
        for case in (base, self.changed.then(base)):
            for other in declared_tokens(case, evaluate(case._replace(explain=True)), others):
                # A configured audience is no part of a subject.
                if not isinstance(audience, str) or audience not in other.subject or audience in own:
                    yield other

    def _try(self, base: Case, other: OtherToken, key: tuple[str, ...]) -> None:
        needed = [*DECIDING]  # a step by which this token differs has to pass as well
        needed += ["audience"] if other.audience else []
        needed += ["provider", "issuer"] if other.issuer else []
        before = self._state(with_token(base, other), needed)
        after = self._state(with_token(self.changed.then(base), other), needed)
        who, stranger = self._whose(base, other)
        if stranger and before == "refused":
            self.tried.add(key)
        if stranger and before == after == "accepted":
            self.still_open.add(key)
        if before == after and before != "unknown":
            return
        effect: Effect = "unknown"
        if "unknown" not in (before, after):
            effect = "gains" if after == "accepted" else "loses"
        elif after == "refused":
            return  # whoever it is, the change does not accept it
        self.found.setdefault((who, stranger, effect), []).append(other)

    def _state(self, case: Case, needed: Collection[str]) -> str:
        """Return the decision of the steps that distinguish tokens, of which the needed ones have to pass."""
        states = {result.id: result.state for result in evaluate(case).steps}
        steps = (*BEFORE[case.cloud], *self._steps(case.evidence))
        if any(states[step] == REFUSED for step in steps):
            return "refused"
        return "accepted" if all(states[step] == PASSED for step in steps if step in needed) else "unknown"

    def _steps(self, evidence: TargetEvidence) -> tuple[str, ...]:
        gcp = evidence.gcp
        read = gcp is not None and isinstance(gcp.service_account_policy, AllowPolicy)
        return tuple(step for step in OF_TRUST[self.changed.cloud] if step != "impersonate" or read)

    def _whose(self, base: Case, other: OtherToken) -> tuple[str, bool]:
        """Return what differs in a token from the nearest known one, and whether its owner is unknown."""
        profile: Profile | None = base.profile
        if other.issuer or other.audience or profile is None:
            named = other.who == NAMED
            return ("a workload that the configuration names" if named else other.who), other.outsider and not named
        return whose(other.subject, base.token.subject or "", self.owners, profile)


def whose(subject: str, nearest: str, owners: Iterable[str], profile: Profile) -> tuple[str, bool]:
    """Return the first segment in which a subject differs from `nearest`, as "another team", and if it is a stranger's.

    `owners` are subjects whose tenants and teams are known.
    """
    before, after = profile.parse_subject(nearest), profile.parse_subject(subject)
    values = {part.name: part.value for part in after.segments if part.known}
    differs = next((part.name for part in before.segments if part.known and values.get(part.name) != part.value), "")
    head = owner_head(subject, profile)
    known = {owner_head(owner, profile) for owner in (nearest, *owners)} - {""}
    return f"another {differs.replace('_', ' ') or 'workload'}", not head or head not in known


def _size(changed: Changed) -> int:
    """Return the number of characters that an evaluation before and one after the change read together."""
    texts = (one.text for _, laid in changed.documents for one in (laid.before, laid.after) if one is not None)
    return _LEAST_SIZE + sum(map(len, texts))
