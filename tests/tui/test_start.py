"""The start screen, and live targets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oidc_doctor.bundle.files import Bundle
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.question import Question
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.examination import EvidenceSource, LiveSource
from oidc_doctor.tui.path import PathScreen
from oidc_doctor.tui.start import StartScreen
from oidc_doctor.tui.target_dialog import TargetScreen

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


def test_start_screen_searches_words_paths_and_numbers(
    play: Play, press: Play, wait: Play, text_of: Play, tmp_path: Path
) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await wait(pilot, lambda: app.screen.query_one("#choices").option_count)
        await press(pilot, *"tenant", "down", "up", "enter")
        await wait(pilot, lambda: app.session.report is not None)
        assert app.session.title == "aws-any-tenant"
        await press(pilot, "o")
        assert isinstance(app.screen, StartScreen)
        app.screen.query_one("#search").value = str(ROOT / "sample_logs" / "healthy-gcp")
        await press(pilot, "enter")
        await wait(pilot, lambda: app.session.report is not None)
        assert app.session.report.verdict == "healthy"
        await press(pilot, "o")
        app.screen.query_one("#search").value = str(tmp_path / "none")
        await press(pilot, "enter")
        assert "no such file or folder" in " ".join(text_of(app).split())  # a long path is folded
        app.screen.query_one("#search").value = "zzzz"
        await press(pilot, "enter")
        assert "no scenario has these words" in text_of(app)
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, PathScreen)

    play(story, None)


def test_escape_closes_the_start_screen(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await pilot.press("escape")
        await pilot.pause()
        assert not pilot.app.is_running or pilot.app._exit

    play(story, None)


def live_source(flags: list[str]) -> EvidenceSource:
    """Parse options as the command line does, with a sample instead of a cloud."""
    assert flags[0].startswith("--role=arn:aws:iam::")

    def collect(narrate: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        narrate("reading aws/role.json (iam:GetRole); 0 of 1 read")
        return open_bundle(str(ROOT / "sample_logs" / "aws-wrong-team")), Question()

    return EvidenceSource(flags[0].partition("=")[2], None, None, LiveSource(collect))


def test_live_target_is_examined(play: Play, press: Play, wait: Play, text_of: Play) -> None:
    app = Doctor(None, None, live_source)

    async def story(pilot: Any) -> None:
        await press(pilot, "ctrl+t")
        assert isinstance(app.screen, TargetScreen)
        await press(pilot, "enter")
        assert "a role or a provider is needed" in text_of(app)
        app.screen.query_one("#role").value = "arn:aws:iam::210987654321:role/ModelWeights"
        await press(pilot, "enter")
        await wait(pilot, lambda: app.session.report is not None)
        assert "AWS refuses this token" in text_of(app)
        first = app.session.report
        await press(pilot, "r")  # live evidence is collected again
        await wait(pilot, lambda: app.session.report is not None and app.session.report is not first)

    play(story, None, app=app)


def test_read_error_of_a_live_target_is_shown(play: Play, wait: Play, text_of: Play) -> None:
    def collect(_: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        message = "no credentials were found"
        raise LookupError(message)

    app = Doctor(EvidenceSource("a role", None, None, LiveSource(collect, LookupError)))

    async def story(pilot: Any) -> None:
        await wait(pilot, lambda: "no credentials were found" in text_of(app))

    async def act() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await story(pilot)

    asyncio.run(act())


def test_error_of_an_unreadable_bundle_is_shown(
    play: Play, wait: Play, press: Play, text_of: Play, tmp_path: Path
) -> None:
    broken = tmp_path / "evidence.zip"
    broken.write_bytes(b"not a zip")
    app = Doctor()

    async def story(pilot: Any) -> None:
        await press(pilot)
        app.examine(EvidenceSource("evidence.zip", str(broken)))
        app.action_show("path")
        await wait(pilot, lambda: "✗" in app.session.status)
        await press(pilot, "y")
        assert "evidence.zip" in text_of(app)

    play(story, None, app=app)
