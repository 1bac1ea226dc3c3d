"""Propose proven edits for a refused exchange.

Candidates come from the history and from the makers of each kind of refusal. If an edit leaves another fault, that
fault's makers continue from its evidence, so that several faults get one combined edit. The first proven candidate is
proposed: the token passes, no stranger who was refused before passes, and no token that passes now is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.findings.fixes import aws, aws_confined, gcp
from oidc_doctor.findings.fixes.documents import changes, objections, rows_of
from oidc_doctor.findings.fixes.edit import NARROWED_STEPS, Candidate, Maker, Scope
from oidc_doctor.findings.fixes.restore import Earlier, restored
from oidc_doctor.findings.saved_token import with_new_token
from oidc_doctor.findings.strangers import (
    OtherToken,
    declared_tokens,
    kept_steps,
    one_of_each,
    other_tokens,
    passes_token,
    refuses_token,
)
from oidc_doctor.judge import evaluate
from oidc_doctor.model import limits
from oidc_doctor.model.document import Document
from oidc_doctor.model.evaluations import Evaluations
from oidc_doctor.model.evidence import AllowPolicy, GcpProvider, Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal, Trace
from oidc_doctor.model.report import FixRow, Tried
from oidc_doctor.model.steps import ASSUMED, PASSED, REFUSED, STEPS, UNKNOWN, State

if TYPE_CHECKING:
    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.model.case import Case

_OF_A_PART = 100  # characters, for a condition key or a statement
_MOST_LOGGED = limits.FIX_SUBJECTS.most  # distinct logged subjects that an edit is tried on
_MOST_FAULTS = limits.FIX_FAULTS.most  # faults fixed by one edit
_MOST_PROVEN = limits.FIX_CANDIDATES.most  # candidates to prove: each is judged with some fifty tokens
_EDITS: dict[str, dict[Kind, tuple[Maker, ...]]] = {"aws": aws.AWS_EDITS, "gcp": gcp.GCP_EDITS}
_CONFINED = {"aws": aws_confined.confined, "gcp": gcp.confined}


class Seen(NamedTuple):
    """The accepted subjects of the logs, and the earlier configurations of the exchange."""

    accepted: Sequence[str] = ()  # subjects accepted in the logs, the newest first
    earlier: Sequence[Earlier] = ()  # earlier configurations, the newest first
    long_enough: bool = False  # the logs cover enough time to treat values that no attempt needs as unused


class _Chain(NamedTuple):
    """Consecutive candidates, and the kinds of refusal that they fix."""

    candidate: Candidate  # with the last evidence, and the overall kind and scope
    cures: tuple[Kind, ...]


class _Proven(NamedTuple):
    """The results of an edit's proof."""

    tried: Tried
    opens_to: list[str]
    closes_to: list[str]
    words: str


class FixWork:
    """The characters that evaluations may still read for the edits of a report's exchanges."""

    def __init__(self) -> None:
        self.left = limits.FIXES_WORK.most


