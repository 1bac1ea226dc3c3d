"""Runs one after another: every change is reported once, none is invented."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from month import HOUR, START, News, World, news

if TYPE_CHECKING:
    import pytest

GOOD = "v=1:org=Org8Kd2P:team=Tm4Rx9Ws:model=mWq41ZpK:*:environment=production:type=model_container"
OTHER = GOOD.replace("Tm4Rx9Ws", "Tm5Rx9Ws")
SUB = "oidc.baseten.co:sub"
DAY = 24 * HOUR


def _trust(world: World, subject: str) -> None:
    def change(role: Any) -> None:
        statement = role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
        statement["Condition"]["StringLike"][SUB] = subject

    world.edit("aws/aws/role.json", change)


def _audiences(world: World, *audiences: str) -> None:
    world.edit("gcp/gcp/provider.json", lambda provider: provider["oidc"].update(allowedAudiences=list(audiences)))


def test_each_planted_change_is_reported_once_and_at_its_hour(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws", "gcp": "healthy-gcp", "broken": "aws-wrong-team"})
    planted = {
        3: lambda: _trust(world, OTHER),
        5: lambda: _trust(world, GOOD.replace("Tm4Rx9Ws", "Tm6Rx9Ws")),
        7: lambda: world.fail("aws", "aws/role.json", "throttled", "Throttling"),
        9: lambda: world.heal("aws", "aws/role.json"),
        11: lambda: _trust(world, GOOD),
        12: lambda: _audiences(world),
        13: lambda: world.fail("gcp", "gcp/provider.json", "timeout", "ReadTimeout"),
        15: lambda: world.heal("gcp", "gcp/provider.json"),
        16: lambda: _audiences(world, "oidc.baseten.co"),
    }
    jumps = {4: -5 * DAY, 6: 40 * DAY, 14: -1 * DAY}
    told: list[News] = []
    for hour in range(18):
        if hour in planted:
            planted[hour]()
        health = world.run(START + hour * HOUR + jumps.get(hour, 0))
        told += news(health, hour)
        assert health.exit_code == 1, "the broken target fails all along"
        assert bool(health.warnings) == (hour in (4, 7, 14)), "the clock went back"
    assert told == [
        News(3, "aws", "failing"),
        News(3, "aws", "new", "AWS025"),
        News(5, "aws", "changed", "AWS025"),
        News(5, "aws", "new", "AWS101"),  # it accepts the sixth team, and did not before
        News(7, "aws", "unread"),
        News(9, "aws", "failing"),
        News(11, "aws", "healthy"),
        News(11, "aws", "resolved", "AWS025"),
        News(12, "gcp", "failing"),
        News(12, "gcp", "new", "GCP014"),
        News(13, "gcp", "unread"),
        News(15, "gcp", "failing"),
        News(16, "gcp", "healthy"),
        News(16, "gcp", "resolved", "GCP014"),
    ]


def test_an_unread_target_keeps_its_findings_and_their_age(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"})
    _trust(world, OTHER)
    world.run(START)
    world.fail("aws", "aws/role.json", "denied", "AccessDenied")
    (target,) = world.run(START + 2 * DAY).targets
    assert (target.state, target.was, target.last_read) == ("unread", "failing", "2026-12-01T00:00:00Z")
    lost, finding = sorted(target.findings)
    assert (lost.code, lost.change) == ("ACC045", "new")
    assert (finding.code, finding.change, finding.since) == ("AWS025", "continuing", "2026-12-01T00:00:00Z")
    assert finding.checked == "2026-12-01T00:00:00Z"
    assert "aws/role.json" in target.reason


def test_a_fix_while_something_else_cannot_be_read_is_not_yet_a_fix(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"})
    _trust(world, OTHER)
    world.run(START)
    _trust(world, GOOD)
    world.fail("aws", "aws/oidc-provider.json", "timeout", "ReadTimeout")
    (target,) = world.run(START + HOUR).targets
    assert [finding.change for finding in target.findings] == ["continuing"]
    world.heal("aws", "aws/oidc-provider.json")
    (target,) = world.run(START + 2 * HOUR).targets
    assert [finding.change for finding in target.findings] == ["resolved"]


def test_what_a_killed_run_did_not_report_the_next_one_reports(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws", "gcp": "healthy-gcp"})
    world.run(START)
    _trust(world, OTHER)
    world.run(START + HOUR, report=False)
    assert list(news(world.run(START + 2 * HOUR), 2)) == [News(2, "aws", "failing"), News(2, "aws", "new", "AWS025")]
    _trust(world, GOOD)
    world.run(START + 3 * HOUR, report=False)
    assert [item.what for item in news(world.run(START + 4 * HOUR), 4)] == ["healthy", "resolved"]
    assert list(news(world.run(START + 5 * HOUR), 5)) == []


def test_a_target_that_leaves_the_file_is_reported_once(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws", "gcp": "healthy-gcp"})
    world.run(START)
    world.write("oidc-doctor.toml", '[[target]]\nname = "aws"\nfrom = "aws"\n')
    assert world.run(START + HOUR, report=False).gone == ["gcp"]
    assert world.run(START + 2 * HOUR).gone == ["gcp"]
    assert world.run(START + 3 * HOUR).gone == []


def test_a_target_that_cannot_be_opened_stops_no_other(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"}, '[[target]]\nname = "none"\nfrom = "nowhere"\n')
    health = world.run(START)
    assert [(target.name, target.state) for target in health.targets] == [("aws", "healthy"), ("none", "unread")]
    assert health.exit_code == 3


def test_a_defect_of_ours_breaks_its_own_target_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from oidc_doctor.health import run

    real = run.examine
    monkeypatch.setattr(
        run, "examine", lambda bundle, question: 1 / 0 if "gcp" in bundle.label else real(bundle, question)
    )
    health = World(tmp_path, {"aws": "healthy-aws", "gcp": "healthy-gcp"}).run(START)
    assert [(target.name, target.state) for target in health.targets] == [("aws", "healthy"), ("gcp", "broken")]
    assert "ZeroDivisionError" in health.targets[1].traceback
    assert health.exit_code == 4


SUPPRESSED = """
[[suppress]]
code = "AWS025"
resource = "arn:aws:iam::111122223333:role/BasetenRuntimeRole"
reason = "moved next week"
owner = "platform"
until = 2026-12-03
"""


def test_a_suppression_ends_after_its_last_day_and_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"}, SUPPRESSED)
    _trust(world, OTHER)
    hours = [world.run(START + day * DAY) for day in range(5)]  # 1 December to 5 December, at midnight
    findings = [health.targets[0].findings[0] for health in hours]
    assert [finding.suppressed is not None for finding in findings] == [True, True, True, False, False]
    assert [finding.change for finding in findings] == ["continuing"] * 3 + ["changed", "continuing"]
    assert findings[3].was == "suppressed until 2026-12-03 by platform: moved next week"
    assert [health.exit_code for health in hours] == [0, 0, 0, 1, 1]
    assert [health.suppressions[0].expired for health in hours] == [False, False, False, True, True]
    assert [health.suppressions[0].used for health in hours] == [1, 1, 1, 0, 0]
    assert all(health.targets[0].state == "failing" for health in hours), "a suppression changes no state"


def test_a_suppression_of_another_target_or_resource_covers_nothing(tmp_path: Path) -> None:
    for field, value in (("resource", "arn:aws:iam::111122223333:role/Other"), ("target", "gcp")):
        table = (
            "\n".join(line for line in SUPPRESSED.splitlines() if not line.startswith(f"{field} ="))
            + f'\n{field} = "{value}"\n'
        )
        folder = tmp_path / field
        folder.mkdir()
        world = World(folder, {"aws": "healthy-aws", "gcp": "healthy-gcp"}, table)
        _trust(world, OTHER)
        assert world.run(START).exit_code == 1


def test_a_bundle_suppresses_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"})
    with (tmp_path / "aws" / "oidc-doctor.toml").open("a") as own:
        own.write(SUPPRESSED)
    _trust(world, OTHER)
    assert world.run(START).exit_code == 1


def test_the_state_keeps_no_document_with_a_secret(tmp_path: Path) -> None:
    world = World(tmp_path, {"aws": "healthy-aws"})
    secret = "ghp_" + "a1B2" * 9
    world.edit("aws/aws/role.json", lambda role: role["Role"].update(Description=f"token {secret}"))
    world.run(START)
    text = world.state.read_text()
    assert secret not in text
    assert "aws/oidc-provider.json" in text
