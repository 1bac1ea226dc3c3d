"""Compare a target's findings with those of the last run: new, continuing, changed, resolved.

A finding is resolved only by a run that read everything that the run which saw it last had read, and whose check could
decide: a policy that is cut, redacted or about another role decides nothing. Until then it is neither confirmed nor
resolved, and keeps the time at which it was last seen.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.health.observed import kept
from oidc_doctor.health.state import FindingRecord, TargetRecord
from oidc_doctor.model.health import HealthFinding, TargetHealth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.health.evidence import Evidence
    from oidc_doctor.health.observed import Observed
    from oidc_doctor.model.health import Change, Suppression, TargetState


class Seen(NamedTuple):
    """A target in this run. `now` is the run's instant, RFC 3339."""

    name: str
    state: TargetState
    reason: str
    now: str
    findings: tuple[Observed, ...]
    evidence: Evidence
    resources: tuple[str, ...] = ()
    undecided: frozenset[str] = frozenset()  # codes of the checks that could not decide on what was read


class Compared(NamedTuple):
    """The target's row of the run, and its record for the next one."""

    health: TargetHealth
    record: TargetRecord


def compare(seen: Seen, before: TargetRecord | None, *, first: bool) -> Compared:
    """Compare a target with its record; None for one that the last run did not have.

    `first`: there was no last run, so nothing is new, and this run makes the baseline.
    """
    seen = seen._replace(reason=kept(seen.reason))
    old = [] if before is None else [record for record in before.findings if not record.until]
    unreported = [] if before is None else [record for record in before.findings if record.until]
    pairs, rest = _paired(seen.findings, old)
    partial = before is not None and seen.evidence.lacks(before.read)
    findings: list[HealthFinding] = []
    records: list[FindingRecord] = []
    for observed, record in pairs:
        is_other = record is None or record.fingerprint != observed.fingerprint
        if partial and is_other and observed.confidence == "suspected":  # missing evidence makes suspicions: no news
            if record is not None:
                findings.append(_finding(record, _change_of(record)))
                records.append(record)
            continue
        updated = _record_of(observed, record, seen, told=first)
        findings.append(_finding(updated, _change_of(updated)))
        records.append(updated)
    for record in rest:
        if record.event:  # over: it is reported if a run that saw it could not report it
            if not record.told:
                record.until = seen.now
                records.append(record)
                findings.append(_finding(record, "new"))
        elif (
            (lacking := seen.evidence.lacking(record.read))
            or record.code in seen.undecided
            or seen.state in ("broken", "unread")
        ):
            if lacking and seen.state == "healthy" and record.effect == "blocks":  # nothing shows that it is over
                reason = seen.evidence.reason_of(lacking[0])
                seen = seen._replace(state="unread", reason=kept(reason))
            findings.append(_finding(record, _change_of(record)))
            records.append(record)
        else:
            record.until, record.told = seen.now, False
            records.append(record)
            findings.append(_finding(record, "resolved", until=seen.now))
    for record in unreported:
        findings.append(_finding(record, "new") if record.event else _finding(record, "resolved", until=record.until))
        records.append(record)
    health, updated_target = _with_state(seen, before, findings, records)
    updated_target.read = before.read if partial and before is not None else list(seen.evidence.read)
    return Compared(health, updated_target)


def mark_reported(record: TargetRecord) -> None:
    """Note that the changes of a target's record were reported."""
    record.told_state = record.told_since = ""
    record.told = True
    record.findings = [finding for finding in record.findings if not finding.until]
    for finding in record.findings:
        finding.told, finding.was = True, ""


def suppress(
    findings: Iterable[HealthFinding],
    records: Iterable[FindingRecord],
    suppressions: dict[tuple[str, str], Suppression],
) -> list[HealthFinding]:
    """Return the findings with the suppressions in force, by code and resource.

    A finding whose suppression has ended since the last run is reported again, as changed.
    """
    by_key = {(record.code, record.resource, record.fingerprint): record for record in records}
    covered = []
    for found in findings:
        finding = found
        suppression = suppressions.get((finding.code, finding.resource))
        record = by_key.get((finding.code, finding.resource, finding.fingerprint))
        if suppression is None and record is not None and record.hidden and finding.change == "continuing":
            record.told, record.was = False, record.hidden
            finding = finding._replace(change="changed", was=record.hidden)
        if record is not None:
            record.hidden = "" if suppression is None else _words(suppression)
        covered.append(finding._replace(suppressed=suppression))
    return covered


