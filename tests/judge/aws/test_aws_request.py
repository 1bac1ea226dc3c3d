"""The parameters of the request: which of them STS refuses, and in which words."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import (
    constraint,
    sends,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "request", "passed"),
    "no ARN": Rule(lambda b: b.sends(role_arn=...).aws_role(Arn=...), "request", "assumed"),
    "neither ARN nor role": Rule(lambda b: b.sends(role_arn=...).remove("aws/role.json"), "request", "unknown"),
    "a session": Rule(
        sends(role_arn=f"arn:aws:sts::{Bundle.ACCOUNT}:assumed-role/ModelWeights/w"),
        "request",
        "role-arn-malformed",
        "ValidationError: Request ARN is invalid",
        {"reason": "it names a session (assumed-role) and not the role itself"},
    ),
    "a short ARN": Rule(
        sends(role_arn="arn:aws:iam::1:x"), "request", "role-arn-malformed",
        "ValidationError: 1 validation error detected: Value 'arn:aws:iam::1:x' at 'roleArn' failed",
    ),
    "20 characters": Rule(
        sends(role_arn="arn:aws:iam::12:role"), "request", "role-arn-malformed", "ValidationError: Request ARN"
    ),
    "11 digits": Rule(
        lambda b: b.sends(role_arn="arn:aws:iam::21098765432:role/ModelWeights").from_the_cloud(), "request",
        "role-arn-malformed",
        "ValidationError: Request ARN", {"reason": "the account id 21098765432 has 11 digits instead of 12"},
    ),
    "a region": Rule(
        sends(role_arn="arn:aws:iam:us-east-1:210987654321:role/ModelWeights"), "request", "role-arn-malformed",
        "ValidationError: Request ARN", {"reason": "it has a region; IAM is global, so that field is empty"},
    ),
    "another service": Rule(
        sends(role_arn="arn:aws:s3::210987654321:role/ModelWeights"), "request", "role-arn-malformed",
        "ValidationError: Request ARN", {"reason": "its service is s3, a role's is iam"},
    ),
    "a user": Rule(
        sends(role_arn="arn:aws:iam::210987654321:user/ModelWeights"), "request", "role-arn-malformed",
        "ValidationError: Request ARN", {"reason": "it names a user and not a role (role/NAME)"},
    ),
    "a partition": Rule(
        sends(role_arn="arn:awz:iam::210987654321:role/ModelWeights"), "request", "role-arn-malformed",
        "ValidationError: Request ARN", {"reason": "awz is not an AWS partition"},
    ),
    "a name of 65": Rule(
        sends(role_arn="arn:aws:iam::210987654321:role/" + "a" * 65), "request", "role-arn-malformed",
        "ValidationError: Request ARN",
    ),
    "a letter of no name": Rule(
        sends(role_arn="arn:aws:iam::210987654321:role/Model Weights"), "request", "role-arn-malformed",
        "ValidationError: Request ARN", {"reason": "the role's name holds a blank, which no role's name can have"},
    ),
    "session name 64": Rule(sends(role_session_name="a" * 64), "request", "passed"),
    "session name 65": Rule(
        sends(role_session_name="a" * 65), "request", "request-malformed",
        "ValidationError: 1 validation error detected: Value '" + "a" * 65 + "' "
        + constraint("roleSessionName", "have length less than or equal to 64"), {"limit": "64"},
    ),
    "session name 2": Rule(sends(role_session_name="ab"), "request", "passed"),
    "session name 1": Rule(
        sends(role_session_name="a"), "request", "request-malformed",
        "ValidationError: 1 validation error detected: Value 'a' "
        + constraint("roleSessionName", "have length greater than or equal to 2"),
    ),
    "session name blank": Rule(
        sends(role_session_name="a b"), "request", "request-malformed",
        "ValidationError: 1 validation error detected: Value 'a b' "
        + constraint("roleSessionName", "satisfy regular expression pattern"), {"parameter": "RoleSessionName"},
    ),
    "900 s": Rule(sends(duration_seconds=900), "request", "passed"),
    "43,200 s": Rule(sends(duration_seconds=43_200), "request", "passed"),
    "899 s": Rule(
        sends(duration_seconds=899), "request", "request-malformed",
        "ValidationError: 1 validation error detected: Value '899' "
        + constraint("durationSeconds", "have value greater than or equal to 900"),
    ),
    "43,201 s": Rule(
        sends(duration_seconds=43201), "request", "request-malformed",
        "ValidationError: 1 validation error detected: Value '43201' "
        + constraint("durationSeconds", "have value less than or equal to 43200"),
    ),
    "two faults": Rule(
        sends(duration_seconds=1, role_session_name="a"), "request", "request-malformed",
        "ValidationError: 2 validation errors detected",
    ),
    "policy of 2,048": Rule(sends(policy="x" * 2048), "request", "passed"),
    "policy of 2,049": Rule(
        sends(policy="x" * 2049), "request", "session-policy-too-large",
        "ValidationError: 1 validation error detected: Value at 'policy'", {"size": "2049", "limit": "2048"},
    ),
    "token of 20,001": Rule(
        lambda b: b.write("token.jwt", "a" * 20001), "request", "token-over-size-limit",
        "ValidationError: 1 validation error detected: Value at 'webIdentityToken'", {"size": "20001"},
    ),
    "token of 3": Rule(
        lambda b: b.write("token.jwt", "a.b"), "request", "request-malformed",
        "ValidationError: 1 validation error detected: Value at 'webIdentityToken'",
    ),
    "provider id": Rule(
        sends(provider_id="oidc.baseten.co"), "request", "provider-id-sent", "AccessDenied: Unrecognized OAuth",
    ),
    "provider id amazon": Rule(
        sends(provider_id="www.amazon.com"), "request", "provider-id-sent", "?InvalidIdentityToken: Provided Token",
    ),
    "provider id facebook": Rule(
        sends(provider_id="graph.facebook.com"), "request", "provider-id-sent", "?IDPRejectedClaim",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")
