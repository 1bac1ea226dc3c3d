"""A role that is named without its ARN is that of the account of the credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clouds.aws import Cloud
    from clouds.aws_set_up import AwsSetUp
    from clouds.command_line import FinishedRun


def claims_file(folder: Path, made: AwsSetUp) -> Path:
    place = folder / "claims.json"
    place.write_text(json.dumps({"iss": made.issuer, "sub": "job:blue:7", "aud": "sts.amazonaws.com"}))
    return place


@pytest.mark.parametrize("thing", ["name", "arn"])
def test_a_name_and_an_arn_are_the_same_role(
    thing: str, cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    role = ["--role", made.role.rpartition("/")[2]] if thing == "name" else [made.role]
    done = doctor(*role, claims_file(tmp_path, made), "--private-issuer", "--no-logs")
    (exchange,) = done.report["exchanges"]
    assert (exchange["resource"], exchange["prediction"], done.code) == (made.role, "accepted", 0)


def test_a_name_that_no_role_has(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    done = doctor("--role", "Nope", claims_file(tmp_path, made), "--private-issuer", "--no-logs")
    (exchange,) = done.report["exchanges"]
    assert exchange["resource"] == made.role.rpartition("/")[0] + "/Nope"
    assert [cause["name"] for cause in done.report["causes"]][:1] == ["role-missing"]


def test_nothing_is_read_for_a_dry_run(cloud: Cloud, doctor: Callable[..., FinishedRun]) -> None:
    done = doctor("--role", "Weights", "--dry-run")
    assert "iam:GetRole" in done.out
    assert not cloud.calls
