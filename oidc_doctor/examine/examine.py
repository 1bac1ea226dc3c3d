"""Evidence in, Report out: collect, build cases, evaluate, diagnose, check. No I/O of its own but through `sources`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.findings.causes import Diagnosis
from oidc_doctor.model.report import Report

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.logs.reading.raw_events import RawEvents
from oidc_doctor.examine.assemble import accepted_subjects, exchange_row, make_report, names_a_resource, raw_events_of
from oidc_doctor.examine.collect import Run, apply_window, read_logs
from oidc_doctor.examine.judge import judge_all
from oidc_doctor.examine.question import Progress, Question, silent


class Examined(NamedTuple):
    """A report, and by each exchange's id what it was made from: where a what-if edit begins."""

    report: Report
    diagnoses: dict[str, Diagnosis]
    accepted: dict[str, tuple[str, ...]]  # subjects that the logs show as accepted
    raw: RawEvents | None = None  # the events behind the report's attempts and changes


def run(bundle: Bundle | None, question: Question, progress: Progress = silent) -> Report:
    """The whole answer for one bundle (None: only what the command line gives)."""
    return examine(bundle, question, progress).report


def examine(bundle: Bundle | None, question: Question, progress: Progress = silent) -> Examined:
    """`run`, keeping what the report was made from."""
    from oidc_doctor.bundle.snapshot import load_snapshot

    progress("reading the configuration")
    snapshot = load_snapshot(
        bundle, overrides=question.overrides, error_text=question.error_text, extra_tokens=question.tokens
    )
    state = Run(question, snapshot, coverage=list(snapshot.coverage))
    read_logs(state, bundle)
    apply_window(state)
    judged = judge_all(state)
    if question.account:
        judged = [one for one in judged if names_a_resource(one.evidence.target, one.diagnosis.trace.cloud)]
    for one in judged:
        progress(f"judging {one.id}", exchange_row(one.id, one.diagnosis))
    return Examined(
        make_report(state, judged),
        {one.id: one.diagnosis for one in judged},
        {one.id: tuple(accepted_subjects(one)) for one in judged},
        raw_events_of(state, judged),
    )
