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


@pytest.mark.parametrize("role", ["ModelWeights", "ml/ModelWeights"])
def test_the_same_role(aws: Bundle, role: str) -> None:
    cause = aws.error(text("ModelWeights", role)).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("self-assume-not-allowed", "proven", "obtain")
    assert "`ModelWeights`" in cause.summary


def test_another_role_is_role_chaining(aws: Bundle) -> None:
    names = aws.error(text("ModelWeights", "ModelWeightsProd")).ask().names
    assert "self-assume-not-allowed" not in names
    assert names[0] == "not-web-identity-flow"
