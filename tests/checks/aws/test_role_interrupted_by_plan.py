"""AWS103: a plan deletes or replaces the role."""

from __future__ import annotations

from typing import Any

import pytest

from plan_text import PlanText, findings, kept_provider, kept_role, role, trust_policy

CHECK = "role-interrupted-by-plan"
ROLE = "aws_iam_role.weights"


def plan(after: Any, actions: list[str]) -> PlanText:
    text = PlanText().add("aws_iam_openid_connect_provider.baseten", kept_provider(), before=kept_provider())
    return text.add(ROLE, after, before=kept_role(trust_policy()), actions=actions)


@pytest.mark.parametrize(
    ("after", "actions", "message"),
    [
        (None, ["delete"], "no workload can assume arn:aws:iam::123456789012:role/weights after apply"),
        (role(trust_policy()), ["delete", "create"], "no workload can assume the role in between"),
        (role(trust_policy()), ["create", "delete"], "the second role of a name"),
        (role(trust_policy(), "other"), ["delete", "create"], "a role with another ARN"),
    ],
)
def test_the_order_of_the_work(after: Any, actions: list[str], message: str) -> None:
    (finding,) = findings(plan(after, actions), CHECK)
    assert message in finding.message
    assert ROLE in finding.message


def test_a_role_that_moved_to_another_address() -> None:
    text = plan(None, ["delete"]).add("aws_iam_role.other", role(trust_policy()))
    (finding,) = findings(text, CHECK)
    assert f"add a moved block from {ROLE} to aws_iam_role.other" in finding.fix


def test_a_role_that_is_changed_in_place() -> None:
    assert not findings(plan(kept_role(trust_policy(), max_session_duration=7200), ["update"]), CHECK)
    assert not findings(plan(kept_role(trust_policy()), ["no-op"]), CHECK)
