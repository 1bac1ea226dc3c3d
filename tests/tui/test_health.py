"""The Health screen: every target in a row, the findings of the selected one below, and its path behind Enter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from month import START, World
from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.health_screen import health_source
from oidc_doctor.documents.health_file import parse_health_file
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.health.run import Request
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.health import HealthScreen, Targets
from oidc_doctor.tui.path import PathScreen
from oidc_doctor.tui.widgets.masthead import ScreenTab

Play = Callable[..., Any]
SAMPLES = {"healthy": "healthy-aws", "weights": "aws-wrong-team", "gcp": "gcp-condition-false"}
NOWHERE = '[[target]]\nname = "none"\nfrom = "nowhere"\n'


def _trust_another_team(role: Any) -> None:
    condition = role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"]
    condition["oidc.baseten.co:sub"] = condition["oidc.baseten.co:sub"].replace("Tm4Rx9Ws", "Tm5Rx9Ws")


def doctor_of(world: World, seconds: float = 300.0) -> Doctor:
    def request() -> Request:
        text = (world.folder / "oidc-doctor.toml").read_text()
        try:
            return Request(parse_health_file(text), str(world.folder), at=START)
        except Unreadable as error:
            raise UsageError(str(error)) from None

    return Doctor(health=health_source(request, str(world.state), seconds, "oidc-doctor.toml"))


def rows_of(app: Doctor) -> list[list[str]]:
    table = app.screen.query_one(Targets)
    return [[str(cell).strip() for cell in table.get_row_at(row)] for row in range(table.row_count)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_targets_that_need_attention_come_first(
    size: tuple[int, int], play: Play, press: Play, wait: Play, text_of: Play, tmp_path: Path
) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await wait(pilot, lambda: app.screen.query_one(Targets).row_count == 4)
        assert [row[:2] for row in rows_of(app)] == [
            ["weights", "✗ failing"],
            ["gcp", "✗ failing"],
            ["none", "? not readable"],
            ["healthy", "✓ healthy"],
        ]
        assert [bool(row[3]) for row in rows_of(app)] == [True, True, False, True]
        assert rows_of(app)[0][4].startswith("AWS025")
        assert "AWS refuses this token" in text_of(app)
        table = app.screen.query_one(Targets)
        assert table.virtual_size.width <= table.scrollable_content_region.width
        await press(pilot, "j", "j", "enter")
        assert isinstance(app.screen, HealthScreen), "there is no evidence to show"
        assert "none: not readable" in text_of(app)

    play(story, app=doctor_of(World(tmp_path, SAMPLES, NOWHERE)), size=size)


def test_enter_opens_the_path_and_0_leads_back(play: Play, press: Play, wait: Play, tmp_path: Path) -> None:
    async def story(pilot: Any) -> None:
        app = pilot.app
        await wait(pilot, lambda: app.screen.query_one(Targets).row_count == 2)
        await press(pilot, "j", "enter")
        await wait(pilot, lambda: app.session.report is not None)
        assert isinstance(app.screen, PathScreen)
        assert (app.session.title, app.session.report.verdict) == ("healthy", "healthy")
        assert "0 Health" in [str(tab.render()) for tab in app.screen.query(ScreenTab)]
        await press(pilot, "0")
        assert isinstance(app.screen, HealthScreen)
        await press(pilot, "k", "enter")
        await wait(pilot, lambda: app.session.report is not None and app.session.report.verdict == "refused")
        assert app.session.title == "weights"

    samples = {name: SAMPLES[name] for name in ("healthy", "weights")}
    play(story, app=doctor_of(World(tmp_path, samples)))


def test_the_screen_follows_the_world_and_keeps_the_selection(
    play: Play, press: Play, wait: Play, tmp_path: Path
) -> None:
    world = World(tmp_path, SAMPLES)

    async def story(pilot: Any) -> None:
        app = pilot.app
        await wait(pilot, lambda: app.screen.query_one(Targets).row_count == 3)
        await press(pilot, "G")
        world.edit("healthy/aws/role.json", _trust_another_team)
        await press(pilot, "r")
        await wait(pilot, lambda: rows_of(app)[0][1] == "✗ failing" and rows_of(app)[-1][1] == "✗ failing")
        table = app.screen.query_one(Targets)
        assert rows_of(app)[table.cursor_row][0] == "healthy"
        (world.folder / "oidc-doctor.toml").write_text("[[target")
        await press(pilot, "r")
        await wait(pilot, lambda: "the check failed" in str(app.screen.query_one("#status").content))
        assert len(rows_of(app)) == 3, "the last result stays"

    play(story, app=doctor_of(world))


def test_the_screen_leaves_the_state_to_the_scheduled_run(play: Play, wait: Play, tmp_path: Path) -> None:
    world = World(tmp_path, {"weights": "healthy-aws"})
    world.run(START)
    world.edit("weights/aws/role.json", _trust_another_team)
    before = world.state.read_bytes()

    async def story(pilot: Any) -> None:
        await wait(pilot, lambda: rows_of(pilot.app) and rows_of(pilot.app)[0][1] == "✗ failing")

    play(story, app=doctor_of(world))
    assert world.state.read_bytes() == before
    assert [finding.change for finding in world.run(START + 60).targets[0].findings] == ["new"]


def test_a_report_alone_has_no_way_to_a_health_screen(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "0")
        assert isinstance(pilot.app.screen, PathScreen)

    play(story)
