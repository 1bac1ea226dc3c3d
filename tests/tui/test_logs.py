"""The Timeline and Events screens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oidc_doctor.examine.examine import Examined
from oidc_doctor.tui.events import MOST_ROWS, Table
from oidc_doctor.tui.raw_events import RawEventsScreen

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


def test_timeline_rows_start_with_their_difference(
    play: Play, press: Play, history: Callable[..., Examined], examined: Callable[[str], Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "2")
        labels = {str(option.prompt)[:30] for option in pilot.app.screen.query_one("#findings").options}
        assert len(labels) == len(pilot.app.screen.query_one("#findings").options), labels
        assert any("by ops" in label for label in labels)
        await press(pilot, "5", "down")
        row = pilot.app.screen._rows[1]
        subject = row.attempt.subject
        assert subject in text_of(pilot.app).replace("\n", "").replace(" ", "")

    play(story, present=history(examined("aws-wrong-team")))


def test_chart_selects_bars_and_changes_zooms_and_pans(
    play: Play, press: Play, examined: Callable[[str], Examined], history: Callable[..., Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, "2")
        chart, screen = app.screen.query_one("#chart"), app.screen
        assert screen._rows[0].change["flips"]
        assert "Replaying the token: accepted before this change" in " ".join(text_of(app).split())
        await press(pilot, "n")
        assert screen._rows[0].kind in ("change", "attempts")
        assert "by        assumed-role/PlatformAdmin/ops" in text_of(app)
        await press(pilot, "n")
        assert "MalformedPolicyDocument" in text_of(app)
        await press(pilot, "p", "escape")
        assert chart.span is None
        full_view = (chart._low, chart._high)
        await press(pilot, "plus", "plus")
        assert chart._high - chart._low < (full_view[1] - full_view[0]) / 3
        start = chart._low
        await press(pilot, "shift+left")
        assert chart._low < start
        await press(pilot, *["shift+left"] * 20, *["minus"] * 9)
        assert (chart._low, chart._high) == full_view
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


def test_events_table_is_filtered_and_limited(
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
        assert isinstance(app.screen, RawEventsScreen)
        await press(pilot, "y")
        assert "-6116-4038-bbe5-" in app.clipboard
        await press(pilot, "escape", "slash", "escape")
        assert table.row_count == MOST_ROWS

    play(story, present=history(examined("aws-wrong-team"), 2_600))


def test_raw_events_are_read_page_by_page(
    play: Play, press: Play, examined: Callable[[str], Examined], history: Callable[..., Examined], text_of: Play
) -> None:
    requested_pages: list[tuple[int, int]] = []

    def read(row: Any, offset: int, limit: int) -> list[tuple[str, str]]:
        requested_pages.append((offset, limit))
        event = {"eventName": "AssumeRoleWithWebIdentity", "errorCode": "AccessDenied", "n": offset, "x": "\x1b[31m"}
        return [("trail.json.gz record 7", json.dumps(event))] if offset < 40 else []

    async def story(pilot: Any) -> None:
        app = pilot.app
        app.session.read_events = read
        await press(pilot, "5", "enter")
        await press(pilot, "end")  # of the page that was read meanwhile
        text = text_of(app)
        assert '▶   "errorCode": "AccessDenied"' in text
        assert "trail.json.gz record 7" in text
        assert "u001b[31m" in text
        await press(pilot, "n", "n", "n", "p")
        assert [offset for offset, _ in requested_pages] == [0, 20, 40, 40, 0]

    play(story, present=history(examined("aws-wrong-team")))


def test_read_error_of_raw_events_is_shown(
    play: Play, press: Play, examined: Callable[[str], Examined], history: Callable[..., Examined], text_of: Play
) -> None:
    def read(row: Any, offset: int, limit: int) -> list[tuple[str, str]]:
        raise OSError("the archive is gone")

    async def story(pilot: Any) -> None:
        pilot.app.session.read_events = read
        await press(pilot, "5", "enter")
        await press(pilot, "end")
        assert "the archive is gone" in text_of(pilot.app)

    play(story, present=history(examined("aws-wrong-team")), size=(120, 60))
