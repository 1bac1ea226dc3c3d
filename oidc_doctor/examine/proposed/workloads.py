"""Which workloads gain or lose access by a change: those of the logs, and the tokens that the user gave.

The logs outrank the documents: a workload whose newest attempt was accepted has access now, whatever was not read, and
the steps that the change cannot alter pass for it. Where logs and documents contradict each other, that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.examine.proposed.pairs import (
    Changed,
    decision_of,
    diagnosed,
    states_of,
    why_refused,
    why_unknown,
)
from oidc_doctor.history.outages import LAG, index_at
from oidc_doctor.history.replayer import CIRCUMSTANCES
from oidc_doctor.judge.error_texts import before as steps_before
from oidc_doctor.judge.readings import follows_steps, reading_of_attempt
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.model import limits
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.proposed import EFFECTS, WorkloadEffect
from oidc_doctor.model.steps import PASSED_BY_ERROR, REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Attempt
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.proposed import Decision, Effect
    from oidc_doctor.model.steps import State

_OF_TOKEN = frozenset({"token", "times", "keys"})  # steps that judge the token, and no configuration of a cloud
_MOST = limits.PROPOSED.most
_MOST_NAMED = 3  # open values of a plan in a row; the answer lists all


class Logged(NamedTuple):
    """The newest outcome of a workload in the logs, and whether the present configuration was in force then."""

    outcome: Decision
    in_force: bool
    elsewhere: bool = False  # it was refused at a step that the change cannot alter
    of_token: bool = False  # it was refused for the token's own sake, as an expired one: the next token may pass
    what: str = "the newest logged attempt"


@dataclass
class _Workload:
    """The attempts of one workload: one subject, audience and set of claims."""

    subject: str
    audience: str
    sample: Attempt  # the newest attempt that names the workload
    accepted: int = 0
    refused: int = 0
    last_seen: float = NO_TIME
    newest: dict[str, Attempt] = field(default_factory=dict)  # by step: the newest with an outcome


def workload_effects(changed: Changed) -> tuple[list[WorkloadEffect], list[str]]:
    """Return the effect on each kind of workload, losses first, and notes on what was left out."""
    notes: list[str] = []
    workloads = list(_workloads(changed))
    if len(workloads) > _MOST:
        notes.append(limits.PROPOSED.exceeded_by(len(workloads)))
    rows = _Rows(changed)
    for workload in workloads[:_MOST]:
        rows.add_logged(workload)
    for exchange in changed.exchanges:
        token = exchange.diagnosis.case.token
        if token.given and token.kind != "event":
            rows.add_given(exchange, [one for one in workloads if one.subject and one.subject == token.subject])
    return sorted(rows.rows(), key=lambda row: (EFFECTS.index(row.effect), not row.given, -row.accepted)), notes


def effect_of(logged: Logged | None, before: Decision, after: Decision, *, by_change: bool = True) -> Effect:
    """Return the effect of a change on a workload. What is unknown, or contradicted where it matters, stays unknown.

    `by_change`: of a refusal afterwards, a step that the change may alter is among those that refuse.
    """
    outcome = logged.outcome if logged is not None else "unknown"
    if logged is not None and logged.elsewhere and outcome == "refused":
        if logged.of_token:
            outcome = "unknown"  # that refusal says nothing about the configuration
        elif after == "accepted":
            return "unknown"  # the step that refused it in fact stays as it is
    if outcome == "accepted" and (logged is None or logged.in_force or before == "unknown"):
        if after == "refused" == before and not by_change:
            return "unknown"  # accepted in fact, and refused by documents that stay as they are
        return {"accepted": "keeps", "refused": "loses", "unknown": "unknown"}[after]  # type: ignore[return-value]
    if outcome == "refused" and before == "accepted" and logged is not None and logged.in_force:
        return "unknown"  # refused in fact, for a reason that no document shows
    if before == "unknown" and outcome == "refused" and logged is not None and logged.in_force:
        before = "refused"
    if "unknown" in (before, after):
        return "unknown"
    if before == after:
        return "keeps" if after == "accepted" else "refused"
    return "gains" if after == "accepted" else "loses"


def contradiction(logged: Logged | None, before: Decision) -> str:
    """Return what the logs show otherwise than the documents; "" if they agree."""
    if logged is None or not logged.in_force or "unknown" in (before, logged.outcome):
        return ""
    if logged.of_token:
        return f"by {logged.what} it was refused for the token itself, which the change cannot alter"
    if logged.outcome == before:
        return ""
    reads = {"accepted": "accept it", "refused": "refuse it"}[before]
    return f"by {logged.what} it was {logged.outcome}, although the documents that were read {reads}"


class _Key(NamedTuple):
    """What the workloads of one row have in common."""

    name: str  # the subject, or its kind
    audience: str
    effect: Effect
    before: Decision
    after: Decision
    states: tuple[tuple[tuple[str, State], ...], ...]
    contradiction: str


class _Rows:
    """The rows of a target: workloads of one kind with the same decisions are one row."""

    def __init__(self, changed: Changed) -> None:
        self.changed = changed
        self._rows: dict[_Key, WorkloadEffect] = {}
        self._given: list[WorkloadEffect] = []

    def rows(self) -> list[WorkloadEffect]:
        """Return the rows; a given token that the logs show as well is the row of the logs."""
        rows = list(self._rows.values())
        for given in self._given:
            place = next(
                (
                    number
                    for number, row in enumerate(rows)
                    if not row.given and row.effect == given.effect and row.subject == given.subject
                ),
                None,
            )
            if place is None:
                rows.append(given)
            else:
                rows[place] = rows[place]._replace(given=True)
        return rows

    def add_logged(self, workload: _Workload) -> None:
        """Judge a workload of the logs before and after the change."""
        changed = self.changed
        replayed = changed.replayed
        if replayed is None:
            return
        logged = _logged(changed, workload)
        case = replayed.replayer.case_now(workload.sample, changed.at)
        after = changed.then(case)
        shown = _shown(changed, workload, case)
        states = states_of(case), states_of(after, shown)
        before_decision, after_decision = decision_of(states[0]), decision_of(states[1])
        refusing = {step for step, state in states[1].items() if state == REFUSED}
        by_change = bool(refusing & changed.affected)
        effect = effect_of(logged, before_decision, after_decision, by_change=by_change)
        family = replayed.family(workload.subject) if workload.subject else ""
        against = contradiction(logged, before_decision)
        name = family or workload.subject
        key = _Key(
            name, workload.audience, effect, before_decision, after_decision,
            tuple(tuple(one.items()) for one in states), against,
        )  # fmt: skip
        row = self._rows.get(key)
        if row is None:
            row = self._made(case, after, key, shown)._replace(
                subject=workload.subject, subjects=0, last_seen=_time(workload.last_seen), last_outcome=_last(workload)
            )
        self._rows[key] = row._replace(
            subjects=row.subjects + 1,
            subject=row.subject if row.subject == workload.subject else name,
            accepted=row.accepted + workload.accepted,
            refused=row.refused + workload.refused,
        )

    def _made(self, case: Case, after: Case, key: _Key, shown: frozenset[str]) -> WorkloadEffect:
        why, at, settle = _explained(case, after, key.effect, key.after, shown)
        if key.effect == "unknown" and key.after == "unknown" != key.before and self.changed.settles:
            settle = ", ".join(name for name, _ in self.changed.settles[:_MOST_NAMED])
        return WorkloadEffect(
            self.changed.target, self.changed.cloud, self.changed.resource, key.name, key.audience, key.effect,
            key.before, key.after, why=why, at=at, settle=settle, contradiction=key.contradiction,
        )  # fmt: skip

    def add_given(self, exchange: Judged, logged: list[_Workload]) -> None:
        """Judge a token that the user gave before and after the change."""
        changed, diagnosis = self.changed, exchange.diagnosis
        own = logged[0] if logged else None
        seen = _logged(changed, own) if own is not None else _observed(changed, exchange)
        # An observed error is about the present: what it shows as passed stays so where the change alters nothing.
        shown = {row.id for row in diagnosis.rows if row.state == PASSED_BY_ERROR} - changed.affected
        shown |= _shown(changed, own, diagnosis.case) if own is not None else frozenset()
        after = changed.then(diagnosis.case)
        then = diagnosed(after, shown)
        refusing = {row.id for row in then.rows if row.state == REFUSED}
        by_change = bool(refusing & changed.affected)
        effect = effect_of(seen, diagnosis.prediction, then.prediction, by_change=by_change)
        against = contradiction(seen, diagnosis.prediction)
        audience = diagnosis.case.token.claims.get("aud")
        key = _Key(
            diagnosis.case.token.subject or "", audience if isinstance(audience, str) else "", effect,
            diagnosis.prediction, then.prediction, (), against,
        )  # fmt: skip
        row = self._made(diagnosis.case, after, key, frozenset(shown))._replace(given=True)
        if own is not None:
            row = row._replace(
                accepted=sum(one.accepted for one in logged),
                refused=sum(one.refused for one in logged),
                last_seen=_time(own.last_seen),
                last_outcome=_last(own),
            )
        self._given.append(row)


def _explained(
    case: Case, after: Case, effect: Effect, decision: Decision, shown: frozenset[str]
) -> tuple[str, str, str]:
    """Return why a token is refused with where, and what would settle an unknown decision."""
    if effect == "gains":
        return (*why_refused(diagnosed(case)), "")
    if effect in ("loses", "refused"):
        return (*why_refused(diagnosed(after, shown)), "")
    if effect == "unknown":
        open_case = after if decision == "unknown" else case
        return "", "", why_unknown(diagnosed(open_case, shown if open_case is after else ()))
    return "", "", ""


# The workloads of the logs


def _workloads(changed: Changed) -> Iterator[_Workload]:
    """Yield the workloads of the target's attempts, the newest first."""
    replayed = changed.replayed
    if replayed is None:
        return
    fields = sorted({field for name, field in CIRCUMSTANCES.items() if name in _tested(changed)})
    keys = [signature.number for signature in replayed.replayer.signatures]
    by_identity: dict[tuple[object, ...], _Workload] = {}
    for tally in replayed.attempts.tallies(keys, fields):
        attempt = replayed.attempts.attempt(tally.row)
        principal = attempt.mapped_principal if not attempt.subject else None
        where = tuple(getattr(attempt, name) for name in fields)
        audience = attempt.audience if changed.cloud == "aws" else None  # Google: only of some entries
        provider = attempt.provider if changed.cloud == "aws" else None
        key = (attempt.subject, principal, audience, provider, attempt.claims, where)
        workload = by_identity.get(key)
        if workload is None:
            workload = _Workload(attempt.subject or "", attempt.audience or "", attempt)
            by_identity[key] = workload
        _count(workload, attempt, tally.times, tally.last_seen)
    yield from by_identity.values()


