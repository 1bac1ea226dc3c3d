"""Logged denials as readings: the permission that a service asks for an operation."""

from __future__ import annotations

import pytest

from oidc_doctor.judge.readings import reading_of_denial
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import SessionDenial


@pytest.mark.parametrize(
    ("service", "operation", "permission"),
    [
        ("s3.amazonaws.com", "ListObjects", "s3:ListBucket"),
        ("s3.amazonaws.com", "HeadObject", "s3:GetObject"),
        ("s3.amazonaws.com", "GetBucketLocation", "s3:GetBucketLocation"),
        ("ecr.amazonaws.com", "BatchGetImage", "ecr:BatchGetImage"),
    ],
)
def test_a_logged_denial_names_the_permission(service: str, operation: str, permission: str) -> None:
    denial = SessionDenial(
        "aws", service, operation, "arn:aws:iam::210987654321:role/ModelWeights", "ASIAEXAMPLE", None,
        "AccessDenied", "Access Denied", None, 1.0, 1.0, 1, ("event-1",), Origin("events.json"),
    )  # fmt: skip
    reading = reading_of_denial(denial)
    assert reading.facts["permission"] == permission
    assert reading.steps == {"permission"}
    assert reading.follows_steps
