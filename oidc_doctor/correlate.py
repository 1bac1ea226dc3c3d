"""Causes put into time: since when, by which change, until when; outages that are over; and the timeline of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.chronicle import Chronicle, Explained, Reader, Strand, change_view, tenant_of
from oidc_doctor.diagnose import Diagnosis, as_causes
from oidc_doctor.evaluate.times import rfc3339
from oidc_doctor.logs.outages import LAG, Verdict, index_at, turn
from oidc_doctor.logs.rows import session_number
from oidc_doctor.model.report import AttemptRow, Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from oidc_doctor.checkkit import Check, Words
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.signatures import Attempts, Run
    from oidc_doctor.model.event import Change, SessionUse, Signature
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.model.exchange import Cloud
    from oidc_doctor.model.trace import Kind

_MOST_ENTRIES = 400
_MOST_RUNS = 40  # of one strand in the timeline
_MOST_PAST = 20
# AWS steps whose refusals CloudTrail usually does not hold [re:Post on InvalidIdentityToken; see logs/silence.py].
_UNLOGGED = {"aws": ("token", "provider", "audience", "keys"), "gcp": ("target", "token")}


class Deduced(NamedTuple):
    """What Google's entries do not show of the logged tokens, and the provider's history tells."""

    issuer: str | None = None
    audience: str | None = None
    profile: Profile | None = None


class Past(NamedTuple):
    """What the logs tell of one target in one cloud."""

    cloud: Cloud
    reader: Reader
    told: Chronicle
    attempts: Attempts
    profile: Profile | None
    known: Deduced = Deduced()

    def stand_in(self) -> str | None:
        """What is taken from the logs for want of a file, in words; None where nothing is."""
        names = self.told.history.stand_ins
        listed = ", ".join(names)
        return f"that nothing later wrote what only the logs tell: {listed}" if names else None

    def family(self, subject: str) -> str:
        """The subject with `*` for what is new in each run."""
        return self.profile.subject_family(subject) if self.profile else subject

    def strands_like(self, token: Token, step: str, decisions: tuple[str, ...]) -> list[Strand]:
        """The strands that the token belongs to: with its family; failing that, with its fate."""
        subject, audience = token.subject, token.claims.get("aud")
        family = self.family(subject) if subject else None
        same = [
            one
            for one in self.told.strands
            if one.step == step
            and (family is None or family in one.families or one.families == {None})
            and (None in one.audiences or not isinstance(audience, str) or audience in one.audiences)
        ]
        return same or [one for one in self.told.strands if one.step == step and one.decisions == decisions]

    def is_mended(self, found: Signature) -> bool:
        """Whether a refusal was by a configuration that is no longer in force, and the present one accepts."""
        if found.number not in self.told.verdicts:
            return False
        then, index = self.told.verdicts[found.number]
        now = self.reader.verdict(found.sample, len(self.told.starts) - 1)
        return index < len(self.told.starts) - 1 and then.stands_against and now.decision == "accepted"

    def age_of_change(self, found: Signature) -> float | None:
        """Seconds from the last change to this refusal, where it may not have been in force everywhere."""
        index = index_at(self.told.starts, found.last_seen)
        age = found.last_seen - self.told.starts[index]
        return age if index and 0 <= age <= LAG[self.cloud] else None


def date(causes: Iterable[Cause], diagnosis: Diagnosis, past: Past) -> None:
    """Say of the exchange's active causes since when they are, and which change brought them."""
    token = diagnosis.case.token
    for cause in causes:
        if cause.step in {"obtain", "configure", "permission"}:
            continue
        step = "impersonate" if past.cloud == "gcp" and cause.step == "impersonate" else "exchange"
        vector = _vector(diagnosis, past, step)
        strands = past.strands_like(token, step, tuple(one.decision for one in vector))
        current = [
            one for one in past.told.explained if any(one.strand is strand for strand in strands) and not one.over
        ]
        if current and cause.step not in _UNLOGGED[past.cloud]:
            _from_outage(cause, vector, current[-1], past)
        else:
            _from_configuration(cause, vector, strands, past)