def _count(workload: _Workload, attempt: Attempt, count: int, last_seen: float) -> None:
    if attempt.outcome == "accepted":
        workload.accepted += count
    elif attempt.outcome == "refused":
        workload.refused += count
    if attempt.outcome != "unknown":
        workload.newest.setdefault(attempt.step, attempt)  # tallies come the newest first
    if workload.last_seen == NO_TIME or last_seen > workload.last_seen:
        workload.last_seen = last_seen
    if attempt.step == "exchange" and workload.sample.step != "exchange":
        workload.sample = attempt  # an exchange shows the audience; an impersonation only its caller
    workload.audience = workload.audience or attempt.audience or ""


def _tested(changed: Changed) -> str:
    """Return the trust policies before and after, in lower case, in which the tested condition keys appear."""
    texts = []
    for evidence in (changed.before, changed.after):
        role = evidence.aws.role if evidence.aws is not None else None
        if isinstance(role, Role) and isinstance(role.trust_policy, Document):
            texts.append(role.trust_policy.text.casefold())
    return " ".join(texts)


def _logged(changed: Changed, workload: _Workload) -> Logged | None:
    """Return the newest outcome of a workload: refused if its newest attempt at either step was refused."""
    if not workload.newest:
        return None
    newest = workload.newest.values()
    refused = [attempt for attempt in newest if attempt.outcome == "refused"]
    deciding = max(refused or newest, key=lambda attempt: attempt.time)
    reading = reading_of_attempt(deciding)
    steps = reading.steps if reading is not None else frozenset[str]()
    if not refused and _impersonates(changed.before) and "impersonate" not in workload.newest:
        return None  # an accepted exchange shows nothing about the impersonation after it
    in_force = _in_force(changed, deciding.time)
    return Logged("refused" if refused else "accepted", in_force, *_place(changed, steps))


