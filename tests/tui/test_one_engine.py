"""The screens say what the JSON report says; and from the start to the copied fix it is five keys at most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.model.report import Report
from oidc_doctor.model.steps import STEPS
from oidc_doctor.report.json import to_json
from oidc_doctor.report.parts import sentences
from oidc_doctor.report.rows import listing
from oidc_doctor.tui.path import CheckGroup, Findings, PathScreen
from oidc_doctor.tui.start import scenarios
from oidc_doctor.tui.widgets.page_view import StyledSheet
from oidc_doctor.tui.widgets.steps import Steps

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = sorted(path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir())
MOST_KEYS = 5


GROUPS = [SAMPLES[at::4] for at in range(4)]


@pytest.mark.parametrize("samples", GROUPS, ids=lambda samples: samples[0])
def test_every_row_is_the_reports(
    samples: list[str], play: Callable[..., Any], press: Callable[..., Any], wait: Callable[..., Any]
) -> None:
    numbers = {scenario.name: str(scenario.number) for scenario in scenarios()}

    async def story(pilot: Any) -> None:
        app = pilot.app
        await wait(pilot, lambda: app.screen.query_one("#choices").option_count)
        for sample in samples:
            keys = [*numbers[sample], "enter"]
            assert len([*keys, "y"]) <= MOST_KEYS
            await press(pilot, *keys)
            await wait(pilot, lambda: app.session.report is not None)
            app.copy_to_clipboard("")
            await press(pilot, "y")
            assert app.session.title == sample
            report = to_json(app.session.report)
            _holds_against(app, report)
            _copied(app, report)
            _has_pages(app.session.report)
            await press(pilot, "o")
            app.screen.query_one("#search").value = ""

    play(story, None, size=(200, 60))


def _holds_against(app: Any, report: dict[str, Any]) -> None:
    screen = app.screen
    assert isinstance(screen, PathScreen)
    steps = screen.query_one(Steps)
    drawn = str(steps.content)
    by_id = {exchange["id"]: exchange for exchange in report["exchanges"]}
    assert sorted(one.id for one in steps._exchanges) == sorted(by_id)
    for exchange in steps._exchanges:
        told = by_id[exchange.id]
        states = [(one["id"], one["state"]) for one in told["steps"]]
        assert [(step.id, step.state) for step in exchange.steps] == states
        titles = {step.id: step.title for step in STEPS[told["cloud"]]}
        for step in told["steps"]:
            sign, word, _ = sentences.STATES[step["state"]]
            assert f"{sign} {titles[step['id']]}" in drawn
            assert word in drawn
    rows = [row for row in screen._rows if not isinstance(row, CheckGroup)]
    causes = [(row.cause.code, row.cause.status, row.cause.confidence) for row in rows if row.cause is not None]
    assert sorted(causes) == sorted((one["code"], one["status"], one["confidence"]) for one in report["causes"])
    explained = {one["code"] for one in report["causes"]}
    failed = {one["code"] for one in report["checks"] if one["status"] in ("failed", "broken")} - explained
    assert {row.code for row in rows if row.check is not None} == failed
    for word in ("passed", "skipped"):
        number = sum(one["status"] == word for one in report["checks"])
        assert (CheckGroup(word, number) in screen._rows) == bool(number)
    findings = screen.query_one(Findings)
    labels = [str(findings.get_option_at_index(at).prompt) for at in range(findings.option_count)]
    assert all(row.code in label and row.word in label for row, label in zip(rows, labels, strict=False))


def _copied(app: Any, report: dict[str, Any]) -> None:
    """`y` copied the first cause's proven command, else the cause's own, else its fix in words."""
    active = [one for one in report["causes"] if one["status"] == "active"]
    if not active:
        return
    cause = active[0]
    edits = [row["commands"] for row in report["fixes"] if row["for"] == cause["code"]]
    commands = next((one for one in edits if one), cause["commands"])
    assert app.clipboard == ("\n".join(commands) if commands else cause["fix"] or cause["settle"])


def _has_pages(report: Report) -> None:
    """Every row has a page that begins with its sentence, on a narrow and on a wide terminal."""
    for row in [*listing.entries(report), *listing.rest(report)]:
        for width in (46, 120):
            paper = StyledSheet(width)
            listing.detail(paper, report, row, whole=True)
            text = paper.content().plain
            sign, sentence = listing.sentence(report, row)
            assert text.startswith(f"{sign} ")
            assert sentence.split()[0] in "".join(text.split())
            assert "\x1b" not in text
