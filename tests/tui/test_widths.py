"""Lists, tables and titles use the width that there is: nothing is cut where there is room for it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from oidc_doctor.examine.examine import Examined
from oidc_doctor.report.parts.lines import columns
from oidc_doctor.tui.events import Table
from oidc_doctor.tui.page import PageScreen
from oidc_doctor.tui.widgets.page_view import PageView
from oidc_doctor.tui.widgets.steps import Steps

Play = Callable[..., Any]
SAMPLES = ("gcp-condition-false", "two-clouds")  # a change of an earlier day; long names of calls


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_tables_and_lists_of_the_logs_fit(
    sample: str, size: tuple[int, int], play: Play, press: Play, examined: Callable[[str], Examined]
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "5")
        table = pilot.app.screen.query_one(Table)
        assert table.virtual_size.width <= table.scrollable_content_region.width
        times = [str(table.get_row_at(row)[0]) for row in range(table.row_count)]
        assert len({len(time.split()) for time in times}) == 1, times
        await press(pilot, "2")
        moments = pilot.app.screen.query_one("#findings")
        lines = [line for option in moments.options for line in str(option.prompt).split("\n")]
        assert max(map(columns, lines)) <= moments.scrollable_content_region.width
        assert pilot.app.size.width * 2 // 5 <= moments.outer_size.width <= pilot.app.size.width // 2

    play(story, present=examined(sample), size=size)


def test_subjects_that_differ_in_one_part_do_not_look_alike(
    play: Play, press: Play, history: Callable[..., Examined], examined: Callable[[str], Examined]
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "5")
        table = pilot.app.screen.query_one(Table)
        rows = [[str(cell) for cell in table.get_row_at(at)] for at in range(table.row_count)]
        refused = [row[3] for row in rows if row[1].startswith("✗")]
        assert len(set(refused)) == len(refused) == 6
        await press(pilot, "2")
        shown = [
            str(option.prompt).split("\n")[-1].split()[-1] for option in pilot.app.screen.query_one("#findings").options
        ]
        assert len(set(shown)) >= 6

    play(story, present=history(examined("aws-wrong-team"), 12))


@pytest.mark.sweep
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_title_says_of_which_day_the_times_are(
    size: tuple[int, int], play: Play, press: Play, examined: Callable[[str], Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        for key in "12345":
            await press(pilot, key)
            title = text_of(pilot.app).split("\n")[0].partition("1 Path")[0]
            assert "21 Nov" in title
            assert "…" not in title
        await press(pilot, "1")
        await pilot.resize_terminal(60, 24)
        await press(pilot)
        assert "21 Nov" not in text_of(pilot.app).split("\n")[0]

    play(story, present=examined("aws-wrong-team"), size=size)


def test_the_selected_change_is_kept_at_another_width_and_counted_in_view(
    play: Play, press: Play, examined: Callable[[str], Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "2")
        moments, screen = pilot.app.screen.query_one("#findings"), pilot.app.screen
        assert "◆ 2 changes" in text_of(pilot.app)
        await press(pilot, "n", "n")
        selected = screen._rows[moments.highlighted]
        assert moments.highlighted  # not the first row
        await pilot.resize_terminal(120, 40)
        await press(pilot)
        assert screen._rows[moments.highlighted] == selected
        await press(pilot, "plus", "plus")
        assert "◆ 1 change " in text_of(pilot.app)
        axis = next(line for line in text_of(pilot.app).split("\n") if "◆ 1 change" in line)
        assert " " not in axis.partition("◆ 1 change")[2].strip()

    play(story, present=examined("aws-wrong-team"))


def test_a_key_for_changes_says_that_there_are_none(
    play: Play, press: Play, examined: Callable[[str], Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "2", "n")
        assert "No change of the configuration is logged." in text_of(pilot.app)

    play(story, present=examined("two-clouds"))


def test_a_step_is_marked_only_while_the_steps_have_the_focus(
    play: Play, press: Play, examined: Callable[[str], Examined]
) -> None:
    async def story(pilot: Any) -> None:
        def reversed_spans() -> int:
            return sum("reverse" in str(span.style) for span in pilot.app.screen.query_one(Steps).render().spans)

        await press(pilot)
        assert reversed_spans() == 1  # the refused step
        await press(pilot, "shift+tab", "right")
        assert reversed_spans() == 2
        await press(pilot, "tab")
        assert reversed_spans() == 1

    play(story, present=examined("aws-wrong-team"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_an_explanation_is_folded_once(
    size: tuple[int, int], play: Play, press: Play, examined: Callable[[str], Examined]
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, PageScreen)
        page = pilot.app.screen.query_one(PageView)
        lines = str(page.query_one(".page").render()).split("\n")
        room = page.scrollable_content_region.width - 2
        for line, following in pairwise(lines):
            if line.startswith("    ") and following.startswith("    "):
                assert columns(line) + 1 + columns(following.split()[0]) > room

    play(story, present=examined("gcp-condition-false"), size=size)


@pytest.mark.parametrize("width", [80, 66])
def test_a_page_is_written_for_its_width(
    width: int, play: Play, press: Play, examined: Callable[[str], Examined]
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot)
        page = pilot.app.screen.query_one("#detail", PageView)
        lines = str(page.query_one(".page").render()).split("\n")
        assert max(map(columns, lines)) <= page.scrollable_content_region.width - 2
        assert lines[0].endswith("proven")

    play(story, present=examined("aws-wrong-team"), size=(width, 24))
