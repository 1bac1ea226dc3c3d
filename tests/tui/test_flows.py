"""What a person does at the screens, key by key and click by click."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Footer

from oidc_doctor.bundle.files import Bundle
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import Examined
from oidc_doctor.examine.question import Question
from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.events import MOST_ROWS, EventsScreen, RawScreen, Table
from oidc_doctor.tui.examination import Inquiry, Live
from oidc_doctor.tui.pages import ExportScreen, PageScreen
from oidc_doctor.tui.path import Filter, Findings, PathScreen
from oidc_doctor.tui.preferences import Preferences, load
from oidc_doctor.tui.start import StartScreen, TargetScreen
from oidc_doctor.tui.timeline import TimelineScreen
from oidc_doctor.tui.widgets.steps import Steps

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


# The path


def test_the_first_finding_is_selected_and_its_page_shown(play: Play, text_of: Callable[..., str]) -> None:
    async def story(pilot: Any) -> None:
        text = text_of(pilot.app)
        assert "✗ trust policy refused" in text
        assert "AWS refuses this token" in text
        assert "aws/role.json:22" in text
        assert pilot.app.focused.id == "findings"

    play(story)


def test_enter_opens_the_whole_finding_and_escape_comes_back(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PageScreen)
        assert "team differs in its last character" in text_of(pilot.app)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PathScreen)

    play(story)


def test_the_fix_its_command_and_its_document(play: Play, press: Play, text_of: Play) -> None:
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


def test_the_explanation(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "x")
        text = text_of(pilot.app)
        assert "AWS025" in text
        assert "Symptom" in text

    play(story)


def test_nothing_to_explain_or_copy_where_nothing_is_wrong(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "x", "y")
        assert isinstance(pilot.app.screen, PathScreen)
        assert "nothing to copy" in text_of(pilot.app)
        await press(pilot, "f")
        assert "nothing to mend" in text_of(pilot.app)

    play(story, "healthy-aws")


def test_walking_along_the_path(play: Play, press: Play, text_of: Play) -> None:
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
        assert app.entry.cause.name == "attribute-condition-false"

    play(story, "two-clouds")


def test_a_click_on_a_step_selects_its_finding(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        findings = app.screen.query_one(Findings)
        findings.highlighted = 2
        await press(pilot)
        assert app.screen._rows[2] == app.entry
        lines = str(app.screen.query_one(Steps).content).split("\n")
        row = next(at for at, line in enumerate(lines) if "condition refused" in line)
        await pilot.click(Steps, offset=(lines[row].index("condition refused") + 3, row))
        await press(pilot)
        assert findings.highlighted == 0

    play(story, "gcp-condition-false")


def test_filter_and_the_checks_behind_the_numbers(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        screen = pilot.app.screen
        rows = list(screen._rows)
        await press(pilot, "slash", *"audience")
        assert all("audience" in f"{row.name} {row}".lower() for row in screen._rows)
        assert any(row.word == "passed" for row in screen._rows)
        await press(pilot, "enter")
        assert pilot.app.focused.id == "findings"
        await press(pilot, "slash", "escape")
        assert screen._rows == rows
        assert not screen.query_one(Filter).display
        screen.query_one(Findings).highlighted = next(at for at, row in enumerate(rows) if isinstance(row, str))
        await press(pilot, "enter")
        assert len(screen._rows) > len(rows)
        await press(pilot, "enter")
        assert screen._rows == rows

    play(story)


def test_a_filter_that_leaves_nothing(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "slash", *"zzzz")
        assert "No finding and no check holds this" in text_of(pilot.app)

    play(story)


def test_the_tabs_answer_keys_and_clicks(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        for key, kind in (("2", TimelineScreen), ("5", EventsScreen), ("1", PathScreen)):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, kind)
        for tab in list(pilot.app.screen.query(".tab"))[1:2]:
            await pilot.click(tab)
            await press(pilot)
        assert isinstance(pilot.app.screen, TimelineScreen)

    play(story)


def test_every_action_is_in_the_palette(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        titles = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        told = set(titles)
        assert len(told) == len(titles)  # an action with two keys is named once
        assert {"Fix", "Copy", "Explain", "Export", "Re-run", "Filter", "Open another", "Timeline", "Quit"} <= told
        await press(pilot, "ctrl+p", *"timeline", "enter")
        assert isinstance(pilot.app.screen, TimelineScreen)

    play(story)


def test_help_comes_and_goes(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "question_mark")
        assert pilot.app.screen.query("HelpPanel")
        await press(pilot, "question_mark")
        assert not pilot.app.screen.query("HelpPanel")

    play(story)


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (200, 60)])
def test_any_size(size: tuple[int, int], play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        for key in "12345":
            await press(pilot, key)
            assert len(text_of(pilot.app).split("\n")) == size[1]
        await pilot.resize_terminal(100, 30)
        await press(pilot, "1")
        assert "AWS025" in text_of(pilot.app)

    play(story, size=size)


# Export


@pytest.mark.parametrize("form", list(FORMATS))
def test_export_writes_the_same_report(form: str, play: Play, press: Play, tmp_path: Path) -> None:
    file = tmp_path / f"report.{FORMATS[form]}"

    async def story(pilot: Any) -> None:
        await press(pilot, "e", *["down"] * list(FORMATS).index(form))
        assert pilot.app.screen.query_one("#file").value.endswith(FORMATS[form])
        pilot.app.screen.query_one("#file").value = str(file)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PathScreen)
        assert file.read_text(encoding="utf-8") == render(pilot.app.report, form, width=80, color=False)

    play(story)


def test_export_asks_before_it_writes_over_a_file(play: Play, press: Play, tmp_path: Path) -> None:
    file = tmp_path / "kept.txt"
    file.write_text("kept")

    async def story(pilot: Any) -> None:
        await press(pilot, "e")
        pilot.app.screen.query_one("#file").value = str(file)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ExportScreen)
        assert file.read_text() == "kept"
        await press(pilot, "enter")
        assert file.read_text() != "kept"

    play(story)


def test_export_says_why_it_cannot_write(play: Play, press: Play, tmp_path: Path, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "e")
        pilot.app.screen.query_one("#file").value = str(tmp_path / "none" / "report.txt")
        await press(pilot, "enter")
        assert "No such file" in text_of(pilot.app)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PathScreen)

    play(story)


# Start


def test_the_start_screen_finds_by_words_path_and_number(
    play: Play, press: Play, wait: Play, text_of: Play, tmp_path: Path
) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await wait(pilot, lambda: app.screen.query_one("#choices").option_count)
        await press(pilot, *"tenant", "down", "up", "enter")
        await wait(pilot, lambda: app.report is not None)
        assert app.inquiry.title == "aws-any-tenant"
        await press(pilot, "o")
        assert isinstance(app.screen, StartScreen)
        app.screen.query_one("#search").value = str(ROOT / "sample_logs" / "healthy-gcp")
        await press(pilot, "enter")
        await wait(pilot, lambda: app.report is not None)
        assert app.report.verdict == "healthy"
        await press(pilot, "o")
        app.screen.query_one("#search").value = str(tmp_path / "none")
        await press(pilot, "enter")
        assert "no such file or folder" in text_of(app)
        app.screen.query_one("#search").value = "zzzz"
        await press(pilot, "enter")
        assert "no scenario has these words" in text_of(app)
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, PathScreen)

    play(story, None)


def test_escape_leaves_the_start_screen(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await pilot.press("escape")
        await pilot.pause()
        assert not pilot.app.is_running or pilot.app._exit

    play(story, None)


def live(flags: list[str]) -> Inquiry:
    """What the command line makes of flags, with a sample in place of a cloud."""
    assert flags[0].startswith("--role=arn:aws:iam::")

    def gather(narrate: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        narrate("reading aws/role.json (iam:GetRole); 0 of 1 read")
        return open_bundle(str(ROOT / "sample_logs" / "aws-wrong-team")), Question()

    return Inquiry(flags[0].partition("=")[2], None, None, Live(gather))


def test_a_live_target(play: Play, press: Play, wait: Play, text_of: Play) -> None:
    app = Doctor(None, None, live)

    async def story(pilot: Any) -> None:
        await press(pilot, "ctrl+t")
        assert isinstance(app.screen, TargetScreen)
        await press(pilot, "enter")
        assert "a role or a provider is needed" in text_of(app)
        app.screen.query_one("#role").value = "arn:aws:iam::210987654321:role/ModelWeights"
        await press(pilot, "enter")
        await wait(pilot, lambda: app.report is not None)
        assert "AWS refuses this token" in text_of(app)
        first = app.report
        await press(pilot, "r")  # what was gathered is gathered anew
        await wait(pilot, lambda: app.report is not None and app.report is not first)

    play(story, None, app=app)


def test_a_live_target_that_cannot_be_read(play: Play, wait: Play, text_of: Play) -> None:
    def gather(_: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        message = "no credentials were found"
        raise LookupError(message)

    app = Doctor(Inquiry("a role", None, None, Live(gather, LookupError)))

    async def story(pilot: Any) -> None:
        await wait(pilot, lambda: "no credentials were found" in text_of(app))

    async def act() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await story(pilot)

    asyncio.run(act())


def test_what_cannot_be_opened_is_said(play: Play, wait: Play, press: Play, text_of: Play, tmp_path: Path) -> None:
    broken = tmp_path / "evidence.zip"
    broken.write_bytes(b"not a zip")
    app = Doctor()

    async def story(pilot: Any) -> None:
        await press(pilot)
        app.examine(Inquiry("evidence.zip", str(broken)))
        app.action_show("path")
        await wait(pilot, lambda: "✗" in app.status_text)
        await press(pilot, "y")
        assert "evidence.zip" in text_of(app)

    play(story, None, app=app)


# The run


def test_a_second_run_reads_again(play: Play, press: Play, wait: Play) -> None:
    async def story(pilot: Any) -> None:
        before = pilot.app.report
        await press(pilot, "r")
        await wait(pilot, lambda: pilot.app.report is not before)
        assert pilot.app.report == before

    play(story)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_reading_can_be_stopped_and_leaving_does_not_wait_for_it(
    play: Play, press: Play, wait: Play, tmp_path: Path
) -> None:
    from oidc_doctor.examine.question import Question

    pipe = tmp_path / "trail.json"
    os.mkfifo(pipe)  # opening it waits for ever: nobody writes
    app = Doctor(Inquiry("weights", str(ROOT / "sample_logs" / "aws-wrong-team"), Question(cloudtrail=(str(pipe),))))

    async def story(pilot: Any) -> None:
        await wait(pilot, lambda: "reading logs" in app.status_text)
        await press(pilot, "r")
        assert app.status_text.startswith("stopped")
        await press(pilot, "y", "2", "5", "1")  # the screens still answer
        await press(pilot, "r")
        await wait(pilot, lambda: "reading logs" in app.status_text)
        await pilot.press("q")

    play_without_waiting(story, app)
    readers = [one for one in threading.enumerate() if one.name == "examination"]
    assert all(one.daemon for one in readers)
    while any(one.is_alive() for one in readers):  # a writer that goes away at once: an empty file
        os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
        readers[0].join(0.02)


def play_without_waiting(story: Any, app: Doctor) -> None:
    import asyncio

    async def act() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await story(pilot)

    asyncio.run(asyncio.wait_for(act(), 60))


@pytest.mark.parametrize("sample", ["aws-wrong-team", "two-clouds"])
def test_every_footer_is_whole_on_80_columns(sample: str, play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        for keys in (["1"], ["enter"], ["escape", "f"], ["escape", "2"], ["tab"], ["5"], ["enter"], ["escape", "3"],
                     ["p"], ["escape", "4"], ["f"]):  # fmt: skip
            await press(pilot, *keys)
            for footer in pilot.app.screen.query(Footer):
                assert footer.max_scroll_x == 0, keys
        pilot.app.switch_mode("token")
        pilot.app.screen.bench.take(pilot.app.screen.bench.read.pasted('{"sub": "another"}')[1])
        await press(pilot, "1", "3")
        assert pilot.app.screen.query_one(Footer).max_scroll_x == 0

    play(story, sample)


# Timeline and events


def test_rows_beside_the_chart_begin_with_what_tells_them_apart(
    play: Play, press: Play, history: Callable[..., Examined], examined: Callable[[str], Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "2")
        labels = {str(option.prompt)[:30] for option in pilot.app.screen.query_one("#findings").options}
        assert len(labels) == len(pilot.app.screen.query_one("#findings").options), labels
        assert any("UpdateAssumeRolePolicy" in label for label in labels)
        await press(pilot, "5", "down")
        row = pilot.app.screen._rows[1]
        subject = row.attempt.subject
        assert subject in text_of(pilot.app).replace("\n", "").replace(" ", "")

    play(story, present=history(examined("aws-wrong-team")))


def test_bars_changes_zoom_and_pan(
    play: Play, press: Play, examined: Callable[[str], Examined], history: Callable[..., Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, "2")
        chart, screen = app.screen.query_one("#chart"), app.screen
        assert screen._rows[0].change["flips"]
        assert "flips here" in text_of(app)
        await press(pilot, "n")
        assert screen._rows[0].kind in ("change", "attempts")
        assert "by        assumed-role/PlatformAdmin/ops" in text_of(app)
        await press(pilot, "n")
        assert "MalformedPolicyDocument" in text_of(app)
        await press(pilot, "p", "escape")
        assert chart.span is None
        whole = (chart._low, chart._high)
        await press(pilot, "plus", "plus")
        assert chart._high - chart._low < (whole[1] - whole[0]) / 3
        low = chart._low
        await press(pilot, "shift+left")
        assert chart._low < low
        await press(pilot, *["shift+left"] * 20, *["minus"] * 9)
        assert (chart._low, chart._high) == whole
        await press(pilot, *["plus"] * 20)
        assert chart._high - chart._low >= 6
        await press(pilot, "0", "home")
        assert chart.span is not None
        await press(pilot, "end", "left", "right")
        assert " of " in text_of(app)
        await pilot.click(chart, offset=(30, 2))
        await press(pilot)
        assert all(row.time < chart.span[1] and row.until >= chart.span[0] for row in screen._rows)

    play(story, present=history(examined("aws-wrong-team")), size=(120, 40))


def test_the_table_is_filtered_and_never_too_long(
    play: Play, press: Play, examined: Callable[[str], Examined], history: Callable[..., Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, "5")
        table = app.screen.query_one(Table)
        assert table.row_count == MOST_ROWS
        assert "the first 1,000 are shown" in text_of(app)
        await press(pilot, "slash", *"m1299")
        assert table.row_count == 2  # accepted before, refused after
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, RawScreen)
        await press(pilot, "y")
        assert "-6116-4038-bbe5-" in app.clipboard
        await press(pilot, "escape", "slash", "escape")
        assert table.row_count == MOST_ROWS

    play(story, present=history(examined("aws-wrong-team"), 2_600))


def test_raw_events_are_read_a_page_at_a_time(
    play: Play, press: Play, examined: Callable[[str], Examined], history: Callable[..., Examined], text_of: Play
) -> None:
    asked: list[tuple[int, int]] = []

    def read(row: Any, offset: int, limit: int) -> list[tuple[str, str]]:
        asked.append((offset, limit))
        told = {"eventName": "AssumeRoleWithWebIdentity", "errorCode": "AccessDenied", "n": offset, "x": "\x1b[31m"}
        return [("trail.json.gz record 7", json.dumps(told))] if offset < 40 else []

    async def story(pilot: Any) -> None:
        app = pilot.app
        app.read_events = read
        await press(pilot, "5", "enter", "end")
        text = text_of(app)
        assert '▶   "errorCode": "AccessDenied"' in text
        assert "trail.json.gz record 7" in text
        assert "u001b[31m" in text
        await press(pilot, "n", "n", "n", "p")
        assert [offset for offset, _ in asked] == [0, 20, 40, 40, 0]

    play(story, present=history(examined("aws-wrong-team")))


def test_events_that_cannot_be_read_are_said(
    play: Play, press: Play, examined: Callable[[str], Examined], history: Callable[..., Examined], text_of: Play
) -> None:
    def read(row: Any, offset: int, limit: int) -> list[tuple[str, str]]:
        raise OSError("the archive is gone")

    async def story(pilot: Any) -> None:
        pilot.app.read_events = read
        await press(pilot, "5", "enter", "end")
        assert "the archive is gone" in text_of(pilot.app)

    play(story, present=history(examined("aws-wrong-team")), size=(120, 60))


# Keys and themes


def test_keys_by_binding_id_and_a_theme(play: Play, press: Play, text_of: Play) -> None:
    app = Doctor(None, Preferences({"show.timeline": "t", "quit": "Q"}, "ansi-dark", ("keys: odd",)))

    async def story(pilot: Any) -> None:
        await press(pilot)
        assert "keys: odd" in text_of(app)
        await app.switch_mode("path")
        await press(pilot, "t")
        assert isinstance(app.screen, TimelineScreen)

    play(story, None, app=app, theme="ansi-dark")


def test_a_theme_that_is_not_there(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot)
        assert "theme none-such: there are" in text_of(pilot.app)

    play(story, None, app=Doctor(None, Preferences({}, "none-such")))


def test_preferences_are_read_from_files(tmp_path: Path) -> None:
    first, second, odd = tmp_path / "config.toml", tmp_path / "oidc-doctor.toml", tmp_path / "odd.toml"
    first.write_text('theme = "nord"\n[keys]\nquit = "Q"\ncopy = "c"\n')
    second.write_text('[keys]\ncopy = "ctrl+y"\n')
    odd.write_text("[keys\n")
    found = load((str(first), str(second), str(odd), str(tmp_path / "none")))
    assert found.keys == {"quit": "Q", "copy": "ctrl+y"}
    assert found.theme == "nord"
    assert len(found.problems) == 1
    odd.write_text("keys = 3\n")
    assert load((str(odd),)).problems