def propose(
    diagnosis: Diagnosis, seen: Seen, code_of: Callable[[Kind], str], work: FixWork | None = None
) -> list[FixRow]:
    """Return the rows of the best proven edit, one per changed document; empty without a proof.

    Raises NoEvaluationsLeftError if the configuration is too long for all edits to be tried. The exchanges of a report
    share `work`; None for a single exchange.
    """
    work = work or FixWork()
    size = _size(diagnosis.case)
    allowed = Evaluations(max(1, min(limits.FIX_WORK.most, work.left) // size))
    try:
        return _best(_Search(diagnosis, seen, allowed), diagnosis, code_of)
    finally:
        work.left = max(0, work.left - (allowed.most - allowed.left) * size)


def _best(search: _Search, diagnosis: Diagnosis, code_of: Callable[[Kind], str]) -> list[FixRow]:
    certain = [refusal for refusal in diagnosis.refusals if refusal.certain]
    for state, refusal in itertools.product((PASSED, UNKNOWN), certain):
        for chain in search.chains(refusal, state):
            for proposed in (chain, *search.confined(chain)):
                rows = search.rows(refusal, proposed, code_of)
                if rows:
                    return rows
            if search.tries >= _MOST_PROVEN:
                return []
    return []


class _Search:
    """The candidates of one exchange, and their proofs."""

    def __init__(self, diagnosis: Diagnosis, seen: Seen, allowed: Evaluations) -> None:
        case = diagnosis.case._replace(readings=(), allowed=allowed)
        self.case: Case = with_new_token(case) if diagnosis.token_aged else case
        self.whose = "a new token" if diagnosis.token_aged else "the token"
        self.cloud = diagnosis.case.cloud
        self.seen = seen
        self.tries = 0
        self.others = other_tokens(self.case)
        self.declared = declared_tokens(self.case, evaluate(self.case), self.others)
        logged = list(dict.fromkeys(subject for subject in seen.accepted if subject))[:_MOST_LOGGED]
        self.logged = [OtherToken("a subject in the logs", subject) for subject in logged]
        self._refused_now: dict[tuple[int, tuple[str, ...]], bool] = {}  # by token id: the lists above keep the tokens

    def chains(self, refusal: Refusal, state: State) -> Iterator[_Chain]:
        """Yield restored configurations, then edits for this refusal combined with those for the faults behind it.

        `state` is the wanted state of its step: unknown if it depends on values that were not read.
        """
        for candidate in restored(self.case, self.seen.earlier):
            if evaluate(self.case._replace(evidence=candidate.evidence)).step(refusal.step).state == state:
                yield _Chain(candidate, (refusal.kind,))
        yield from self._edits(self.case, refusal, (), state)

    def confined(self, chain: _Chain) -> Iterator[_Chain]:
        """Yield the same edit with conditions that exclude strangers; nothing for a restored configuration."""
        if chain.candidate.kind == "restore":
            return
        for candidate in _CONFINED[self.cloud](self.case._replace(evidence=chain.candidate.evidence)):
            yield chain._replace(
                candidate=chain.candidate._replace(evidence=candidate.evidence, scope="declared", also=candidate.also)
            )

    def _edits(self, case: Case, refusal: Refusal, cured: tuple[Kind, ...], state: State) -> Iterator[_Chain]:
        for make in _EDITS[self.cloud].get(refusal.kind, ()):
            for candidate in make(case, refusal):
                edited = case._replace(evidence=candidate.evidence)
                trace = evaluate(edited)
                if _remains(refusal, trace):
                    continue
                cures = (*cured, refusal.kind)
                following = self._next(trace) if len(cures) < _MOST_FAULTS else None
                if following is not None:
                    for chain in self._edits(edited, following, cures, state):
                        yield chain._replace(candidate=_joined(candidate, chain.candidate))
                elif trace.step(refusal.step).state == state:
                    yield _Chain(candidate, cures)

    def _next(self, trace: Trace) -> Refusal | None:
        """Return the first remaining refusal that an edit can fix."""
        edits = _EDITS[self.cloud]
        return next((refusal for refusal in trace.refusals if refusal.certain and refusal.kind in edits), None)

    # Proof

    def rows(self, refusal: Refusal, chain: _Chain, code_of: Callable[[Kind], str]) -> list[FixRow]:
        """Return the rows of an edit, one per document; empty without a proof."""
        self.tries += 1
        proven = self._prove(refusal, chain.candidate)
        if proven is None:
            return []
        candidate = chain.candidate
        return rows_of(
            changes(self.case.evidence, candidate.evidence),
            list(dict.fromkeys(code_of(kind) for kind in (refusal.kind, *chain.cures))),
            candidate.kind,
            proven.words,
            proven.tried,
            opens_to=proven.opens_to,
            closes_to=proven.closes_to,
            summary=candidate.words,
            also=candidate.also,
        )

    def _prove(self, refusal: Refusal, candidate: Candidate) -> _Proven | None:
        """Judge an edit with the token, with strangers and with those who pass now; None without a proof."""
        if objections(self.case.evidence, candidate.evidence):
            return None  # the cloud would not store it
        edited = self.case._replace(evidence=candidate.evidence)
        trace = evaluate(edited)
        steps = kept_steps(trace)
        passing = self._passing(self.others, steps)
        refused = [other for other in self.others if other not in passing]
        admitted = [other for other in refused if not refuses_token(edited, other, *steps)]
        if any(other.outsider or candidate.scope == "own" for other in admitted):
            return None
        lost = self._lost(candidate, edited, steps)
        if lost is None:
            return None
        logged = self._passing(self.logged, steps)
        if candidate.kind == "restore":
            if admitted and not lost and (logged or self._passing(self.declared, ())):
                return None  # the present configuration was probably narrowed on purpose
        elif lost and not self.seen.long_enough:
            return None
        outsiders = sum(other.outsider for other in refused)
        closed = self._closed(candidate, edited, steps)
        tried = Tried(outsiders, 0, len(logged), 0)
        words = _proof(refusal, trace, tried, candidate, self.whose)
        return _Proven(tried, _named(admitted), _named([*lost, *closed]), words)

    def _lost(self, candidate: Candidate, edited: Case, steps: tuple[str, ...]) -> list[OtherToken] | None:
        """Return configured tokens that pass now but not with the edit; None if a logged one is lost."""
        if candidate.evidence.target != self.case.evidence.target:
            return []  # the client's own value changes, and no one else's access
        lost: list[OtherToken] = []
        # A provider serves other accounts too, whose bindings were not read: tokens are judged with and without
        # bindings.
        for view in dict.fromkeys((steps, tuple(step for step in steps if step != "impersonate"))):
            if any(refuses_token(edited, other, *view) for other in self._passing(self.logged, view)):
                return None
            present = self._passing(self.declared, view)
            lost += [other for other in present if other not in lost and refuses_token(edited, other, *view)]
        return lost

    def _closed(self, candidate: Candidate, edited: Case, steps: tuple[str, ...]) -> list[OtherToken]:
        """Return the strangers that pass now but not with the edit, and the team's workloads that it stops.

        This includes workloads that may use a different service account.
        """
        if candidate.evidence.target != self.case.evidence.target:
            return []
        strangers = [stranger for stranger in self.others if stranger.outsider]
        closed = [stranger for stranger in self._passing(strangers, steps) if refuses_token(edited, stranger, *steps)]
        exchange = NARROWED_STEPS[self.cloud]
        return closed + [
            stranger
            for stranger in self.others
            if not stranger.outsider
            and passes_token(self.case, stranger, *exchange)
            and refuses_token(edited, stranger, *exchange)
        ]

    def _passing(self, tokens: Sequence[OtherToken], steps: tuple[str, ...]) -> list[OtherToken]:
        """Return the tokens that these steps of the present configuration do not refuse."""
        refused_now = self._refused_now
        for token in tokens:
            if (id(token), steps) not in refused_now:
                refused_now[id(token), steps] = refuses_token(self.case, token, *steps)
        return [token for token in tokens if not refused_now[id(token), steps]]


_LEAST_SIZE = 1_000  # characters: what an evaluation takes besides the configuration


def _size(case: Case) -> int:
    """Return the number of characters that each evaluation reads. A key or statement costs as much as many of them."""
    aws, gcp = case.evidence.aws, case.evidence.gcp
    read: list[object] = []
    parts = 0
    if case.cloud == "aws" and aws is not None and isinstance(aws.role, Role):
        trust = aws.role.trust_policy
        if isinstance(trust, Document):
            from oidc_doctor.judge.aws.request_context import parts_of  # late: a report only on Google needs no IAM

            read, parts = [trust.value], parts_of([trust.value])
    elif case.cloud == "gcp" and gcp is not None:
        provider, policy = gcp.provider, gcp.service_account_policy
        read = [provider.mapping, provider.condition] if isinstance(provider, GcpProvider) else []
        read += [policy.bindings] if isinstance(policy, AllowPolicy) else []
    return _LEAST_SIZE + len(str(read)) + _OF_A_PART * parts


def _named(others: Iterable[OtherToken]) -> list[str]:
    return [str(other) for other in one_of_each(others)]


def _remains(refusal: Refusal, trace: Trace) -> bool:
    """Whether the refusal remains after an edit."""
    same = (refusal.kind, refusal.clause, refusal.expected and refusal.expected.value)
    return any(
        rest.certain and (rest.kind, rest.clause, rest.expected and rest.expected.value) == same
        for rest in trace.step(refusal.step).refusals
    )


def _joined(first: Candidate, then: Candidate) -> Candidate:
    """Combine two edits: "own" only if both are."""
    scope: Scope = "declared" if "declared" in (first.scope, then.scope) else "own"
    words = f"{first.words} {then.words}" if first.words and then.words else first.words
    return Candidate(then.evidence, first.kind, scope, first.pins or then.pins, words, then.also or first.also)


def _proof(refusal: Refusal, trace: Trace, tried: Tried, candidate: Candidate, whose: str) -> str:
    """Describe the proof. `whose` is the token that was judged."""
    states = {result.id: result.state for result in trace.steps}
    exchange = [states[step.id] for step in STEPS[trace.cloud] if step.exchange]
    if states[refusal.step] != PASSED:
        words = [f"no evidence refuses {whose} at this step any more; the rest depends on evidence that was not read"]
    elif REFUSED in states.values():
        words = ["this step passes after this change; another one still refuses"]
    elif all(state in (PASSED, ASSUMED) for state in exchange):
        words = [f"{whose} passes after this change"]
    else:
        words = ["this step passes after this change; others depend on what was not read"]
    if tried.strangers:
        words.append(
            f"{tried.strangers} synthetic tokens of other tenants, teams, issuers and audiences are still refused"
        )
    if tried.seen:
        words.append("every subject that the logs show as accepted still passes")
    if candidate.pins:
        words.append(f"it names {candidate.pins}, which the next deployment changes")
    return ", ".join(words)
