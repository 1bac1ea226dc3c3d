"""Judge the strangers of a trust: synthetic tokens that no one expects to be accepted.

They derive from each accepted token of the file, or, where it names none, from the tokens that the configuration's own
values name. Where the issuer's grammar is not known, no part of a subject is known to name its owner: then only a
subject that is another one throughout is a stranger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.expect.audiences import accepted_with, audiences_of
from oidc_doctor.expect.decide import OF_IDENTITY, Decision, decide, is_assumed, refused_by
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.strangers import OtherToken, foreign_subjects, kept_steps, other_tokens, with_token
from oidc_doctor.model.document import Missing, texts_in
from oidc_doctor.model.evaluations import Evaluations, NoEvaluationsLeftError
from oidc_doctor.model.evidence import GcpProvider, Role
from oidc_doctor.model.expectations import StrangerResult
from oidc_doctor.model.limits import EXPECTED_STRANGERS
from oidc_doctor.model.steps import REFUSED

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case

_MOST_SHOWN = 50  # strangers of one expectation that a result lists, one of each kind first


class Tried(NamedTuple):
    """The strangers that were judged. `decisions` are those of the accepted ones, by their place in `passed`."""

    tried: int
    passed: tuple[StrangerResult, ...]  # accepted, then unknown
    decision: Decision | None = None  # of the first accepted one, else of the first unknown one
    cut_short: bool = False  # the bound on evaluations was reached
    why_none: str = ""  # why no stranger could be made


def own_cases(case: Case) -> list[Case]:
    """Return the case with each token that the configuration's own values name; none if they name no token."""
    try:
        own = list(reach_of(case).own_cases())
    except NotReadError:
        return []
    cases = []
    for row in own:
        claims = {name: value for name, value in row.token.claims.items() if name not in ("aud", "azp")}
        plain = row._replace(token=row.token._replace(claims=claims), explain=False)
        cases.append(accepted_with(plain, audiences_of(plain)).decision.case)
    return cases


def try_strangers(bases: list[Case]) -> Tried:
    """Judge the strangers of these tokens."""
    if not bases:
        return Tried(0, (), why_none="neither the file nor the configuration names a token that strangers derive from")
    allowed = Evaluations(max(200, EXPECTED_STRANGERS.most // _size(bases[0])))
    accepted: dict[tuple[str, ...], tuple[StrangerResult, Decision]] = {}
    unknown: dict[tuple[str, ...], tuple[StrangerResult, Decision]] = {}
    seen: set[tuple[str, ...]] = set()
    cut_short = False
    try:
        for base in bases:
            plain = base._replace(explain=False, traced=False, asks_access=False, allowed=allowed)
            steps = {*kept_steps(decide(plain).trace), *OF_IDENTITY[base.cloud]}
            for other in strangers_of(plain):
                key = (other.subject, other.issuer, other.audience)
                if key in seen:
                    continue
                decision = decide(with_token(plain, other))
                if _is_of_unread_list(decision, other):
                    continue
                seen.add(key)
                if refused_by(decision.trace, steps):
                    continue  # a step that refuses the own token as well would refuse every token
                is_accepted = decision.prediction == "accepted"
                row = StrangerResult(
                    other.who, other.subject, "accepted" if is_accepted else "unknown", other.issuer, other.audience
                )
                (accepted if is_accepted else unknown)[key] = (row, decision)
    except NoEvaluationsLeftError:
        cut_short = True
    rows = [*_by_kind(list(accepted.values())), *_by_kind(list(unknown.values()))]
    first = next((decision.case._replace(explain=True, traced=True, allowed=None) for _, decision in rows), None)
    shown = tuple(row for row, _ in rows[:_MOST_SHOWN])
    return Tried(len(seen), shown, decide(first) if first is not None else None, cut_short)


def strangers_of(case: Case) -> list[OtherToken]:
    """Return the strangers of a token."""
    others = [other for other in other_tokens(case) if other.outsider]
    if case.profile is not None:
        return others
    # one of the word-by-word variants may be another workload of the same owner
    foreign = set(foreign_subjects(case)[:1])
    return [other for other in others if other.issuer or other.audience or other.subject in foreign]


def _is_of_unread_list(decision: Decision, other: OtherToken) -> bool:
    """Whether only the ClientIDList decides on this audience, and it was not given: then it is assumed to refuse."""
    return (
        bool(other.audience)
        and decision.prediction == "accepted"
        and is_assumed(decision.case, decision.trace, "audience")
    )


def _by_kind(rows: list[tuple[StrangerResult, Decision]]) -> list[tuple[StrangerResult, Decision]]:
    """Return one row of each kind first."""
    firsts = {row.who: (row, decision) for row, decision in reversed(rows)}
    first = list(firsts.values())[::-1]
    return [*first, *(pair for pair in rows if pair not in first)]


def _size(case: Case) -> int:
    aws, gcp = case.evidence.aws, case.evidence.gcp
    if case.cloud == "aws":
        role = aws.role if aws is not None else None
        policy = role.trust_policy if isinstance(role, Role) else None
        return len(texts_in(policy.value)) if policy is not None and not isinstance(policy, Missing) else 1
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
    return not any(trace.step(step).state == REFUSED for step in OF_IDENTITY[case.cloud])
