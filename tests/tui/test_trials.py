"""Token and What-if screens together: hostile values, any size, any keys, the exchange that they share."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.tui.token import Claims
from oidc_doctor.tui.whatif import WhatIfScreen

if TYPE_CHECKING:
    from tests.conftest import Bundle
    from tests.tui.conftest import Driver

    Drive = Callable[..., None]

SIZES = [(80, 24), (120, 40)]


HOSTILE = {
    "markup": "[bold red]x[/] [@click=app.quit]q[/] [/nothing]",
    "escapes": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "bidi": "\u202egnp.exe\u2066 שלום \u200b\u200d",
    "long": "y" * 10_000,
    "[red]name[/]": 1,
    "\x1b[31mname": {"nested": ["[b]", "\u2028"]},
    "wide": "漢字" * 50,
}


@pytest.mark.parametrize("size", SIZES)
def test_hostile_claims_are_harmless(size: tuple[int, int], aws: Bundle, drive: Drive) -> None:
    aws.token(aws.claims_of(**HOSTILE, sub="[blink]" + aws.SUBJECT + "\x1b[5m\u202e"))

    async def test(driver: Driver) -> None:
        await driver.open_token()
        await driver.shows("✗ refused")
        for _ in range(driver.app.screen.query_one(Claims).option_count):
            check(driver)
            await driver.press("down")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, WhatIfScreen), "What-if")
        await driver.until(lambda: '"markup"' in driver.editor.text, "the claims")
        claims = json.loads(driver.editor.text)
        assert {name: claims[name] for name in HOSTILE} == HOSTILE
        for _ in range(6):
            check(driver)
            await driver.press("right_square_bracket")

    def check(driver: Driver) -> None:
        text = driver.text() + driver.page
        assert not {character for character in text if character != "\n" and not character.isprintable()}
        assert not set("\u202e\u2066\u05e9\u200b") & set(text)

    drive(aws.root, test, size)


def test_screens_render_at_any_size(aws: Bundle, drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        for opening in (driver.open_token, driver.open_whatif):
            await opening()
            for size in ((30, 8), (200, 60), (80, 24), (110, 34)):
                await driver.pilot.resize_terminal(*size)
                await driver.pilot.pause(0.05)
            assert driver.text()

    drive(aws.root, test)


def test_message_without_an_exchange(bundle: Bundle, drive: Drive) -> None:
    bundle.write("notes.txt", "nothing")

    async def test(driver: Driver) -> None:
        for key in ("3", "4"):
            await driver.press(key)
            await driver.shows("No exchange was examined.")
            await driver.press(*"fzwnpby", "enter", "escape")

    drive(bundle.root, test)


def test_a_token_alone_has_its_claims_on_its_screen(aws: Bundle, drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.press("3")
        await driver.shows("issuer")
        assert "https://oidc.baseten.co" in driver.text()
        assert "No exchange was examined" not in driver.text()
        await driver.press("4")
        await driver.shows("so there is no decision to")
        assert "Which role or provider?" in driver.text()

    drive(aws.root / "token.jwt", test)


def test_exchange_selected_on_another_screen_is_shown(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        exchanges = {exchange.cloud: exchange for exchange in driver.app.session.report.exchanges}  # type: ignore[union-attr]
        await driver.shows("attribute-condition-false")  # the selection message has been handled
        await driver.press("down", "up")
        for cloud, name in (("aws", "AWS · build"), ("gcp", "GCP · build")):
            entry = driver.app.session.entry
            assert entry is not None
            driver.app.session.entry = entry._replace(exchange=exchanges[cloud])  # type: ignore[index]
            await driver.press("1")
            await driver.open_whatif()
            await driver.shows(name)
        await driver.press("n")
        await driver.shows("AWS · build")
        await driver.press("3")
        await driver.shows("AWS · build")

    drive("two-clouds", test)


KEYS = [*"123456fzwnpby[]x?", "enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end",
        "backspace", "delete", "ctrl+z", "ctrl+y", "ctrl+a", "ctrl+k", "pageup", "pagedown", "quotation_mark",
        "left_curly_bracket", "comma", "space"]  # fmt: skip


@pytest.mark.parametrize("seed", range(1))
def test_random_keys_do_not_crash(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive) -> None:
    keys = random.Random(seed).choices(KEYS, k=60)

    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        for key in keys:
            await driver.pilot.press(key)
        await driver.press("escape", "escape")
        assert driver.app.is_running, keys

    monkeypatch.chdir(tmp_path)
    drive("two-clouds", test, (80, 24))
