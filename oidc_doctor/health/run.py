"""Run every target, compare it with the last run, and say what changed."""

from __future__ import annotations

import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor import __version__
from oidc_doctor.bundle import contract
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import examine
from oidc_doctor.examine.question import Question
from oidc_doctor.health.compare import Seen, compare, mark_reported, suppress
from oidc_doctor.health.evidence import Evidence, documents_of, evidence_of
from oidc_doctor.health.observed import (
    attempts_of,
    explained_by,
    findings_of,
    fixed_of,
    resources_of,
    state_of,
    undecided_by,
    undecided_codes,
    why_unknown,
)
from oidc_doctor.health.reading import LiveOptions, Reading, read_targets
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.health import Health, Suppression, TargetHealth
from oidc_doctor.model.times import epoch_of
from oidc_doctor.notify import outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.documents.health_file import HealthFile
    from oidc_doctor.examine.question import FailOn
    from oidc_doctor.health.state import State, TargetRecord
    from oidc_doctor.model.report import Report

_BACKWARD = 60.0  # seconds that a clock may go back between two runs without a word
_OK, _FINDING, _UNKNOWN, _BROKEN = 0, 1, 3, 4  # the exit codes of a report


class Request(NamedTuple):
    """What a health run is asked. `at` is the instant judged at, epoch seconds; None is each target's own."""

    file: HealthFile
    folder: str  # that of the file: paths of bundles count from there
    at: float | None = None
    fail_on: FailOn = "blocks"
    live: LiveOptions = LiveOptions()
    keep_reports: bool = False  # for formats that show them: a hundred reports need memory


def run(
    request: Request, state: State, narrate: Callable[[str], None], kept: dict[str, Reading] | None = None
) -> Health:
    """Return the result of a run, and bring `state` up to date. Changes in it count as unreported: see `reported`.

    `kept` receives the evidence of each target, by its name, for a caller that looks closer at one.
    """
    began = time.monotonic()
    now = time.time() if request.at is None else request.at
    stamp, first = rfc3339(now), not state.last_run or state.unreported_baseline
    warnings = [*request.file.warnings, *_of_clock(state, now)]
    if first:  # of a run that ended before its report, nothing is known to a reader
        state.targets, state.last_run, state.unreported_baseline = {}, "", True
    targets: list[TargetHealth] = []
    suppressions = [
        suppression._replace(expired=suppression.until < _day(now)) for suppression in request.file.suppressions
    ]
    for reading in read_targets(request.file.targets, request.folder, request.live, narrate):
        name = reading.target.target.name
        narrate(f"judging {name}")
        if kept is not None:
            kept[name] = reading
        health, record = _target(reading, request, state, stamp, first=first)
        in_force = {
            (suppression.code, suppression.resource): suppression
            for suppression in suppressions
            if not suppression.expired and suppression.target in ("", name)
        }
        health.findings = suppress(health.findings, record.findings, in_force)
        state.targets[name] = record
        targets.append(health)
    names = {target.target.name for target in request.file.targets}
    gone = [name for name in state.targets if name not in names]
    last_run, state.last_run, state.gone = state.last_run, stamp, gone
    return Health(
        _exit_code(targets, request.fail_on),
        stamp,
        {"name": "oidc-doctor", "version": __version__},
        targets,
        first=first,
        last_run=last_run,
        seconds=time.monotonic() - began,
        suppressions=[_counted(suppression, targets) for suppression in suppressions],
        gone=gone,
        warnings=warnings,
        undelivered=outbox.pending(state.outbox),
    )


def reported(state: State) -> None:
    """Note that the changes in the state were reported."""
    state.unreported_baseline = False
    state.targets = {name: record for name, record in state.targets.items() if name not in state.gone}
    state.gone = []
    outbox.reported(state.outbox)
    for record in state.targets.values():
        mark_reported(record)


