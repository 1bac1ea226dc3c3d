"""Features of all screens: tabs, palette, help, footers, sizes, keys and themes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Footer

from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.events import EventsScreen
from oidc_doctor.tui.path import PathScreen
from oidc_doctor.tui.preferences import Preferences, load
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
        assert {
            "Fix",
            "Copy",
            "Explain",
            "Export",
            "Re-run",
            "Filter",
            "Open another",
            "Timeline",
            "Quit",
        } <= unique_titles
        await press(pilot, "ctrl+p", *"timeline", "enter")
        assert isinstance(pilot.app.screen, TimelineScreen)

    play(story)


def test_help_panel_opens_and_closes(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "question_mark")
        assert pilot.app.screen.query("HelpPanel")
        await press(pilot, "question_mark")
        assert not pilot.app.screen.query("HelpPanel")

    play(story)


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


def test_preferences_are_merged_from_files(tmp_path: Path) -> None:
    first, second, broken = tmp_path / "config.toml", tmp_path / "oidc-doctor.toml", tmp_path / "odd.toml"
    first.write_text('theme = "nord"\n[keys]\nquit = "Q"\ncopy = "c"\n')
    second.write_text('[keys]\ncopy = "ctrl+y"\n')
    broken.write_text("[keys\n")
    preferences = load((str(first), str(second), str(broken), str(tmp_path / "none")))
    assert preferences.keys == {"quit": "Q", "copy": "ctrl+y"}
    assert preferences.theme == "nord"
    assert len(preferences.problems) == 1
    broken.write_text("keys = 3\n")
    assert load((str(broken),)).problems
