"""AWS030: AWS makes no condition key of that claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def asking_for(bundle: Bundle, claim: str, value: str) -> Bundle:
    condition = bundle.subject(bundle.PATTERN)
    condition["StringEquals"][f"oidc.baseten.co:{claim}"] = value
    return bundle.condition(condition)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("org", "Org8Kd2P"),
        ("team", "Tq7LmZ2x"),
        ("environment", "production"),
        ("type", "model_container"),
        ("iss", "https://oidc.baseten.co"),
        ("jti", "5bb8f8e6-9e9b-4f8a-9c1e-2f4d9f0f2c11"),
    ],
)
def test_claims_of_baseten(aws: Bundle, claim: str, value: str) -> None:
    answer = asking_for(aws, claim, value).ask()
    cause = answer.refused("condition-key-not-provided", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == f"Statement[0] · StringEquals · oidc.baseten.co:{claim}"
    assert "Baseten" in cause.summary
    assert "oidc.baseten.co:sub" in cause.words_of_check


@pytest.mark.parametrize("claim", ["event_name", "repository_owner"])
def test_claims_of_github_that_have_no_key(github: Bundle, claim: str) -> None:
    key = f"token.actions.githubusercontent.com:{claim}"
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"]["StringEquals"][key] = "x"
    github.aws_role(policy).ask().refused("condition-key-not-provided", "authorise", github.NOT_AUTHORIZED)


def test_workflow_ref_is_no_slip_of_workflow(github: Bundle) -> None:
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:workflow_ref"] = "x"
    assert github.aws_role(policy).ask().first.name == "condition-key-not-provided"


@pytest.mark.parametrize(
    ("claim", "value"), [("repository", "octo-org/weights"), ("actor", "octo-dev"), ("ref", "refs/heads/main")]
)
def test_claims_of_github_that_have_one(github: Bundle, claim: str, value: str) -> None:
    claims = github.claims_of(iss=github.GITHUB, sub=github.GITHUB_SUBJECT, aud="sts.amazonaws.com", **{claim: value})
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"]["StringEquals"][f"token.actions.githubusercontent.com:{claim}"] = value
    answer = github.token(claims).aws_role(policy).ask()
    assert answer.accepted
    answer.passed("condition-key-not-provided")


@pytest.mark.parametrize("key", ["aws:PrincipalOrgID", "aws:PrincipalTag/team", "aws:MultiFactorAuthPresent"])
def test_keys_about_an_aws_principal(aws: Bundle, key: str) -> None:
    condition = aws.subject(aws.PATTERN)
    condition["StringEquals"][key] = "x"
    aws.condition(condition).ask().refused("condition-key-not-provided", "authorise", aws.NOT_AUTHORIZED)


@pytest.mark.parametrize("key", ["aws:SourceVpcArn", "aws:VpceAccount", "aws:VpceOrgID", "aws:vpceorgpaths"])
def test_keys_of_a_vpc_endpoint_that_sts_has_not(aws: Bundle, key: str) -> None:
    condition = aws.subject(aws.PATTERN)
    condition["StringEquals"][key] = "x"
    cause = aws.condition(condition).ask().refused("condition-key-not-provided", "authorise", aws.NOT_AUTHORIZED)
    assert "aws:SourceVpce, aws:SourceVpc or aws:VpcSourceIp" in cause.words_of_check
    assert "remove" not in cause.words_of_check.lower()


@pytest.mark.parametrize(
    "key",
    ["aws:ResourceOrgID", "aws:ResourceTag/team", "iam:ResourceTag/team", "aws:PrincipalOrgPaths", "aws:Referer",
     "aws:OriginIdentity/Subject", "aws:TransactionContext/IdentityProvider/team", "aws:ChatbotSourceArn"],
)  # fmt: skip
def test_a_global_key_that_no_source_settles_is_unknown(aws: Bundle, key: str) -> None:
    condition = aws.subject(aws.PATTERN)
    condition["StringEquals"][key] = "x"
    answer = aws.condition(condition).ask()
    assert answer.exchange().prediction == "unknown"
    assert key in answer.suspected("condition-value-differs").settle


def test_a_variable_of_an_unknown_key_is_unknown(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=${aws:ResourceTag/org}:*")).ask()
    assert answer.exchange().prediction == "unknown"


def test_the_account_of_the_resource_is_the_role_s(aws: Bundle) -> None:
    for value, prediction in (("aws.ACCOUNT", "refused"), (aws.ACCOUNT, "accepted")):
        condition = aws.subject(aws.PATTERN)
        condition["StringEquals"]["aws:ResourceAccount"] = value
        condition["Bool"] = {"aws:ViaAWSService": "false"}
        assert aws.condition(condition).ask().exchange().prediction == prediction


def test_if_exists_is_true_without_it(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN) | {"StringEqualsIfExists": {"oidc.baseten.co:org": "another"}}
    assert aws.condition(condition).ask().accepted


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("condition-key-not-provided")
