"""The bundled scenarios and their fixes as edits: an edit is a Case, judged as everything else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.examine.examine import Examined
from oidc_doctor.findings.packs import bundled
from oidc_doctor.whatif.ask import Answer, WhatIf, moved_past

SAMPLES = Path(bundled("_samples", "sample_logs"))
SCENARIOS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())


@pytest.mark.sweep
@pytest.mark.parametrize("name", SCENARIOS)
def test_an_edit_equal_to_what_was_read_changes_nothing(
    name: str, what_ifs_of: Callable[[str], list[WhatIf]], decided: Callable[[Answer], tuple[Any, ...]]
) -> None:
    for what_if in what_ifs_of(name):
        for part in what_if.parts:
            answer = what_if.ask({part.id: part.text})
            assert decided(answer) == decided(what_if.present), part.id
            assert not answer.changed
        answer = what_if.ask({part.id: part.text for part in what_if.parts})
        assert decided(answer) == decided(what_if.present)
        assert not any(step.changed for step in what_if.steps(answer))
        assert all(not what_if.diff(answer.edits, part.id) for part in what_if.parts)
        assert what_if.reach(answer) is None


@pytest.mark.sweep
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_layout_of_a_text_is_no_change(
    name: str, what_ifs_of: Callable[[str], list[WhatIf]], decided: Callable[[Answer], tuple[Any, ...]]
) -> None:
    for what_if in what_ifs_of(name):
        for part in what_if.parts:
            if part.language == "json" and part.text:
                answer = what_if.ask({part.id: json.dumps(json.loads(part.text))})
                assert not answer.changed
                assert decided(answer) == decided(what_if.present)


def test_the_present_decision_is_the_reports(examined_of: Callable[[str], Examined]) -> None:
    for name in SCENARIOS:
        rows = {one.id: one for one in examined_of(name).report.exchanges}
        for key, diagnosis in examined_of(name).diagnoses.items():
            exchange = WhatIf(diagnosis).present.exchange
            assert exchange is not None
            assert (exchange.prediction, exchange.step) == (rows[key].prediction, rows[key].step)
            assert exchange.steps == rows[key].steps
            assert exchange.trace == rows[key].trace


@pytest.mark.sweep
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_proposed_fix_is_an_edit_that_moves_the_exchange_on(
    name: str, what_ifs_of: Callable[[str], list[WhatIf]], examined_of: Callable[[str], Examined]
) -> None:
    report = examined_of(name).report
    causes = {cause.code for cause in report.causes}
    fixes = [fix for fix in report.fixes if fix.for_ in causes]  # one that narrows an open trust moves no exchange on
    what_ifs = what_ifs_of(name)
    assert sum(len(what_if.fixes) for what_if in what_ifs) == len(fixes)
    assert sum(len(what_if.proposals) for what_if in what_ifs) == len({(row.exchange, row.for_) for row in fixes})
    for what_if in what_ifs:
        for edits in what_if.proposals:
            answer = what_if.ask(edits)
            assert answer.diagnosis is not None
            assert what_if.present.diagnosis is not None
            assert not answer.problems
            assert answer.changed == edits.keys()
            assert moved_past(what_if.present.diagnosis, answer.diagnosis)
            for part in answer.changed:
                assert any(line.startswith("+") for line in what_if.diff(answer.edits, part))
            if all(what_if.part(part).step == "permission" for part in edits):
                (row,) = [row for row in what_if.steps(answer) if row.id == "permission"]
                assert row.changed
                continue
            found = what_if.reach(answer)
            assert found is not None
            assert not found.newly_refused
            # the same numbers as in the report's fix
            (row,) = {
                (fix.tried, tuple(fix.opens_to))
                for fix in what_if.fixes
                if edits.items() >= what_if.edits_of(fix).items()
            }
            assert (found.tried, found.newly_accepted) == (row[0].strangers, ())
            assert tuple(map(str, found.opens_to)) == row[1]


def test_some_scenarios_have_fixes(examined_of: Callable[[str], Examined]) -> None:
    assert sum(bool(examined_of(name).report.fixes) for name in SCENARIOS) >= 8
