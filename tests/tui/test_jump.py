"""Ctrl+O shows a letter on each part of the screen; the letter goes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oidc_doctor.tui.jump import JumpScreen

Play = Callable[..., Any]


@pytest.mark.parametrize("size", [(120, 40)])
@pytest.mark.parametrize("key", ["1", "4"])
def test_each_letter_is_on_its_part_and_goes_there(key: str, size: tuple[int, int], play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, key)
        parts = [part for part in app.screen.focus_chain if part.region.area]
        assert len(parts) > 1
        for number, part in enumerate(parts):
            await press(pilot, "ctrl+o")
            assert isinstance(app.screen, JumpScreen)
            letters = list(app.screen.query(".jump"))
            assert [letter.region.offset for letter in letters] == [one.region.offset for one in parts]
            await press(pilot, "abcdefgh"[number])
            assert app.focused is part

    play(story, size=size)


def test_it_closes_without_a_move(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        before = app.focused
        for leave in (["escape"], ["ctrl+o"], ["z", "escape"]):
            await press(pilot, "ctrl+o")
            await press(pilot, *leave)
            assert not isinstance(app.screen, JumpScreen)
            assert app.focused is before

    play(story)
