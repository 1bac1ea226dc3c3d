"""Compute the verdict of each revision on one attempt or present case.

Most revisions differ only in a trust policy's values or Sids. For these, a case is judged once per distinct policy
decision. The reasons of a refusal are computed on access: most verdicts are only compared.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.history.outages import Reasons, Verdict
from oidc_doctor.judge import evaluate
from oidc_doctor.model import limits
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.steps import ASSUMED, PASSED, PASSED_BY_ERROR, REFUSED, position

if TYPE_CHECKING:
    from oidc_doctor.history.outages import Decision
    from oidc_doctor.history.revisions import History
    from oidc_doctor.iam import SharedPolicy
    from oidc_doctor.judge.aws.alike import AlikeTrustPolicies
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.refusal import Trace

CaseAt = Callable[[int], "Case"]  # the case with a revision's configuration

_OUTSIDE = ("configure", "obtain", "permission")  # steps that no logged exchange shows


class _TrustPolicy(NamedTuple):
    """A revision's trust policy, and the group number of revisions that differ only in the policy's values."""

    document: Document
    policy: SharedPolicy
    alike: int


class Revisions:
    """A history's revisions, with data shared between judgements on them."""

    def __init__(self, history: History, accepted_providers: Callable[[int], frozenset[str]]) -> None:
        self.same_as = _first_alike(history)
        self.trust_policies = _trust_policies(history, accepted_providers)
        distinct = {(trust.alike, id(trust.policy)) for trust in self.trust_policies if trust is not None}
        counts = Counter(alike for alike, _ in distinct)
        self.single = frozenset(alike for alike, count in counts.items() if count == 1)  # of one policy each
        documents = [_policy_of(revision.evidence) for revision in history.revisions]
        self.values = _compared_in([document for document in documents if document is not None])
        self.undecided_left_out = 0  # cases without a decision that were not explained
        self._left = limits.EXPLAINED.most

    def may_explain(self) -> bool:
        """Whether one more case without a decision may be explained, which shows whether anything may refuse it."""
        self._left -= self.values
        self.undecided_left_out += self._left < 0
        return self._left >= 0


def _policy_of(evidence: TargetEvidence) -> Document | None:
    role = evidence.aws.role if evidence.aws is not None else None
    return role.trust_policy if isinstance(role, Role) and isinstance(role.trust_policy, Document) else None


def _compared_in(documents: list[Document]) -> int:
    """Return the work of explaining a decision of these trust policies, at least 1."""
    if not documents:
        return 1
    from oidc_doctor.judge.aws.request_context import compared_in  # late: a report only on Google needs no IAM

    return max(1, compared_in([document.value for document in documents]))


def _first_alike(history: History) -> list[int]:
    """Return, for each revision, the first revision with the same configuration: whitespace edits are judged once."""
    first: dict[str, int] = {}
    out = []
    for index, revision in enumerate(history.revisions):
        fields = {name: value.value for name, value in revision.fields.items()}
        text = json.dumps(fields, sort_keys=True, default=str)
        out.append(first.setdefault(text, index))
    return out


def _trust_policies(history: History, accepted_providers: Callable[[int], frozenset[str]]) -> list[_TrustPolicy | None]:
    """Return each revision's trust policy; None if the whole revision has to be judged."""
    shared = None
    kinds: list[tuple[object, ...]] = []
    out: list[_TrustPolicy | None] = []
    for index, revision in enumerate(history.revisions):
        evidence = revision.evidence
        role = evidence.aws.role if evidence.aws is not None else None
        document = _policy_of(evidence)
        if document is None or not isinstance(role, Role):
            out.append(None)
            continue
        from oidc_doctor import iam  # late: a report only on Google does not load IAM
        from oidc_doctor.judge.aws.alike import outline

        outlined = outline(document)
        if outlined is None or (evidence.aws is not None and evidence.aws.near_roles):
            out.append(None)
            continue
        shared = shared or iam.SharedStatements(pasted=evidence.target.pasted)
        kind = (outlined, accepted_providers(index), _without_policy(evidence, role))
        number = next((place for place, other_kind in enumerate(kinds) if other_kind == kind), len(kinds))
        if number == len(kinds):
            kinds.append(kind)
        out.append(_TrustPolicy(document, shared.policy(document.value), number))
    return out


