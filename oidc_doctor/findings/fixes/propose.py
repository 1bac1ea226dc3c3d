"""The proven edits of a refused exchange.

Candidates come from the history and from the makers of each kind of refusal. Where one edit leaves another fault, the
makers of that fault go on from its evidence, so that faults that stand together get one combined edit. The first
candidate with a proof is proposed: the token passes, no stranger who was refused before passes, and nobody who passes
now is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.findings.fixes.aws import AWS_EDITS
from oidc_doctor.findings.fixes.documents import changes, diff_of, headline, objections
from oidc_doctor.findings.fixes.edit import Candidate, Maker, Scope
from oidc_doctor.findings.fixes.gcp import GCP_EDITS
from oidc_doctor.findings.fixes.restore import restored
from oidc_doctor.findings.strangers import OtherToken, declared_subjects, other_tokens, refuses, refuses_token
from oidc_doctor.judge import evaluate
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal, Trace
from oidc_doctor.model.report import FixRow, Tried
from oidc_doctor.model.steps import PASSED

if TYPE_CHECKING:
    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence

_MOST_LOGGED = 200  # distinct subjects from the logs that an edit is tried on
_MOST_FAULTS = 4  # faults that one edit cures together
_MOST_PROVEN = 60  # candidates whose proof is tried: each is judged with some fifty tokens
_EDITS: dict[str, dict[Kind, tuple[Maker, ...]]] = {"aws": AWS_EDITS, "gcp": GCP_EDITS}


class Seen(NamedTuple):
    """What the logs and the history of the exchange's configuration show."""

    accepted: Sequence[str] = ()  # subjects that the logs show as accepted, the newest first
    earlier: Sequence[TargetEvidence] = ()  # the configurations before the present one, the newest first
    long_enough: bool = False  # the logs cover so long a time that a value that no attempt needs serves nobody


class _Chain(NamedTuple):
    """Candidates that follow each other, and the kinds of refusal that they cure."""

    candidate: Candidate  # of the last evidence; the kind and scope of the whole
    cures: tuple[Kind, ...]


def propose(diagnosis: Diagnosis, seen: Seen, code_of: Callable[[Kind], str]) -> list[FixRow]:
    """Return the rows of the best proven edit, one row for each document that it changes; empty without a proof."""
    search = _Search(diagnosis, seen)
    for refusal in diagnosis.refusals:
        if not refusal.certain:
            continue
        for chain in search.chains(refusal):
            rows = search.rows(refusal, chain, code_of)
            if rows:
                return rows
            if search.tries >= _MOST_PROVEN:
                return []
    return []


