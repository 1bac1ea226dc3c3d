"""What the simulated month found wrong, one test for each kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from month import HOUR, START, News, World, news
from planted import AWS, Planted, keys, renew_token
from simulation import KEYS, Simulation, Target

OWN, FIFTH, AUDIENCE = AWS.settings[0], AWS.settings[1], AWS.settings[6]
WIDE, SECOND = AWS.settings[4], AWS.settings[5]


class Hours:
    """A target whose hours a test writes itself."""

    def __init__(self, folder: Path, planted: Planted = AWS) -> None:
        self.simulation = Simulation(folder, {"aws": planted}, 0)
        self.target: Target = self.simulation.targets[0]

    def run(self, name: str = "", *, attempt: bool = False, report: bool = True, offset: float = 0.0) -> list[News]:
        """Plant a setting, and return what the run of the hour reports."""
        simulation, target = self.simulation, self.target
        target.read = (target.setting, target.keys)
        if attempt:
            simulation._attempt(target)
        if name:
            target.setting = next(setting for setting in target.planted.settings if setting.name == name)
        simulation.offset = offset
        simulation._write(target)
        simulation._write_file()
        self.health = simulation.world.run(simulation.now, report=report)
        simulation.hour += 1
        return list(news(self.health, simulation.hour - 1))

    @property
    def reason(self) -> str:
        return self.health.targets[0].reason


def test_two_events_of_one_kind_are_two(tmp_path: Path) -> None:
    hours = Hours(tmp_path)
    hours.run()
    hours.target.keys = ("rsa-next",)
    assert hours.run() == [News(1, "aws", "new", "ISS020")]
    hours.target.keys = ("rsa-third",)
    assert hours.run() == [News(2, "aws", "new", "ISS020")]


def test_an_event_that_a_killed_run_saw_is_not_replaced_by_the_next(tmp_path: Path) -> None:
    hours = Hours(tmp_path)
    hours.run()
    hours.target.keys = ("rsa-next",)
    hours.run(report=False)
    hours.target.keys = ("rsa-third",)
    assert hours.run() == [News(2, "aws", "new", "ISS020")] * 2
    assert hours.run() == []


def test_a_first_run_that_was_killed_made_no_baseline(tmp_path: Path) -> None:
    hours = Hours(tmp_path)
    hours.run("team 5", report=False)
    hours.run()
    assert hours.health.first
    assert [finding.code for finding in hours.health.targets[0].findings] == ["AWS025"]
    hours.run()
    assert not hours.health.first


def test_a_target_that_is_back_before_its_end_was_reported_never_left(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "aws-wrong-team", "gcp": "healthy-gcp"})
    both = (tmp_path / "oidc-doctor.toml").read_text()
    world.run(START)
    world.write("oidc-doctor.toml", '[[target]]\nname = "gcp"\nfrom = "gcp"\n')
    assert world.run(START + HOUR, report=False).gone == ["aws"]
    world.write("oidc-doctor.toml", both)
    health = world.run(START + 2 * HOUR)
    assert health.gone == []
    assert list(news(health, 2)) == []


def test_a_clock_that_is_behind_the_token_invents_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"})
    (tmp_path / "aws" / KEYS).write_text(keys())
    renew_token(tmp_path / "aws", START)
    world.run(START)
    assert list(news(world.run(START - 20 * 24 * HOUR), 1)) == []


def test_a_refusal_before_the_mending_is_no_new_finding(tmp_path: Path) -> None:
    hours = Hours(tmp_path)
    hours.run()
    hours.run("team 5")
    hours.run(attempt=True)
    assert hours.run("own") == [News(3, "aws", "unknown"), News(3, "aws", "resolved", "AWS025")]
    assert "has changed, and accepts it now" in hours.reason
    assert hours.run() == []
    assert hours.run(attempt=True) == [News(5, "aws", "healthy")]


def test_a_refusal_after_the_mending_is_one(tmp_path: Path) -> None:
    hours = Hours(tmp_path)
    hours.run("team 5")
    hours.run(attempt=True)
    hours.run("own")
    hours.target.setting = FIFTH  # the attempt is refused by something that was not read
    hours.simulation._attempt(hours.target)
    assert hours.run("own") == [News(3, "aws", "failing"), News(3, "aws", "new", "AWS052")]


def test_a_mended_target_whose_evidence_is_lost_is_unread(tmp_path: Path) -> None:
    hours = Hours(tmp_path)
    hours.run("team 5")
    hours.run(attempt=True)
    hours.run("own")
    hours.target.failed = ("aws/oidc-provider.json", "timeout")
    assert hours.run() == [News(3, "aws", "unread")]
    assert hours.reason.startswith("aws/oidc-provider.json could not be read")
    hours.target.failed = ("", "")
    assert hours.run() == [News(4, "aws", "unknown")]


def test_an_undecided_target_has_a_reason(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"})

    def empty(role: Any) -> None:
        role["Role"]["AssumeRolePolicyDocument"]["Statement"].clear()

    world.edit("aws/aws/role.json", empty)
    (target,) = world.run(START).targets
    assert target.state == "unknown"
    assert target.reason == "AWS may refuse this token: the trust policy's Statement is not valid in IAM: `[]`."


def test_a_certain_cause_that_became_a_suspicion_has_not_changed(tmp_path: Path) -> None:
    world = World(tmp_path, {"two": "two-clouds"})
    world.run(START)
    claims = json.loads((tmp_path / "two" / "claims.json").read_text())
    assert claims
    for path in ("gcp/provider.json", "aws/oidc-provider.json"):
        world.fail("two", path, "throttled", "Throttling")
        assert all(item.code == "" for item in news(world.run(START + HOUR), 1)), path
        world.heal("two", path)
        assert all(item.code == "" for item in news(world.run(START + 2 * HOUR), 2)), path


def test_a_new_target_that_no_run_reported_had_no_state_before(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"})
    world.run(START)
    more = '[[target]]\nname = "new"\nfrom = "nowhere"\n'
    with (tmp_path / "oidc-doctor.toml").open("a") as file:
        file.write(more)
    world.run(START + HOUR, report=False)
    (tmp_path / "aws").rename(tmp_path / "nowhere")
    target = world.run(START + 2 * HOUR).targets[1]
    assert (target.state, target.was) == ("healthy", None)
    (tmp_path / "nowhere").rename(tmp_path / "aws")
    target = world.run(START + 3 * HOUR).targets[1]
    assert (target.state, target.was) == ("unread", "healthy")
