"""What IAM and Google refuse to store: each rule, and the value next to its limit."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import save_rules
from tests.conftest import Bundle

GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{Bundle.ACCOUNT}:oidc-provider/{GITHUB}"


def github(condition: Any = None, **members: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {f"{GITHUB}:sub": "repo:octo-org/*"}} if condition is None else condition,
    } | members
    return {"Statement": [{name: value for name, value in statement.items() if value is not ...}]}


def sub(value: Any, operator: str = "StringLike") -> dict[str, Any]:
    return github({operator: {f"{GITHUB}:sub": value}})


SHARED = f"for {GITHUB}, an issuer shared by many customers, IAM wants {GITHUB}:sub tested"


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({}, "IAM stores no trust policy without a Statement"),
        ({"Statement": []}, "IAM stores no trust policy without a Statement"),
        ({"Statement": ["x"]}, "a statement is an object"),
        (github(Effect="allow"), "Effect is Allow or Deny, in these letters"),
        (github(Principal=...), "a trust policy's statement names a Principal"),
        (github(Resource="*"), "a role's trust policy cannot have Resource"),
        (github(NotPrincipal="*", Principal=...), "a role's trust policy cannot have NotPrincipal"),
        (github({}), SHARED),
        (sub("*"), SHARED),
        (sub("*repo"), SHARED),
        (sub(" "), SHARED),
        (sub("repo:octo-org/*", "StringNotLike"), SHARED),
        (sub("repo:octo-org/*", "StringLikeIfExists"), SHARED),
        (sub(["repo:octo-org/*", "*"]), SHARED),
        (github({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}), SHARED),
        (github({}, Action="sts:*"), SHARED),
    ],
)
def test_iam_refuses(policy: dict[str, Any], message: str) -> None:
    (objection,) = save_rules.of_trust_policy(policy)
    assert objection.message.startswith(message)
    assert objection.certain


@pytest.mark.parametrize(
    "policy",
    [
        github(),
        sub("repo:octo-org/*", "ForAnyValue:StringLike"),
        sub("repo:octo-org/x", "StringEqualsIgnoreCase"),
        github({"StringEquals": {f"{GITHUB}:job_workflow_ref": "octo-org/x"}}),
        github({}, Effect="Deny"),
        github({}, Action="sts:TagSession"),
        github({}, Principal={"Federated": PROVIDER.replace(GITHUB, "oidc.example.com")}),
    ],
)
def test_iam_stores(policy: dict[str, Any]) -> None:
    assert save_rules.of_trust_policy(policy) == []


def test_the_size_of_a_policy_counts_without_white_space() -> None:
    base = len(save_rules._compact(github(Sid="")))
    assert save_rules.of_trust_policy(github(Sid=" " * 50 + "x" * (2048 - base))) == []
    (objection,) = save_rules.of_trust_policy(github(Sid="x" * (2049 - base)))
    assert objection.message == "it has 2,049 characters without white space; the default quota is 2,048"
    assert not objection.certain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("google.subject", ""),
        (f"google.subject == '{'x' * 4096}'", "it has 4,116 characters; a condition may have 4,096"),
    ],
)
def test_google_refuses_a_condition(text: str, message: str) -> None:
    objections = save_rules.of_condition(text, None, None)
    assert any(objection.message.startswith(message) for objection in objections)
    assert save_rules.of_condition("google.subject == 'x'", None, None) == []


def test_google_wants_a_condition_for_a_shared_issuer() -> None:
    (sure,) = save_rules.of_condition("", profile_for(GITHUB), GITHUB)
    (unsure,) = save_rules.of_condition(" ", profile_for("agent.buildkite.com"), "https://agent.buildkite.com")
    assert sure.message == "Google wants a condition for GitHub Actions, which many customers share"
    assert sure.certain
    assert unsure.message == "Google may want a condition for Buildkite, which many customers share"
    assert not unsure.certain
    assert save_rules.of_condition("", None, None) == []


def test_google_refuses_a_mapping() -> None:
    assert [one.message for one in save_rules.of_mapping({})] == ["an OIDC provider's mapping has google.subject"]
    fifty = {"google.subject": "assertion.sub"} | {f"attribute.a{n}": "assertion.sub" for n in range(50)}
    assert save_rules.of_mapping(fifty) == []
    (objection,) = save_rules.of_mapping(fifty | {"attribute.more": "assertion.sub"})
    assert objection.message == "it has 51 custom attributes; 50 are allowed"


def test_google_refuses_an_expression() -> None:
    assert save_rules.of_mapping_expression("google.subject", "assertion.sub") == []
    assert save_rules.of_mapping_expression("google.groups", "['a']") == []
    assert save_rules.of_mapping_expression("google.subject", "['a']")
    (objection,) = save_rules.of_mapping_expression("google.subject", f"'{'x' * 2047}'")
    assert objection.message == "it has 2,049 characters; an expression may have 2,048"
