"""One target's logs against its configuration's history: when it broke, by which change, and what mended it.

Every attempt is replayed by the same judge as the present, on the configuration in force at its time. The judge is
given, so that nothing here decides about a token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.evaluate.times import rfc3339
from oidc_doctor.logs.outages import LAG, Outage, Verdict, flip_before, index_at, mended_by, outages_of
from oidc_doctor.model.exchange import ASSUMED, PASSED, PASSED_BY_ERROR, STEPS, Cloud, position
from oidc_doctor.token_change import TokenChange, token_change

if TYPE_CHECKING:
    from oidc_doctor.diagnose import Diagnosis
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.history import History
    from oidc_doctor.logs.signatures import Attempts, Run
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.event import Attempt, Change, Signature

Judge = Callable[["Attempt", int], "Diagnosis"]  # an attempt, on the configuration of a revision
JudgeCase = Callable[["Case", int], "Diagnosis"]  # a case of the present, likewise

_MOST_CELLS = 40  # identities of one family that are replayed on each revision
_MOST_REVISIONS = 400
_OUTSIDE = ("configure", "obtain", "permission")
# Condition keys that an event tells beside the token: where a policy names one, attempts are told apart by it.
_CIRCUMSTANCES = ("sourceip", "rolesessionname", "useragent", "requestedregion")


@dataclass
class Strand:
    """Attempts of one family that every revision decides alike."""

    step: str
    family: str | None
    audience: str | None
    sample: Attempt  # the newest
    vector: list[Verdict]
    runs: list[Run]
    refused_keys: tuple[int, ...] = ()
    accepted_keys: tuple[int, ...] = ()


class Explained(NamedTuple):
    """One outage and what is known of its beginning and end. Numbers are of revisions."""

    strand: Strand
    outage: Outage
    why: str  # configuration, token, unlogged-change, accepted-by-reading, all-along, unknown
    appears: int | None  # the revision in which the standing refusal appears
    turned: int | None  # the revision in which accepting ended
    token: TokenChange | None
    mended: int | None

    @property
    def over(self) -> bool:
        """Whether it ended: a success came after it, or a later configuration accepts."""
        return self.outage.after is not None or self.mended is not None


@dataclass
class Chronicle:
    """What the logs tell of one exchange's target in one cloud."""

    history: History
    starts: list[float]
    strands: list[Strand] = field(default_factory=list)
    explained: list[Explained] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    verdicts: dict[int, tuple[Verdict, int]] = field(default_factory=dict)  # by signature: at its newest attempt