def _words(suppression: Suppression) -> str:
    return f"suppressed until {suppression.until} by {suppression.owner}: {suppression.reason}"


def _paired(
    now: Iterable[Observed], before: Iterable[FindingRecord]
) -> tuple[list[tuple[Observed, FindingRecord | None]], list[FindingRecord]]:
    """Pair the findings of one code and resource: first those of equal values, the others in their order.

    A change since an earlier read is another one where its values are others.
    """
    left: dict[tuple[str, str], list[FindingRecord]] = defaultdict(list)
    for record in before:
        left[record.code, record.resource].append(record)
    same: dict[int, FindingRecord] = {}
    every = list(now)
    for index, observed in enumerate(every):
        candidates = left[observed.code, observed.resource]
        match = next((record for record in candidates if record.fingerprint == observed.fingerprint), None)
        if match is not None:
            candidates.remove(match)
            same[index] = match
    pairs: list[tuple[Observed, FindingRecord | None]] = []
    for index, observed in enumerate(every):
        match = same.get(index)
        if match is None and not observed.event:
            candidates = left[observed.code, observed.resource]
            match = next((record for record in candidates if not record.event), None)
            if match is not None:
                candidates.remove(match)
        pairs.append((observed, match))
    return pairs, [record for candidates in left.values() for record in candidates]


def _record_of(observed: Observed, record: FindingRecord | None, seen: Seen, *, told: bool) -> FindingRecord:
    if record is not None and observed.fingerprint != record.fingerprint and seen.evidence.lacks(record.read):
        return replace(record, checked=seen.now)  # less evidence shows other values, which is no change
    fresh = FindingRecord(
        observed.code,
        observed.name,
        observed.resource,
        observed.effect,
        observed.headline,
        observed.fingerprint,
        since=seen.now,
        checked=seen.now,
        read=list(seen.evidence.read),
        cloud=observed.cloud,
        confidence=observed.confidence,
        fix=observed.fix,
        at=observed.at,
        told=told,
        event=observed.event,
    )
    if record is None:
        return fresh
    fresh.since, fresh.told, fresh.was, fresh.hidden = record.since, record.told, record.was, record.hidden
    is_clearer = record.confidence == "suspected" and set(record.read) < set(seen.evidence.read)  # the same, from more
    if observed.fingerprint != record.fingerprint and not is_clearer and (record.told or record.was):
        fresh.told, fresh.was = False, record.was or record.headline
    return fresh


def _change_of(record: FindingRecord) -> Change:
    if record.told:
        return "continuing"
    return "changed" if record.was else "new"


def _finding(record: FindingRecord, change: Change, *, until: str = "") -> HealthFinding:
    return HealthFinding(
        record.code,
        record.name,
        record.resource,
        record.effect,
        record.headline,
        change,
        record.since,
        record.fingerprint,
        record.cloud,
        record.confidence,
        record.fix,
        record.at,
        record.checked,
        record.was if change == "changed" else "",
        until,
    )


def _with_state(
    seen: Seen, before: TargetRecord | None, findings: list[HealthFinding], records: list[FindingRecord]
) -> tuple[TargetHealth, TargetRecord]:
    known = before if before is not None and before.told else None
    reported = seen.state if known is None else known.told_state or known.state
    reported_since = "" if known is None else known.told_since or known.since
    changed = reported != seen.state
    since = before.since if before is not None and before.state == seen.state else seen.now
    if known is not None and not changed:
        since = reported_since
    was_read = seen.state not in ("unread", "broken")
    last_read = seen.now if was_read else (before.last_read if before is not None else "")
    health = TargetHealth(
        seen.name,
        list(seen.resources) or ([] if before is None else before.resources),
        seen.state,
        since,
        findings,
        was=reported if changed else None,
        was_since=reported_since if changed else "",
        reason=seen.reason,
        last_read=last_read,
    )
    record = TargetRecord(
        seen.state,
        since,
        last_read,
        seen.reason,
        health.resources,
        records,
        told_state=reported if changed else "",
        told_since=reported_since if changed else "",
        told=known is not None,
    )
    return health, record