def date_use(causes: Iterable[Cause], used: SessionUse, past: Past) -> None:
    """Tie the refused calls of a session to the attempt that gave it out."""
    row = past.attempts.by_session(session_number(used.session)) if used.cloud == "aws" else None
    attempt = past.attempts.attempt(row) if row is not None else None
    if attempt is None:
        samples = (one.sample for one in past.reader.signatures if one.sample.outcome == "accepted")
        attempt = next((one for one in samples if used.session and one.mapped_principal == used.session), None)
    for cause in causes:
        if cause.step != "permission":
            continue
        cause.since, cause.since_basis = rfc3339(used.first_seen), "first-failure"
        cause.refused_since = used.count
        cause.confirmed_by = list(used.event_ids)
        cause.boundary = _permissions_written(used, past)
        cause.session = {
            "service": used.service,
            "action": used.action,
            "resource": used.resource,
            "error": ": ".join(text for text in (used.error_code, used.error_message) if text),
            "count": used.count,
            "first_seen": rfc3339(used.first_seen),
            "last_seen": rfc3339(used.time),
            "event_ids": list(used.event_ids),
            "attempt": attempt.event_id if attempt else None,
            "subject": attempt.subject if attempt else None,
        }


def _permissions_written(used: SessionUse, past: Past) -> dict[str, Any]:
    """The writes of the role's permissions before its sessions' calls were refused, the newest first."""
    earlier = [one for one in past.told.history.other if one.time <= used.first_seen]
    return {
        "last_success": None,
        "first_failure": rfc3339(used.first_seen),
        "changes": [
            {"event_id": one.event_id, "time": rfc3339(one.time), "what": one.what, "by": one.by, "flips": False}
            for one in earlier[::-1][:_MOST_PAST]
        ],
        "token": None,
        "note": "What the session may do is not replayed: these writes lie before the first refused call."
        if earlier
        else "",
    }


def _from_outage(cause: Cause, vector: Sequence[Verdict], found: Explained, past: Past) -> None:
    """The logs hold the refusals themselves."""
    outage = found.outage
    begin = outage.begin
    if found.turned is None:  # what no revision explains began with the first of the like
        begin = min(begin, *(one.outage.begin for one in past.told.explained if _like(one, found, past)))
    cause.since, cause.since_basis = rfc3339(begin), "first-failure"
    cause.refused_since = outage.times
    cause.accepted_before = outage.before.times if outage.before else 0
    cause.boundary = _boundary(found, past)
    cause.confirmed_by = _ids(past, found.strand, outage.begin, outage.end, accepted=False) or cause.confirmed_by
    mark = (cause.step, cause.name)
    if found.turned is not None and not vector[-1].marks and not found.strand.vector[-1].marks:
        cause.change = change_view(past.told.history, found.turned)  # it cannot be replayed, and nothing else changed
        return
    if mark not in vector[-1].marks:
        return
    if found.turned is not None:
        appears = _appears(vector, mark, found.turned)
        cause.change = change_view(past.told.history, appears)
        if cause.change is not None:
            cause.change["replay"] = {"before": found.strand.vector[found.turned - 1].decision, "after": "refused"}
        flips = found.strand.vector[found.turned - 1].decision == "accepted" and outage.before is not None
        if flips and vector[-1].sole and cause.confidence == "predicted":
            cause.confidence = "proven"
    elif found.token is not None:
        cause.token_change = found.token.view()


def _like(one: Explained, other: Explained, past: Past) -> bool:
    """Whether two outages go on for the same reason, in tokens of the same tenant."""
    return (
        not one.over
        and (one.why, one.strand.step) == (other.why, other.strand.step)
        and one.strand.vector[-1].marks == other.strand.vector[-1].marks
        and tenant_of(one.strand.sample.subject, past.profile) == tenant_of(other.strand.sample.subject, past.profile)
        and (one.token.text if one.token else None) == (other.token.text if other.token else None)
    )


