"""ACC016: a 403 without a text may hide that the object does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("operation", ["HeadObject", "HeadBucket"])
def test_both_readings_are_named(aws: Bundle, operation: str) -> None:
    cause = aws.error(f"An error occurred (403) when calling the {operation} operation: Forbidden").ask().first
    assert (cause.name, cause.confidence, cause.step) == ("object-missing-shown-as-denied", "suspected", "permission")
    assert "does not exist" in cause.summary


def test_a_named_permission_is_no_hidden_object(aws: Bundle) -> None:
    text = "User: arn:aws:sts::210987654321:assumed-role/ModelWeights/w is not authorized to perform: s3:GetObject"
    assert "object-missing-shown-as-denied" not in aws.error(text).ask().names
