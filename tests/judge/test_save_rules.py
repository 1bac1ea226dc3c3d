"""What IAM and Google refuse to store: each rule, and the value next to its limit."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.documents.trust_policy import policy_size
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


SHARED = (
    f"for {GITHUB}, an issuer shared by many customers, IAM requires {GITHUB}:sub or {GITHUB}:job_workflow_ref to be "
    "tested"
)
ACTION = "AssumeRole policy may only specify STS AssumeRole actions."


def trust(provider: str, condition: Any = ..., **members: Any) -> dict[str, Any]:
    return github(condition, Principal={"Federated": provider}, **members)


def control(provider: str, *keys: str) -> str:
    return (
        f"Trust policy with trusted principal {provider} must evaluate, using StringEquals, StringLike or "
        f"StringEqualsIgnoreCase, {' or '.join(keys)} which is not scoped to all."
    )


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({}, "IAM stores no trust policy without a Statement"),
        ({"Statement": []}, "IAM stores no trust policy without a Statement"),
        ({"Statement": ["x"]}, "a statement is an object"),
        (github(Effect="allow"), "Effect is Allow or Deny, in these letters"),
        (github(Principal=...), "a trust policy's statement names a Principal"),
        (github(Resource="*"), "a role's trust policy cannot have Resource"),
        (github(Action=...), "a trust policy's statement names an Action"),
        (github("x", Effect="Deny"), "a Condition is an object of operators"),
        (github(Condition={"StringLikes": {"k": "v"}}, Effect="Deny"), "IAM has no condition operator StringLikes"),
        (github(Condition={"StringLike": "v"}, Effect="Deny"), "StringLike contains an object"),
        (github(Condition={"StringLike": {"k": [None]}}, Effect="Deny"), "the values under StringLike are texts"),
        (github(NotPrincipal="*", Principal=...), "a role's trust policy cannot have NotPrincipal"),
        (github({}), SHARED),
        (sub("*"), SHARED),
        (sub("*repo"), SHARED),
        (sub(" "), SHARED),
        (sub("repo:octo-org/*", "StringNotLike"), SHARED),
        (sub("repo:octo-org/*", "StringLikeIfExists"), SHARED),
        (sub(["repo:octo-org/*", "*"]), SHARED),
        (github({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}), SHARED),
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


@pytest.mark.parametrize(
    "action", ["sts:*", "*", "sts:AssumeRole*", "sts:assumerolewithwebidentity", "STS:AssumeRole", "sts:TagSessions",
               "sts:GetCallerIdentity", ["sts:AssumeRoleWithWebIdentity", "sts:tagSession"], "s3:GetObject"],
)  # fmt: skip
@pytest.mark.parametrize("condition", [{}, None])
def test_an_action_is_one_of_a_fixed_list(action: Any, condition: Any) -> None:
    assert save_rules.answer_to_trust_policy(github(condition, Action=action)) == ACTION
    assert save_rules.answer_to_trust_policy(github(condition, Action=action, Effect="Deny")) == ACTION


def test_the_actions_of_all_statements_come_before_the_providers() -> None:
    policy = {"Statement": [*github({})["Statement"], *github(Action="sts:Assume")["Statement"]]}
    assert save_rules.answer_to_trust_policy(policy) == ACTION


@pytest.mark.parametrize(
    "action",
    ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext",
     ["sts:TagSession", "sts:AssumeRoleWithWebIdentity"]],
)  # fmt: skip
def test_actions_that_are_stored(action: Any) -> None:
    assert save_rules.answer_to_trust_policy(github(Action=action)) is None


@pytest.mark.parametrize("ending", ["", "/octo-org", ".example.com"])
def test_every_issuer_that_begins_with_github_s_host(ending: str) -> None:
    issuer, provider = GITHUB + ending, PROVIDER + ending
    refused = control(provider, f"{issuer}:sub", f"{issuer}:job_workflow_ref")
    for claim in ("sub", "job_workflow_ref", "SUB"):
        sound = {f"{issuer}:{claim}": "octo-org/*"}
        assert save_rules.answer_to_trust_policy(trust(provider, {"StringLike": sound})) is None
        for loose in ("*", "", " ", "**", "*?", "*octo", ["x", "*"]):
            condition = {"StringLike": {f"{issuer}:{claim}": loose}}
            assert save_rules.answer_to_trust_policy(trust(provider, condition)) == refused
        for accepted in ("?*", [], "octo*"):
            condition = {"StringLike": {f"{issuer}:{claim}": accepted}}
            assert save_rules.answer_to_trust_policy(trust(provider, condition)) is None
    if ending:
        other = {"StringLike": {f"{GITHUB}:sub": "repo:octo-org/*"}}
        assert save_rules.answer_to_trust_policy(trust(provider, other)) == refused


def test_an_operator_counts_if_neither_of_github_s_claims_is_for_all() -> None:
    sub, ref = f"{GITHUB}:sub", f"{GITHUB}:job_workflow_ref"
    both = {"StringLike": {sub: "repo:octo-org/*", ref: "*"}}
    assert save_rules.answer_to_trust_policy(github(both)) == control(PROVIDER, sub, ref)
    assert save_rules.answer_to_trust_policy(github({"StringLike": {sub: "repo:o/*", ref: "o/*"}})) is None
    assert save_rules.answer_to_trust_policy(github(both | {"StringEquals": {ref: "octo-org/x"}})) is None


@pytest.mark.parametrize(
    ("issuer", "key"),
    [
        ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", "sts:RoleSessionName"),
        ("agent.buildkite.com", "agent.buildkite.com:sub"),
        ("gitlab.com", "gitlab.com:sub"),
        ("oidc.vercel.com", "oidc.vercel.com:aud"),
        ("api.pulumi.com/oidc", "api.pulumi.com/oidc:aud"),
        ("app.terraform.io", "app.terraform.io:sub"),
        ("vstoken.actions.githubusercontent.com", "vstoken.actions.githubusercontent.com:sub"),
        ("oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu",
         "oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu:sub"),
    ],
)  # fmt: skip
def test_shared_issuers(issuer: str, key: str) -> None:
    provider = PROVIDER.replace(GITHUB, issuer)
    refused = control(provider, key)
    assert save_rules.answer_to_trust_policy(trust(provider)) == refused
    for name in ("StringEquals", "ForAnyValue:StringLike", "ForAllValues:StringEqualsIgnoreCase"):
        assert save_rules.answer_to_trust_policy(trust(provider, {name: {key.upper(): "*x"}})) is None
        assert save_rules.answer_to_trust_policy(trust(provider, {name: {key: ["x", "*"]}})) == refused
    for name in ("StringEqualsIfExists", "StringNotEquals", "Null", "Bool", "ArnLike"):
        assert save_rules.answer_to_trust_policy(trust(provider, {name: {key: "x"}})) == refused
    assert save_rules.answer_to_trust_policy(trust(provider, Effect="Deny")) is None
    assert save_rules.answer_to_trust_policy(trust(provider, Action="sts:TagSession")) is None
    assert save_rules.answer_to_trust_policy(trust(provider + "/more")) is None
    assert save_rules.answer_to_trust_policy(trust(provider + "/")) is None


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("accounts.google.com", ("aud", "oaud", "sub")),
        ("www.amazon.com", ("app_id", "sub")),
        ("graph.facebook.com", ("app_id", "sub")),
    ],
)
def test_a_built_in_provider_wants_an_application_id(name: str, claims: tuple[str, ...]) -> None:
    refused = f"Policy trusting {name} requires a StringEquals condition on an application id"
    assert save_rules.answer_to_trust_policy(trust(name)) == refused
    for claim in claims:
        key = f"{name}:{claim}"
        for operator in ("StringEquals", "StringEqualsIgnoreCase", "ForAnyValue:StringEquals"):
            assert save_rules.answer_to_trust_policy(trust(name, {operator: {key: "*"}})) is None
            assert save_rules.answer_to_trust_policy(trust(name, {operator: {key.upper(): "x"}})) == refused
        for operator in ("StringLike", "StringEqualsIfExists", "StringNotEquals", "Null"):
            assert save_rules.answer_to_trust_policy(trust(name, {operator: {key: "x"}})) == refused
    assert save_rules.answer_to_trust_policy(trust(name, {"StringEquals": {f"{name}:email": "x"}})) == refused
    assert save_rules.answer_to_trust_policy(trust(name, Effect="Deny")) is None
    assert save_rules.answer_to_trust_policy(trust(name, Action="sts:TagSession")) is None
    assert save_rules.answer_to_trust_policy(trust(PROVIDER.replace(GITHUB, name))) is None


def test_cognito_wants_a_condition() -> None:
    name = "cognito-identity.amazonaws.com"
    refused = "A condition block must be present for the Cognito provider"
    assert save_rules.answer_to_trust_policy(trust(name)) == refused
    assert save_rules.answer_to_trust_policy(trust(name + ".example")) == refused
    other = {"StringEquals": {f"{name}:sub": "x"}}
    assert save_rules.answer_to_trust_policy(trust(name, other)) == control(name, f"{name}:aud")
    assert save_rules.answer_to_trust_policy(trust(name + ".example", other)) is None
    assert save_rules.answer_to_trust_policy(trust(name, {"StringEquals": {f"{name}:aud": "pool"}})) is None


def test_each_provider_of_a_statement_is_checked() -> None:
    policy = trust("x", {"StringEquals": {"accounts.google.com:aud": "x"}})
    policy["Statement"][0]["Principal"] = {"Federated": ["accounts.google.com", "www.amazon.com"], "AWS": "1"}
    refused = "Policy trusting www.amazon.com requires a StringEquals condition on an application id"
    assert save_rules.answer_to_trust_policy(policy) == refused


def test_the_size_of_a_policy_counts_without_white_space() -> None:
    base = policy_size(github(Sid=""))
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
    assert sure.message == "Google requires a condition for GitHub Actions, which many customers share"
    assert sure.certain
    assert unsure.message == "Google may require a condition for Buildkite, which many customers share"
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
