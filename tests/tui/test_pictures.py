"""How every screen looks, as SVG. UPDATE_PICTURES=1 makes the pictures anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.examine.examine import Examined

ROOT = Path(__file__).resolve().parent.parent.parent
DARK, LIGHT = "textual-dark", "textual-light"


@pytest.mark.parametrize(
    "name, keys",
    [
        ("path", []),
        ("path-step", ["shift+tab", "left"]),
        ("path-fix", ["f"]),
        ("path-finding", ["enter"]),
        ("path-explain", ["x"]),
        ("path-copied", ["y"]),
        ("path-filter", ["slash", "a", "u", "d"]),
        ("path-help", ["question_mark"]),
        ("path-export", ["e"]),
        ("timeline", ["2"]),
        ("timeline-change", ["2", "n", "right"]),
        ("events", ["5"]),
        ("events-raw", ["5", "down", "enter"]),
    ],
)
def test_at_80_by_24(
    name: str,
    keys: list[str],
    play: Callable[..., Any],
    press: Callable[..., Any],
    looks_like: Callable[..., None],
    examined: Callable[[str], Examined],
    history: Callable[..., Examined],
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, *keys)
        looks_like(pilot.app, f"{name}-80x24")

    play(story, present=history(examined("aws-wrong-team")))


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
@pytest.mark.parametrize("name", ["path", "timeline"])
def test_wider(
    name: str,
    size: tuple[int, int],
    theme: str,
    play: Callable[..., Any],
    press: Callable[..., Any],
    looks_like: Callable[..., None],
    examined: Callable[[str], Examined],
    history: Callable[..., Examined],
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, {"path": "1", "timeline": "2"}[name])
        looks_like(pilot.app, f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('textual-')}")

    play(story, present=history(examined("aws-wrong-team")), size=size, theme=theme)


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


def test_the_start_screen(
    play: Callable[..., Any], press: Callable[..., Any], wait: Callable[..., Any], looks_like: Callable[..., None]
) -> None:
    async def story(pilot: Any) -> None:
        await wait(pilot, lambda: pilot.app.screen.query_one("#choices").option_count)
        await press(pilot, *"tenant")
        looks_like(pilot.app, "start-80x24")

    play(story, None)


@pytest.mark.parametrize("name, keys", [("path", []), ("timeline", ["2"])])
def test_the_pictures_of_the_readme(
    name: str,
    keys: list[str],
    play: Callable[..., Any],
    press: Callable[..., Any],
    looks_like: Callable[..., None],
    examined: Callable[[str], Examined],
) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, *keys)
        looks_like(pilot.app, ROOT / "docs" / f"{name}.svg")

    play(story, present=examined("aws-wrong-team"), size=(104, 30))