def _from_configuration(cause: Cause, vector: Sequence[Verdict], strands: Sequence[Strand], past: Past) -> None:
    """The failures leave no event: the change's time, else the last success."""
    runs = [run for strand in strands for run in strand.runs]
    good = [run for run in runs if run.accepted]
    last_success = max((run.end for run in good), default=None)
    mark = (cause.step, cause.name)
    lag = LAG[past.cloud]
    low = 0 if last_success is None else index_at(past.told.starts, last_success - lag)
    witnessed = None if last_success is None else (min(run.begin for run in good), last_success)
    _, turned = turn(vector, len(vector) - 1, low, witnessed=witnessed, starts=past.told.starts, lag=lag)
    if turned is not None and mark in vector[-1].marks:
        appears = _appears(vector, mark, turned)
        change = change_view(past.told.history, appears)
        if change is not None:
            cause.change, cause.since, cause.since_basis = change, change["time"], "change"
            cause.accepted_before = sum(run.times for run in good)
            return  # when the outcome flipped is in no log, so this proves nothing
    failed = [run for run in runs if not run.accepted and (last_success is None or run.begin > last_success)]
    if failed and cause.step not in _UNLOGGED[past.cloud]:
        cause.since, cause.since_basis = rfc3339(failed[0].begin), "first-failure"
    elif last_success is not None and cause.since is None:
        cause.since, cause.since_basis = rfc3339(last_success), "last-success"


def _vector(diagnosis: Diagnosis, past: Past, step: str) -> list[Verdict]:
    """The exchange's own token on each revision."""
    return [past.reader.verdict_of_case(diagnosis.case, index, step) for index in range(len(past.told.starts))]


def _appears(vector: Sequence[Verdict], mark: tuple[str, str], turned: int) -> int:
    """The revision from which on this refusal stands, not before the one in which accepting ended."""
    place = len(vector) - 1
    while place > turned and mark in vector[place - 1].marks:
        place -= 1
    return place


def _boundary(found: Explained, past: Past) -> dict[str, Any]:
    """What lies between the last success and the first failure, ranked; or what would have to be logged to know."""
    outage, history = found.outage, past.told.history
    low = outage.before.end if outage.before else None
    begin = (low if low is not None else 0.0) - LAG[past.cloud]
    inside = [
        {
            "event_id": one.change.event_id,
            "time": rfc3339(one.change.time),
            "what": one.change.what,
            "by": one.change.by,
            "flips": index in {found.appears, found.turned},
        }
        for index, one in enumerate(history.revisions)
        if one.change is not None and begin <= one.start <= outage.begin
    ]
    inside.sort(key=lambda one: not one["flips"])
    view: dict[str, Any] = {
        "last_success": rfc3339(low) if low is not None else None,
        "first_failure": rfc3339(outage.begin),
        "changes": inside[:_MOST_PAST],
        "token": found.token.view() if found.token else None,
        "note": _NOTES.get(found.why, ""),
    }
    return view


_NOTES = {
    "unlogged-change": (
        "The same token passed before on what is taken for the same configuration, so it was changed in between by a "
        "write that is in no log that was read (inferred; else this reading of the configuration is wrong). IAM's "
        "writes are in CloudTrail's us-east-1, Google's in Admin Activity."
    ),
    "all-along": "No success of this kind of token is in the logs: as far as they go, it was refused all along.",
    "accepted-by-reading": (
        "What was read accepts this token: what refused it is in no file (a resource control policy, a deny policy, a "
        "change that was not in force everywhere yet)."
    ),
}


def past_causes(
    past: Past,
    exchange_id: str,
    diagnosis: Diagnosis,
    kinds: dict[Kind, Check],
    say: Callable[[Diagnosis], dict[int, Words]],
) -> list[Cause]:
    """Outages of this exchange's kind of token that are over, the newest first."""
    token = diagnosis.case.token
    mine = [
        strand
        for step in (("exchange", "impersonate") if past.cloud == "gcp" else ("exchange",))
        for strand in past.strands_like(token, step, tuple(one.decision for one in _vector(diagnosis, past, step)))
    ]
    out: list[Cause] = []
    seen: set[tuple[str | None, ...]] = set()
    for one in reversed(past.told.explained):
        if not one.over or one.why not in {"configuration", "token"} or not any(one.strand is my for my in mine):
            continue
        first = past.attempts.attempt(one.outage.first)
        at = index_at(past.told.starts, one.outage.begin)
        then = past.reader.judge(first, at)
        marks = one.strand.vector[at].marks
        then.refusals = [refusal for refusal in then.refusals if (refusal.step, str(refusal.kind)) in marks][:1]
        for cause in as_causes(then, exchange_id, kinds, say(then))[:1]:
            _as_past(cause, one, past)
            key = (cause.code, cause.location, (cause.change or {}).get("event_id"), cause.until)
            if key not in seen:
                seen.add(key)
                out.append(cause)
        if len(out) >= _MOST_PAST:
            break
    return out