class Reader:
    """Replays the signatures of one target on its history."""

    def __init__(
        self,
        cloud: Cloud,
        history: History,
        attempts: Attempts,
        signatures: Sequence[Signature],
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
        self.starts = [one.start for one in history.revisions]
        self.lag = LAG[cloud]
        self._cache: dict[tuple[object, ...], Verdict] = {}
        self._alike = _alike(history)
        text = " ".join(repr(one.fields.get("trust")) for one in history.revisions).casefold()
        self._by_circumstance = cloud == "aws" and any(name in text for name in _CIRCUMSTANCES)

    def read(self) -> Chronicle:
        """The strands, their outages, and what each comes from."""
        told = Chronicle(self.history, self.starts)
        told.strands = self._strands()
        for strand in told.strands:
            for outage in outages_of(strand.runs, self.starts, strand.vector, self.lag):
                told.explained.append(self._explain(strand, outage, told.strands))
            told.contradictions += self._contradictions(strand)
        told.explained.sort(key=lambda one: one.outage.begin)
        for signature in self.signatures:
            index = index_at(self.starts, signature.last_seen)
            told.verdicts[signature.number] = (self.verdict(signature.sample, index), index)
        return told

    def verdict(self, attempt: Attempt, index: int) -> Verdict:
        """The attempt on one revision."""
        where = (
            (attempt.caller, attempt.session_name, attempt.region, attempt.user_agent) if self._by_circumstance else ()
        )
        key = (
            attempt.step, attempt.subject, attempt.audience, attempt.claims, attempt.mapped_principal,
            attempt.provider, attempt.duration_seconds, where, self._alike[index],
        )  # fmt: skip
        if key not in self._cache:
            self._cache[key] = verdict_of(self.judge(attempt, index), attempt.step)
        return self._cache[key]

    def verdict_of_case(self, case: Case, index: int, step: str) -> Verdict:
        """The present token on one revision."""
        key = (id(case), step, self._alike[index])
        if key not in self._cache:
            self._cache[key] = verdict_of(self.judge_case(case, index), step)
        return self._cache[key]

    def accepted_providers(self, index: int) -> frozenset[str]:
        """Providers with a logged success since they last changed, as of a revision (-1: now): their lists work."""
        index %= len(self.starts)
        touched = [place for place in range(1, len(self.starts)) if _of_provider(self.history, place)]
        low = max((self.starts[place] for place in touched if place <= index), default=0.0)
        high = min((self.starts[place] for place in touched if place > index), default=float("inf"))
        good = [one for one in self.signatures if one.sample.outcome == "accepted" and one.sample.provider]
        return frozenset(
            one.sample.provider
            for one in good
            if one.sample.provider and (not touched or self.attempts.count_between([one.number], low, high))
        )

    # ------------------------------------------------------------------------------------------------------- strands

    def _strands(self) -> list[Strand]:
        families: dict[tuple[object, ...], list[Signature]] = {}
        for one in self.signatures:
            sample = one.sample
            families.setdefault(
                (sample.step, sample.provider, one.family, sample.audience, sample.service_account), []
            ).append(one)
        nameless = [
            one for key, group in families.items() if key[0] == "impersonate" and key[2] is None for one in group
        ]
        named = any(key[0] == "impersonate" and key[2] is not None for key in families)
        strands: list[Strand] = []
        for key, group in families.items():
            step, _, family, _, _ = key
            if step == "impersonate" and family is None and named:
                continue  # successes that hide their caller stand beside each named family
            members = [*group, *(nameless if step == "impersonate" and family is not None else [])]
            strands += self._strands_of(str(step), group, members)
        return strands

    def _strands_of(self, step: str, group: list[Signature], members: list[Signature]) -> list[Strand]:
        """One family's strands: identities (and circumstances) with the same decisions on all revisions are one."""
        accepted = tuple(one.number for one in members if one.sample.outcome == "accepted")
        refused = tuple(one.number for one in members if one.sample.outcome == "refused")
        own = [one.number for one in group]
        cells = self.attempts.cells(own, by_circumstance=self._by_circumstance)
        sample = max((one.sample for one in group), key=lambda one: one.time)
        sorted_cells: dict[tuple[Verdict, ...], list[tuple[int, int]]] = {}
        samples: dict[tuple[Verdict, ...], Attempt] = {}
        indexes = range(max(0, len(self.starts) - _MOST_REVISIONS), len(self.starts))
        for number, cell in enumerate(cells):
            attempt = self.attempts.attempt(cell.row) if number < _MOST_CELLS else sample
            vector = tuple(self.verdict(attempt, index) for index in indexes)
            vector = (*(Verdict("unknown") for _ in range(len(self.starts) - len(vector))), *vector)
            sorted_cells.setdefault(vector, []).append((cell.identity, cell.circumstance))
            samples.setdefault(vector, attempt)
        whole = len(sorted_cells) == 1 or len(members) > len(group)
        return [
            Strand(
                step,
                group[0].family,
                sample.audience,
                samples[vector],
                list(vector),
                self.attempts.runs(accepted, refused)
                if whole
                else self.attempts.runs_of_cells(some, accepted, refused, by_circumstance=self._by_circumstance),
                refused,
                accepted,
            )
            for vector, some in sorted_cells.items()
        ]

    # ----------------------------------------------------------------------------------------------------- explaining

    def _explain(self, strand: Strand, outage: Outage, others: list[Strand]) -> Explained:
        at = index_at(self.starts, outage.begin)
        verdict = strand.vector[at]
        mended = mended_by(outage, self.starts, strand.vector)
        appears, turned = flip_before(outage, self.starts, strand.vector, self.lag)
        if turned is not None:
            return Explained(strand, outage, "configuration", appears, turned, None, mended)
        if verdict.decision == "accepted":
            return Explained(strand, outage, "accepted-by-reading", None, None, None, mended)
        if not verdict.stands_against:
            return Explained(strand, outage, "unknown", None, None, None, mended)
        token = self._token_side(strand, outage, at, others)
        if token is not None:
            return Explained(strand, outage, "token", None, None, token, mended)
        why = "unlogged-change" if outage.before is not None else "all-along"
        return Explained(strand, outage, why, None, None, None, mended)

    def _token_side(self, strand: Strand, outage: Outage, at: int, others: list[Strand]) -> TokenChange | None:
        """What is new in the refused token, beside the likest one that the same configuration accepts."""
        found = []
        for other in others:
            if other is strand or other.step != strand.step or other.vector[at].stands_against:
                continue
            good = [run for run in other.runs if run.accepted and run.begin < outage.begin]
            if not good or not self._came_later(strand, outage, good, other):
                continue
            last = good[-1]
            before = last.last if last.end <= outage.begin else last.first
            found.append((self.attempts.attempt(before), min(last.end, outage.begin)))
        if not found:
            return None
        first = self.attempts.attempt(outage.first)
        changes = [token_change(before, first, self.profile) for before, _ in found]
        known = [one for one in changes if one is not None]
        return min(known, key=lambda one: one.distance, default=None)

    def _came_later(self, strand: Strand, outage: Outage, good: list[Run], other: Strand) -> bool:
        """Whether the refused token is new: others came well before it, and it would have been seen if it had come.

        Two workloads side by side, of which one was always refused, are no change.
        """
        refusals = sum(run.times for run in strand.runs)
        quiet = outage.begin - good[0].begin
        stopped = all(run.begin < outage.begin for run in other.runs if run.accepted) and good[-1].end <= outage.begin
        if stopped and refusals:
            return True
        if refusals < 2:  # noqa: PLR2004 - a rate needs two
            return sum(run.times for run in good) > 2  # noqa: PLR2004 - a success or two are no habit
        usual = (strand.runs[-1].end - strand.runs[0].begin) / (refusals - 1)
        return quiet > 5 * usual

    def _contradictions(self, strand: Strand) -> list[str]:
        """Accepted in fact and refused by our reading, away from any change: our error, or a write in no log."""
        out = []
        for place, run in enumerate(strand.runs):
            if not run.accepted:
                continue
            for row, time in ((run.last, run.end), (run.first, run.begin)):
                index = index_at(self.starts, time)
                near = time < self.starts[index] + self.lag and index
                # a refusal that came later: the configuration changed in between, whatever the logs hold
                later = any(not one.accepted for one in strand.runs[place + 1 :])
                if strand.vector[index].decision != "refused" or near or later:
                    continue
                attempt = self.attempts.attempt(row)
                cloud = {"aws": "AWS", "gcp": "Google Cloud"}[self.cloud]
                out.append(
                    f"{cloud} accepted {attempt.subject} on {rfc3339(time)} (event {attempt.event_id}), and the "
                    "configuration of that time, as far as the evidence tells it, refuses it: a change is in no log "
                    "that was read, or this reading is wrong"
                )
                break
        return out


def verdict_of(diagnosis: Diagnosis, step: str) -> Verdict:
    """A diagnosis as a verdict on the exchange, or on the impersonation alone: Google logs the two apart."""
    trace = diagnosis.trace
    last = position("gcp", "impersonate") if trace.cloud == "gcp" else len(STEPS["aws"])
    states = tuple((one.id, one.state) for one in trace.steps if one.id not in _OUTSIDE)
    refusals = [one for one in trace.refusals if one.step not in _OUTSIDE]
    if trace.cloud == "gcp":
        inside = step == "impersonate"
        refusals = [one for one in refusals if (one.step == "impersonate") == inside]
        states = tuple(pair for pair in states if (position("gcp", pair[0]) >= last) == inside)
    marks = frozenset((one.step, str(one.kind)) for one in refusals)
    sure = [one for one in refusals if one.certain]
    first = (sure or refusals)[0].step if refusals else None
    if sure:
        clauses = {(one.step, one.location or str(one.kind)) for one in sure}
        return Verdict(
            "refused", frozenset((one.step, str(one.kind)) for one in sure), first, states, len(clauses) == 1
        )
    if refusals:
        return Verdict("doubtful", marks, first, states, len(marks) == 1)
    good = all(state in (PASSED, ASSUMED, PASSED_BY_ERROR) for _, state in states)
    return Verdict("accepted" if good and states else "unknown", frozenset(), None, states)


def _of_provider(history: History, index: int) -> bool:
    """Whether the revision's write was one of the OIDC provider."""
    change = history.revisions[index].change
    return change is None or "OpenIDConnectProvider" in change.what


def _alike(history: History) -> list[int]:
    """For each revision the first one with the same configuration: an edit of whitespace is judged once."""
    seen: dict[str, int] = {}
    out = []
    for index, revision in enumerate(history.revisions):
        fields = {name: value.value for name, value in revision.fields.items()}
        text = json.dumps(fields, sort_keys=True, default=str)
        out.append(seen.setdefault(text, index))
    return out


def change_view(history: History, index: int) -> dict[str, Any] | None:
    """The change that made a revision, as the report has it; None where no logged write made it."""
    from oidc_doctor.logs.diffs import diff_of

    change: Change | None = history.revisions[index].change
    if change is None:
        return None
    return {
        "event_id": change.event_id,
        "time": rfc3339(change.time),
        "by": change.by,
        "what": change.what,
        "resource": change.resource,
        "diff": diff_of(history, index),
    }