class _Search:
    """The candidates of one exchange, and their proofs."""

    def __init__(self, diagnosis: Diagnosis, seen: Seen) -> None:
        self.case: Case = diagnosis.case._replace(readings=())
        self.cloud = diagnosis.case.cloud
        self.seen = seen
        self.trace = evaluate(self.case)
        self.tries = 0
        self._refused: list[OtherToken] | None = None
        self._logged: list[str] | None = None
        self._declared: list[str] | None = None

    def chains(self, refusal: Refusal) -> Iterator[_Chain]:
        """Yield restored configurations, then the edits of this refusal with those of the faults behind it."""
        for candidate in restored(self.case, self.seen.earlier):
            if self._passes(candidate.evidence, refusal.step):
                yield _Chain(candidate, (refusal.kind,))
        yield from self._edits(self.case, refusal, ())

    def _edits(self, case: Case, refusal: Refusal, cured: tuple[Kind, ...]) -> Iterator[_Chain]:
        for make in _EDITS[self.cloud].get(refusal.kind, ()):
            for candidate in make(case, refusal):
                edited = case._replace(evidence=candidate.evidence)
                trace = evaluate(edited)
                if _remains(refusal, trace):
                    continue
                cures = (*cured, refusal.kind)
                following = self._next(trace) if len(cures) < _MOST_FAULTS else None
                if following is not None:
                    for chain in self._edits(edited, following, cures):
                        yield chain._replace(candidate=_joined(candidate, chain.candidate))
                elif trace.step(refusal.step).state == PASSED:
                    yield _Chain(candidate, cures)

    def _next(self, trace: Trace) -> Refusal | None:
        """The first refusal that is left and that an edit can cure."""
        edits = _EDITS[self.cloud]
        return next((refusal for refusal in trace.refusals if refusal.certain and refusal.kind in edits), None)

    def _passes(self, evidence: TargetEvidence, step: str) -> bool:
        return evaluate(self.case._replace(evidence=evidence)).step(step).state == PASSED

    # Proof

    def rows(self, refusal: Refusal, chain: _Chain, code_of: Callable[[Kind], str]) -> list[FixRow]:
        """The rows of an edit; empty where it has no proof."""
        self.tries += 1
        candidate = chain.candidate
        if objections(self.case.evidence, candidate.evidence):
            return []  # the cloud would not store it
        edited = self.case._replace(evidence=candidate.evidence)
        refused = self._refused_before()
        outsiders = [other for other in refused if other.outsider]
        neighbours = [other for other in refused if not other.outsider]
        if any(not refuses_token(edited, other) for other in outsiders):
            return []
        opens_to = [other for other in neighbours if not refuses_token(edited, other)]
        if opens_to and candidate.scope == "own":
            return []
        logged = self._accepted_now()
        if any(refuses(edited, subject) for subject in logged):
            return []
        closes_to = [subject for subject in self._declared_now() if refuses(edited, subject)]
        if candidate.kind == "restore":
            if opens_to and not closes_to and (logged or self._declared_now()):
                return []  # the present configuration was made narrower on purpose, as far as anyone can tell
        elif closes_to and not self.seen.long_enough:
            return []
        trace = evaluate(edited)
        tried = Tried(len(outsiders), 0, len(logged), 0)
        proof = _proof(trace, tried, candidate, closes_to)
        codes = list(dict.fromkeys(code_of(kind) for kind in (refusal.kind, *chain.cures)))
        documents = changes(self.case.evidence, candidate.evidence)
        return [
            FixRow(
                codes[0],
                diff_of(change),
                change.commands,
                proof,
                change.after,
                kind=candidate.kind,
                file=change.file,
                also_for=codes[1:],
                with_files=[other.file for other in documents if other is not change],
                opens_to=[str(other) for other in opens_to],
                closes_to=list(closes_to),
                tried=tried,
                terraform=change.terraform,
                verify=change.verify,
                undo=change.undo,
                gaps=change.gaps,
                headline=headline(candidate.kind, change),
            )
            for change in documents
        ]

    def _refused_before(self) -> list[OtherToken]:
        if self._refused is None:
            self._refused = [other for other in other_tokens(self.case) if refuses_token(self.case, other)]
        return self._refused

    def _accepted_now(self) -> list[str]:
        if self._logged is None:
            logged = list(dict.fromkeys(subject for subject in self.seen.accepted if subject))[:_MOST_LOGGED]
            self._logged = [subject for subject in logged if not refuses(self.case, subject)]
        return self._logged

    def _declared_now(self) -> list[str]:
        if self._declared is None:
            declared = declared_subjects(self.case, self.trace)
            self._declared = [subject for subject in declared if not refuses(self.case, subject)]
        return self._declared


def _remains(refusal: Refusal, trace: Trace) -> bool:
    """Whether the refusal is still there after an edit."""
    same = (refusal.kind, refusal.clause, refusal.expected and refusal.expected.value)
    return any(
        rest.certain and (rest.kind, rest.clause, rest.expected and rest.expected.value) == same
        for rest in trace.step(refusal.step).refusals
    )


def _joined(first: Candidate, then: Candidate) -> Candidate:
    """The two edits as one: own only where both are."""
    scope: Scope = "declared" if "declared" in (first.scope, then.scope) else "own"
    return Candidate(then.evidence, first.kind, scope, first.pins or then.pins)


def _proof(trace: Trace, tried: Tried, candidate: Candidate, closes_to: Iterable[str]) -> str:
    """The proof in words."""
    whole = not any(rest.certain for rest in trace.refusals)
    words = ["the token passes with it" if whole else "this step passes with it; another one still refuses"]
    if tried.strangers:
        words.append(f"{tried.strangers} synthetic tokens of other tenants, teams, issuers and audiences stay refused")
    if tried.seen:
        words.append("every subject that the logs show as accepted still passes")
    closed = list(closes_to)
    if closed:
        words.append(f"workloads such as {closed[0]} pass now and are refused with it")
    if candidate.pins:
        words.append(f"it names {candidate.pins}, which the next deployment changes")
    return ", ".join(words)
