"""The sources of a Truss configuration that Baseten does not serve with the OIDC method of a cloud."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.rules import Rule, hold


def source(place: str, method: str) -> Rule:
    """A Truss configuration with weights at this place."""
    auth = {"AWS_OIDC": "aws_oidc_role_arn: " + Bundle.ROLE_ARN, "GCP_OIDC": "gcp_oidc_service_account: " + "a@b.c"}
    text = (
        f"model_name: weights\nweights:\n  - source: {place}\n    mount_location: /models/weights\n"
        f"    auth:\n      auth_method: {method}\n      {auth[method]}\n"
    )
    return Rule(lambda b: b.write("truss/config.yaml", text), "permission", "unknown")


@pytest.mark.parametrize(
    ("cloud", "place", "served"),
    [
        ("aws", "s3://weights/model", True),
        ("aws", "azure://weights/model", False),
        ("gcp", "gs://weights/model", True),
        ("gcp", "hf://org/model", False),
    ],
)
def test_a_source(bundle: Bundle, request: pytest.FixtureRequest, cloud: str, place: str, *, served: bool) -> None:
    del bundle
    rule = source(place, cloud.upper() + "_OIDC")
    if not served:
        rule = rule._replace(answer="source-not-served", facts={"source": place})
    hold(rule, request.getfixturevalue(cloud), "aws" if cloud == "aws" else "gcp")


def test_the_other_cloud_s_method_is_not_judged(aws: Bundle) -> None:
    hold(source("azure://weights/model", "GCP_OIDC"), aws, "aws")
