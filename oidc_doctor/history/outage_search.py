"""One target's logs against its configuration's history: when it broke, by which change, and what mended it.

Every attempt is replayed by the same judge as the present, on the configuration in force at its time. The judge is
given, so that nothing here decides about a token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.history.outages import (
    EARLY,
    LAG,
    Outage,
    Verdict,
    flip_before,
    index_at,
    mended_by,
    outages_of,
    revision_of,
)
from oidc_doctor.history.revisions import changed_fields
from oidc_doctor.history.token_change import TokenChange, request_change, token_change
from oidc_doctor.judge.readings import steps_of_attempt
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.attempts.signatures import Part
from oidc_doctor.model.steps import ASSUMED, PASSED, PASSED_BY_ERROR, STEPS, Cloud, position
from oidc_doctor.report.parts.sentences import CLOUDS

if TYPE_CHECKING:
    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.history.revisions import History
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.attempts.signatures import Attempts, Cell, Run
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Attempt, Change, Signature

Judge = Callable[["Attempt", int], "Diagnosis"]  # an attempt, on the configuration of a revision
JudgeCase = Callable[["Case", int], "Diagnosis"]  # a case of the present, likewise

_MOST_CELLS = 40  # identities of one family that are replayed on each revision
_MOST_FAMILIES = 400
_MOST_REVISIONS = 400
_MOST_VERDICTS = 1_000  # signatures that are replayed for a row of their own; more than a report has rows
_OUTSIDE = ("configure", "obtain", "permission")
# Condition keys that an event tells beside the token: where a policy names one, attempts are told apart by it.
_CIRCUMSTANCES = {
    "sourceip": "caller", "rolesessionname": "session_name", "useragent": "user_agent", "requestedregion": "region",
}  # fmt: skip


class Group(NamedTuple):
    """Attempts of one family that every revision decides alike."""

    step: str
    family: str | None
    sample: Attempt  # the newest
    vector: tuple[Verdict, ...]
    part: Part
    runs: list[Run]

    @property
    def decisions(self) -> tuple[str, ...]:
        """The decision of each revision."""
        return tuple(one.decision for one in self.vector)


# The fields of the configuration (logs/fields.py) that each step depends on.
FIELDS_OF: dict[tuple[str, str], frozenset[str]] = {
    ("aws", "provider"): frozenset({"provider", "url"}),
    ("aws", "audience"): frozenset({"provider", "clients"}),
    ("aws", "authorise"): frozenset({"role", "trust"}),
    ("aws", "duration"): frozenset({"duration"}),
    ("gcp", "target"): frozenset({"state", "disabled", "pool", "pool-disabled"}),
    ("gcp", "issuer"): frozenset({"issuer"}),
    ("gcp", "audience"): frozenset({"audiences"}),
    ("gcp", "keys"): frozenset({"issuer", "jwks"}),
    ("gcp", "condition"): frozenset({"condition", "mapping"}),
    ("gcp", "mapping"): frozenset({"mapping"}),
    ("gcp", "impersonate"): frozenset(
        {"account-bindings", "project-bindings", "account", "account-disabled", "mapping"}
    ),
}


@dataclass
class AttemptGroup:
    """Groups with one fate: every revision decides them alike, and what was recorded of them goes together."""

    step: str
    families: set[str | None]
    audiences: set[str | None]
    sample: Attempt
    vector: tuple[Verdict, ...]
    runs: list[Run]
    keys: tuple[int, ...]
    parts: list[Part]

    @property
    def decisions(self) -> tuple[str, ...]:
        """The decision of each revision."""
        return tuple(one.decision for one in self.vector)

    @property
    def name(self) -> str:
        """The family, and how many there are."""
        more = f" and {len(self.families) - 1} more" if len(self.families) > 1 else ""
        return f"{self.sample.subject or 'no subject'}{more}"


class Explained(NamedTuple):
    """One outage and what is known of its beginning and end. Numbers are of revisions."""

    strand: AttemptGroup
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
class TargetHistory:
    """What the logs tell of one exchange's target in one cloud."""

    history: History
    starts: list[float]
    strands: list[AttemptGroup] = field(default_factory=list)
    explained: list[Explained] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    verdicts: dict[int, tuple[Verdict, int]] = field(default_factory=dict)  # by signature: at its newest attempt


