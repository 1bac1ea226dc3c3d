"""The work for a report grows with the number of its targets, and no faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine import narrowings
from oidc_doctor.examine.examine import examine
from oidc_doctor.examine.question import Question
from oidc_doctor.findings import allowed_subjects as allowed_subjects_module
from oidc_doctor.findings import shared_traces
from oidc_doctor.findings.allowed_subjects import allowed_subjects
from oidc_doctor.report.parts import sentences
from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    import pytest

    from oidc_doctor.model.report import Report

LinesRun = Callable[[Callable[[], object]], int]


def many(report: Report, number: int) -> Report:
    """The same report with so many copies of its refused exchange, each of a target of its own."""
    exchange, cause = report.exchanges[0], report.causes[0]
    names = [f"t{at}" for at in range(number)]
    return replace(
        report,
        exchanges=[replace(exchange, id=f"{name}/aws", target_name=name) for name in names],
        causes=[cause._replace(exchange=f"{name}/aws") for name in names],
        observed=[],
    )


def test_four_times_the_exchanges_are_four_times_the_lines_of_a_report(
    aws: Any, lines_run: LinesRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.trust(aws.statement(aws.subject("v=1:org=Another:*")))
    report = aws.ask().report
    render_text(many(report, 2), width=100, color=False)  # what is loaded once
    few = lines_run(lambda: render_text(many(report, 25), width=100, color=False))
    most = lines_run(lambda: render_text(many(report, 100), width=100, color=False))
    assert most < 4.4 * few
    in_order, ordered = sentences.in_order, []
    monkeypatch.setattr(sentences, "in_order", lambda of: ordered.append(of) or in_order(of))
    render_text(many(report, 25), width=100, color=False)
    assert len(ordered) < 5  # and not for each exchange


def test_each_exchange_is_asked_for_its_resource_and_not_each_pair(
    bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    reach_of = narrowings.reach_of
    monkeypatch.setattr(narrowings, "reach_of", lambda case: asked.append(case) or reach_of(case))
    for number in range(6):
        bundle.write(
            f"targets/t{number}/error.txt", "An error occurred (AccessDenied) when calling the GetRole operation"
        )
    assert len(bundle.ask().report.exchanges) == 6
    assert len(asked) == 12


def test_the_row_of_an_exchange_judges_the_synthetic_tokens_of_its_checks_once(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.remove("claims.json", "token.jwt")
    passed: list[object] = []
    of_row = allowed_subjects_module.allowed_subjects
    monkeypatch.setattr(
        allowed_subjects_module, "allowed_subjects", lambda case, shared: passed.append(shared) or of_row(case, shared)
    )
    with open_bundle(aws.root) as bundle:
        (diagnosis,) = examine(bundle, Question()).diagnoses.values()
    assert [type(shared) for shared in passed] == [shared_traces.SharedTraces]  # the row is built once
    case = diagnosis.case
    judged: list[object] = []
    evaluate = shared_traces.evaluate
    monkeypatch.setattr(shared_traces, "evaluate", lambda other: judged.append(other) or evaluate(other))
    assert allowed_subjects(case)
    alone = len(judged)
    shared = shared_traces.SharedTraces()
    assert allowed_subjects(case, shared) == allowed_subjects(case, shared) == allowed_subjects(case)
    assert len(judged) == 3 * alone
