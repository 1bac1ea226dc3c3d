"""Find when a refusal began and ended, the change that caused it, and the causes of past outages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.findings.causes import Diagnosis, contradicts_observed, diagnose, name_refusals
from oidc_doctor.history.attempt_groups import AttemptGroup, tenant_of
from oidc_doctor.history.boundary import MOST_PAST, boundary, of_new_kind
from oidc_doctor.history.diffs import change_view, worded
from oidc_doctor.history.new_kinds import NewKind, new_kind
from oidc_doctor.history.outage_search import ExplainedOutage, deciding_write, fields_of_steps
from oidc_doctor.history.outages import LAG, UNDECIDED, Verdict, flip_before, index_at, revision_of, turn
from oidc_doctor.history.revisions import changed_fields
from oidc_doctor.history.same_second import around, not_told_apart
from oidc_doctor.history.session_writes import permissions_written
from oidc_doctor.history.writes import UNSEEN
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.readings import reading_of_attempt
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.events import error_of
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import Cause, NamedRefusal, Timing
from oidc_doctor.model.steps import UNLOGGED

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Check
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Attempt, SessionDenial
    from oidc_doctor.model.evidence import TargetEvidence


class Confirmation(NamedTuple):
    """Logged refusals that a refusal explains: their event ids, and the time of the first (RFC 3339)."""

    event_ids: tuple[str, ...] = ()
    first_seen: str | None = None


def timings_of(
    named_refusals: Sequence[NamedRefusal],
    diagnosis: Diagnosis,
    replayed: ReplayedLogs,
    confirmations: Sequence[Confirmation],
    denial: SessionDenial | None = None,
) -> list[tuple[Timing, tuple[str, ...]]]:
    """Return when each refusal of an exchange began, and the event ids that confirm it.

    `confirmations` are each refusal's logged refusals, in the same order. `denial` is the denied session call that
    represents the exchange's failure.
    """
    session = _session_timing(denial, replayed) if denial is not None else None
    dated = []
    for named_refusal, confirmation in zip(named_refusals, confirmations, strict=True):
        step = named_refusal.refusal.step
        if step == "permission" and session is not None and denial is not None:
            dated.append((session, denial.event_ids))
        elif step in {"obtain", "configure", "permission"}:
            dated.append((Timing(since=confirmation.first_seen), confirmation.event_ids))
        else:
            dated.append(_exchange_timing(named_refusal.refusal, diagnosis, replayed, confirmation))
    return dated


def _exchange_timing(
    refusal: Refusal, diagnosis: Diagnosis, replayed: ReplayedLogs, confirmation: Confirmation
) -> tuple[Timing, tuple[str, ...]]:
    step = "impersonate" if replayed.cloud == "gcp" and refusal.step == "impersonate" else "exchange"
    vector = _vector(diagnosis, replayed, step)
    groups = replayed.groups_like(diagnosis.case.token, step, vector)
    of_groups = set(map(id, groups))
    current = [
        explained
        for explained in replayed.target_history.outages
        if id(explained.group) in of_groups and not explained.over
    ]
    if not current:
        current = [rest for group in groups if (rest := _rest_of_outage(group, replayed)) is not None]
    if current and (refusal.step not in UNLOGGED[replayed.cloud] or confirmation.event_ids):
        named = [explained for explained in current if explained.group.families != {None}] or current
        return _from_outage(refusal, vector, named[-1], replayed, confirmation, diagnosis.case.token.subject)
    timing = _from_configuration(refusal, vector, groups, replayed, confirmation, diagnosis.case, step)
    return timing, confirmation.event_ids


def _rest_of_outage(group: AttemptGroup, replayed: ReplayedLogs) -> ExplainedOutage | None:
    """Return the refusals of an outage after its cause was fixed: a separate outage with a different cause."""
    newest = next(
        (
            outage_of_group
            for outage_of_group in reversed(replayed.target_history.outages)
            if outage_of_group.group is group
        ),
        None,
    )
    if newest is None or newest.ended is None or newest.outage.after is not None:
        return None
    mended = replayed.target_history.starts[newest.ended]
    begin = replayed.attempts.first_after(_refused_keys(replayed, group), mended)
    if begin is None:
        return None
    times = replayed.attempts.count_between(_refused_keys(replayed, group), begin, newest.outage.end)
    outage = newest.outage._replace(begin=begin, times=times)
    return newest._replace(outage=outage, why="accepted-by-reading", appears=None, turned=None, token=None, ended=None)


def _session_timing(denial: SessionDenial, replayed: ReplayedLogs) -> Timing:
    """Return the timing of a session's denied calls, with the attempt that issued the session."""
    attempt = replayed.attempt_of_session(denial)
    return Timing(
        since=rfc3339(denial.first_seen),
        since_basis="first-failure",
        refused_since=denial.count,
        boundary=permissions_written(denial, replayed),
        session={
            "service": denial.service,
            "action": denial.action,
            "resource": denial.resource,
            "error": error_of(denial),
            "count": denial.count,
            "first_seen": rfc3339(denial.first_seen),
            "last_seen": rfc3339(denial.time),
            "event_ids": list(denial.event_ids),
            "attempt": attempt.event_id if attempt else None,
            "subject": attempt.subject if attempt else None,
        },
    )