def _without_policy(evidence: TargetEvidence, role: Role) -> TargetEvidence:
    """Return the evidence without the role's trust policy text and origin, and without the file that has both.

    Of that file the judge reads only the members that it has twice.
    """
    raw = {name: value for name, value in role.raw.items() if name != "AssumeRolePolicyDocument"}
    document = role.document if role.document is not None and role.document.duplicates else None
    bare = role._replace(trust_policy=None, origin=None, raw=raw, document=document)  # type: ignore[arg-type]  # to compare, not to judge
    return evidence._replace(aws=evidence.aws._replace(role=bare)) if evidence.aws is not None else evidence


class Verdicts:
    """The verdicts of the revisions on one case."""

    def __init__(self, revisions: Revisions, case_at: CaseAt, step: str) -> None:
        self._revisions = revisions
        self._case_at = case_at
        self._step = step
        self._verdicts: dict[int, Verdict] = {}
        self._policies: dict[int, AlikeTrustPolicies] = {}
        self._decided: dict[tuple[object, ...], Verdict] = {}

    def verdict(self, index: int) -> Verdict:
        """Return the verdict of one revision."""
        first = self._revisions.same_as[index]
        if first not in self._verdicts:
            self._verdicts[first] = self._judged(index)
        return self._verdicts[first]

    def _judged(self, index: int) -> Verdict:
        trust = self._revisions.trust_policies[index]
        if trust is None:
            return self._decide(index)
        key = (trust.alike, self._decisions(trust, index))
        decided = self._decided.get(key)
        if decided is None:
            decided = self._decided[key] = self._decide(index)
            return decided
        if decided.decision in {"accepted", "unknown"}:
            return decided
        return Verdict(decided.decision, functools.partial(self._reasons, index), decided.states)

    def _decisions(self, trust: _TrustPolicy, index: int) -> tuple[object, ...]:
        """Return what tells the trust policy from those alike; nothing where it is the only one."""
        if trust.alike in self._revisions.single:
            return ()
        if trust.alike not in self._policies:
            from oidc_doctor.judge.aws.alike import AlikeTrustPolicies

            self._policies[trust.alike] = AlikeTrustPolicies(self._case_at(index), trust.document)
        return self._policies[trust.alike].decisions(trust.policy)

    def _decide(self, index: int) -> Verdict:
        """Judge without computing reasons, unless the decision depends on them."""
        case = self._case_at(index)
        states = _states(evaluate(case._replace(explain=False, traced=False, contradictions=True)), self._step)
        decision = _decision(states)
        if decision is not None:
            reasons = functools.partial(self._reasons, index) if decision == "refused" else Reasons()
            return Verdict(decision, reasons, states)
        if not self._revisions.may_explain():
            return Verdict("unknown", Reasons(), states)
        return verdict_of(evaluate(case), self._step)

    def _reasons(self, index: int) -> Reasons:
        return verdict_of(evaluate(self._case_at(index)), self._step).reasons


def verdict_of(trace: Trace, step: str) -> Verdict:
    """Reduce a trace to a verdict on the exchange or on the impersonation, which Google logs separately."""
    states = _states(trace, step)
    refusals = [refusal for refusal in trace.refusals if refusal.step not in _OUTSIDE]
    if trace.cloud == "gcp":
        refusals = [refusal for refusal in refusals if (refusal.step == "impersonate") == (step == "impersonate")]
    certain = [refusal for refusal in refusals if refusal.certain]
    decisive = certain or refusals
    decision = _decision(states) or ("doubtful" if refusals else "unknown")
    if not decisive or decision == "accepted":
        return Verdict(decision, Reasons(), states)
    kinds = frozenset((refusal.step, str(refusal.kind)) for refusal in decisive)
    clauses = {(refusal.step, refusal.clause if refusal.clause.parts else str(refusal.kind)) for refusal in certain}
    return Verdict(decision, Reasons(kinds, decisive[0].step, len(clauses if certain else kinds) == 1), states)


def _states(trace: Trace, step: str) -> tuple[tuple[str, str], ...]:
    """Return the state of each step that the log of this step shows."""
    states = tuple((result.id, result.state) for result in trace.steps if result.id not in _OUTSIDE)
    if trace.cloud == "gcp":
        last, inside = position("gcp", "impersonate"), step == "impersonate"
        states = tuple(step_state for step_state in states if (position("gcp", step_state[0]) >= last) == inside)
    return states


def _decision(states: tuple[tuple[str, str], ...]) -> Decision | None:
    """Return the decision if the states determine it; None if it depends on suspicions."""
    if any(state == REFUSED for _, state in states):
        return "refused"
    passed = bool(states) and all(state in (PASSED, ASSUMED, PASSED_BY_ERROR) for _, state in states)
    return "accepted" if passed else None
