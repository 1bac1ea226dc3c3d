"""AWS008: the session assumes its own role once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def text(session_role: str, role: str) -> str:
    return (
        f"User: arn:aws:sts::210987654321:assumed-role/{session_role}/weights is not authorized to perform: "
        f"sts:AssumeRole on resource: arn:aws:iam::210987654321:role/{role}"
    )


def test_the_same_role(aws: Bundle) -> None:
    cause = aws.error(text("ModelWeights", "ModelWeights")).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("self-assume-not-allowed", "proven", "permission")
    assert "`ModelWeights`" in cause.summary


@pytest.mark.parametrize("role", ["ml/ModelWeights", "ModelWeightsProd"])
def test_another_path_or_name_is_a_second_hop(aws: Bundle, role: str) -> None:
    assert aws.error(text("ModelWeights", role)).ask().names[0] == "second-hop-refused"


def test_a_role_of_another_account_is_a_second_hop(aws: Bundle) -> None:
    other = text("ModelWeights", "ModelWeights").replace("iam::210987654321", "iam::444455556666")
    assert aws.error(other).ask().names[0] == "second-hop-refused"


def test_a_path_is_the_roles_own_where_the_target_names_it(bundle: Bundle) -> None:
    role_arn = "arn:aws:iam::210987654321:role/ml/ModelWeights"
    answer = bundle.target(aws={"role_arn": role_arn}).error(text("ModelWeights", "ml/ModelWeights")).ask()
    assert answer.first.name == "self-assume-not-allowed"
