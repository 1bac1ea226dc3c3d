"""The What-if screen, driven by keys: edits, fixes, other tokens, files. Nothing in it is a stand-in."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.events import Paste

from oidc_doctor.findings.packs import bundled
from oidc_doctor.report.parts.escape import contains_jwt
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.examination import Inquiry
from oidc_doctor.tui.token import Claims, Hidden, PasteScreen, TokenScreen
from oidc_doctor.tui.whatif import WhatIfScreen
from oidc_doctor.tui.widgets.editor import Editor
from oidc_doctor.tui.widgets.page_view import PaperView

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tests.conftest import Bundle

SAMPLES = Path(bundled("_samples", "sample_logs"))
SIZES = [(80, 24), (120, 40)]


class Driver:
    """A person at the screen."""

    def __init__(self, app: Doctor, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Wait for what a worker or the run brings."""
        for _ in range(400):
            if holds():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"never: {what}\n{self.text()}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        focused = self.app.focused
        assert focused is not None
        focused.post_message(Paste(text))
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        await self.until(lambda: text in self.text(), text)

    async def says(self, text: str) -> None:
        """On the page, however it is folded."""
        await self.until(lambda: text in " ".join(self.page.split()), text)

    def text(self) -> str:
        """The screen as it stands, line by line."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines[:height]) + f"\n({width}×{height})"

    @property
    def page(self) -> str:
        """The whole answer, what is scrolled away included."""
        view = self.app.screen.query_one(PaperView)
        return str(view.query_one(".page").render())

    @property
    def editor(self) -> Editor:
        return self.app.screen.query_one(Editor)


def drive(folder: Path, test: Callable[[Driver], Awaitable[None]], size: tuple[int, int] = (120, 40)) -> None:
    """Open the app on a bundle and let `test` drive it once the report is there."""

    async def go() -> None:
        app = Doctor(Inquiry(folder.name, str(folder)))
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot)
            await driver.until(lambda: app.report is not None and app.desk is not None, "a report")
            await test(driver)

    asyncio.run(go())


async def whatif(driver: Driver) -> None:
    await driver.press("4")
    await driver.until(lambda: isinstance(driver.app.screen, WhatIfScreen) and driver.editor.text, "the text")
    await driver.shows("as read")


async def token(driver: Driver) -> None:
    await driver.press("3")
    await driver.until(lambda: isinstance(driver.app.screen, TokenScreen), "the screen")
    await driver.until(lambda: driver.app.screen.query_one(Claims).option_count, "claims")


# What-if


@pytest.mark.parametrize("size", SIZES)
def test_the_screen_opens_on_what_was_read(size: tuple[int, int]) -> None:
    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.says("AWS refuses this token: the trust policy expects another team.")
        text = driver.text()
        assert "AWS · weights  as read ✗ refused at trust policy" in text
        assert "Trust policy  ClientIDList  Claims" in text
        assert "Trust policy · aws/role.json:8 · no cloud is changed" in text
        assert '"oidc.baseten.co:sub"' in text  # the line that decides is in view
        assert "Nothing is edited yet" in driver.page
        assert "Nothing is ever written to a cloud" in driver.page
        assert [(mark.line, style) for mark, style in driver.editor.marks] == [(15, "bold underline")]

    drive(SAMPLES / "aws-wrong-team", test, size)


@pytest.mark.parametrize("size", SIZES)
def test_a_fix_is_applied_and_taken_back(size: tuple[int, int]) -> None:
    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.press("f")
        await driver.shows("→  edited ✓ accepted")
        await driver.says("made-up subjects of other tenants and teams stay out.")
        assert "Tq7LmZ2x:*" in driver.editor.text
        assert "Trust policy •" in driver.text()
        assert "▶ trust policy     ✗ refused       ✓ passed" in driver.page
        assert '+ "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"' in " ".join(driver.page.split())
        await driver.press("z")
        await driver.until(lambda: "→  edited" not in driver.text(), "as it was read")
        assert "Tq7LmZ2y:*" in driver.editor.text

    drive(SAMPLES / "aws-wrong-team", test, size)


def test_the_decision_follows_the_keys() -> None:
    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.press("enter")
        assert isinstance(driver.app.focused, Editor)
        await driver.press("end", "backspace")
        await driver.shows("edited ? unreadable")
        assert "line 1 column" in driver.text()
        assert "There is no decision until the text can be read." in driver.page
        assert [(mark.line, style) for mark, style in driver.editor.marks] == [(1, "reverse")]
        await driver.press(*"true")
        # the digits and letters went to the text, not to the screens
        assert isinstance(driver.app.screen, WhatIfScreen)
        await driver.until(lambda: "edited" in driver.text() and "unreadable" not in driver.text(), "a decision")
        await driver.press("escape")
        assert not isinstance(driver.app.focused, Editor)
        await driver.press("1")
        assert not isinstance(driver.app.screen, WhatIfScreen)
        await driver.press("4")
        await driver.until(lambda: driver.editor.text.endswith("true"), "the edit is kept")

    async def start(driver: Driver) -> None:
        driver.app.desk.bench.edit("condition", "google.subject == 'a' && x")  # type: ignore[union-attr]
        await test(driver)

    drive(SAMPLES / "gcp-condition-false", start)


def test_a_condition_shows_the_value_of_each_part() -> None:
    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.says("this clause of the attribute condition is false")
        assert "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:')" in " ".join(driver.page.split())
        lines = [line for line in driver.page.split("\n") if "google.subject.contains" in line]
        assert any("false" in line for line in lines)

    drive(SAMPLES / "gcp-condition-false", test, (160, 50))


def test_what_would_not_be_stored_is_said() -> None:
    async def test(driver: Driver) -> None:
        driver.app.desk.bench.edit("condition", "google.subject == 1")  # type: ignore[union-attr]
        await whatif(driver)
        await driver.shows("would not be stored: line 1 column 1")

    drive(SAMPLES / "gcp-condition-false", test)


def test_the_other_texts_and_the_other_exchange() -> None:
    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.shows("GCP · build")
        assert "Condition  Mapping  Audiences" in driver.text()
        await driver.press("right_square_bracket")
        await driver.until(
            lambda: "google.subject" in driver.editor.text and driver.editor.text[0] == "{", "the mapping"
        )
        await driver.press("n")
        await driver.shows("AWS · build")
        await driver.until(lambda: '"Statement"' in driver.editor.text, "the policy")
        await driver.press("left_square_bracket")
        await driver.until(lambda: '"iss"' in driver.editor.text, "the claims, around the end")

    drive(SAMPLES / "two-clouds", test)


def test_the_text_is_written_to_a_file_and_to_no_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.press("f")
        await driver.shows("edited ✓ accepted")
        await driver.press("w")
        await driver.shows("Written to")
        text = driver.text()
        assert "aws iam update-assume-role-policy --role-name ModelWeights" in text
        await driver.press("y")
        assert driver.app.clipboard.endswith("--policy-document file://trust-policy.json")
        await driver.press("escape")
        assert isinstance(driver.app.screen, WhatIfScreen)

    monkeypatch.chdir(tmp_path)
    drive(SAMPLES / "aws-wrong-team", test)
    (made,) = tmp_path.iterdir()
    assert made.name == "trust-policy.json"
    assert "Tq7LmZ2x:*" in made.read_text(encoding="utf-8")


def test_a_text_that_cannot_be_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(driver: Driver) -> None:
        driver.app.desk.bench.edit("trust-policy", "{")  # type: ignore[union-attr]
        await whatif(driver)
        await driver.press("w")
        await driver.shows("Not written")

    monkeypatch.chdir(tmp_path)
    drive(SAMPLES / "aws-wrong-team", test)
    assert not list(tmp_path.iterdir())


def test_edits_outlive_a_second_run() -> None:
    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.press("f")
        await driver.shows("edited ✓ accepted")
        before = driver.app.desk
        await driver.press("r")
        await driver.until(lambda: driver.app.desk is not before, "another run")
        await driver.shows("edited ✓ accepted")

    drive(SAMPLES / "aws-wrong-team", test)


def test_a_token_pasted_into_the_text_is_taken_apart(aws: Bundle) -> None:
    raw = aws.compact(aws.claims_of(environment="staging"))

    async def test(driver: Driver) -> None:
        await whatif(driver)
        await driver.press("enter")
        await driver.paste(raw)
        await driver.until(lambda: '"staging"' in driver.editor.text, "its claims")
        await driver.shows("with the pasted token ✓ accepted")
        assert_forgotten(driver, raw)
        await driver.paste("\n" + raw[:40])
        await driver.paste(raw[40:])  # in pieces, as a terminal may give it
        await driver.until(lambda: not contains_jwt(driver.editor.text), "taken apart")
        assert_forgotten(driver, raw)

    drive(aws.root, test)


def assert_forgotten(driver: Driver, raw: str) -> None:
    """Neither on the screen, nor in what the app holds of the token."""
    parts = raw.split(".")
    shown = driver.text() + driver.page
    assert parts[2][:20] not in shown
    assert parts[1][:20] not in shown
    bench = driver.app.desk.bench if driver.app.desk is not None else None
    assert bench is not None
    assert bench.token is not None
    assert (bench.token.signing_input, bench.token.signature) == (b"", b"")
    held = [bench.edits, bench.token._asdict(), driver.app.clipboard]
    held += [driver.editor.text, driver.editor.history.undo_stack] if driver.app.screen.query(Editor) else []
    assert not contains_jwt(repr(held))


# Token


@pytest.mark.parametrize("size", SIZES)
def test_claims_in_words_beside_what_looks_at_them(size: tuple[int, int]) -> None:
    async def test(driver: Driver) -> None:
        await token(driver)
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

    drive(SAMPLES / "aws-token-expired", test, size)


def test_the_part_at_fault_is_marked() -> None:
    async def test(driver: Driver) -> None:
        await token(driver)
        await driver.until(lambda: "✗ team " in driver.page, "the segment")
        assert "✗ org" not in driver.page
        assert "StringLike · oidc.baseten.co:sub" in " ".join(driver.page.split())

    drive(SAMPLES / "aws-wrong-team", test)


def test_a_claim_goes_to_what_if() -> None:
    async def test(driver: Driver) -> None:
        await token(driver)
        await driver.until(lambda: "exp" in driver.page, "the claim")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, WhatIfScreen), "What-if")
        await driver.until(lambda: '"exp"' in driver.editor.text, "the claims")
        assert '"exp"' in driver.editor.document.get_line(driver.editor.cursor_location[0])
        await driver.press("enter", "end", "left", *["backspace"] * 10, *"1795300000")
        await driver.shows("edited ✓ accepted")
        assert "taken as signed by the issuer" in driver.text()

    drive(SAMPLES / "aws-token-expired", test)


@pytest.mark.parametrize("size", SIZES)
def test_another_token_is_judged_and_forgotten(size: tuple[int, int], aws: Bundle) -> None:
    other = aws.SUBJECT.replace(aws.TEAM, "Zz9LmZ2x")
    raw = aws.compact(aws.claims_of(sub=other))

    async def test(driver: Driver) -> None:
        await token(driver)
        await driver.shows("✓ accepted")
        await driver.press("p")
        assert isinstance(driver.app.screen, PasteScreen)
        await driver.paste(raw[:60] + "\n" + raw[60:])
        await driver.until(lambda: isinstance(driver.app.screen, TokenScreen), "back")
        await driver.shows("✗ refused at trust policy")
        assert "the pasted token" in driver.text()
        assert_forgotten(driver, raw)
        assert "Zz9LmZ2x" in driver.page
        await driver.press("b")
        await driver.shows("✓ accepted")
        assert "pasted" not in driver.text()

    drive(aws.root, test, size)


def test_a_typed_token_is_not_shown(aws: Bundle) -> None:
    async def test(driver: Driver) -> None:
        await token(driver)
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
def test_hostile_claims_are_shown_and_do_nothing(size: tuple[int, int], aws: Bundle) -> None:
    aws.token(aws.claims_of(**HOSTILE, sub="[blink]" + aws.SUBJECT + "\x1b[5m\u202e"))

    async def test(driver: Driver) -> None:
        await token(driver)
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


def test_screens_survive_any_size(aws: Bundle) -> None:
    async def test(driver: Driver) -> None:
        for screen in (token, whatif):
            await screen(driver)
            for size in ((30, 8), (200, 60), (80, 24), (110, 34)):
                await driver.pilot.resize_terminal(*size)
                await driver.pilot.pause(0.05)
            assert driver.text()

    drive(aws.root, test)


def test_nothing_to_show_is_said(bundle: Bundle) -> None:
    bundle.write("notes.txt", "nothing")

    async def test(driver: Driver) -> None:
        for key in ("3", "4"):
            await driver.press(key)
            await driver.shows("No exchange was examined.")
            await driver.press(*"fzwnpby", "enter", "escape")

    drive(bundle.root, test)


def test_what_was_selected_elsewhere_is_in_front() -> None:
    async def test(driver: Driver) -> None:
        exchanges = {one.cloud: one for one in driver.app.report.exchanges}  # type: ignore[union-attr]
        await driver.shows("attribute-condition-false")  # the list has told what it selects
        await driver.press("down", "up")
        for cloud, name in (("aws", "AWS · build"), ("gcp", "GCP · build")):
            entry = driver.app.entry
            assert entry is not None
            driver.app.entry = entry._replace(exchange=exchanges[cloud])  # type: ignore[index]
            await driver.press("1")
            await whatif(driver)
            await driver.shows(name)
        await driver.press("n")
        await driver.shows("AWS · build")
        await driver.press("3")
        await driver.shows("AWS · build")

    drive(SAMPLES / "two-clouds", test)


KEYS = [*"123456fzwnpby[]x?", "enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end",
        "backspace", "delete", "ctrl+z", "ctrl+y", "ctrl+a", "ctrl+k", "pageup", "pagedown", "quotation_mark",
        "left_curly_bracket", "comma", "space"]  # fmt: skip


@pytest.mark.parametrize("seed", range(1))
def test_any_keys_in_any_order(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = random.Random(seed).choices(KEYS, k=60)

    async def test(driver: Driver) -> None:
        await whatif(driver)
        for key in keys:
            await driver.pilot.press(key)
        await driver.press("escape", "escape")
        assert driver.app.is_running, keys

    monkeypatch.chdir(tmp_path)
    drive(SAMPLES / "two-clouds", test, (80, 24))
