"""Features of all screens: tabs, palette, help, footers, sizes, keys and themes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Footer

from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.events import EventsScreen
from oidc_doctor.tui.path import PathScreen
from oidc_doctor.tui.preferences import Preferences, config_file, is_key, load
from oidc_doctor.tui.timeline import TimelineScreen

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


def test_tabs_react_to_keys_and_clicks(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        for key, kind in (("2", TimelineScreen), ("5", EventsScreen), ("1", PathScreen)):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, kind)
        for tab in list(pilot.app.screen.query(".tab"))[1:2]:
            await pilot.click(tab)
            await press(pilot)
        assert isinstance(pilot.app.screen, TimelineScreen)

    play(story)


def test_palette_lists_every_action(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        titles = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        unique_titles = set(titles)
        assert len(unique_titles) == len(titles)  # an action with two keys is listed once
        assert unique_titles == {
            *("find: Filter", "fix: Copy", "fix: Explain", "fix: Fix", "go: Open", "go: Open another"),
            *("go: Events", "go: Path", "go: Timeline", "go: Token", "go: What-if"),
            *("program: Help", "program: Quit"),
            *("report: Copy Markdown", "report: Export", "report: Re-run"),
            *("view: Jump", "view: Picture", "view: Theme …"),
        }
        await press(pilot, "ctrl+p", *"timeline", "enter")
        assert isinstance(pilot.app.screen, TimelineScreen)

    play(story)


@pytest.mark.sweep
@pytest.mark.parametrize("size", [(80, 24), (60, 15), (200, 60)])
def test_screens_render_at_any_size(size: tuple[int, int], play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        for key in "12345":
            await press(pilot, key)
            assert len(text_of(pilot.app).split("\n")) == size[1]
        await pilot.resize_terminal(100, 30)
        await press(pilot, "1")
        assert "AWS025" in text_of(pilot.app)

    play(story, size=size)


@pytest.mark.parametrize("sample", ["aws-wrong-team", "two-clouds"])
def test_footers_fit_80_columns(sample: str, play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        for keys in (["1"], ["enter"], ["escape", "f"], ["escape", "2"], ["tab"], ["5"], ["enter"], ["escape", "3"],
                     ["p"], ["escape", "4"], ["f"]):  # fmt: skip
            await press(pilot, *keys)
            for footer in pilot.app.screen.query(Footer):
                assert footer.max_scroll_x == 0, keys
        pilot.app.switch_mode("token")
        pilot.app.screen.trial.use_token(pilot.app.screen.trial.read.pasted('{"sub": "another"}')[1])
        await press(pilot, "1", "3")
        assert pilot.app.screen.query_one(Footer).max_scroll_x == 0

    play(story, sample)


def test_custom_keys_and_theme_are_applied(play: Play, press: Play, text_of: Play) -> None:
    app = Doctor(None, Preferences({"show.timeline": "t", "quit": "Q"}, "ansi-dark", ("keys: invalid",)))

    async def story(pilot: Any) -> None:
        await press(pilot)
        assert "keys: invalid" in text_of(app)
        await app.switch_mode("path")
        await press(pilot, "t")
        assert isinstance(app.screen, TimelineScreen)

    play(story, None, app=app, theme="ansi-dark")


def test_unknown_theme_is_reported(play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot)
        assert "theme none-such: there are" in text_of(pilot.app)

    play(story, None, app=Doctor(None, Preferences({}, "none-such")))


def test_preferences_of_the_users_own_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert load(str(path)) == load(None) == Preferences({})
    path.write_text('theme = "nord"\n[keys]\nquit = "Q"\ncopy = "ctrl+y, c"\n')
    assert load(str(path)) == Preferences({"quit": "Q", "copy": "ctrl+y, c"}, "nord")


@pytest.mark.parametrize(
    "text", ["[keys\n", "keys = 3\n", f"x = {'9' * 5000}\n", "x = " + "[" * 60_000, "# " + "x" * 300_000]
)
def test_preferences_that_cannot_be_read_are_told_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    preferences = load(str(path))
    assert preferences.keys == {}
    assert len(preferences.problems) == 1
    assert len(preferences.problems[0]) < 300
    assert "\n" not in preferences.problems[0]


@pytest.mark.parametrize("home", ["", ".", "here"])
def test_no_folder_of_the_user_is_not_the_working_folder(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", home)
    monkeypatch.setattr(os.path, "expanduser", lambda _: "~")  # as without HOME and without an entry of the user
    assert config_file() is None


@pytest.mark.parametrize(
    "key", ["q", "Q", "ctrl+y", "f5", "question_mark", "?", "+", "[", "é", "shift+tab", "left", "at"]
)
def test_keys_that_there_are(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize(
    "key",
    ["", "qq", "\x1b]52;c;RVZJTA==\x07", "\x9b", "\u202e", "a\u0301", "[@click=app.bell]ZZ[/]", "[/]", "ctrl+",
     "q+ctrl", "right_to_left_override", "zero_width_space", " ", "ctrl+\x07", "\ue000", "ctrl+[/]"],
)  # fmt: skip
def test_texts_that_are_no_key(key: str, tmp_path: Path) -> None:
    assert not is_key(key)
    path = tmp_path / "config.toml"
    path.write_text(f"[keys]\nfix = {json.dumps(key)}\nquit = 'Q'\n")
    preferences = load(str(path))
    assert preferences.keys == {"quit": "Q"}
    assert "[keys] fix: there is no key" in preferences.problems[0]


@pytest.mark.sweep
@pytest.mark.parametrize("key", ["[@click=app.bell]ZZ[/]", "[/]", "\x1b]0;x\x07\x9b", "[$accent]", "\\", "["])
def test_the_palette_and_the_help_show_a_key_as_text(key: str, play: Play, press: Play, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await app.switch_mode("path")
        for shown in (["2", "1"], ["ctrl+p"], ["escape", "question_mark"]):
            await press(pilot, *shown)
            await pilot.pause()
            text = text_of(app)
            assert not {character for character in text if ord(character) < 32 and character != "\n"}
            assert "\x9b" not in text
            clicks = [segment.style.meta for line in app.screen._compositor.render_strips() for segment in line
                      if segment.style is not None and "app.bell" in str(segment.style.meta)]  # fmt: skip
            assert not clicks
        assert app.is_running

    play(story, None, app=Doctor(None, Preferences({"fix": key, "copy": "c"})))