def _from_outage(
    refusal: Refusal,
    vector: Sequence[Verdict],
    explained: ExplainedOutage,
    replayed: ReplayedLogs,
    confirmation: Confirmation,
    subject: str | None,
) -> tuple[Timing, tuple[str, ...]]:
    """Return the timing of a logged refusal. `subject` is the exchange's token subject."""
    mark = (refusal.step, str(refusal.kind))
    explained = _by_own_token(explained, vector, mark, replayed)
    outage = explained.outage
    begin = outage.begin
    if (kind := new_kind(explained, replayed, subject)) is not None:
        events = tuple(replayed.attempts.ids_between(_own_keys(replayed, subject), kind.begin, outage.end))
        return _of_new_kind(kind), events or confirmation.event_ids
    if explained.turned is None:  # an outage not explained by a revision began with the first similar outage
        outages = replayed.target_history.outages
        like = [other.outage.begin for other in outages if _is_like(other, explained, replayed)]
        begin = min((begin, *like))
    events = tuple(ids(replayed, explained.group, outage.begin, outage.end, accepted=False)) or confirmation.event_ids
    kinds, of_kind = _kinds(explained, replayed, subject)
    timing = Timing(
        since=rfc3339(begin),
        since_basis="first-failure",
        refused_since=outage.times,
        kinds=kinds,
        refused_of_kind=of_kind,
        accepted_before=outage.before.times if outage.before else 0,
        boundary=_boundary(explained, replayed, refusal),
    )
    if explained.turned is not None and not vector[-1].refusals and not explained.group.vector[-1].refusals:
        # the configuration cannot be replayed, and nothing else changed
        return timing._replace(change=change_view(replayed.target_history.history, explained.turned)), events
    if explained.token is not None and (not vector[-1].refusals or mark in vector[-1].refusals):
        return timing._replace(token_change=explained.token.view()), events
    if mark not in vector[-1].refusals:
        return timing, events
    if explained.turned is not None and explained.appears is not None:
        history, brought = replayed.target_history.history, explained.appears
        is_replayed = bool(explained.group.vector[-1].refusals)
        of_outage = explained.group.vector if is_replayed else vector
        fields = fields_of_steps(replayed.cloud, [refusal.step])
        is_unseen = any(changed_fields(history, brought).get(name, (None,))[0] is UNSEEN for name in fields)
        before = "unknown" if is_unseen and not is_replayed else of_outage[brought - 1].decision
        appears = _appears(vector, mark, brought)
        change = change_view(history, brought)
        if change is not None:
            change["replay"] = {"before": before, "after": "refused"}
            change |= _of_one_second(replayed, outage.first, brought, _mark_in(of_outage[brought], mark))
            change |= around(history, change, explained.turned, brought, appears)
        is_alone = is_replayed and vector[-1].sole and not {"or", "then"} & (change or {}).keys()
        return timing._replace(
            change=change, flips=before == "accepted" and outage.before is not None and is_alone
        ), events
    return timing, events


def _by_own_token(
    explained: ExplainedOutage, vector: Sequence[Verdict], mark: tuple[str, str], replayed: ReplayedLogs
) -> ExplainedOutage:
    """Explain an outage by the exchange's own token if the logs do not show what its refusal depends on.

    For example, a key set was replaced, but logs do not show token headers. Accepted and refused attempts had the same
    kind of token, so the write is reported, although it is not proven to have caused the refusals.
    """
    if explained.why not in _BY_READING or mark not in vector[-1].refusals:
        return explained
    history, starts = replayed.target_history.history, replayed.target_history.starts
    turned = flip_before(explained.outage, starts, vector, LAG[replayed.cloud])
    if turned is None:
        return explained._replace(why="undecided")
    at = revision_of(explained.outage, starts, vector)
    brought = deciding_write(replayed.cloud, history, vector, turned, at)
    return explained._replace(why="configuration", appears=brought, turned=turned)