def _as_past(cause: Cause, found: Explained, past: Past) -> None:
    outage = found.outage
    cause.status, cause.position = "past", "next"
    cause.since, cause.since_basis = rfc3339(outage.begin), "first-failure"
    cause.refused_since = outage.times
    cause.accepted_before = outage.before.times if outage.before else 0
    cause.confirmed_by = _ids(past, found.strand, outage.begin, outage.end, accepted=False)
    end = past.told.starts[found.mended] if found.mended is not None else None
    after = outage.after.begin if outage.after is not None else None
    until = after if after is not None else end
    cause.until = rfc3339(until) if until is not None else None
    cause.mended_by = change_view(past.told.history, found.mended) if found.mended is not None else None
    cause.boundary = _boundary(found, past)
    if found.turned is not None and found.appears is not None:
        cause.change = change_view(past.told.history, found.appears)
        at = index_at(past.told.starts, outage.begin)
        flips = found.strand.vector[found.turned - 1].decision == "accepted" and outage.before is not None
        if flips and found.strand.vector[at].sole and cause.confidence == "predicted":
            cause.confidence = "proven"
    elif found.token is not None:
        cause.token_change = found.token.view()


def _ids(past: Past, strand: Strand, begin: float, end: float, *, accepted: bool) -> list[str]:
    """Event ids of the strand's attempts with one outcome."""
    wanted = "accepted" if accepted else "refused"
    outcomes = {one.number: one.sample.outcome for one in past.reader.signatures}
    return past.attempts.ids_between([key for key in strand.keys if outcomes.get(key) == wanted], begin, end)


def attempt_row(found: Signature, past: Past | None) -> AttemptRow:
    """One signature, with the decision of the configuration that was in force at its newest attempt."""
    sample = found.sample
    error = ": ".join(text for text in (sample.error_code, sample.error_message) if text) or None
    replay, cause = None, None
    if past is not None and found.number in past.told.verdicts:
        verdict, index = past.told.verdicts[found.number]
        decision = "unknown" if verdict.decision == "doubtful" else verdict.decision
        replay = {"decision": decision, "revision": _revision(past, index)}
        if found.sample.outcome == "refused":
            cause = _why(verdict, past, found)
    return AttemptRow(
        cloud=sample.cloud,
        target=sample.target,
        provider=sample.provider,
        subject=sample.subject,
        audience=sample.audience,
        outcome=sample.outcome,
        error=error,
        count=found.count,
        first_seen=rfc3339(found.first_seen),
        last_seen=rfc3339(found.last_seen),
        replay=replay,
        cause=cause,
        event_ids=list(found.event_ids),
        family=found.family,
        step=sample.step,
        subjects=list(found.subjects),
        callers=[{"address": name, "count": times} for name, times in found.callers],
        regions=[{"region": name, "count": times} for name, times in found.regions],
        rate_per_hour=_rate(found),
        counts=list(found.counts),
        inferred_from=sample.inferred_from,
    )


def _why(verdict: Verdict, past: Past, found: Signature) -> str | None:
    """The cause's name for a refused signature."""
    if verdict.first is not None:
        return next((kind for step, kind in sorted(verdict.marks) if step == verdict.first), None)
    if verdict.decision != "accepted":
        return None
    revisions = past.told.history.revisions
    if len(revisions) > 1 and revisions[-1].change is None:  # a write that is in no log: what is read may tell
        now = past.reader.verdict(found.sample, len(revisions) - 1)
        if now.stands_against:
            return next((kind for step, kind in sorted(now.marks) if step == now.first), None)
    if past.age_of_change(found) is not None:
        return "propagation-delay"
    return "outside-the-trust-policy" if past.cloud == "aws" else "outside-the-allow-policy"


