"""The Token screen, driven by keys: claims, their parts, other tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.tui.paste_dialog import Hidden, PasteScreen
from oidc_doctor.tui.token import TokenScreen
from oidc_doctor.tui.whatif import WhatIfScreen

if TYPE_CHECKING:
    from tests.conftest import Bundle
    from tests.tui.conftest import Driver

    Drive = Callable[..., None]

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
def test_claims_are_listed_with_their_uses(size: tuple[int, int], drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_token()
        await driver.shows("✗ refused at token")
        text = driver.text()
        assert "✗ exp" in text
        assert "expired 3 h ago" in text
        assert "token expired 3 h ago, past AWS's 5 min tolerance" in " ".join(driver.page.split())
        assert "alg RS256" in text
        assert "Baseten" in text
        await driver.press("home")
        await driver.until(lambda: "read at" in driver.page, "the header")
        await driver.press("down", "down")
        await driver.until(lambda: "of the form environment:" in driver.page, "the subject")
        parts = dict(line.split(maxsplit=1) for line in driver.page.split("\n") if line.startswith("    "))
        assert parts["org"] == "Org8Kd2P"
        assert parts["environment"] == "production"

    drive("aws-token-expired", test, size)


def test_refused_part_of_the_subject_is_marked(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_token()
        await driver.until(lambda: "✗ team " in driver.page, "the segment")
        assert "✗ org" not in driver.page
        assert "StringLike · oidc.baseten.co:sub" in " ".join(driver.page.split())

    drive("aws-wrong-team", test)


def test_enter_edits_the_claim_in_what_if(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_token()
        await driver.until(lambda: "exp" in driver.page, "the claim")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, WhatIfScreen), "What-if")
        await driver.until(lambda: '"exp"' in driver.editor.text, "the claims")
        assert '"exp"' in driver.editor.document.get_line(driver.editor.cursor_location[0])
        await driver.press("enter", "end", "left", *["backspace"] * 10, *"1795300000")
        await driver.shows("edited ✓ accepted")
        assert "taken as signed by the issuer" in driver.text()

    drive("aws-token-expired", test)


@pytest.mark.parametrize("size", SIZES)
def test_pasted_token_is_judged_and_not_kept(size: tuple[int, int], aws: Bundle, drive: Drive) -> None:
    other = aws.SUBJECT.replace(aws.TEAM, "Zz9LmZ2x")
    raw = aws.compact(aws.claims_of(sub=other))

    async def test(driver: Driver) -> None:
        await driver.open_token()
        await driver.shows("✓ accepted")
        await driver.press("p")
        assert isinstance(driver.app.screen, PasteScreen)
        await driver.paste(raw[:60] + "\n" + raw[60:])
        await driver.until(lambda: isinstance(driver.app.screen, TokenScreen), "back")
        await driver.shows("✗ refused at trust policy")
        assert "the pasted token" in driver.text()
        driver.assert_raw_token_not_kept(raw)
        assert "Zz9LmZ2x" in driver.page
        await driver.press("b")
        await driver.shows("✓ accepted")
        assert "pasted" not in driver.text()

    drive(aws.root, test, size)


def test_typed_token_is_hidden(aws: Bundle, drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_token()
        await driver.press("p", *'{"sub":"typed"}')
        assert "typed" not in driver.text().replace("or type and", "")
        hidden = driver.app.screen.query_one(Hidden)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, TokenScreen), "back")
        assert hidden.value == ""
        await driver.shows("typed")
        await driver.press("p", *"abc", "escape")
        await driver.until(lambda: isinstance(driver.app.screen, TokenScreen), "back")

    drive(aws.root, test)


def test_a_token_that_was_not_given_has_no_kind(tmp_path: Path, drive: Drive) -> None:
    role = ROOT / "sample_logs" / "aws-wrong-team" / "aws" / "role.json"
    (tmp_path / "role.json").write_bytes(role.read_bytes())

    async def test(driver: Driver) -> None:
        await driver.open_token()
        await driver.until(lambda: "token     not given" in driver.page, "the header")
        assert "decoded claims" not in driver.page
        await driver.press("5")
        await driver.shows("No attempt and no change is logged · no logs were read")

    drive(tmp_path, test)
