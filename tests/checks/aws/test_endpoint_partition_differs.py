"""AWS016: the role is in one partition; Region, STS endpoint or OIDC provider in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

GOV = "arn:aws-us-gov:iam::210987654321:role/ModelWeights"


def governed(bundle: Bundle, **request: str) -> Bundle:
    """The healthy set-up in GovCloud."""
    provider = bundle.PROVIDER_ARN.replace("arn:aws:", "arn:aws-us-gov:")
    statement = bundle.statement(Principal={"Federated": provider})
    bundle.aws_role(bundle.policy(statement), Arn=GOV).aws_provider(arn=provider)
    return bundle.sends(**{"role_arn": GOV, "region": "us-gov-west-1"} | request)


def test_one_partition(aws: Bundle) -> None:
    answer = governed(aws).ask()
    assert answer.accepted
    answer.passed("endpoint-partition-differs")


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("eusc-de-east-1", "aws-eusc")]
)
def test_a_region_of_another_partition(aws: Bundle, region: str, partition: str) -> None:
    cause = governed(aws, region=region).ask().refused("endpoint-partition-differs", "request")
    assert f"in the partition aws-us-gov and the Region `{region}` in {partition}" in cause.summary
    assert "us-gov-west-1" in cause.fix


def test_a_role_of_another_partition(aws: Bundle) -> None:
    aws.sends(region="us-gov-east-1").ask().refused("endpoint-partition-differs", "request")


@pytest.mark.parametrize("error", ["No OpenIDConnect provider found in your account for https://oidc.baseten.co", ""])
def test_whatever_sts_answered(aws: Bundle, error: str) -> None:
    governed(aws, region="us-east-1")
    answer = aws.error(f"InvalidIdentityToken: {error}").ask() if error else aws.ask()
    assert answer.first.name == "endpoint-partition-differs"
    assert not answer.first.cause.contradicts_observed


def test_the_endpoint_that_an_error_names(aws: Bundle) -> None:
    error = 'Post "https://sts.us-east-1.amazonaws.com/": AccessDenied: Not authorized to perform '
    governed(aws, region=...)
    answer = aws.error(error + "sts:AssumeRoleWithWebIdentity").ask()
    assert "`https://sts.us-east-1.amazonaws.com`" in answer.cause("endpoint-partition-differs").summary


def test_a_provider_of_another_partition(aws: Bundle) -> None:
    governed(aws).aws_provider(arn=aws.PROVIDER_ARN)
    aws.ask().suspected("endpoint-partition-differs")
    cause = aws.aws_providers(aws.PROVIDER_ARN).ask().refused("endpoint-partition-differs", "provider")
    assert cause.fix.startswith("Create the OIDC provider in the partition aws-us-gov")


def test_a_principal_of_another_partition(aws: Bundle) -> None:
    aws_principal = aws.statement(Principal={"Federated": aws.PROVIDER_ARN})
    cause = governed(aws).aws_role(aws.policy(aws_principal), Arn=GOV).ask().refused("principal-differs", "authorise")
    assert "its partition is aws, the role's is aws-us-gov" in cause.summary


@pytest.mark.parametrize("region", ["<region>", "global", "xxx"])
def test_a_text_that_is_no_region(aws: Bundle, region: str) -> None:
    assert governed(aws, region=region).ask().accepted


def test_no_role_arn(aws: Bundle) -> None:
    aws.sends(role_arn=..., region="us-gov-west-1").remove("aws/role.json").ask().skipped("endpoint-partition-differs")