def _place(changed: Changed, steps: frozenset[str]) -> tuple[bool, bool]:
    """Return whether a refusal is at steps that the change cannot alter, and whether it is for the token's own sake."""
    elsewhere = bool(steps) and not steps & changed.affected
    return elsewhere, elsewhere and steps <= _OF_TOKEN


def _observed(changed: Changed, exchange: Judged) -> Logged | None:
    """Return the refusal of a given token that its caller saw; None without one."""
    readings = [reading for reading in exchange.diagnosis.readings if reading.known]
    steps = frozenset[str]().union(*(reading.steps for reading in readings))
    if not steps & set(changed.exchange_steps):
        return None
    return Logged("refused", True, *_place(changed, steps), "the observed error")


def _impersonates(evidence: TargetEvidence) -> bool:
    return evidence.gcp is not None and evidence.target.gcp is not None and bool(evidence.target.gcp.service_account)


def _in_force(changed: Changed, time: float) -> bool:
    """Whether an attempt was decided by the present configuration: no later write may have been effective."""
    if changed.replayed is None or time == NO_TIME:
        return False
    starts = changed.replayed.target_history.starts
    return len(starts) == 1 or (index_at(starts, time) == len(starts) - 1 and time - starts[-1] > LAG[changed.cloud])


def _shown(changed: Changed, workload: _Workload, case: Case) -> frozenset[str]:
    """Return the steps that the logs show as passed by the present configuration, and that the change cannot alter.

    An accepted attempt passed every step of its call; a refusal that can only come after some steps shows these.
    """
    shown = set[str]()
    for call, attempt in workload.newest.items():
        if not _in_force(changed, attempt.time):
            continue
        if attempt.outcome == "accepted":
            shown |= {step for step in changed.exchange_steps if (step == "impersonate") == (call == "impersonate")}
        reading = reading_of_attempt(attempt)
        if reading is not None and reading.known and reading.steps and follows_steps(case, reading):
            shown |= steps_before(changed.cloud, reading.steps)
    return frozenset(shown & set(changed.exchange_steps)) - changed.affected


def _time(seconds: float) -> str:
    return "" if seconds == NO_TIME else rfc3339(seconds) or ""


def _last(workload: _Workload) -> str:
    attempts = workload.newest.values()
    return max(attempts, key=lambda attempt: attempt.time).outcome if attempts else ""
