"""A changed trust policy laid over what a live run reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import boto3

from clouds.aws import REGION
from clouds.aws_set_up import AwsSetUp
from clouds.command_line import FinishedRun


def test_a_change_is_laid_over_live_evidence(
    set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    role = boto3.client("iam", REGION).get_role(RoleName="Weights")["Role"]
    text = json.dumps(role["AssumeRolePolicyDocument"])
    same, other = tmp_path / "same.json", tmp_path / "other.json"
    same.write_text(text)
    other.write_text(text.replace("job:blue:*", "job:green:*"))
    equal = ask(made, "--with", same)
    assert (equal.code, equal.report["headline"]) == (
        0,
        "same.json changes nothing: the present documents say the same.",
    )
    done = ask(made, "--with", other)
    assert done.code == 1
    assert [row["effect"] for row in done.report["proposed"]["workloads"]] == ["loses"]
    assert done.prediction == "accepted"
