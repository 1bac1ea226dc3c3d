"""Turn evidence into a Report: collect, build cases, evaluate, diagnose, check."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.examine.alone import answer
from oidc_doctor.examine.assemble import accepted_subjects, make_report, names_a_resource, raw_events_of
from oidc_doctor.examine.collect import Run, apply_window, files_of, read_logs, renew_tokens
from oidc_doctor.examine.exchange_rows import exchange_row
from oidc_doctor.examine.judge import Judged, judge_all
from oidc_doctor.examine.question import Question, RunProgress, silent
from oidc_doctor.findings.causes import Diagnosis
from oidc_doctor.model.report import Report

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.logs.reading.raw_events import RawEvents


_NONE: Mapping[str, str] = MappingProxyType({})


class Examined(NamedTuple):
    """A report, and its source data by exchange id, for what-if edits."""

    report: Report
    diagnoses: dict[str, Diagnosis]
    accepted: dict[str, tuple[str, ...]]  # subjects accepted in the logs
    raw: RawEvents | None = None  # the events behind the report's attempts and changes
    unread: Mapping[str, str] = _NONE  # why a file, or a part of the logs, was not read, by its path in the bundle
    absent: tuple[str, ...] = ()  # files whose resource does not exist, as the cloud said


def run(bundle: Bundle | None, question: Question, progress: RunProgress = silent) -> Report:
    """Return the report for a bundle (None: only command line evidence).

    Raises ChangeError if a change of the question is not about the evidence.
    """
    return examine(bundle, question, progress).report


def examine(bundle: Bundle | None, question: Question, progress: RunProgress = silent) -> Examined:
    """Return the report together with its source data. Raises ChangeError as `run` does."""
    state, judged = read_and_judge(bundle, question, progress)
    snapshot = state.snapshot
    if question.account:
        judged = [
            exchange
            for exchange in judged
            if names_a_resource(exchange.evidence.target, exchange.diagnosis.trace.cloud)
        ]
    for exchange in judged if progress is not silent else ():
        row = exchange_row(exchange.id, exchange.diagnosis, shared_traces=state.shared_traces)
        progress(f"judging {exchange.id}", row)
    report = make_report(state, judged)
    if question.proposed:
        from oidc_doctor.examine.proposed.answer import add_proposed  # late: most reports are about the present alone

        progress("judging the change")
        add_proposed(state, judged, report)
    else:
        report.alone = answer(state, judged, report, bundle.paths if bundle is not None else ())
    if report.alone is not None:
        report.headline = report.alone.headline
    return Examined(
        report,
        {exchange.id: exchange.diagnosis for exchange in judged},
        {exchange.id: tuple(accepted_subjects(exchange)) for exchange in judged},
        raw_events_of(state, judged),
        _unread(state),
        tuple(path for path, missing in snapshot.reads.items() if missing.proves_absence),
    )


def read_and_judge(
    bundle: Bundle | None, question: Question, progress: RunProgress = silent
) -> tuple[Run, list[Judged]]:
    """Return the run with everything that was read, and the judged exchanges, before any check is run."""
    from oidc_doctor.bundle.snapshot import load_snapshot

    progress("reading the configuration")
    snapshot = load_snapshot(
        bundle,
        overrides=question.overrides,
        error_text=question.error_text,
        error_place=question.error_place,
        extra_tokens=question.tokens,
    )
    state = Run(question, snapshot, coverage=[*files_of(question), *snapshot.coverage])
    read_logs(state, bundle)
    apply_window(state)
    renew_tokens(state)
    state.name_logged_targets()
    return state, judge_all(state)


def _unread(state: Run) -> dict[str, str]:
    """Return the failed reads, the files that cannot be parsed, and the logs that are incomplete."""
    failed = {path: read.reason for path, read in state.snapshot.reads.items() if not read.proves_absence}
    partial = {
        row.path or row.what: row.reason
        for row in state.coverage
        if row.status == "partial" or (row.named and row.status in ("missing", "denied"))
    }
    return partial | failed