class Replayer:
    """Replays the signatures of one target on its history."""

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
        self.starts = [one.start for one in history.revisions]
        self.lag = LAG[cloud]
        self._cache: dict[tuple[object, ...], Verdict] = {}
        self._working: dict[int, frozenset[str]] = {}
        self._alike = _alike(history)
        text = " ".join(repr(one.fields.get("trust")) for one in history.revisions).casefold()
        self._own = attempts.subset(one.number for one in signatures)
        self._accepted = frozenset(one.number for one in signatures if one.sample.outcome == "accepted")
        seen = {field for name, field in _CIRCUMSTANCES.items() if name in text} if cloud == "aws" else set()
        self._by_circumstance = bool(seen)
        self._request = frozenset(seen | {"duration_seconds"})  # what decides beside the token

    def read(self) -> TargetHistory:
        """The strands, their outages, and what each comes from."""
        told = TargetHistory(self.history, self.starts)
        told.strands = self._strands()
        for strand in told.strands:
            for outage in outages_of(strand.runs, self.starts, strand.vector, self.lag):
                told.explained.append(self._explain(strand, outage, told.strands))
            told.contradictions += self._contradictions(strand)
        told.explained.sort(key=lambda one: one.outage.begin)
        for signature in self.signatures[:_MOST_VERDICTS]:  # the newest first
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
        if index not in self._working:
            self._working[index] = self._accepted_providers(index)
        return self._working[index]

    def _accepted_providers(self, index: int) -> frozenset[str]:
        touched = [place for place in range(1, len(self.starts)) if _of_provider(self.history, place)]
        low = max((self.starts[place] + self.lag for place in touched if place <= index), default=0.0)
        high = min((self.starts[place] for place in touched if place > index), default=float("inf"))
        good = [one for one in self.signatures if one.sample.outcome == "accepted" and one.sample.provider]
        return frozenset(
            one.sample.provider
            for one in good
            if one.sample.provider and (not touched or self.attempts.count_between([one.number], low, high))
        )

    # ------------------------------------------------------------------------------------------------------- strands

    def _strands(self) -> list[AttemptGroup]:
        """All groups, those with one fate together."""
        merged: dict[tuple[object, ...], list[Group]] = {}
        late: list[Group] = []
        times = [time for one in self.signatures for time in (one.first_seen, one.last_seen)] or [0.0]
        busy = slice(index_at(self.starts, min(times)), index_at(self.starts, max(times)) + 1)
        for group in self._groups():
            fate = (group.step, tenant_of(group.sample.subject, self.profile), group.decisions)
            if self._is_odd(group):
                merged[group.step, group.part] = [group]
            elif any(run.accepted for run in group.runs) or "unknown" not in group.decisions[busy]:
                merged.setdefault(fate, []).append(group)
            else:
                late.append(group)
        for group in late:  # never accepted, and some configuration that attempts met is not known
            fellows = merged.get((group.step, tenant_of(group.sample.subject, self.profile), group.decisions), [])
            good = [run.end for one in fellows for run in one.runs if run.accepted]
            broken = any(not one.runs[-1].accepted for one in fellows)
            if broken and good and group.runs and group.runs[0].begin >= max(good) - self.lag:
                fellows.append(group)
            else:
                merged[group.step, group.part] = [group]
        return [self._strand(groups) for groups in merged.values()]

    def _strand(self, groups: list[Group]) -> AttemptGroup:
        newest = max(groups, key=lambda one: one.sample.time)
        parts = [one.part for one in groups]
        runs = groups[0].runs if len(groups) == 1 else self._own.runs(parts, self._accepted)
        keys = tuple(key for part in parts for key in part.keys)
        families, audiences = {one.family for one in groups}, {one.sample.audience for one in groups}
        return AttemptGroup(newest.step, families, audiences, newest.sample, newest.vector, runs, keys, parts)

    def _is_odd(self, group: Group) -> bool:
        """Whether the record and the replay part ways, apart from changes that were not in force everywhere yet."""
        for run in group.runs:
            for time in (run.begin, run.end):
                index = index_at(self.starts, time)
                decision = group.vector[index].decision
                other = "refused" if run.accepted else "accepted"
                if decision == other and (not index or time > self.starts[index] + self.lag):
                    return True
        return False

    def _groups(self) -> list[Group]:
        families: dict[tuple[object, ...], list[Signature]] = {}
        for one in self.signatures:
            sample = one.sample
            name = (sample.step, sample.provider, one.family, sample.audience, sample.service_account)
            families.setdefault(name, []).append(one)
        # Google's successes may hide their caller: they stand beside each family that is named
        nameless = [
            one for key, group in families.items() if key[0] == "impersonate" and key[2] is None for one in group
        ]
        named = any(key[0] == "impersonate" and key[2] is not None for key in families)
        cells: dict[int, list[Cell]] = {}
        for cell in self._own.cells(by_circumstance=self._by_circumstance):
            cells.setdefault(cell.key, []).append(cell)
        out: list[Group] = []
        for key, group in list(families.items())[:_MOST_FAMILIES]:
            if key[0] == "impersonate" and key[2] is None and named:
                continue
            beside = nameless if key[0] == "impersonate" and key[2] is not None else []
            out += self._groups_of(str(key[0]), group, tuple(one.number for one in beside), cells)
        return out

    def _groups_of(
        self, step: str, family: list[Signature], beside: tuple[int, ...], cells: dict[int, list[Cell]]
    ) -> list[Group]:
        """One family's groups: identities (and circumstances) with the same decisions on all revisions are one."""
        keys = tuple(one.number for one in family)
        own = sorted((cell for key in keys for cell in cells.get(key, ())), key=lambda one: -one.row)
        alike: dict[tuple[str, ...], list[Cell]] = {}
        found: dict[tuple[str, ...], tuple[Attempt, tuple[Verdict, ...]]] = {}
        for cell in own[:_MOST_CELLS]:
            attempt = self.attempts.attempt(cell.row)
            vector = self._vector(attempt)
            decisions = tuple(str(one.decision) for one in vector)
            alike.setdefault(decisions, []).append(cell)
            found.setdefault(decisions, (attempt, vector))
        if not alike:  # none of them has a time
            return []
        groups = []
        first, *others = alike
        for decisions, some in alike.items():
            attempt, vector = found[decisions]
            if not others:
                part = Part((*keys, *beside))
            elif decisions == first:  # with those that were too many to be replayed one by one
                rest = frozenset((cell.identity, cell.circumstance) for name in others for cell in alike[name])
                part = Part((*keys, *beside), None, rest, self._by_circumstance)
            else:
                only = frozenset((cell.identity, cell.circumstance) for cell in some)
                part = Part((*keys, *beside), only, frozenset(), self._by_circumstance)
            runs = self._own.runs([part], self._accepted)
            groups.append(Group(step, family[0].family, attempt, vector, part, runs))
        return groups

    def _vector(self, attempt: Attempt) -> tuple[Verdict, ...]:
        """The attempt on each revision; on the newest ones where there are very many."""
        skipped = max(0, len(self.starts) - _MOST_REVISIONS)
        return (
            *(Verdict("unknown") for _ in range(skipped)),
            *(self.verdict(attempt, index) for index in range(skipped, len(self.starts))),
        )

    # ----------------------------------------------------------------------------------------------------- explaining

    def _explain(self, strand: AttemptGroup, outage: Outage, others: list[AttemptGroup]) -> Explained:
        at = revision_of(outage, self.starts, strand.vector)
        verdict = strand.vector[at]
        mended = mended_by(outage, self.starts, strand.vector)
        appears, turned = flip_before(outage, self.starts, strand.vector, self.lag)
        if turned is not None:
            return Explained(strand, outage, "configuration", appears, turned, None, mended)
        if verdict.decision == "accepted":
            return Explained(strand, outage, "accepted-by-reading", None, None, None, mended)
        if not verdict.stands_against:  # the next configuration that is known may tell the tokens apart
            known = (index for index, one in enumerate(strand.vector) if index > at and one.decision != "unknown")
            at = next(known, at)
            if not strand.vector[at].stands_against:
                only = self._only_write(outage)
                why = "unknown" if only is None else "configuration"
                return Explained(strand, outage, why, only, only, None, mended)
        token = self._token_side(strand, outage, at, others)
        if token is not None:
            return Explained(strand, outage, "token", None, None, token, mended)
        if verdict.stands_against:
            why = "unlogged-change" if outage.before is not None else "all-along"
        else:
            why = "unknown" if outage.before is not None else "all-along"
        return Explained(strand, outage, why, None, None, None, mended)

    def _only_write(self, outage: Outage) -> int | None:
        """The only write between success and refusal of what the recorded error is about.

        For when claims that decide are in no log: the decision cannot be replayed, and yet nothing else changed.
        """
        if outage.before is None:
            return None
        steps = steps_of_attempt(self.attempts.attempt(outage.first))
        wanted = frozenset[str]().union(*(FIELDS_OF.get((self.cloud, step), frozenset()) for step in steps))
        inside = [
            index
            for index in range(1, len(self.starts))
            if outage.before.end - self.lag <= self.starts[index] <= outage.begin + EARLY
            and wanted & changed_fields(self.history, index).keys()
        ]
        return inside[0] if len(inside) == 1 and self.history.revisions[inside[0]].change is not None else None

    def _token_side(
        self, strand: AttemptGroup, outage: Outage, at: int, others: list[AttemptGroup]
    ) -> TokenChange | None:
        """What is new in the refused token, beside the likest one that the same configuration accepts."""
        first = self.attempts.attempt(outage.first)
        found: list[TokenChange | None] = []
        for other in others:
            if other is strand or other.step != strand.step or other.vector[at].stands_against:
                continue
            good = [run for run in other.runs if run.accepted and run.begin < outage.begin]
            if not good or not self._came_later(strand, outage, good, other):
                continue
            last = good[-1]
            good_one = self.attempts.attempt(last.last)
            found.append(token_change(good_one, first, self.profile) or request_change(good_one, first, self._request))
            found += [  # of another family that is likelier still
                token_change(one.sample, first, self.profile)
                for one in self.signatures
                if one.number in self._accepted and one.number in other.keys and one.first_seen < outage.begin
            ]
        return min((one for one in found if one is not None), key=lambda one: one.distance, default=None)

    def _came_later(self, strand: AttemptGroup, outage: Outage, good: list[Run], other: AttemptGroup) -> bool:
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

    def _contradictions(self, strand: AttemptGroup) -> list[str]:
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
                cloud = CLOUDS[self.cloud]
                out.append(
                    f"{cloud} accepted {attempt.subject} on {rfc3339(time)} (event {attempt.event_id}), and the "
                    "configuration of that time, as far as the evidence tells it, refuses it: a change is in no log "
                    "that was read, or this reading is wrong"
                )
                break
        return out


def tenant_of(subject: str | None, profile: Profile | None) -> tuple[str | None, ...]:
    """The segments that keep customers and their teams apart; of an unknown issuer nothing does."""
    if profile is None or not subject:
        return ()
    read = profile.parse_subject(subject)
    return tuple(read.value(name) for name in (profile.tenancy.tenant, profile.tenancy.team) if name)


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
        clauses = {(one.step, one.clause if one.clause.parts else str(one.kind)) for one in sure}
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
    from oidc_doctor.history.diffs import diff_of

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
