"""Judge the strangers of a trust: synthetic tokens that no one expects to be accepted.

They derive from each accepted token of the file, and from the tokens that the configuration's own values name: a trust
may be narrow for the subjects of the file, and open in another of its statements. Where the issuer's grammar is not
known, no part of a subject is known to name its owner: then only a subject that differs throughout is a stranger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.expect.audiences import accepted_with, audiences_of
from oidc_doctor.expect.decide import Decision, decide, is_assumed, refused_by
from oidc_doctor.expect.outsiders import Outsiders, insiders_of
from oidc_doctor.findings.reach import own_cases_of
from oidc_doctor.findings.shared_traces import key_of
from oidc_doctor.findings.strangers import OtherToken, as_stranger, kept_steps
from oidc_doctor.findings.widened import OF_TRUST
from oidc_doctor.issuers.catalogue import normalised
from oidc_doctor.model.document import Missing, texts_in
from oidc_doctor.model.evaluations import Evaluations, NoEvaluationsLeftError
from oidc_doctor.model.evidence import GcpProvider, Role
from oidc_doctor.model.expectations import StrangerResult
from oidc_doctor.model.limits import EXPECTED_STRANGERS
from oidc_doctor.model.steps import REFUSED

if TYPE_CHECKING:
    from collections.abc import Hashable

    from oidc_doctor.model.case import Case

_LEAST_TRIED = 200  # however long the configuration is
_OF_EACH = 100  # comparisons that take as long as everything else in the evaluation of a stranger
_MOST_SHOWN = 50  # strangers of one expectation that a result lists, one of each kind first


class Tried(NamedTuple):
    """The strangers that were judged. `decisions` are those of the accepted ones, by their place in `passed`."""

    tried: int
    passed: tuple[StrangerResult, ...]  # accepted, then unknown
    decision: Decision | None = None  # of the first accepted one, else of the first unknown one
    cut_short: bool = False  # the bound on evaluations was reached
    within: str = ""  # the part that names the tenant, where each accepted stranger is of the own one
    why_none: str = ""  # why no stranger could be made


def own_cases(case: Case, asked: str = "") -> list[Case]:
    """Return the case with each token that the configuration's own values name; none if they name no token.

    `asked` is the audience that the file names: a token of each issuer has it, if that issuer's is accepted with it.
    """
    cases = []
    for row in own_cases_of(case):
        claims = {name: value for name, value in row.token.claims.items() if name not in ("aud", "azp")}
        plain = row._replace(token=row.token._replace(claims=claims), explain=False)
        judged = accepted_with(plain, audiences_of(plain, asked))
        if asked and judged.decision.prediction == "refused":
            judged = accepted_with(plain, audiences_of(plain))
        cases.append(judged.decision.case)
    return cases


def bases_of(named: list[Case], own: list[Case]) -> list[Case]:
    """Return the cases that strangers derive from: of the tokens of the file, and of the configuration's own values.

    A token of the configuration's values has the claims and the audience of the file's first token of its issuer.
    """
    first: dict[str, Case] = {}
    named = [case for case in named if is_base(case)]
    for case in named:
        first.setdefault(_issuer(case), case)
    more = []
    for case in own:
        alike = first.get(_issuer(case))
        subject = case.token.subject
        if alike is None or subject is None:
            more.append(case)
        elif subject not in [other.token.subject for other in named]:
            more.append(as_stranger(alike, subject))
    return [*named, *(case for case in more if is_base(case))]


def _issuer(case: Case) -> str:
    return normalised(str(case.token.claims.get("iss", "")))


class SharedStrangers:
    """The strangers that the tables about a target share in one cloud: each is judged once, and so many in all."""

    def __init__(self, case: Case) -> None:
        self.allowed = Evaluations(max(_LEAST_TRIED, EXPECTED_STRANGERS.most // (_OF_EACH + _size(case))))
        self._of: dict[Hashable, _OfBase] = {}

    def of(self, base: Case, outsiders: Outsiders) -> _OfBase:
        """Return the strangers of a token. Bases with equal claims share them, wherever their tokens were read."""
        plain = base._replace(explain=False, traced=False, asks_access=False, allowed=self.allowed)
        key = (key_of(plain), outsiders.insiders, frozenset(outsiders.owners))
        if key not in self._of:  # the case is kept as well, so that no identity in the key is reused
            self._of[key] = _OfBase(plain, decide(plain), list(outsiders.of(plain)), {})
        return self._of[key]


class _OfBase(NamedTuple):
    """The strangers of a token, and the decisions on those that were judged, by their place in `others`."""

    plain: Case
    own: Decision
    others: list[OtherToken]
    decisions: dict[int, Decision]

    def decision(self, place: int, outsiders: Outsiders) -> Decision:
        """Judge a stranger once. Raises NoEvaluationsLeftError."""
        if place not in self.decisions:
            self.decisions[place] = decide(outsiders.case_of(self.plain, self.others[place]))
        return self.decisions[place]


def try_strangers(bases: list[Case], shared: SharedStrangers, insiders: str = "") -> Tried:
    """Judge the strangers of these tokens. `insiders` is the part of the subject whose value no stranger has."""
    if not bases:
        return Tried(0, (), why_none="neither the file nor the configuration names a token that strangers derive from")
    outsiders = Outsiders(bases, insiders)
    accepted: dict[tuple[str, ...], _Passed] = {}
    unknown: dict[tuple[str, ...], _Passed] = {}
    seen: set[tuple[str, ...]] = set()
    cut_short = False
    within: set[str] = set()
    issuers: set[str] = set()
    try:
        for base in bases:
            of_base = shared.of(base, outsiders)
            own = of_base.own
            steps = {*kept_steps(own.trace), *OF_TRUST[base.cloud]}
            # an audience says nothing of a token whose own acceptance is open, where another token was tried with it
            is_idle = own.prediction != "accepted" and _issuer(base) in issuers
            issuers.add(_issuer(base))
            for place, other in enumerate(of_base.others):
                if is_idle and other.audience and other.subject == base.token.subject:
                    continue
                key = (other.subject, other.issuer or _issuer(base), other.audience)
                if key in seen:
                    continue
                decision = of_base.decision(place, outsiders)
                if other.audience != base.token.claims.get("aud") and _is_of_unread_list(decision, other):
                    continue
                seen.add(key)
                if refused_by(decision.trace, steps):
                    continue  # a step that refuses the own token as well would refuse every token
                is_accepted = decision.prediction == "accepted"
                row = StrangerResult(
                    other.who, other.subject, "accepted" if is_accepted else "unknown", other.issuer, other.audience
                )
                (accepted if is_accepted else unknown)[key] = _Passed(row, base, other)
                if is_accepted:
                    within.add(insiders_of(base.profile) if outsiders.is_of_own_tenant(base, other) else "")
    except NoEvaluationsLeftError:
        cut_short = True
    rows = [*_by_kind(list(accepted.values())), *_by_kind(list(unknown.values()))]
    # made of this table's token, which may have been read in another place than the one that was judged
    explained = [decide(_explained(outsiders.case_of(base, other))) for _, base, other in rows[:1]]
    shown = tuple(passed.row for passed in rows[:_MOST_SHOWN])
    return Tried(len(seen), shown, next(iter(explained), None), cut_short, within.pop() if len(within) == 1 else "")


class _Passed(NamedTuple):
    """A stranger that is not refused, and the case with the token that it derives from."""

    row: StrangerResult
    base: Case
    other: OtherToken


def _explained(case: Case) -> Case:
    return case._replace(explain=True, traced=True, asks_access=False, allowed=None)


def _is_of_unread_list(decision: Decision, other: OtherToken) -> bool:
    """Whether only the ClientIDList decides on this audience, and it was not given: then it is assumed to refuse."""
    return (
        bool(other.audience)
        and decision.prediction == "accepted"
        and is_assumed(decision.case, decision.trace, "audience")
    )


def _by_kind(rows: list[_Passed]) -> list[_Passed]:
    """Return one row of each kind first."""
    first = list({passed.row.who: passed for passed in reversed(rows)}.values())[::-1]
    firsts = {id(passed) for passed in first}
    return [*first, *(passed for passed in rows if id(passed) not in firsts)]


def _size(case: Case) -> int:
    aws, gcp = case.evidence.aws, case.evidence.gcp
    if case.cloud == "aws":
        role = aws.role if aws is not None else None
        policy = role.trust_policy if isinstance(role, Role) else None
        return max(1, len(texts_in(policy.value))) if policy is not None and not isinstance(policy, Missing) else 1
    provider = gcp.provider if gcp is not None else None
    if not isinstance(provider, GcpProvider):
        return 1
    mapping = provider.mapping if isinstance(provider.mapping, dict) else {}
    return max(1, len(provider.condition or "") + sum(map(len, mapping.values())))


def is_base(case: Case) -> bool:
    """Whether strangers may derive from the token: it has a subject, and no step of identity refuses it."""
    if case.token.subject is None:
        return False
    trace = decide(case._replace(explain=False, traced=False)).trace
    return not any(trace.step(step).state == REFUSED for step in OF_TRUST[case.cloud])
