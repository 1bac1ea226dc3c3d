"""AWS044: the roles claim lists other roles only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


ROLES = "https://aws.amazon.com/roles"
TEXT = "The target role ARN is not present in the roles claim of the identity token"


@pytest.mark.parametrize("suffix", ["2", "/x", "*"])
def test_other_roles(aws: Bundle, suffix: str) -> None:
    claim = [aws.ROLE_ARN + suffix, "arn:aws:iam::554433221100:role/Other"]
    answer = aws.token(aws.claims_of(**{ROLES: claim})).ask()
    cause = answer.refused("roles-claim-excludes-role", "session-claims")
    assert answer.error()[1] == TEXT
    assert cause.actual is not None
    assert cause.actual.value == aws.ROLE_ARN


def test_case_counts(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(**{ROLES: aws.ROLE_ARN.replace("Model", "model")})).ask()
    answer.refused("roles-claim-excludes-role", "session-claims")


def test_before_the_trust_policy(aws: Bundle) -> None:
    aws.token(aws.claims_of(**{ROLES: "arn:aws:iam::554433221100:role/Other"}))
    answer = aws.condition(aws.subject("v=1:org=other:*")).ask()
    assert answer.names == ["roles-claim-excludes-role", "subject-segment-differs"]


@pytest.mark.parametrize("form", ["{}", "x;{}", " {} ; x", ["{}"], ["x", " {}"]])
def test_forms_that_list_it(aws: Bundle, form: Any) -> None:
    claim = json.loads(json.dumps(form).replace("{}", aws.ROLE_ARN))
    answer = aws.token(aws.claims_of(**{ROLES: claim})).ask()
    assert answer.accepted
    answer.passed("roles-claim-excludes-role")


@pytest.mark.parametrize(("claim", "value"), [(True, "true"), (False, "false")])
def test_the_condition_key(aws: Bundle, claim: bool, value: str) -> None:
    aws.condition(aws.subject(aws.PATTERN) | {"Bool": {"sts:RoleAuthorizedByIdp": value}})
    assert aws.token(aws.claims_of(**({ROLES: aws.ROLE_ARN} if claim else {}))).ask().accepted


def test_the_condition_key_without_the_roles_arn(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN) | {"Bool": {"sts:RoleAuthorizedByIdp": "true"}}
    aws.token(aws.claims_of(**{ROLES: aws.ROLE_ARN})).write("aws/role.json", aws.policy(aws.statement(condition)))
    assert aws.remove("oidc-doctor.toml").ask().exchange().prediction == "unknown"


def test_the_role_is_not_known(aws: Bundle) -> None:
    aws.token(aws.claims_of(**{ROLES: aws.ROLE_ARN})).remove("oidc-doctor.toml", "aws/role.json")
    assert "roles-claim-excludes-role" not in aws.ask().names


def test_a_redacted_role(aws: Bundle) -> None:
    answer = aws.claims(aws.claims_of(**{ROLES: "arn:aws:iam::<account>:role/ModelWeights"})).ask()
    assert answer.exchange().prediction != "refused"
    assert answer.cause("roles-claim-excludes-role").confidence == "suspected"
