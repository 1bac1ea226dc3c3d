"""Find the causes of the judged exchanges: named refusals, with their times and confirming logged events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.causes import contradicts_observed
from oidc_doctor.judge.readings import reading_of_attempt
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import UNDATED, Cause, NamedRefusal, Timing

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Check
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.history.timings import Confirmation


def causes_of(
    judged: Sequence[Judged], named_refusals: Mapping[str, Sequence[NamedRefusal]], checks: Mapping[Kind, Check]
) -> list[Cause]:
    """Return the causes in order, active ones before those of past outages.

    `named_refusals` are each exchange's refusals, by its id.
    """
    active = [cause for exchange in judged for cause in _active(exchange, named_refusals[exchange.id])]
    causes = [*active, *_past(judged, checks)]
    if causes:
        causes[0] = causes[0]._replace(position="first")
    return causes


def _active(exchange: Judged, named_refusals: Sequence[NamedRefusal]) -> list[Cause]:
    dated: list[tuple[Timing, tuple[str, ...]]] = [(UNDATED, ()) for _ in named_refusals]
    if exchange.replayed is not None:
        from oidc_doctor.history.timings import timings_of

        confirmations = [_confirmation(exchange, named.refusal) for named in named_refusals]
        dated = timings_of(named_refusals, exchange.diagnosis, exchange.replayed, confirmations, exchange.denial)
        dated = [
            (_with_repairs(exchange, named.refusal, _since_write(exchange, named.refusal, timing)), events)
            for named, (timing, events) in zip(named_refusals, dated, strict=True)
        ]
        dated = [(_in_region(exchange, timing), events) for timing, events in dated]
    return [
        Cause(
            exchange.id,
            named,
            timing,
            event_ids,
            contradicts_observed=contradicts_observed(exchange.diagnosis, named.refusal),
        )
        for named, (timing, event_ids) in zip(named_refusals, dated, strict=True)
    ]


def _in_region(exchange: Judged, timing: Timing) -> Timing:
    """Return the timing of refusals in one Region, of a token that other Regions accept throughout."""
    region = exchange.region
    if region is None:
        return timing
    note = (
        f"Refused in {region.region}: the same kind of token was accepted in {' and '.join(region.others)} over the "
        f"same time, {region.accepted:,} times, the last at {rfc3339(region.accepted_last)}."
    )
    begin = rfc3339(region.begin)
    boundary: dict[str, Any] = {"last_success": None, "first_failure": begin, "changes": [], "token": None}
    boundary["note"] = note
    return timing._replace(since=begin, since_basis="first-failure", refused_since=region.times, boundary=boundary)


def _since_write(exchange: Judged, refusal: Refusal, timing: Timing) -> Timing:
    """Return the timing of a denied call, with the logged write that removed the permission."""
    if refusal.step != "permission" or not refusal.fact("shown_by") or exchange.replayed is None:
        return timing
    from oidc_doctor.history.diffs import MOST_NAMED, written
    from oidc_doctor.history.permission_changes import permission_change

    case, trace = exchange.diagnosis.case, exchange.diagnosis.trace
    change = permission_change(case, trace, refusal, exchange.replayed.changes, exchange.replayed.read_at)
    if change is None:
        return timing
    if change.view is None:
        last, *earlier = [written(write) for write in change.candidates[:MOST_NAMED]]
        before_it = f"; before it, {'; '.join(earlier)}" if earlier else ""
        note = (
            "The logs that were read do not show the earlier state of the policies. Their last write is "
            f"{last}{before_it}."
        )
        boundary = {"last_success": None, "first_failure": None, "token": None, **(timing.boundary or {})}
        return timing._replace(boundary={**boundary, "changes": change.candidates, "note": note})
    if timing.since is None:
        timing = timing._replace(since=change.view["time"], since_basis="change")
    return timing._replace(change=change.view)


def _with_repairs(exchange: Judged, refusal: Refusal, timing: Timing) -> Timing:
    """Return the timing, with refused writes that would have ended the refusal."""
    replayed = exchange.replayed
    if replayed is None or not refusal.certain or not any(change.error_code for change in replayed.changes):
        return timing
    from oidc_doctor.history.repairs import refused_repairs

    diagnosis = exchange.diagnosis
    repairs = refused_repairs(replayed, exchange.evidence, diagnosis.case, diagnosis.trace, refusal)
    return timing._replace(repairs_refused=repairs)


def _past(judged: Sequence[Judged], checks: Mapping[Kind, Check]) -> list[Cause]:
    """Return the causes of past outages. An outage concerns every token of its kind, and is reported once."""
    causes: dict[tuple[object, ...], Cause] = {}
    for exchange in judged:
        if exchange.replayed is None:
            continue
        from oidc_doctor.history.timings import past_causes

        for cause in past_causes(exchange.replayed, exchange.id, exchange.diagnosis, checks):
            if exchange.region is not None and cause.named.refusal.kind is Kind.OUTSIDE_THE_TRUST_POLICY:
                continue  # in one Region, and not over
            key = (cause.code, cause.cloud, cause.clause, cause.timing.since, cause.timing.until)
            causes.setdefault(key, cause)
    return list(causes.values())


def _confirmation(exchange: Judged, refusal: Refusal) -> Confirmation:
    """Return the logged refusals of this exchange's token whose recorded error can come from the refused step."""
    from oidc_doctor.history.timings import Confirmation

    assert exchange.replayed is not None  # noqa: S101 - the caller's branch
    event_ids: dict[str, None] = {}
    first: str | None = None
    for signature in exchange.own_signatures:
        reading = reading_of_attempt(signature.sample)
        if reading is None or refusal.step not in reading.steps:
            continue
        verdict = exchange.replayed.target_history.verdicts.get(signature.number)
        kinds = {kind for _, kind in verdict[0].refusals} if verdict else set()
        if kinds and str(refusal.kind) not in kinds:
            continue  # the replay explains this attempt by another refusal
        event_ids |= dict.fromkeys(signature.event_ids)
        seen = rfc3339(signature.first_seen)
        first = min(first, seen) if first else seen
    return Confirmation(tuple(event_ids), first)
