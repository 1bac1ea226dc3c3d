"""The screens show the same facts as the JSON report, and the fix can be copied with five keys at most."""

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


GROUPS = [SAMPLES[at::6] for at in range(6)]


@pytest.mark.sweep
@pytest.mark.parametrize("samples", GROUPS, ids=lambda samples: samples[0])
def test_path_screen_matches_the_json_report(
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
            _assert_screen_matches(app, report)
            _assert_command_copied(app, report)
            _assert_detail_pages(app.session.report)
            await press(pilot, "o")
            app.screen.query_one("#search").value = ""

    play(story, None, size=(200, 60))


def _assert_screen_matches(app: Any, report: dict[str, Any]) -> None:
    screen = app.screen
    assert isinstance(screen, PathScreen)
    steps = screen.query_one(Steps)
    drawn = str(steps.content)
    by_id = {exchange["id"]: exchange for exchange in report["exchanges"]}
    assert sorted(item.id for item in steps._exchanges) == sorted(by_id)
    for exchange in steps._exchanges:
        reported = by_id[exchange.id]
        states = [(item["id"], item["state"]) for item in reported["steps"]]
        assert [(step.id, step.state) for step in exchange.steps] == states
        titles = {step.id: step.title for step in STEPS[reported["cloud"]]}
        for step in reported["steps"]:
            sign, word, _ = sentences.STATES[step["state"]]
            assert f"{sign} {titles[step['id']]}" in drawn
            assert word in drawn or step["state"] == "passed"  # ✓ needs no word
    rows = [row for row in screen._rows if not isinstance(row, CheckGroup)]
    causes = [(row.cause.code, row.cause.status, row.cause.confidence) for row in rows if row.cause is not None]
    assert sorted(causes) == sorted((item["code"], item["status"], item["confidence"]) for item in report["causes"])
    explained = {item["code"] for item in report["causes"]}
    failed = {item["code"] for item in report["checks"] if item["status"] in ("failed", "broken")} - explained
    assert {row.code for row in rows if row.check is not None} == failed
    for word in ("passed", "skipped"):
        number = sum(item["status"] == word for item in report["checks"])
        assert (CheckGroup(word, number) in screen._rows) == bool(number)
    findings = screen.query_one(Findings)
    labels = [str(findings.get_option_at_index(index).prompt) for index in range(findings.option_count)]
    assert all(row.code in label and row.word in label for row, label in zip(rows, labels, strict=False))


def _assert_command_copied(app: Any, report: dict[str, Any]) -> None:
    """Assert that `y` copied the proven command of the first cause, else its own command, else its fix in words."""
    active = [item for item in report["causes"] if item["status"] == "active"]
    if not active:
        return
    cause = active[0]
    rows = [row for row in report["fixes"] if (row["for"], row["exchange"]) == (cause["code"], cause["exchange"])]
    commands = [command for row in rows for command in row["commands"]] or cause["commands"]
    assert app.clipboard == ("\n".join(commands) if commands else cause["fix"] or cause["settle"])


def _assert_detail_pages(report: Report) -> None:
    """Assert that the page of every row starts with its sentence, on a narrow and on a wide terminal."""
    for row in [*listing.entries(report), *listing.checks_without_findings(report)]:
        for width in (46, 120):
            sheet = StyledSheet(width)
            listing.detail(sheet, report, row, verbose=True)
            text = sheet.content().plain
            sign, sentence = listing.sentence(report, row)
            assert text.startswith(f"{sign} ")
            assert sentence.split()[0] in "".join(text.split())
            assert "\x1b" not in text