def _mark_in(verdict: Verdict, mark: tuple[str, str]) -> tuple[str, str]:
    """Return this refusal's mark in the verdict, if present, else another one."""
    refusals = sorted(verdict.refusals)
    return mark if mark in refusals or not refusals else refusals[0]


def _of_one_second(replayed: ReplayedLogs, row: int, index: int, mark: tuple[str, str]) -> dict[str, Any]:
    """Return the other writes in the revision's second that also explain an attempt's refusal."""
    attempt = replayed.attempts.attempt(row)

    def judge(evidence: TargetEvidence) -> Verdict:
        return replayed.replayer.verdict_with(attempt, index, evidence)

    return not_told_apart(replayed.target_history.history, index, mark[0], judge)


def _kinds(explained: ExplainedOutage, replayed: ReplayedLogs, subject: str | None) -> tuple[int, int]:
    """Return how many kinds of token an outage concerns, and the refusals of this subject's kind among its own."""
    group, outage = explained.group, explained.outage
    own = _own_keys(replayed, subject)
    if len(group.families) == 1 or subject is None:
        return len(group.families), outage.times
    parts = [part._replace(keys=tuple(key for key in part.keys if key in own)) for part in group.parts]
    return len(group.families), replayed.attempts.count(parts, outage.begin, outage.end)


def _own_keys(replayed: ReplayedLogs, subject: str | None) -> set[int]:
    """Return the signatures of refusals of this subject's kind of token."""
    family = replayed.family(subject or "")
    return {
        signature.number
        for signature in replayed.replayer.signatures
        if signature.sample.outcome == "refused" and signature.family == family
    }


def _of_new_kind(kind: NewKind) -> Timing:
    """Return the timing for a kind of token that was refused from its first attempt on."""
    difference = kind.difference.view() if kind.difference is not None else None
    return Timing(
        since=rfc3339(kind.begin),
        since_basis="first-failure",
        token_change=difference,
        refused_since=kind.times,
        refused_of_kind=kind.times,
        boundary=of_new_kind(kind, difference),
    )


def _boundary(explained: ExplainedOutage, replayed: ReplayedLogs, refusal: Refusal) -> dict[str, Any]:
    """Return what preceded an outage; for a delay, the write that was not effective yet."""
    between = boundary(explained, replayed, refusal)
    if refusal.kind is Kind.PROPAGATION_DELAY:
        between["note"] = _young_write(explained.group, refusal.step, replayed)
    return between


def _young_write(group: AttemptGroup, step: str, replayed: ReplayedLogs) -> str:
    """Describe the write that may not have been effective yet."""
    keys = _refused_keys(replayed, group)
    newest = next((signature for signature in replayed.replayer.signatures if signature.number in keys), None)
    index = replayed.young_change(newest, frozenset({step})) if newest is not None else None
    write = replayed.target_history.history.revisions[index].change if index is not None else None
    if write is None:
        return ""
    return f"The write may not have taken effect yet: {worded(write)}."


def _is_like(other: ExplainedOutage, explained: ExplainedOutage, replayed: ReplayedLogs) -> bool:
    """Whether two outages have the same reason, with tokens of the same tenant."""

    def traits(outage: ExplainedOutage) -> tuple[object, ...]:
        group = outage.group
        return (
            outage.why,
            group.step,
            group.vector[-1].refusals,
            tenant_of(group.sample.subject, replayed.profile),
            outage.token.text if outage.token else None,
        )

    return not other.over and traits(other) == traits(explained)


