"""How the Token and What-if screens look, as SVG. UPDATE_PICTURES=1 makes the pictures anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SIZES = [((80, 24), "textual-dark"), ((120, 40), "textual-dark"), ((120, 40), "textual-light")]


@pytest.mark.parametrize("size, theme", SIZES)
@pytest.mark.parametrize(
    "name, sample, keys",
    [
        ("token", "aws-wrong-team", ["3"]),
        ("token-expired", "aws-token-expired", ["3"]),
        ("whatif", "aws-wrong-team", ["4"]),
        ("whatif-fixed", "aws-wrong-team", ["4", "f"]),
        ("whatif-gcp", "gcp-condition-false", ["4", "enter", "end", "backspace", "escape"]),
    ],
)
def test_token_and_whatif(
    name: str,
    sample: str,
    keys: list[str],
    size: tuple[int, int],
    theme: str,
    play: Callable[..., Any],
    press: Callable[..., Any],
    wait: Callable[..., Any],
    looks_like: Callable[..., None],
    text_of: Callable[..., str],
) -> None:
    if theme != "textual-dark" and name not in ("token", "whatif-fixed"):
        pytest.skip("two of them in light are enough")

    async def story(pilot: Any) -> None:
        for key in keys:
            await press(pilot, key)
        if name == "whatif-fixed":
            await wait(pilot, lambda: "made-up" in text_of(pilot.app))
        elif keys[0] == "4":
            await wait(
                pilot, lambda: ("edited" in text_of(pilot.app)) == (len(keys) > 1) or "yet" in text_of(pilot.app)
            )
        await press(pilot)
        looks_like(pilot.app, f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('textual-')}")

    play(story, sample, size=size, theme=theme)
