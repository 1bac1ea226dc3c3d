"""The What-if screen, driven by keys: edits, fixes, other tokens, files. No part is mocked."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.report.parts.escape import contains_jwt
from oidc_doctor.tui.whatif import WhatIfScreen
from oidc_doctor.tui.widgets.editor import Editor

if TYPE_CHECKING:
    from tests.conftest import Bundle
    from tests.tui.conftest import Driver

    Drive = Callable[..., None]

SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
def test_screen_shows_the_original_policy(size: tuple[int, int], drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.says("AWS refuses this token: the trust policy expects another team.")
        text = driver.text()
        assert "AWS · weights  as read ✗ refused at trust policy" in text
        assert "Trust policy  ClientIDList  Claims" in text
        assert "Trust policy · aws/role.json:8 · no cloud is changed" in text
        assert '"oidc.baseten.co:sub"' in text  # the deciding line is in view
        assert "Nothing is edited yet" in driver.page
        assert "Nothing is ever written to a cloud" in driver.page
        assert [(mark.line, style) for mark, style in driver.editor.marks] == [(15, "bold underline")]

    drive("aws-wrong-team", test, size)


@pytest.mark.parametrize("size", SIZES)
def test_fix_is_applied_and_reset(size: tuple[int, int], drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.press("f")
        await driver.shows("→  edited ✓ accepted")
        await driver.says("synthetic tokens of other tenants, teams, issuers and audiences are still refused.")
        assert "Tq7LmZ2x:*" in driver.editor.text
        assert "Trust policy •" in driver.text()
        assert "▶ trust policy     ✗ refused       ✓ passed" in driver.page
        assert '+ "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"' in " ".join(driver.page.split())
        await driver.press("z")
        await driver.until(lambda: "→  edited" not in driver.text(), "as it was read")
        assert "Tq7LmZ2y:*" in driver.editor.text

    drive("aws-wrong-team", test, size)


def test_a_reset_can_be_undone_and_loses_nothing(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        read = driver.editor.text
        await driver.press("enter", "ctrl+end", "space")
        typed = driver.editor.text
        assert typed != read
        await driver.press("escape", "z")  # a stray key
        await driver.until(lambda: driver.editor.text == read, "as it was read")
        await driver.press("z")  # a second one has nothing to reset, and hides nothing
        await driver.press("ctrl+z")
        await driver.until(lambda: driver.editor.text == typed, "the edits")
        await driver.press("f")
        await driver.until(lambda: "Tq7LmZ2x:*" in driver.editor.text, "the fix")
        fixed = driver.editor.text
        await driver.press("enter", "ctrl+z")  # in the text: nothing was typed since
        await driver.until(lambda: driver.editor.text == typed, "before the fix")
        await driver.press("escape", "ctrl+y")
        await driver.until(lambda: driver.editor.text == fixed, "the fix again")
        await driver.press("ctrl+z", "ctrl+z", "ctrl+z")
        await driver.until(lambda: "nothing to undo" in driver.text(), "told")

    drive("aws-wrong-team", test)


def test_a_pasted_token_and_its_edits_can_be_undone(aws: Bundle, drive: Drive) -> None:
    raw = aws.compact(aws.claims_of(environment="staging"))

    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.press("enter")
        await driver.paste(raw)
        await driver.until(lambda: '"staging"' in driver.editor.text, "its claims")
        await driver.press("ctrl+z")
        await driver.until(lambda: '"staging"' not in driver.editor.text, "the first token")
        await driver.press("escape", "ctrl+y")
        await driver.until(lambda: '"staging"' in driver.editor.text, "the pasted token")
        driver.assert_raw_token_not_kept(raw)

    drive(aws.root, test)


def test_edits_do_not_follow_to_other_evidence(aws: Bundle, drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        driver.app.session.trials.current.edit("claims", "{}")  # type: ignore[union-attr]
        source = driver.app.session.source
        assert source is not None
        driver.app.examine(source._replace(title="other"))
        await driver.until(lambda: driver.app.session.report is not None, "another report")
        assert driver.app.session.trials.current.edits == {}  # type: ignore[union-attr]

    drive(aws.root, test)


def test_decision_is_updated_while_typing(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.press("enter")
        assert isinstance(driver.app.focused, Editor)
        await driver.press("end", "backspace")
        await driver.shows("edited ? unreadable")
        assert "line 1 column" in driver.text()
        assert "Correct the text to see the decision." in driver.page
        assert [(mark.line, style) for mark, style in driver.editor.marks] == [(1, "reverse")]
        await driver.press(*"true")
        # the editor received the keys, not the screen
        assert isinstance(driver.app.screen, WhatIfScreen)
        await driver.until(lambda: "edited" in driver.text() and "unreadable" not in driver.text(), "a decision")
        await driver.press("escape")
        assert not isinstance(driver.app.focused, Editor)
        await driver.press("1")
        assert not isinstance(driver.app.screen, WhatIfScreen)
        await driver.press("4")
        await driver.until(lambda: driver.editor.text.endswith("true"), "the edit is kept")

    async def start(driver: Driver) -> None:
        driver.app.session.trials.current.edit("condition", "google.subject == 'a' && x")  # type: ignore[union-attr]
        await test(driver)

    drive("gcp-condition-false", start)


def test_condition_shows_the_value_of_each_part(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.says("this clause of the attribute condition is false")
        assert "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:')" in " ".join(driver.page.split())
        lines = [line for line in driver.page.split("\n") if "google.subject.contains" in line]
        assert any("false" in line for line in lines)

    drive("gcp-condition-false", test, (160, 50))


def test_text_that_the_cloud_would_reject_is_reported(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        driver.app.session.trials.current.edit("condition", "google.subject == 1")  # type: ignore[union-attr]
        await driver.open_whatif()
        await driver.shows("would not be stored: line 1 column 1")

    drive("gcp-condition-false", test)


def test_switching_texts_and_exchanges(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
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
        await driver.until(lambda: driver.editor.text == "", "a new policy, around the end")
        await driver.press("left_square_bracket")
        await driver.until(lambda: '"ecr:GetAuthorizationToken"' in driver.editor.text, "a role policy")
        await driver.press("left_square_bracket")
        await driver.until(lambda: '"iss"' in driver.editor.text, "the claims")

    drive("two-clouds", test)


def test_edited_text_is_written_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.press("f")
        await driver.shows("edited ✓ accepted")
        await driver.press("w")
        await driver.shows("Written to")
        text = driver.text()
        assert "aws iam update-assume-role-policy --role-name ModelWeights" in text
        await driver.press("y")
        words = shlex.split(driver.app.clipboard)
        assert words[-2] == "--policy-document"
        assert json.loads(words[-1]) == json.loads((tmp_path / "trust-policy.json").read_text(encoding="utf-8"))
        await driver.press("escape")
        assert isinstance(driver.app.screen, WhatIfScreen)

    monkeypatch.chdir(tmp_path)
    drive("aws-wrong-team", test)
    (written_file,) = tmp_path.iterdir()
    assert written_file.name == "trust-policy.json"
    assert "Tq7LmZ2x:*" in written_file.read_text(encoding="utf-8")


def test_unreadable_text_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        driver.app.session.trials.current.edit("trust-policy", "{")  # type: ignore[union-attr]
        await driver.open_whatif()
        await driver.press("w")
        await driver.shows("Not written")

    monkeypatch.chdir(tmp_path)
    drive("aws-wrong-team", test)
    assert not list(tmp_path.iterdir())


def test_edits_are_kept_after_a_rerun(drive: Drive) -> None:
    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.press("f")
        await driver.shows("edited ✓ accepted")
        before = driver.app.session.trials
        await driver.press("r")
        await driver.until(lambda: driver.app.session.trials is not before, "another run")
        await driver.shows("edited ✓ accepted")

    drive("aws-wrong-team", test)


def test_token_pasted_into_the_editor_is_decoded(aws: Bundle, drive: Drive) -> None:
    raw = aws.compact(aws.claims_of(environment="staging"))

    async def test(driver: Driver) -> None:
        await driver.open_whatif()
        await driver.press("enter")
        await driver.paste(raw)
        await driver.until(lambda: '"staging"' in driver.editor.text, "its claims")
        await driver.shows("with the pasted token ✓ accepted")
        driver.assert_raw_token_not_kept(raw)
        await driver.paste("\n" + raw[:40])
        await driver.paste(raw[40:])  # in pieces, as a terminal may deliver it
        await driver.until(lambda: not contains_jwt(driver.editor.text), "taken apart")
        driver.assert_raw_token_not_kept(raw)

    drive(aws.root, test)
