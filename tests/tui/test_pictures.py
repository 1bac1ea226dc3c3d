"""Every screen as an SVG picture. UPDATE_PICTURES=1 stores new pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.examine.examine import Examined

ROOT = Path(__file__).resolve().parent.parent.parent
DARK, LIGHT = "textual-dark", "textual-light"


# (picture, keys that open the screen, keys that close it)
VISITS = {
    "pages": [
        ("path", [], []),
        ("path-fix", ["f"], ["escape"]),
        ("path-finding", ["enter"], ["escape"]),
        ("path-explain", ["x"], ["escape"]),
        ("path-export", ["e"], ["escape"]),
        ("path-help", ["question_mark"], ["question_mark"]),
        ("path-copied", ["y"], []),
    ],
    "path": [("path-step", ["shift+tab", "left"], ["tab"]), ("path-filter", ["slash", "a", "u", "d"], [])],
    "logs": [
        ("timeline", ["2"], []),
        ("timeline-change", ["n", "right"], []),
        ("events", ["5"], []),
        ("events-raw", ["down", "enter"], []),
    ],
}


@pytest.mark.parametrize("visit", VISITS)
def test_screens_at_80_by_24(
    visit: str,
    play: Callable[..., Any],
    press: Callable[..., Any],
    looks_like: Callable[..., None],
    examined: Callable[[str], Examined],
    history: Callable[..., Examined],
) -> None:
    async def story(pilot: Any) -> None:
        for name, there, back in VISITS[visit]:
            await press(pilot, *there)
            looks_like(pilot.app, f"{name}-80x24")
            await press(pilot, *back)

    play(story, present=history(examined("aws-wrong-team")))


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
def test_screens_on_wider_terminals(
    size: tuple[int, int],
    play: Callable[..., Any],
    press: Callable[..., Any],
    looks_like: Callable[..., None],
    examined: Callable[[str], Examined],
    history: Callable[..., Examined],
) -> None:
    async def story(pilot: Any) -> None:
        for theme in (DARK, LIGHT):
            pilot.app.theme = theme
            for name, key in (("path", "1"), ("timeline", "2")):
                await press(pilot, key)
                looks_like(pilot.app, f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('textual-')}")

    play(story, present=history(examined("aws-wrong-team")), size=size)


@pytest.mark.parametrize(
    "sample, name",
    [("gcp-condition-false", "path-gcp"), ("two-clouds", "path-two-clouds"), ("healthy-aws", "path-healthy")],
)
def test_other_scenarios(
    sample: str,
    name: str,
    play: Callable[..., Any],
    looks_like: Callable[..., None],
    examined: Callable[[str], Examined],
) -> None:
    async def story(pilot: Any) -> None:
        looks_like(pilot.app, f"{name}-80x24")

    play(story, present=examined(sample))


def test_start_screen(
    play: Callable[..., Any], press: Callable[..., Any], wait: Callable[..., Any], looks_like: Callable[..., None]
) -> None:
    async def story(pilot: Any) -> None:
        await wait(pilot, lambda: pilot.app.screen.query_one("#choices").option_count)
        await press(pilot, *"tenant")
        looks_like(pilot.app, "start-80x24")

    play(story, None)


def test_readme_pictures(
    play: Callable[..., Any],
    press: Callable[..., Any],
    looks_like: Callable[..., None],
    examined: Callable[[str], Examined],
) -> None:
    async def story(pilot: Any) -> None:
        looks_like(pilot.app, ROOT / "docs" / "path.svg")
        await press(pilot, "2")
        looks_like(pilot.app, ROOT / "docs" / "timeline.svg")

    play(story, present=examined("aws-wrong-team"), size=(104, 30))
