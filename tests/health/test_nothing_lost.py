"""Less evidence, killed runs and odd characters: no change is invented, and none is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from month import HOUR, START, World, news
from oidc_doctor.documents.health_file import parse_health_file
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.health import state as states


def _rotate(world: World, name: str) -> None:
    def change(keys: Any) -> None:
        for key in keys["keys"]:
            key["kid"] = name

    world.edit("x/issuer/jwks.json", change)


def _told(world: World, hour: int, *, report: bool = True) -> list[tuple[str, str]]:
    return [(one.what, one.code) for one in news(world.run(START + hour * HOUR, report=report), hour)]


def test_each_of_two_rotations_is_new_also_when_the_first_was_not_reported(tmp_path: Path) -> None:
    world = World(tmp_path, {"x": "healthy-aws"})
    world.run(START)
    _rotate(world, "first")
    assert _told(world, 1) == [("new", "ISS020")]
    _rotate(world, "second")
    assert _told(world, 2, report=False) == [("new", "ISS020")]
    _rotate(world, "third")
    assert _told(world, 3) == [("new", "ISS020"), ("new", "ISS020")]
    assert _told(world, 4) == []


def test_a_baseline_that_was_not_reported_is_made_anew(tmp_path: Path) -> None:
    world = World(tmp_path, {"x": "aws-wrong-team"})
    assert world.run(START, report=False).first
    assert world.run(START + HOUR).first
    assert not world.run(START + 2 * HOUR).first


def test_a_target_that_is_back_is_not_gone(tmp_path: Path) -> None:
    world = World(tmp_path, {"x": "healthy-aws", "y": "healthy-aws"})
    both = (tmp_path / "oidc-doctor.toml").read_text()
    world.run(START)
    world.write("oidc-doctor.toml", '[[target]]\nname = "x"\nfrom = "x"\n')
    assert world.run(START + HOUR, report=False).gone == ["y"]
    world.write("oidc-doctor.toml", both)
    assert world.run(START + 2 * HOUR).gone == []


def test_a_target_is_not_healthy_while_the_evidence_of_its_refusal_cannot_be_read(tmp_path: Path) -> None:
    world = World(tmp_path, {"x": "aws-permission-removed"})
    world.run(START)
    world.fail("x", "aws/role-policy-list.json", "throttled", "Throttling")
    (target,) = world.run(START + HOUR).targets
    assert target.state == "unread"
    assert "aws/role-policy-list.json" in target.reason
    assert {finding.change for finding in target.findings} == {"continuing"}
    world.heal("x", "aws/role-policy-list.json")
    assert _told(world, 2) == [("failing", "")]


def test_less_evidence_with_other_values_is_no_change(tmp_path: Path) -> None:
    world = World(tmp_path, {"x": "gcp-subject-over-limit"})
    world.run(START)
    world.fail("x", "gcp/provider.json", "throttled", "Throttling")
    assert _told(world, 1) == []
    world.heal("x", "gcp/provider.json")
    assert _told(world, 2) == []


@pytest.mark.parametrize("place", ["policy", "key"])
def test_the_state_holds_half_a_surrogate_pair_and_no_token(tmp_path: Path, place: str) -> None:
    world = World(tmp_path, {"x": "healthy-aws"})
    token = (tmp_path / "x" / "token.jwt").read_text().strip()

    def change(role: Any) -> None:
        test = role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"]
        if place == "policy":
            test["oidc.baseten.co:sub"] = "\ud800"
        else:
            test[f"oidc.baseten.co:{token}"] = "x"

    world.edit("x/aws/role.json", change)
    assert world.run(START).targets[0].state == "failing"
    assert token.rpartition(".")[2] not in world.state.read_text()
    assert _told(world, 1) == []


@pytest.mark.parametrize(("name", "value"), [("effect", "evil"), ("confidence", "\x1b[2J")])
def test_a_state_with_a_word_that_no_version_wrote_is_damaged(tmp_path: Path, name: str, value: str) -> None:
    world = World(tmp_path, {"x": "aws-wrong-team"})
    world.run(START)
    state = json.loads(world.state.read_text())
    state["targets"]["x"]["findings"][0][name] = value
    world.state.write_text(json.dumps(state))
    with pytest.raises(states.StateError, match="damaged"):
        states.load(str(world.state))


@pytest.mark.parametrize("documents", [{}, {"0" * 64: "{}"}])
def test_a_state_without_a_document_of_a_target_is_damaged(tmp_path: Path, documents: dict[str, str]) -> None:
    world = World(tmp_path, {"x": "healthy-aws"})
    world.run(START)
    state = json.loads(world.state.read_text())
    world.state.write_text(json.dumps(state | {"documents": documents}))
    with pytest.raises(states.StateError, match="damaged"):
        states.load(str(world.state))


def test_a_path_with_nul_is_a_mistake_in_the_file() -> None:
    with pytest.raises(Unreadable, match="NUL"):
        parse_health_file('[[target]]\nname = "x"\nfrom = "a\\u0000"\n')
