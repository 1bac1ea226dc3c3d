"""Judge logged attempts, and the present token, on the configuration of each revision.

The cases are passed in, so that no function here decides about a token.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from oidc_doctor.history.outages import LAG, Verdict
from oidc_doctor.history.verdicts import Revisions, Verdicts, verdict_of
from oidc_doctor.judge import evaluate
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.history.revisions import History
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.attempts.signatures import Attempts
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Attempt, Signature
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.steps import Cloud

Judge = Callable[["Attempt", int], "Diagnosis"]  # an attempt on a revision's configuration
CaseOfAttempt = Callable[["Attempt", int], "Case"]
CaseThen = Callable[["Case", int], "Case"]  # a present case with a revision's configuration

_MOST_REVISIONS = limits.REVISIONS.most
_MOST_DECISIONS = limits.DECISIONS.most  # evaluating a trust policy takes ten microseconds,
_DECISIONS_OF_REPLAY = 10  # and judging the whole configuration as long as this many evaluations
_LEAST_REVISIONS = 4
_LEAST_CELLS = 40
_MOST_DECISIONS_OF_CELLS = 4_000  # of one family
# Condition keys that an event shows alongside the token: where a policy names one, it separates attempts.
CIRCUMSTANCES = {
    "sourceip": "caller", "rolesessionname": "session_name", "useragent": "user_agent", "requestedregion": "region",
}  # fmt: skip

_BINDINGS = ("account-bindings", "project-bindings")
_TIMES = ("currenttime", "epochtime", "request.time")  # if none of them is tested, no condition depends on time


class Replayer:
    """The verdicts of one target's history on attempts and cases, each judged once."""

    def __init__(
        self,
        cloud: Cloud,
        history: History,
        attempts: Attempts,
        signatures: Sequence[Signature],
        *,
        judge: Judge,
        case_of_attempt: CaseOfAttempt,
        case_then: CaseThen,
        profile: Profile | None,
    ) -> None:
        self.cloud = cloud
        self.history = history
        self.attempts = attempts
        self.signatures = signatures
        self.judge = judge
        self._case_of_attempt = case_of_attempt
        self._case_then = case_then
        self.profile = profile
        self.starts = [revision.start for revision in history.revisions]
        self.lag = LAG[cloud]
        self.families_left_out = 0  # subjects whose attempts were not searched for outages
        self._verdicts: dict[tuple[object, ...], Verdicts] = {}
        self._accepting: dict[int, frozenset[str]] = {}
        self._revisions = Revisions(history, self.accepted_providers)
        self.values = self._revisions.values  # to compare with each subject
        self.most_families = max(1, min(limits.FAMILIES.most, limits.COMPARED.most // self.values))
        text = " ".join(repr(revision.fields.get("trust")) for revision in history.revisions).casefold()
        self.own_attempts = attempts.subset(signature.number for signature in signatures)
        self.accepted = frozenset(
            signature.number for signature in signatures if signature.sample.outcome == "accepted"
        )
        self.refused = frozenset(signature.number for signature in signatures if signature.sample.outcome == "refused")
        fields = {field for name, field in CIRCUMSTANCES.items() if name in text} if cloud == "aws" else set()
        self.by_circumstance = bool(fields)
        self._circumstances = sorted(fields)
        if fields:  # a session name is new in each call: only tested values distinguish attempts
            self.own_attempts = self.own_attempts.told_apart_by(self._circumstances)
        bindings = (revision.fields.get(name) for revision in history.revisions for name in _BINDINGS)
        text += " ".join(map(repr, bindings)).casefold()
        self._of_times = any(name in text for name in _TIMES)
        # very many attempts are replayed only on the newest revisions; on the others the verdict is unknown
        self.most_revisions = min(_MOST_REVISIONS, max(_LEAST_REVISIONS, self._affordable()))
        self.request_fields = frozenset(fields | {"duration_seconds"})  # they decide in addition to the token

    def verdict(self, attempt: Attempt, index: int) -> Verdict:
        """Return the verdict on an attempt in one revision."""
        return self._verdicts_on(attempt).verdict(index)

    def verdict_then(self, attempt: Attempt, index: int) -> Verdict:
        """Return the verdict on an attempt in one revision, at the attempt's time if a condition depends on time."""
        if not self._of_times:
            return self.verdict(attempt, index)
        return verdict_of(evaluate(self._case_of_attempt(attempt, index)), attempt.step)

    def case_now(self, attempt: Attempt, at: float) -> Case:
        """Return an attempt as a case on the newest revision, judged at this instant (epoch seconds)."""
        return self._case_of_attempt(attempt, len(self.starts) - 1)._replace(at=at)

    def verdict_with(self, attempt: Attempt, index: int, evidence: TargetEvidence) -> Verdict:
        """Return the verdict on an attempt with evidence other than the revision's."""
        case = self._case_of_attempt(attempt, index)
        return verdict_of(
            evaluate(case._replace(evidence=evidence._replace(target=case.evidence.target))), attempt.step
        )

    def _verdicts_on(self, attempt: Attempt) -> Verdicts:
        where = tuple(getattr(attempt, field) for field in self._circumstances)
        key = (
            attempt.step, attempt.subject, attempt.audience, attempt.claims, attempt.mapped_principal,
            attempt.provider, attempt.duration_seconds, where,
        )  # fmt: skip
        if key not in self._verdicts:
            case_at = functools.partial(self._case_of_attempt, attempt)
            self._verdicts[key] = Verdicts(self._revisions, case_at, attempt.step)
        return self._verdicts[key]

    def verdict_of_case(self, case: Case, index: int, step: str) -> Verdict:
        """Return the verdict on the present token in one revision."""
        key = (id(case), step)
        if key not in self._verdicts:
            self._verdicts[key] = Verdicts(self._revisions, functools.partial(self._case_then, case), step)
        return self._verdicts[key].verdict(index)

    def verdict_of_case_with(self, case: Case, index: int, evidence: TargetEvidence, step: str) -> Verdict:
        """Return the verdict on the present token with evidence other than the revision's."""
        then = self._case_then(case, index)
        return verdict_of(evaluate(then._replace(evidence=evidence._replace(target=then.evidence.target))), step)

    def accepted_providers(self, index: int) -> frozenset[str]:
        """Return providers with a logged success since their last change, as of a revision (-1: now)."""
        index %= len(self.starts)
        if index not in self._accepting:
            self._accepting[index] = self._accepted_providers(index)
        return self._accepting[index]

    def _accepted_providers(self, index: int) -> frozenset[str]:
        writes = [place for place in range(1, len(self.starts)) if _of_provider(self.history, place)]
        begin = max((self.starts[place] + self.lag for place in writes if place <= index), default=0.0)
        end = min((self.starts[place] for place in writes if place > index), default=float("inf"))
        numbers: dict[str, list[int]] = {}
        for signature in self.signatures:
            if signature.sample.outcome == "accepted" and signature.sample.provider:
                numbers.setdefault(signature.sample.provider, []).append(signature.number)
        return frozenset(
            provider
            for provider, keys in numbers.items()
            if not writes or self.attempts.count_between(keys, begin, end)
        )

    def affordable_cells(self, families: int) -> int:
        """Return how many identities per family can be replayed on every revision, given the number of families."""
        most_revisions = min(len(self.starts), self.most_revisions)
        decisions = sum(
            _DECISIONS_OF_REPLAY if policy is None else 1 for policy in self._revisions.trust_policies[-most_revisions:]
        )
        most = max(_LEAST_CELLS, _MOST_DECISIONS_OF_CELLS // max(1, decisions))
        return min(most, max(1, limits.COMPARED.most // (self.values * max(1, families))))

    def is_telling(self, replayed: int) -> bool:
        """Return whether this many identities with the same decision are enough to infer the rest of their family."""
        return replayed >= _LEAST_CELLS

    def _affordable(self) -> int:
        """Return the number of the newest revisions on which all attempts can be replayed."""
        decisions, revisions = 0, 0
        for policy in reversed(self._revisions.trust_policies):
            decisions += len(self.signatures) * (_DECISIONS_OF_REPLAY if policy is None else 1)
            if decisions > _MOST_DECISIONS:
                break
            revisions += 1
        return revisions

    def left_out(self) -> list[str]:
        """Describe the revisions on which no attempt was replayed, and the subjects not searched for outages."""
        lines = []
        if len(self.starts) > self.most_revisions:
            lines.append(
                f"{len(self.signatures):,} kinds of attempt and {len(self.starts):,} configurations: attempts were "
                f"replayed on the newest {self.most_revisions:,}; on those before them their verdict is unknown"
            )
        if self._revisions.undecided_left_out:
            lines.append(
                f"{self._revisions.undecided_left_out:,} replays without a decision: what may refuse their attempts "
                f"was not looked for ({limits.EXPLAINED.source})"
            )
        if self.families_left_out:
            most = self.most_families
            lines.append(
                f"{self.families_left_out + most:,} families of subjects: outages were looked for among the newest "
                f"{most:,}; whether the others had one is unknown"
            )
        return lines

    def vector(self, attempt: Attempt) -> tuple[Verdict, ...]:
        """Return the verdict on an attempt in each revision, or only in the newest revisions of very many."""
        skipped = max(0, len(self.starts) - self.most_revisions)
        verdicts = self._verdicts_on(attempt)
        return (
            *(Verdict("unknown") for _ in range(skipped)),
            *(verdicts.verdict(index) for index in range(skipped, len(self.starts))),
        )


def _of_provider(history: History, index: int) -> bool:
    """Whether the revision's write changed the OIDC provider."""
    change = history.revisions[index].change
    return change is None or "OpenIDConnectProvider" in change.what