def _target(
    reading: Reading, request: Request, state: State, stamp: str, *, first: bool
) -> tuple[TargetHealth, TargetRecord]:
    """Judge a target's evidence, and compare it with its record."""
    began = time.monotonic()
    name = reading.target.target.name
    before = state.targets.get(name)
    earlier = {} if before is None else {path: state.documents[key] for path, key in before.documents.items()}
    report: Report | None = None
    documents, fixed, defect = earlier, {} if before is None else before.fixed, ""
    if reading.defect is not None:
        defect = "".join(traceback.format_exception(reading.defect))
        seen = Seen(name, "broken", _defect(reading.defect), stamp, (), Evidence())
    elif reading.bundle is None:
        seen = Seen(name, "unread", reading.reason, stamp, (), Evidence())
    else:
        try:
            with reading.bundle as bundle:
                seen, report, documents = _examined(bundle, reading, request, before, earlier, stamp)
                fixed = fixed_of(report, before)
        except Exception as error:  # noqa: BLE001 - one target's defect must not hide the others; its state says so
            defect = "".join(traceback.format_exception(error))
            seen = Seen(name, "broken", _defect(error), stamp, (), Evidence())
    health, record = compare(seen, before, first=first)
    record.fixed = fixed
    record.documents = {path: state.keep(text) for path, text in documents.items()}
    health.seconds = reading.seconds + time.monotonic() - began
    health.traceback = defect
    health.source = reading.target.source or "live"
    if report is not None:
        health.attempts, health.refused = attempts_of(report)
        health.report = report if request.keep_reports else None
    return health, record


def _examined(
    bundle: Bundle,
    reading: Reading,
    request: Request,
    before: TargetRecord | None,
    earlier: dict[str, str],
    stamp: str,
) -> tuple[Seen, Report, dict[str, str]]:
    """Return a target as its evidence shows it, its report, and the configuration for the next run."""
    target = reading.target.target
    folder = f"{contract.TARGETS}{target.name}/"
    prefix = folder if any(name.startswith(folder) for name in bundle.names()) else ""
    for path, text in earlier.items():
        bundle.add(f"{prefix}{contract.EARLIER}{path}", text.encode())
    examined = examine(bundle, question_of(reading, request))
    report = examined.report
    evidence = evidence_of(bundle, examined)
    lacking = [path for path in undecided_by(report) if path in evidence.failed]
    lacking += [] if before is None else evidence.lacking(before.read)
    explained = explained_by(report, fixed_of(report, before))
    state = state_of(report, unread=bool(lacking), explained=explained)
    seen = Seen(
        target.name,
        state,
        _reason(report, evidence, lacking, explained) if state in ("unknown", "unread", "broken") else "",
        stamp,
        tuple(findings_of(report, target.name, explained)),
        evidence,
        tuple(resources_of(report)),
        undecided_codes(report),
    )
    return seen, report, documents_of(bundle, examined, earlier)


def question_of(reading: Reading, request: Request) -> Question:
    """Return what a run asks about a target."""
    target, subject = reading.target.target, reading.target.subject
    return Question(
        tokens=(hypothetical(subject, origin=reading.target.subject_at),) if subject else (),
        overrides=target if target.aws or target.gcp or target.issuer else None,
        at=request.at,
        renewed=True,
        fail_on=request.fail_on,
        obstacles=reading.obstacles,
    )


def _reason(report: Report, evidence: Evidence, lacking: Sequence[str], explained: Collection[str]) -> str:
    """Return why a target is neither healthy nor failing, as one sentence."""
    if report.obstacles:
        return report.obstacles[0].text
    if report.verdict == "broken":
        broken = next(row for row in report.checks if row.status == "broken")
        return f"The check {broken.code} broke, a fault of oidc-doctor: {broken.reason}"
    if lacking:
        return evidence.reason_of(lacking[0])
    return why_unknown(report, explained)


def _defect(error: Exception) -> str:
    return f"oidc-doctor itself failed on this target: {type(error).__name__}: {error}"


def _of_clock(state: State, now: float) -> list[str]:
    """Return a warning if the clock is earlier than in the last run."""
    last = epoch_of(state.last_run) if state.last_run else None
    if last is None or now >= last - _BACKWARD:
        return []
    return [f"the clock shows {rfc3339(now)}, earlier than the last run at {state.last_run}; ages may be too short"]


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def _counted(suppression: Suppression, targets: Iterable[TargetHealth]) -> Suppression:
    covered = (finding.suppressed for target in targets for finding in target.findings if finding.change != "resolved")
    return suppression._replace(used=sum(other == suppression for other in covered))


def _exit_code(targets: Iterable[TargetHealth], fail_on: FailOn) -> int:
    """Return the exit code, in the order of a report's. Suppressed findings do not count, nor what they explain."""
    every = list(targets)
    if any(target.state == "broken" for target in every):
        return _BROKEN
    counted = {"blocks": ("blocks",), "weakens": ("blocks", "weakens"), "never": ()}[fail_on]
    found = any(finding.is_active and finding.effect in counted for target in every for finding in target.findings)
    unexplained = any(
        target.state == "failing" and not any(finding.effect == "blocks" for finding in target.findings)
        for target in every
    )
    if found or (unexplained and fail_on != "never"):
        return _FINDING
    return _UNKNOWN if any(target.state in ("unknown", "unread") for target in every) else _OK
