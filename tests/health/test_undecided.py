"""A finding is over where its check could decide: not where what it is about can no longer be understood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from month import HOUR, START, World


def _statements(role: Any) -> list[Any]:
    statements: list[Any] = role["Role"]["AssumeRolePolicyDocument"]["Statement"]
    return statements


def _redact(role: Any) -> None:
    for statement in _statements(role):
        statement["Condition"] = "REDACTED"


def _of_another_version(role: Any) -> None:
    role["Role"]["AssumeRolePolicyDocument"]["Version"] = "2099-01-01"


def _without_statements(role: Any) -> None:
    _statements(role).clear()


def _rewrite(role: Any) -> None:
    for statement in _statements(role):
        statement["Condition"] = {"StringEquals": {"oidc.baseten.co:aud": "oidc.baseten.co"}}


@pytest.mark.parametrize(
    ("sample", "change"),
    [
        ("aws-wrong-team", _redact),
        ("aws-any-tenant", _of_another_version),
        pytest.param("aws-wrong-team", _without_statements, marks=pytest.mark.sweep),
        pytest.param("aws-any-tenant", _redact, marks=pytest.mark.sweep),
    ],
)
def test_a_policy_that_cannot_be_understood_resolves_nothing(
    tmp_path: Path, sample: str, change: Callable[[Any], None]
) -> None:
    world = World(tmp_path, {"x": sample})
    (before,) = world.run(START).targets
    codes = {finding.code for finding in before.findings if finding.code.startswith("AWS")}
    assert codes
    world.edit("x/aws/role.json", change)
    (after,) = world.run(START + HOUR).targets
    assert {finding.code for finding in after.findings if finding.change == "continuing"} >= codes
    assert not [finding.code for finding in after.findings if finding.change == "resolved"]


def test_a_bundle_that_names_another_role_resolves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, {"x": "aws-wrong-team"})
    world.run(START)
    world.write("x/oidc-doctor.toml", '[[target]]\n[target.aws]\nrole_arn = "arn:aws:iam::111122223333:role/Other"\n')
    (after,) = world.run(START + HOUR).targets
    assert ("AWS025", "continuing") in {(finding.code, finding.change) for finding in after.findings}


def test_a_policy_that_decides_resolves(tmp_path: Path) -> None:
    world = World(tmp_path, {"x": "aws-wrong-team"})
    world.run(START)
    world.edit("x/aws/role.json", _rewrite)
    (after,) = world.run(START + HOUR).targets
    assert ("AWS025", "resolved") in {(finding.code, finding.change) for finding in after.findings}
