"""Judge logged attempts, and the present token, on the configuration of each revision.

The judge is passed in, so that no function here decides about a token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from oidc_doctor.history.outages import LAG, Verdict
from oidc_doctor.model.steps import ASSUMED, PASSED, PASSED_BY_ERROR, STEPS, Cloud, position

if TYPE_CHECKING:
    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.history.revisions import History
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.attempts.signatures import Attempts
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Attempt, Signature

Judge = Callable[["Attempt", int], "Diagnosis"]  # an attempt, on the configuration of a revision
JudgeCase = Callable[["Case", int], "Diagnosis"]  # a case of the present, likewise

_MOST_REVISIONS = 400
_MOST_REPLAYS = 6_000  # of all attempts on all revisions; a replay takes half a millisecond
_LEAST_REVISIONS = 4
_OUTSIDE = ("configure", "obtain", "permission")  # steps that no logged exchange shows
# Condition keys that an event shows alongside the token: where a policy names one, it separates attempts.
_CIRCUMSTANCES = {
    "sourceip": "caller", "rolesessionname": "session_name", "useragent": "user_agent", "requestedregion": "region",
}  # fmt: skip


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
        judge_case: JudgeCase,
        profile: Profile | None,
    ) -> None:
        self.cloud = cloud
        self.history = history
        self.attempts = attempts
        self.signatures = signatures
        self.judge = judge
        self.judge_case = judge_case
        self.profile = profile
        self.starts = [revision.start for revision in history.revisions]
        self.lag = LAG[cloud]
        self._cache: dict[tuple[object, ...], Verdict] = {}
        self._accepting: dict[int, frozenset[str]] = {}
        self._same_as = _first_alike(history)
        text = " ".join(repr(revision.fields.get("trust")) for revision in history.revisions).casefold()
        self.own_attempts = attempts.subset(signature.number for signature in signatures)
        self.accepted = frozenset(
            signature.number for signature in signatures if signature.sample.outcome == "accepted"
        )
        fields = {field for name, field in _CIRCUMSTANCES.items() if name in text} if cloud == "aws" else set()
        self.by_circumstance = bool(fields)
        # of very many attempts each is replayed on fewer revisions, the newest; on the others its verdict is unknown
        affordable = max(_LEAST_REVISIONS, _MOST_REPLAYS // max(1, len(signatures)))
        self.most_revisions = min(_MOST_REVISIONS, affordable)
        self.request_fields = frozenset(fields | {"duration_seconds"})  # of an attempt, that decide alongside the token

    def verdict(self, attempt: Attempt, index: int) -> Verdict:
        """Return the verdict on an attempt in one revision."""
        where = (
            (attempt.caller, attempt.session_name, attempt.region, attempt.user_agent) if self.by_circumstance else ()
        )
        key = (
            attempt.step, attempt.subject, attempt.audience, attempt.claims, attempt.mapped_principal,
            attempt.provider, attempt.duration_seconds, where, self._same_as[index],
        )  # fmt: skip
        if key not in self._cache:
            self._cache[key] = verdict_of(self.judge(attempt, index), attempt.step)
        return self._cache[key]

    def verdict_of_case(self, case: Case, index: int, step: str) -> Verdict:
        """Return the verdict on the present token in one revision."""
        key = (id(case), step, self._same_as[index])
        if key not in self._cache:
            self._cache[key] = verdict_of(self.judge_case(case, index), step)
        return self._cache[key]

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

    def left_out(self) -> str | None:
        """Describe the revisions on which no attempt was replayed; None where there are none."""
        skipped = len(self.starts) - self.most_revisions
        if skipped <= 0:
            return None
        return (
            f"{len(self.signatures):,} kinds of attempt and {len(self.starts):,} configurations: attempts were "
            f"replayed on the newest {self.most_revisions:,}; on those before them their verdict is unknown"
        )

    def vector(self, attempt: Attempt) -> tuple[Verdict, ...]:
        """Return the verdict on an attempt in each revision, or in the newest ones where there are very many."""
        skipped = max(0, len(self.starts) - self.most_revisions)
        return (
            *(Verdict("unknown") for _ in range(skipped)),
            *(self.verdict(attempt, index) for index in range(skipped, len(self.starts))),
        )


def verdict_of(diagnosis: Diagnosis, step: str) -> Verdict:
    """Reduce a diagnosis to a verdict on the exchange or on the impersonation, which Google logs separately."""
    trace = diagnosis.trace
    last = position("gcp", "impersonate") if trace.cloud == "gcp" else len(STEPS["aws"])
    states = tuple((step.id, step.state) for step in trace.steps if step.id not in _OUTSIDE)
    refusals = [refusal for refusal in trace.refusals if refusal.step not in _OUTSIDE]
    if trace.cloud == "gcp":
        inside = step == "impersonate"
        refusals = [refusal for refusal in refusals if (refusal.step == "impersonate") == inside]
        states = tuple(step_state for step_state in states if (position("gcp", step_state[0]) >= last) == inside)
    certain = [refusal for refusal in refusals if refusal.certain]
    decisive = certain or refusals
    kinds = frozenset((refusal.step, str(refusal.kind)) for refusal in decisive)
    if certain:
        clauses = {(refusal.step, refusal.clause if refusal.clause.parts else str(refusal.kind)) for refusal in certain}
        return Verdict("refused", kinds, certain[0].step, states, len(clauses) == 1)
    if refusals:
        return Verdict("doubtful", kinds, refusals[0].step, states, len(kinds) == 1)
    passed = all(state in (PASSED, ASSUMED, PASSED_BY_ERROR) for _, state in states)
    return Verdict("accepted" if passed and states else "unknown", frozenset(), None, states)


def _of_provider(history: History, index: int) -> bool:
    """Whether the revision's write changed the OIDC provider."""
    change = history.revisions[index].change
    return change is None or "OpenIDConnectProvider" in change.what


def _first_alike(history: History) -> list[int]:
    """Return for each revision the first one with the same configuration, so that a whitespace edit is judged once."""
    first: dict[str, int] = {}
    out = []
    for index, revision in enumerate(history.revisions):
        fields = {name: value.value for name, value in revision.fields.items()}
        text = json.dumps(fields, sort_keys=True, default=str)
        out.append(first.setdefault(text, index))
    return out
