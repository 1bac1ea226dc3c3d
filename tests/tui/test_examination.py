"""The examination in the background: re-run and stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oidc_doctor.examine import collect
from oidc_doctor.examine.question import Question
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.examination import EvidenceSource
from oidc_doctor.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


def test_rerun_reads_the_evidence_again(play: Play, press: Play, wait: Play) -> None:
    async def story(pilot: Any) -> None:
        before = pilot.app.session.report
        await press(pilot, "r")
        await wait(pilot, lambda: pilot.app.session.report is not before)
        assert pilot.app.session.report == before

    play(story)


def test_the_first_frame_says_what_is_read(text_of: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doctor, "examine", lambda *_: None)  # the frame before the reading begins
    app = Doctor(EvidenceSource("weights", str(ROOT / "sample_logs" / "aws-wrong-team")))

    async def act() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            text = text_of(app)
            assert "weights" in text.split("\n")[0]
            assert "1 Path" in text
            assert "reading weights …" in text
            assert "? Help" in text

    asyncio.run(act())


def test_reading_can_be_stopped_and_quitting_does_not_wait(
    press: Play, wait: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def open_slowly(name: str) -> Any:
        released.wait()
        return open(name, "rb")

    monkeypatch.setattr(collect, "open_regular", open_slowly)  # of a network disk that does not answer
    log = tmp_path / "trail.json"
    log.write_text('{"Records": []}', encoding="utf-8")
    app = Doctor(
        EvidenceSource("weights", str(ROOT / "sample_logs" / "aws-wrong-team"), Question(cloudtrail=(str(log),)))
    )

    async def story(pilot: Any) -> None:
        await wait(pilot, lambda: "reading logs" in app.session.status)
        for key in ("y", "f", "x", "e", "m"):
            await press(pilot, "1")
            await press(pilot, key)
            assert "The answer is not there yet: reading logs" in str(app.screen.query_one(StatusLine).message), key
        for key in "1234":  # no screen is blank while the evidence is read
            await press(pilot, key)
            page = app.screen.query_one(app.screen.PAGE)
            assert page.visible
            assert "The answer is not there yet: reading logs" in " ".join(
                str(page.query_one(".page").render()).split()
            ), key
        await press(pilot, "1", "r")
        assert app.session.status.startswith("stopped")
        await press(pilot, "y", "2", "5", "1")  # the screens still react
        await press(pilot, "r")
        await wait(pilot, lambda: "reading logs" in app.session.status)
        await pilot.press("q")

    play_without_waiting(story, app)
    readers = [thread for thread in threading.enumerate() if thread.name == "examination"]
    assert all(thread.daemon for thread in readers)
    released.set()
    for thread in readers:
        thread.join(10)
        assert not thread.is_alive()


def play_without_waiting(story: Any, app: Doctor) -> None:

    async def act() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await story(pilot)

    asyncio.run(asyncio.wait_for(act(), 60))
