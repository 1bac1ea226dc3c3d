"""A plan laid over a trust policy alone: a role that it deletes, or whose policy it leaves open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evidence import Bundle
from evidence.changes import proposed_of
from plan_text import UNKNOWN, PlanText, kept_role


@pytest.mark.parametrize("policy", [None, UNKNOWN])
def test_a_plan_without_the_policy_of_the_role(aws: Bundle, tmp_path: Path, policy: Any) -> None:
    name = Bundle.ROLE_ARN.rpartition("/")[2]
    before = kept_role("{}", name, arn=Bundle.ROLE_ARN)
    after = None if policy is None else before | {"assume_role_policy": policy}
    plan = tmp_path / "plan.json"
    plan.write_text(PlanText().add("aws_iam_role.weights", after, before=before).text(), "utf-8")
    answer = proposed_of(aws.remove("token.jwt"), plan)
    assert not [row for row in answer.others if row.effect == "gains"]
