"""The Token and What-if screens as SVG pictures. UPDATE_PICTURES=1 stores new pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

DARK, LIGHT = "textual-dark", "textual-light"
# scenario: (picture, keys that open the screen, text to wait for, whether a light picture is stored as well)
VISITS = {
    "aws-wrong-team": [
        ("token", ["3"], "refused", True),
        ("whatif", ["4"], "yet", False),
        ("whatif-fixed", ["f"], "synthetic", True),
    ],
    "aws-token-expired": [("token-expired", ["3"], "refused", False)],
    "gcp-condition-false": [("whatif-gcp", ["4", "enter", "end", "backspace", "escape"], "edited", False)],
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("sample", VISITS)
def test_token_and_whatif_screens(
    sample: str,
    size: tuple[int, int],
    play: Callable[..., Any],
    press: Callable[..., Any],
    wait: Callable[..., Any],
    looks_like: Callable[..., None],
    text_of: Callable[..., str],
) -> None:
    async def story(pilot: Any) -> None:
        for name, keys, text, light in VISITS[sample]:
            for key in keys:
                await press(pilot, key)
            await wait(pilot, lambda text=text: text in text_of(pilot.app))
            for theme in (DARK, LIGHT) if light and size == (120, 40) else (DARK,):
                pilot.app.theme = theme
                await press(pilot)
                looks_like(pilot.app, f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('textual-')}")
            pilot.app.theme = DARK

    play(story, sample, size=size)