def _from_configuration(  # noqa: PLR0917 - the refusal, and the exchange that it is of
    refusal: Refusal,
    vector: Sequence[Verdict],
    groups: Sequence[AttemptGroup],
    replayed: ReplayedLogs,
    confirmation: Confirmation,
    case: Case,
    step: str,
) -> Timing:
    """Return the timing of failures that leave no event: the change's time, else the last success."""
    runs = [run for group in groups for run in group.runs]
    good = [run for run in runs if run.accepted]
    last_success = max((run.end for run in good), default=None)
    mark = (refusal.step, str(refusal.kind))
    lag = LAG[replayed.cloud]
    starts = replayed.target_history.starts
    low = 0 if last_success is None else index_at(starts, last_success - lag)
    witnessed = None if last_success is None else (min(run.begin for run in good), last_success)
    turned = turn(vector, len(vector) - 1, low, witnessed=witnessed, starts=starts, lag=lag)
    if turned is not None and mark in vector[-1].refusals:
        history = replayed.target_history.history
        brought = deciding_write(replayed.cloud, history, vector, turned, len(vector) - 1)
        change = change_view(history, brought)
        if change is not None:

            def judge(evidence: TargetEvidence) -> Verdict:
                return replayed.replayer.verdict_of_case_with(case, brought, evidence, step)

            change |= not_told_apart(history, brought, _mark_in(vector[brought], mark)[0], judge)
            change |= around(history, change, turned, brought, _appears(vector, mark, brought))
            # no log shows when the outcome changed, so this proves nothing
            accepted = sum(run.times for run in good)
            after = (run for run in runs if not run.accepted and run.end >= starts[brought])
            refused = sum(run.times for run in after) if confirmation.event_ids else 0
            return Timing(
                since=change["time"],
                since_basis="change",
                change=change,
                refused_since=refused,
                accepted_before=accepted,
            )
    failed = [run for run in runs if not run.accepted and (last_success is None or run.begin > last_success)]
    if failed and refusal.step not in UNLOGGED[replayed.cloud]:
        return Timing(since=rfc3339(failed[0].begin), since_basis="first-failure")
    if last_success is not None and confirmation.first_seen is None:
        return Timing(since=rfc3339(last_success), since_basis="last-success")
    return Timing(since=confirmation.first_seen)


def _vector(diagnosis: Diagnosis, replayed: ReplayedLogs, step: str) -> list[Verdict]:
    """Return the verdict on the exchange's own token in each revision."""
    return [
        replayed.replayer.verdict_of_case(diagnosis.case, index, step)
        for index in range(len(replayed.target_history.starts))
    ]


def _appears(vector: Sequence[Verdict], mark: tuple[str, str], brought: int) -> int:
    """Return the revision in which this refusal appears, not before the revision that caused the outage.

    In a partly unknown configuration, the refusal may already exist.
    """
    place = len(vector) - 1
    while place > brought and (mark in vector[place - 1].refusals or vector[place - 1].decision in UNDECIDED):
        place -= 1
    return place if place == brought or vector[place - 1].stands_against else brought


def past_causes(
    replayed: ReplayedLogs, exchange_id: str, diagnosis: Diagnosis, checks: Mapping[Kind, Check]
) -> list[Cause]:
    """Return past outages of this exchange's kind of token, the newest first."""
    token = diagnosis.case.token
    outages = [
        explained
        for explained in reversed(replayed.target_history.outages)
        if explained.over and (explained.why in _PAST or _was_set_up(explained))
    ]
    if not outages:
        return []
    groups = [
        group
        for step in (("exchange", "impersonate") if replayed.cloud == "gcp" else ("exchange",))
        for group in replayed.groups_like(token, step, _vector(diagnosis, replayed, step))
    ]
    causes: dict[tuple[object, ...], Cause] = {}
    families = {signature.family for signature in replayed.replayer.signatures} - {None}
    several = len(families) > 1
    for explained in outages:
        if not any(explained.group is group for group in groups):
            continue
        first = replayed.attempts.attempt(explained.outage.first)
        if explained.why in _BY_READING and several and not (first.subject or first.mapped_principal):
            continue  # Google hides the caller of a denied impersonation: it may be another workload's
        index = index_at(replayed.target_history.starts, explained.outage.begin)
        then = replayed.replayer.judge(first, index)
        marks = explained.group.vector[index].refusals
        if explained.why == "configuration" and not marks:  # none of its attempts is replayed at the refusing step
            then = _as_observed(first, then)
        elif explained.why != "not-yet":  # the revisions are judged at the time of the newest attempt
            then.refusals = [refusal for refusal in then.refusals if (refusal.step, str(refusal.kind)) in marks]
        then.refusals = then.refusals[:1]
        if explained.why in _BY_READING:
            then = _as_observed(first, then)
        for named_refusal in name_refusals(then, checks):
            timing, events = _past_timing(explained, index, replayed, token.subject, named_refusal.refusal)
            cause = Cause(
                exchange_id,
                named_refusal,
                timing,
                events,
                status="past",
                contradicts_observed=contradicts_observed(then, named_refusal.refusal),
            )
            changed = (timing.change or {}).get("event_id")
            if explained.why in _BY_READING:  # the newest of many similar ones
                causes.setdefault((cause.code, cause.clause, cause.step), cause)
            else:
                causes.setdefault((cause.code, cause.clause, changed, timing.until), cause)
        if len(causes) >= MOST_PAST:
            break
    return list(causes.values())