def _rate(found: Signature) -> float | None:
    """Attempts an hour between the first and the last; None for fewer than two."""
    span = found.last_seen - found.first_seen
    return round((found.count - 1) * 3600 / span, 2) if span > 0 else None


def _revision(past: Past, index: int) -> str:
    """A revision's name: the event that made it, or the reading."""
    revisions = past.told.history.revisions
    if index == len(revisions) - 1 and (len(revisions) == 1 or revisions[index].change is None):
        return "as read"
    change = revisions[index].change
    if change is not None:
        return f"event {change.event_id}"
    following = revisions[index + 1].change
    return f"before event {following.event_id}" if following is not None else "before the reading"


def timeline(pasts: Iterable[Past]) -> list[dict[str, Any]]:
    """Attempts that ended alike and writes of configuration, in order of time."""
    out: list[dict[str, Any]] = []
    for past in pasts:
        flips = {one.appears for one in past.told.explained} | {one.mended for one in past.told.explained}
        for strand in past.told.strands:
            out += [_run_entry(past, strand, run) for run in strand.runs[-_MOST_RUNS:]]
        for index, revision in enumerate(past.told.history.revisions):
            if revision.change is not None:
                out.append(_change_entry(past, revision.change, "change", index, flips=index in flips))
        out += [_change_entry(past, one, "failed-change", None, flips=False) for one in past.told.history.refused]
        out += [_change_entry(past, one, "change", None, flips=False) for one in past.told.history.other]
    unique = {
        (one["kind"], one.get("event_id"), one["time"], one.get("subject"), one.get("outcome")): one for one in out
    }
    return sorted(unique.values(), key=lambda one: (one["time"], one["kind"]))[-_MOST_ENTRIES:]


def _run_entry(past: Past, strand: Strand, run: Run) -> dict[str, Any]:
    first = past.attempts.attempt(run.first)
    outcome = "accepted" if run.accepted else "refused"
    what = "impersonation" if strand.step == "impersonate" else "exchange"
    return {
        "time": rfc3339(run.begin),
        "until": rfc3339(run.end),
        "kind": "attempts",
        "cloud": past.cloud,
        "resource": first.target,
        "text": f"{run.times:,} {what}{'' if run.times == 1 else 's'} {outcome}: {strand.name}",
        "outcome": outcome,
        "count": run.times,
        "subject": first.subject,
        "families": sorted(one for one in strand.families if one)[:_MOST_PAST],
        "event_ids": _ids(past, strand, run.begin, run.end, accepted=run.accepted)[:3],
    }


def _change_entry(past: Past, change: Change, kind: str, index: int | None, *, flips: bool) -> dict[str, Any]:
    view = change_view(past.told.history, index) if index is not None else None
    failed = f", refused: {change.error_code}" if change.error_code else ""
    return {
        "time": rfc3339(change.time),
        "until": None,
        "kind": kind,
        "cloud": past.cloud,
        "resource": change.resource,
        "text": f"{change.what} by {change.by or 'an unknown caller'}{failed}",
        "event_id": change.event_id,
        "by": change.by,
        "what": change.what,
        "diff": view["diff"] if view else "",
        "error": ": ".join(text for text in (change.error_code, change.error_message) if text) or None,
        "flips": flips,
    }


def contradictions(pasts: Mapping[Any, Past]) -> list[str]:
    """Attempts that were accepted in fact and refused by the reading, each once."""
    return list(dict.fromkeys(line for past in pasts.values() for line in past.told.contradictions))


def in_time(cause: Cause) -> str:
    """What the cause's sentence goes on with: the change that brought it. "" where none is known."""
    if cause.change is not None:
        by = (cause.change["by"] or "an unknown caller").rpartition("/")[2]
        return f", since {cause.change['what']} by {by} at {cause.change['time']}"
    if cause.token_change is not None:
        side = "request" if cause.token_change["what"] == "request" else "token"
        return f", since the {side} changed: {cause.token_change['text']}"
    return ""
