"""The start screen, and live targets."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste

from evidence.keys import base64url
from oidc_doctor.bundle.files import Bundle
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.question import Question
from oidc_doctor.things.recognise import recognise_word
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
        assert "o such file or folder" in " ".join(text_of(app).split())  # a long path is folded
        app.screen.query_one("#search").value = "zzzz"
        await press(pilot)
        assert "Nothing matches. F1 lists what can be given." in text_of(app)  # and no earlier summary
        await press(pilot, "enter")
        assert "This can be a path, a role ARN" in " ".join(text_of(app).split())
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, PathScreen)

    play(story, None)


def test_a_large_file_is_recognised_in_a_thread(
    play: Play, wait: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "trail.json"
    log.write_text(json.dumps({"Records": [{"eventName": "AssumeRoleWithWebIdentity"}]}) + " " * 100_000)
    threads: list[str] = []
    may_end = threading.Event()

    def slowly(word: str) -> Any:
        if word == str(log):
            threads.append(threading.current_thread().name)
            may_end.wait(20)
        return recognise_word(word)

    monkeypatch.setattr("oidc_doctor.things.recognise.recognise_word", slowly)

    async def story(pilot: Any) -> None:
        app = pilot.app
        await wait(pilot, lambda: app.screen.query_one("#choices").option_count)
        app.screen.query_one("#search").value = str(log)
        await pilot.pause()
        await pilot.press("enter")  # before it is known what the file is
        assert isinstance(app.screen, StartScreen)
        may_end.set()
        await wait(pilot, lambda: app.session.report is not None)
        assert app.session.title == "trail.json" or str(log) in app.session.title

    play(story, None)
    assert threads
    assert threading.main_thread().name not in threads


def test_escape_closes_the_start_screen(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await pilot.press("escape")
        await pilot.pause()
        assert not pilot.app.is_running or pilot.app._exit

    play(story, None)


ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
TOKEN = ".".join(
    base64url(json.dumps(part).encode())
    for part in (
        {"alg": "RS256", "kid": "k"},
        {"iss": "https://oidc.baseten.co", "sub": "v=1:org=Org8Kd2P", "aud": "oidc.baseten.co"},
        "a signature that is none",
    )
)


class CommandLine:
    """Takes the words of the start screen, and the options of the form, as the command line does."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.words: list[str] = []

    def __call__(self, words: list[str]) -> EvidenceSource:
        self.words = words
        if self.refusal:
            raise ValueError(self.refusal)
        return EvidenceSource("the command line", None, Question())


async def paste(pilot: Any, text: str) -> None:
    pilot.app.focused.post_message(Paste(text))
    await pilot.pause()


@pytest.mark.parametrize(
    "text, noun",
    [
        (ROLE, "a role ARN"),
        ("//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/b", "provider"),
        ("https://oidc.baseten.co", "an issuer URL"),
        ("v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK", "a subject"),
        (REFUSED, "an error text"),
        (f"An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation:\n {REFUSED}",
         "an error text"),
        ('{"Records": [{"eventName": "AssumeRoleWithWebIdentity",\n "eventSource": "sts.amazonaws.com"}]}',
         "a CloudTrail event"),
        (TOKEN, "a token"),
        (TOKEN[:50] + "\n" + TOKEN[50:], "a token"),  # as a terminal wraps it
    ],
)  # fmt: skip
def test_the_users_own_case_is_told_by_its_content(
    text: str, noun: str, play: Play, press: Play, text_of: Play
) -> None:
    command_line = CommandLine()
    app = Doctor(None, None, command_line)

    async def story(pilot: Any) -> None:
        await press(pilot)
        await paste(pilot, text)
        await press(pilot)
        shown = text_of(app)
        assert f"examine {noun}" in shown.replace("the name of a workload identity pool ", "")
        assert TOKEN[20:40] not in shown
        await press(pilot, "enter")
        assert command_line.words[:2] == ["--quiet", "--"]
        assert ["".join(word.split()) for word in command_line.words[2:]] == ["".join(text.split())]
        assert TOKEN[20:40] not in app.session.title
        assert TOKEN[20:40] not in text_of(app)
        assert not app.clipboard

    play(story, None, app=app, size=(120, 40))


def test_several_things_are_examined_together(play: Play, press: Play, text_of: Play, tmp_path: Path) -> None:
    command_line = CommandLine()
    app = Doctor(None, None, command_line)
    role = ROOT / "sample_logs" / "aws-wrong-team" / "aws" / "role.json"

    async def story(pilot: Any) -> None:
        await press(pilot)
        await paste(pilot, TOKEN)
        await press(pilot)
        assert "given: a token (hidden)" in text_of(app)
        app.screen.query_one("#search").value = f"{role} {ROLE}"
        await press(pilot, "enter")
        assert command_line.words == ["--quiet", "--", TOKEN, str(role), ROLE]
        assert app.session.title == "a token, role.json, a role ARN"
        await press(pilot, "o")
        assert "given: a token (hidden)" in text_of(app)  # so that the missing half can be added
        await press(pilot, "escape")
        assert "given:" not in text_of(app)

    play(story, None, app=app, size=(200, 60))


def test_a_token_that_is_typed_is_hidden_from_its_first_letters(play: Play, press: Play, text_of: Play) -> None:
    app = Doctor(None, None, CommandLine("second: no such thing " + TOKEN))

    async def story(pilot: Any) -> None:
        await press(pilot)
        for number, letter in enumerate(TOKEN[:40], 1):  # a terminal without bracketed paste sends keys
            await pilot.press("full_stop" if letter == "." else letter)
            if number >= 3:
                assert app.screen.query_one("#search").password
        app.screen.query_one("#search").value = TOKEN
        await press(pilot)
        assert TOKEN[:20] not in text_of(app)
        await press(pilot, "enter")
        assert "no such thing" in text_of(app)
        assert TOKEN[20:40] not in text_of(app)
        await press(pilot, "escape")
        assert not app.screen.query_one("#search").value

    play(story, None, app=app)


def test_what_is_not_known_is_answered_with_the_forms(play: Play, press: Play, text_of: Play) -> None:
    app = Doctor(None, None, CommandLine())

    async def story(pilot: Any) -> None:
        await press(pilot)
        await paste(pilot, "it does not\nwork at all")
        await press(pilot)
        text = " ".join(text_of(app).split())
        assert "This can be a path, a role ARN, a Google provider's name, an issuer URL, a token, a subject" in text
        assert "given:" not in text
        await press(pilot, "escape")
        assert not app.is_running or app._exit

    play(story, None, app=app)


def test_the_live_form_takes_everything_and_hides_the_token(play: Play, press: Play, text_of: Play) -> None:
    command_line = CommandLine("--region nowhere: no Region")
    app = Doctor(None, None, command_line)

    async def story(pilot: Any) -> None:
        await press(pilot, "ctrl+t")
        for text in (ROLE, "audit", "nowhere", "", "", TOKEN[:60] + "\n" + TOKEN[60:], "Not authorized\nto perform"):
            if text:
                await paste(pilot, text)
            await press(pilot, "tab")
        assert len(text_of(app).split("\n")) == 24
        assert TOKEN[20:40] not in text_of(app)
        await press(pilot, "enter")
        assert command_line.words == [
            f"--role={ROLE}", "--profile=audit", "--region=nowhere", f"--token={TOKEN}",
            "--error=Not authorized to perform",
        ]  # fmt: skip
        assert "AWS Region nowhere: no Region" in text_of(app)
        assert app.focused.id == "region"

    play(story, None, app=app)


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
        assert "A role or a provider is needed." in text_of(app)
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