# Ended outages that are reported. The other kinds contradict the attempts after them.
_PAST = frozenset(
    {"configuration", "token", "ran-out", "not-yet", "one-of-several", "accepted-by-reading", "undecided"}
)
# Outages whose attempts the evidence accepts.
_BY_READING = frozenset({"accepted-by-reading", "undecided"})


def _was_set_up(explained: ExplainedOutage) -> bool:
    """Whether refusals without an earlier success ended with a write after which the token was accepted."""
    ended, outage, vector = explained.ended, explained.outage, explained.group.vector
    if explained.why != "all-along" or ended is None or outage.after is None:
        return False
    return vector[ended].decision == "accepted" and vector[ended - 1].stands_against


def _as_observed(attempt: Attempt, judged: Diagnosis) -> Diagnosis:
    """Diagnose an attempt with its recorded refusal: the fault that it names, or suspicions if no evidence refuses."""
    reading = reading_of_attempt(attempt)
    case = judged.case._replace(readings=(reading,) if reading is not None else ())
    observed = diagnose(case, evaluate(case))
    observed.refusals = observed.refusals[:1]
    return observed


def _past_timing(
    explained: ExplainedOutage, index: int, replayed: ReplayedLogs, subject: str | None, refusal: Refusal
) -> tuple[Timing, tuple[str, ...]]:
    outage, history = explained.outage, replayed.target_history
    end = history.starts[explained.ended] if explained.ended is not None else None
    until = outage.after.begin if outage.after is not None else end
    kinds, of_kind = _kinds(explained, replayed, subject)
    times, last = outage.times, outage.end
    if outage.after is None and end is not None and end < last:  # refusals continued for another reason
        times = replayed.attempts.count_between(_refused_keys(replayed, explained.group), outage.begin, end)
        last = end
    timing = Timing(
        since=rfc3339(outage.begin),
        kinds=kinds,
        refused_of_kind=of_kind,
        until=rfc3339(until) if until is not None else None,
        since_basis="first-failure",
        mended_by=change_view(history.history, explained.ended) if explained.ended is not None else None,
        boundary=_boundary(explained, replayed, refusal),
        refused_since=times,
        accepted_before=outage.before.times if outage.before else 0,
    )
    if explained.turned is not None and explained.appears is not None and explained.appears <= index:  # not after it
        vector, brought = explained.group.vector[: index + 1], explained.appears
        flips = vector[brought - 1].decision == "accepted" and outage.before is not None and vector[index].sole
        change = change_view(history.history, brought)
        mark = next(iter(sorted(vector[index].refusals)), None)
        if change is not None and mark is not None:
            change |= _of_one_second(replayed, outage.first, brought, _mark_in(vector[brought], mark))
            change |= around(history.history, change, explained.turned, brought, _appears(vector, mark, brought))
        timing = timing._replace(change=change, flips=flips and not {"or", "then"} & (change or {}).keys())
    elif explained.token is not None:
        timing = timing._replace(token_change=explained.token.view())
    return timing, tuple(ids(replayed, explained.group, outage.begin, last, accepted=False))


def ids(replayed: ReplayedLogs, group: AttemptGroup, begin: float, end: float, *, accepted: bool) -> list[str]:
    """Return event ids of the group's attempts with one outcome."""
    return replayed.attempts.ids_between(_keys(replayed, group, "accepted" if accepted else "refused"), begin, end)


def _keys(replayed: ReplayedLogs, group: AttemptGroup, outcome: str) -> list[int]:
    numbers = replayed.replayer.accepted if outcome == "accepted" else replayed.replayer.refused
    return [key for key in group.keys if key in numbers]


def _refused_keys(replayed: ReplayedLogs, group: AttemptGroup) -> list[int]:
    return _keys(replayed, group, "refused")
