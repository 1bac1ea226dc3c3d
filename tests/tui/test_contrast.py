"""Every text on the screens can be read in every theme: its colour against the ground on which it is really drawn."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from textual.color import Color
from textual.constants import DIM_FACTOR
from textual.geometry import Region
from textual.theme import BUILTIN_THEMES

from oidc_doctor.examine.examine import Examined
from oidc_doctor.report.parts.sentences import STATES
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.colors import LEAST_CONTRAST, contrast

if TYPE_CHECKING:
    from rich.color import Color as DrawnColor
    from rich.style import Style

Play = Callable[..., Any]
Press = Callable[..., Awaitable[None]]

RGB_THEMES = sorted(name for name, theme in BUILTIN_THEMES.items() if not theme.ansi)
USUAL_THEMES = ("textual-dark", "textual-light")
ANSI_THEMES = sorted(name for name, theme in BUILTIN_THEMES.items() if theme.ansi)
# xterm's sixteen colours: rgb:cd/00/00 and so on, of its XTerm-col.ad
XTERM = [(0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)]
XTERM += [(127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255)]
XTERM += [(255, 255, 255)]
# (keys that lead to a state of the screens, keys that lead back)
VISITS = {
    "path": (["1"], []),
    "second row": (["down"], []),
    "third row": (["down"], ["home"]),
    "steps": (["shift+tab", "right"], ["tab"]),
    "pane": (["tab"], ["shift+tab"]),
    "filter": (["slash", "a"], ["escape"]),
    "fix": (["f"], ["escape"]),
    "finding": (["enter"], ["escape"]),
    "export": (["e"], ["escape"]),
    "timeline": (["2"], []),
    "bar": (["n"], []),
    "moments": (["tab", "down"], []),
    "token": (["3"], []),
    "what-if": (["4"], []),
    "fixed": (["f"], []),
    "editor": (["enter", "down"], ["escape"]),
    "events": (["5"], []),
    "raw events": (["down", "enter"], ["escape"]),
    "help": (["question_mark"], ["escape"]),
    "palette": (["colon", "f", "i"], ["escape"]),
    "jump": (["ctrl+o"], ["escape"]),
    "start": (["o"], []),
    "form": (["ctrl+t", "enter"], ["escape"]),
    "no match": (["question_mark", "enter"], ["escape", "escape"]),
}
# States that together show all styles; every theme of a run is tried on these.
DECISIVE = ("third row", "steps", "bar", "editor", "events", "palette", "form", "no match")


class Cell(NamedTuple):
    """A run of characters in one style, and its two colours; None is the terminal's own."""

    text: str
    style: Style
    color: DrawnColor | None
    ground: DrawnColor | None


def drawn(app: Doctor) -> Iterator[Cell]:
    """Yield what the screen shows: its texts, and the bars of its charts; no frames and no scrollbars."""
    over = app.screen.query(".dialog, #--input, CommandList")  # or the palette; what is behind them is dimmed
    dialog = Region.from_union([widget.region for widget in over]) if over else None
    charts = [widget.region for widget in app.screen.query("#chart, #attempts")]
    for y, strip in enumerate(app.screen._compositor.render_strips()[: app.size.height]):
        if dialog is not None and not dialog.y <= y < dialog.bottom:
            continue
        has_bars = any(region.y <= y < region.bottom for region in charts)
        for segment in strip.crop(dialog.x, dialog.right) if dialog is not None else strip:
            text = "".join(
                character
                for character in segment.text
                if not ("\u2500" <= character < "\u2580" or ("\u2580" <= character < "\u25a0" and not has_bars))
            )
            style = segment.style
            if style is None or not text.strip():
                continue
            color, ground = style.color, style.bgcolor
            yield Cell(text.strip(), style, *((ground, color) if style.reverse else (color, ground)))


def everything(examined: Examined) -> Examined:
    """Return a report that shows every state of a step, each confidence, and each effect of a check."""
    states = itertools.cycle(STATES)
    exchanges = [
        dataclasses.replace(exchange, steps=[step._replace(state=next(states)) for step in exchange.steps])
        for exchange in examined.report.exchanges
    ]
    cause = examined.report.causes[0]
    unsure = cause.named._replace(refusal=cause.named.refusal._replace(certain=False))
    causes = [
        cause._replace(timing=cause.timing._replace(flips=True), position="first"),
        cause._replace(timing=cause.timing._replace(flips=False)),
        cause._replace(named=unsure),
    ]
    effects = itertools.cycle(("weakens", "weakens", "note", "blocks"))
    checks = [
        dataclasses.replace(row, effect=next(effects)) if row.status == "failed" else row
        for row in examined.report.checks
    ]
    report = dataclasses.replace(examined.report, exchanges=exchanges, causes=causes, checks=checks)
    return examined._replace(report=report)


