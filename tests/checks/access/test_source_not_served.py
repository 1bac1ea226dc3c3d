"""ACC003: a source that the configured method does not reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def config(source: str, method: str, **auth: str) -> str:
    lines = [
        "model_name: weights",
        "weights:",
        f"  - source: {source}",
        "    mount_location: /models/weights",
        "    auth:",
        f"      auth_method: {method}",
        *(f"      {name}: {value}" for name, value in auth.items()),
    ]
    return "\n".join(lines) + "\n"


AWS = {"aws_oidc_role_arn": "arn:aws:iam::210987654321:role/ModelWeights", "aws_oidc_region": "us-east-1"}


@pytest.mark.parametrize("source", ["r2://account.weights/model", "azure://account/weights", "hf://org/model"])
def test_aws_oidc_on_another_store(aws: Bundle, source: str) -> None:
    answer = aws.write("truss/config.yaml", config(source, "AWS_OIDC", **AWS)).ask()
    cause = answer.cause("source-not-served")
    assert cause.step == "permission"
    assert answer.exchange().prediction == "accepted"


def test_s3(aws: Bundle) -> None:
    answer = aws.write("truss/config.yaml", config("s3://weights/model", "AWS_OIDC", **AWS)).ask()
    assert answer.accepted
    assert "source-not-served" not in answer.names


def test_no_configuration(aws: Bundle) -> None:
    aws.ask().skipped("source-not-served")
