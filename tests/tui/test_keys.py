"""Keys, mouse, help and palette: the same actions by the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets._footer import FooterKey, FooterLabel

from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.help import HelpScreen
from oidc_doctor.tui.keys import MOVE, active_keys, all_ids, group_of, unknown_names
from oidc_doctor.tui.page import PageScreen
from oidc_doctor.tui.path import Findings, PathScreen
from oidc_doctor.tui.preferences import Preferences
from oidc_doctor.tui.raw_events import RawEventsScreen
from oidc_doctor.tui.timeline import TimelineScreen
from oidc_doctor.tui.whatif import WhatIfScreen
from oidc_doctor.tui.widgets.page_view import PageView
from oidc_doctor.tui.widgets.status_line import StatusLine

Play = Callable[..., Any]
SIZES = [(80, 24), (120, 40), (200, 60)]


def said(app: Any) -> str:
    return str(app.screen.query_one(StatusLine).message)


def test_every_key_has_a_group() -> None:
    assert [name for name in sorted(all_ids()) if not group_of(name)] == []


@pytest.mark.parametrize("screen", ["1", "2", "3", "4", "5"])
def test_footer_help_and_palette_use_the_same_names(screen: str, play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, screen)
        keys = active_keys(app, app.screen)
        footer = {str(key.description) for key in app.screen.query(FooterKey) if key.description}
        groups = {str(label.render()) for label in app.screen.query(FooterLabel)}
        assert footer <= {key.name for key in keys}
        assert {"Palette", "Help", "Quit"} <= footer | groups
        palette = {command.title for command in app.get_system_commands(app.screen)}
        listed = {f"{key.group}: {key.name}" for key in keys if key.group != MOVE and key.id != "palette"}
        assert palette == listed | {"view: Picture", "view: Theme …"}
        await press(pilot, "f1")
        page = str(app.screen.query_one(".page").render())
        for key in keys:
            assert key.name in page
            for name in key.keys:
                assert name in page

    play(story, size=(200, 60))


@pytest.mark.sweep
@pytest.mark.parametrize("size", SIZES)
def test_help_is_a_dialog_with_our_own_keys_first(
    size: tuple[int, int], play: Play, press: Play, text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        text = text_of(app)
        assert "Findings, the worst first" in text
        assert text.index("Open") < text.index("Down")
        assert "Scroll Left" not in text
        await press(pilot, "G")
        assert "Names for [keys]" in text_of(app)  # the end can be reached at any size
        for key in ("escape", "f1", "question_mark", "q"):
            await press(pilot, key)
            assert isinstance(app.screen, PathScreen), key
            await press(pilot, "question_mark")
        assert app.is_running

    play(story, size=size)


def test_vi_keys_move_in_lists_and_pages(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        findings = app.screen.query_one(Findings)
        for key, row in (("j", 1), ("j", 2), ("k", 1), ("G", 2), ("g", 0)):
            await press(pilot, key)
            assert findings.highlighted == row, key
        page = app.screen.query_one("#detail", PageView)
        await press(pilot, "space")
        assert page.scroll_y > 0
        await press(pilot, "l", "g")
        assert app.focused is page
        assert page.scroll_y == 0
        await press(pilot, "ctrl+d")
        half = page.scroll_y
        assert half == page.size.height // 2
        await press(pilot, "j")
        assert page.scroll_y == half + 1
        await press(pilot, "G")
        assert page.scroll_y == page.max_scroll_y
        await press(pilot, "k", "ctrl+u")
        assert page.scroll_y == page.max_scroll_y - 1 - half
        await press(pilot, "h")
        assert app.focused is findings
        await press(pilot, "colon", *"timeline", "enter")
        assert isinstance(app.screen, TimelineScreen)

    play(story)


@pytest.mark.parametrize("screen, rows", [("1", "Findings"), ("5", "Table")])
def test_n_goes_to_the_next_row_that_matches(screen: str, rows: str, play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app

        def row() -> int:
            listed = app.screen.query_one(rows)
            return int(listed.highlighted if rows == "Findings" else listed.cursor_row)

        def last() -> int:
            listed = app.screen.query_one(rows)
            return int(listed.option_count if rows == "Findings" else listed.row_count) - 1

        await press(pilot, screen)
        assert "match(1)" not in {key.action for key in active_keys(app, app.screen)}
        await press(pilot, "slash", *"policy", "enter")
        assert row() == 0
        assert last() > 0
        await press(pilot, "n")
        assert row() == 1
        await press(pilot, "N", "N")
        assert row() == last()  # before the first row is the last

    play(story)


@pytest.mark.parametrize("key", ["r", "f5", "ctrl+r"])
def test_reading_again_is_told(key: str, play: Play, press: Play, wait: Play) -> None:
    async def story(pilot: Any) -> None:
        before = pilot.app.session.report
        await press(pilot, key)
        await wait(pilot, lambda: pilot.app.session.report is not before)
        assert said(pilot.app).startswith("Read again at ")
        assert said(pilot.app).endswith("the same answer.")

    play(story, "healthy-aws", read=True)


def test_ctrl_c_says_how_to_quit_then_quits(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "ctrl+c")
        assert "Ctrl+C again quits" in said(pilot.app)
        assert not pilot.app._exit
        await press(pilot, "ctrl+c")
        assert pilot.app._exit

    play(story)


def test_ctrl_c_copies_a_marked_text(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot)
        page = pilot.app.screen.query_one("#detail .page")
        await pilot.mouse_down(page, offset=(4, 0))
        await pilot.hover(page, offset=(20, 0))
        await pilot.mouse_up(page, offset=(20, 0))
        await press(pilot, "ctrl+c")
        assert "refuses this t" in pilot.app.clipboard
        assert "again quits" not in said(pilot.app)

    play(story, size=(120, 40))


def test_a_click_selects_and_a_second_one_opens(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        findings = app.screen.query_one(Findings)
        folded = findings.option_count
        await pilot.click(findings, offset=(3, 2))  # the passed checks, which unfold when they are opened
        await press(pilot)
        assert findings.highlighted == 1
        assert findings.option_count == folded
        await pilot.click(findings, offset=(3, 1), times=2)
        await press(pilot)
        assert isinstance(app.screen, PageScreen)
        await press(pilot, "escape", "5")
        table = app.screen.query_one("Table")
        await pilot.click(table, offset=(3, 3))
        await press(pilot)
        assert table.cursor_row == 2
        await pilot.click(table, offset=(3, 3), times=2)
        await press(pilot)
        assert isinstance(app.screen, RawEventsScreen)

    play(story, size=(120, 40))


def test_a_message_covers_nothing_and_stays_with_its_screen(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, "y")
        assert said(app).startswith("Copied: command")
        line, attempts = app.screen.query_one(StatusLine), app.screen.query_one("#attempts")
        assert attempts.region.bottom <= line.region.y
        assert not app.screen.query("Toast")
        await press(pilot, "4")
        assert isinstance(app.screen, WhatIfScreen)
        assert not said(app)
        await press(pilot, "1")
        assert not said(app)

    play(story)


def test_unknown_names_of_keys_are_told_with_the_closest(play: Play, press: Play, text_of: Play) -> None:
    (message,) = unknown_names(["show.timline", "copy"])
    assert message.startswith("[keys] show.timline: no action has this name; the closest names are show.timeline")
    assert "help (?)" in unknown_names(["qqqqqq"])[0]

    async def story(pilot: Any) -> None:
        await press(pilot)
        assert "[keys] bogus: no action has this name" in " ".join(text_of(pilot.app).split())

    play(story, None, app=Doctor(None, Preferences({"bogus": "z", "quit": "Q"})))
