"""The Path screen, driven by keys and clicks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oidc_doctor.tui.page import PageScreen
from oidc_doctor.tui.path import CheckGroup, Findings, PathScreen
from oidc_doctor.tui.widgets.filter import Filter
from oidc_doctor.tui.widgets.steps import Steps

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


def test_first_finding_is_selected(play: Play, text_of: Callable[..., str]) -> None:
    async def story(pilot: Any) -> None:
        text = text_of(pilot.app)
        assert "✗ trust policy refused" in text
        assert "AWS refuses this token" in text
        assert "aws/role.json:22" in text
        assert pilot.app.focused.id == "findings"

    play(story, size=(120, 50))


def test_enter_opens_the_finding_and_escape_returns(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PageScreen)
        assert "team differs in its last character" in text_of(pilot.app)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PathScreen)

    play(story)


def test_fix_page_copies_command_and_document(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "f")
        text = text_of(pilot.app)
        assert '+   "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"' in text
        assert "aws iam update-assume-role-policy" in text
        await press(pilot, "y")
        assert pilot.app.clipboard.startswith("aws iam update-assume-role-policy --role-name ModelWeights")
        await press(pilot, "d")
        assert json.loads(pilot.app.clipboard)["Version"] == "2012-10-17"
        await press(pilot, "q")
        assert isinstance(pilot.app.screen, PathScreen)

    play(story)


def test_explanation_page(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "x")
        text = text_of(pilot.app)
        assert "AWS025" in text
        assert "Symptom" in text

    play(story)


def test_accepted_token_has_nothing_to_explain_or_copy(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "x", "y")
        assert isinstance(pilot.app.screen, PathScreen)
        assert "nothing to copy" in text_of(pilot.app)
        await press(pilot, "f")
        assert "Nothing to fix" in text_of(pilot.app)

    play(story, "healthy-aws")


def test_cursor_moves_along_the_steps(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        steps = app.screen.query_one(Steps)
        steps.focus()
        await press(pilot, "left")
        assert "keys = implied · can Google get the issuer's keys" in " ".join(text_of(app).split())
        await press(pilot, "down")  # the other cloud
        assert steps.at[0] == 1
        await press(pilot, "up")
        assert steps.at[0] == 0
        await press(pilot, "enter")
        assert app.focused.id == "findings"
        assert app.session.entry.cause.name == "attribute-condition-false"

    play(story, "two-clouds")


def test_click_on_a_step_selects_its_finding(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        findings = app.screen.query_one(Findings)
        findings.highlighted = 1
        await press(pilot)
        assert app.screen._rows[1] == app.session.entry
        lines = str(app.screen.query_one(Steps).content).split("\n")
        row = next(at for at, line in enumerate(lines) if "condition refused" in line)
        await pilot.click(Steps, offset=(lines[row].index("condition refused") + 3, row))
        await press(pilot)
        assert findings.highlighted == 0

    play(story, "gcp-condition-false")


def test_filter_and_unfolded_checks(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        screen = pilot.app.screen
        rows = list(screen._rows)
        await press(pilot, "slash", *"audience")
        assert all("audience" in f"{row.name} {row}".lower() for row in screen._rows)
        assert any(row.word == "passed" for row in screen._rows)
        await press(pilot, "enter")
        assert pilot.app.focused.id == "findings"
        await press(pilot, "escape")  # also from the rows
        assert screen._rows == rows
        assert not screen.query_one(Filter).display
        await press(pilot, "slash", "a", "escape")
        assert screen._rows == rows
        assert not screen.query_one(Filter).display
        screen.query_one(Findings).highlighted = next(at for at, row in enumerate(rows) if isinstance(row, CheckGroup))
        await press(pilot, "enter")
        assert len(screen._rows) > len(rows)
        await press(pilot, "enter")
        assert screen._rows == rows

    play(story)


def test_filter_without_matches(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "slash", *"zzzz")
        assert "No matching findings or checks" in text_of(pilot.app)

    play(story)


def test_without_an_exchange_the_answer_is_shown(
    tmp_path: Path, play: Callable[..., Any], text_of: Callable[..., str]
) -> None:
    (tmp_path / "error.txt").write_text("it does not work\n", encoding="utf-8")

    async def story(pilot: Any) -> None:
        assert "This text is not a known AWS or Google error." in text_of(pilot.app)

    play(story, tmp_path)