def hardly_readable(app: Doctor, cells: Iterable[Cell], where: str) -> list[str]:
    found = []
    for cell in cells:
        assert cell.color is not None, cell
        assert cell.ground is not None, cell
        color, ground = (Color(*one.get_truecolor()) for one in (cell.color, cell.ground))
        if cell.style.dim:
            color = ground.blend(color, DIM_FACTOR)
        ratio = contrast(color, ground)
        if ratio < LEAST_CONTRAST:
            found.append(f"{app.theme} · {where}: {ratio:.2f} {color.hex} on {ground.hex} {cell.text[:30]!r}")
    return found


def test_every_text_reaches_the_contrast_in_every_theme(
    play: Play,
    press: Press,
    examined: Callable[[str], Examined],
    history: Callable[..., Examined],
    pytestconfig: pytest.Config,
) -> None:
    """All themes with --all-cases; else the two that are offered first, and one in seven of the others."""
    themes = RGB_THEMES if pytestconfig.getoption("--all-cases") else sorted({*USUAL_THEMES, *RGB_THEMES[::7]})
    seen: set[str] = set()
    found: list[str] = []

    async def story(pilot: Any) -> None:
        app = pilot.app
        for where, (there, back) in VISITS.items():
            opened_once = where != "palette"  # which keeps the colours in which it was opened
            if opened_once:
                await press(pilot, *there)
            for theme in themes if where in DECISIVE else USUAL_THEMES:
                app.theme = theme
                await press(pilot, *([] if opened_once else there))
                cells = list(drawn(app))
                found.extend(hardly_readable(app, cells, where))
                seen.update(cell.text for cell in cells)
                await press(pilot, *([] if opened_once else back))
            await press(pilot, *(back if opened_once else []))

    play(story, present=history(everything(examined("two-clouds"))), size=(120, 40))
    assert not found, "\n".join(dict.fromkeys(found))
    shown = " ".join(seen)
    for sign, word, _ in STATES.values():
        assert sign in shown, word
    for text in ("proven", "suspected", "predicted", "!", "Findings", "Export", "█", "The edit and the commands"):
        assert text in shown, text


@pytest.mark.sweep
@pytest.mark.parametrize("theme", ANSI_THEMES)
def test_in_the_terminals_own_colours_no_text_is_lost(
    theme: str, play: Play, press: Press, examined: Callable[[str], Examined], history: Callable[..., Examined]
) -> None:
    text, paper = ((0, 0, 0), (255, 255, 255)) if theme == "ansi-light" else ((229, 229, 229), (0, 0, 0))

    def rgb(color: DrawnColor | None, default: tuple[int, int, int]) -> tuple[int, int, int]:
        if color is None or color.is_default:
            return default
        return XTERM[color.number] if color.number is not None else tuple(color.get_truecolor())

    async def story(pilot: Any) -> None:
        for where, (there, back) in VISITS.items():
            await press(pilot, *there)
            for cell in drawn(pilot.app):
                defaults = (paper, text) if cell.style.reverse else (text, paper)
                color, ground = rgb(cell.color, defaults[0]), rgb(cell.ground, defaults[1])
                assert color != ground, f"{where}: {cell}"
                if "refused" in cell.text and where == "path" and cell.text.startswith("✗ "):
                    decisive.append(cell)
            await press(pilot, *back)

    decisive: list[Cell] = []
    play(story, present=history(everything(examined("two-clouds"))), size=(120, 40), theme=theme)
    assert decisive
    assert any(cell.style.reverse and cell.style.bold for cell in decisive)


def test_without_colours_what_is_refused_stands_out(
    play: Play, press: Press, examined: Callable[[str], Examined], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(pilot: Any) -> None:
        for there, back in VISITS.values():
            await press(pilot, *there)
            for cell in drawn(pilot.app):
                assert all(color is None or color.is_default for color in (cell.color, cell.ground)), cell
                assert not ("✗" in cell.text and cell.style.dim), cell
            await press(pilot, *back)
        await press(pilot, "1")
        cells = list(drawn(pilot.app))
        (refused,) = (cell for cell in cells if cell.text == "✗ trust policy refused")
        (passed,) = (cell for cell in cells if cell.text == "✓ provider")
        differs = next(cell for cell in cells if cell.text == "x")  # of team Tq7LmZ2x
        selected = next(cell for cell in cells if "AWS025" in cell.text)
        assert selected.style.reverse
        assert (refused.style.bold, refused.style.reverse) == (True, True)
        assert not passed.style.bold
        assert not passed.style.reverse
        assert differs.style.bold

    play(story, present=examined("aws-wrong-team"), size=(120, 40), theme="ansi-dark")
