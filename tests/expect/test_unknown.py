"""What was not read, and what was read and is open: unknown, and never a pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evidence import Bundle
from tests.expect.conftest import Judge, outcomes
from trusts import MAIN, MODEL, OTHER, POLICIES, PROVIDERS, policy, statement, text

BOTH = f'[[expect]]\naccepted = ["{MAIN}"]\nrefused = ["repo:other/other:ref:refs/heads/main"]\nstrangers = "refused"\n'


def of(bundle: Bundle, more: str = "") -> str:
    return f'[[expect]]\naccepted = ["{bundle.SUBJECT}"]\n{more}'


def manifest(bundle: Bundle, path: str, outcome: str) -> None:
    reads = [{"path": path, "outcome": outcome, "call": "iam:GetOpenIDConnectProvider", "error": "AccessDenied"}]
    bundle.write("manifest.json", {"collected_at": "2026-11-22T22:40:00Z", "reads": reads})


def test_what_was_never_asked_for_is_assumed_and_said_once(judge: Judge, aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json", "aws/oidc-providers.json")
    result = judge(of(aws, f'[[expect]]\nrefused = ["{aws.SUBJECT.replace(aws.ORG, "Another1")}"]\n'), aws.root)
    assert outcomes(result) == ["met", "met"]
    assert len([what for what in result.assumed if "OIDC provider for the issuer" in what]) == 1


@pytest.mark.parametrize("outcome", ["denied", "failed", "timeout", "throttled"])
def test_a_read_that_failed_is_unknown(judge: Judge, aws: Bundle, outcome: str) -> None:
    aws.remove("aws/oidc-provider.json", "aws/oidc-providers.json")
    manifest(aws, "aws/oidc-provider.json", outcome)
    result = judge(of(aws), aws.root)
    assert outcomes(result) == ["unknown"]
    assert result.exit_code == 3
    assert "aws/oidc-provider.json" in result.results[0].reason


def test_a_provider_that_does_not_exist_breaks_accepted_and_meets_no_refused(judge: Judge, aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json", "aws/oidc-providers.json")
    aws.aws_providers()
    result = judge(of(aws, "") + f'[[expect]]\nrefused = ["{aws.SUBJECT}"]\n', aws.root)
    assert outcomes(result) == ["broken", "unknown"]
    assert "refuses every token" in result.results[1].reason


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "repo:quince/<repository>:ref:refs/heads/main"},
        {"sub": "${SUBJECT}"},
        {"aud": "<audience>", "sub": MAIN},
        {"sub": MAIN, "job_workflow_ref": "<workflow>"},
    ],
)
def test_a_placeholder_is_unknown_and_never_met(judge: Judge, change: dict[str, str]) -> None:
    document = policy(statement("token.actions.githubusercontent.com", {"StringEquals": change}))
    result = judge(BOTH, json.dumps(document))
    assert result.results[0].outcome == "unknown"
    assert result.exit_code == 3


def test_a_placeholder_that_cannot_matter_leaves_the_decision(judge: Judge) -> None:
    document = policy(
        statement(
            "token.actions.githubusercontent.com", {"StringEquals": {"sub": ["repo:<owner>/x:pull_request", MAIN]}}
        )
    )
    result = judge(BOTH, json.dumps(document))
    assert outcomes(result)[0] == "met"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("attributeCondition",), "assertion.repository == '<repository>'"),
        (("oidc", "issuerUri"), "https://<host>"),
        (("oidc", "allowedAudiences"), ["<audience>"]),
        (("attributeMapping", "google.subject"), "<expression>"),
    ],
)
def test_a_placeholder_of_a_provider_is_never_met(judge: Judge, place: tuple[str, ...], value: Any) -> None:
    document = json.loads(PROVIDERS["repository and branch"].text)
    inner = document
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    result = judge(f'[[expect]]\naccepted = ["{MAIN}"]\n', json.dumps(document))
    assert result.results[0].outcome != "met"


def test_a_claim_that_the_subject_does_not_show_is_named(judge: Judge) -> None:
    trust = POLICIES["reusable workflow"]
    (row,) = judge(f'[[expect]]\naccepted = ["{MAIN}"]\n', trust.text).results
    assert row.outcome == "unknown"
    assert "the claim job_workflow_ref" in row.reason
    assert "job_workflow_ref = " in row.fix


def test_claims_that_the_profile_cannot_complete_are_named(judge: Judge) -> None:
    entries = '{ repository = "quince/orchard" }'
    (row,) = judge(f"[[expect]]\naccepted = [{entries}]\n", POLICIES["branch"].text).results
    assert row.outcome == "unknown"
    assert "missing: environment, ref or pull_request" in row.reason


def test_claims_that_contradict_the_subject_are_unknown(judge: Judge) -> None:
    entries = f'{{ sub = "{MAIN}", repository = "quince/pantry" }}'
    (row,) = judge(f"[[expect]]\naccepted = [{entries}]\n", POLICIES["branch"].text).results
    assert row.outcome == "unknown"
    assert "repository contradicts it" in row.reason


def test_claims_that_fit_two_subjects_hold_only_for_both(judge: Judge) -> None:
    ids = 'repository_id = "12", repository_owner_id = "34"'
    entries = f'{{ repository = "quince/orchard", ref = "refs/heads/main", {ids} }}'
    (row,) = judge(f"[[expect]]\naccepted = [{entries}]\n", POLICIES["branch"].text).results
    assert row.outcome == "unknown"
    assert "repo:quince@34/orchard@12:ref:refs/heads/main" in row.reason
    wide = policy(statement("token.actions.githubusercontent.com", {"StringLike": {"sub": "repo:quince*"}}))
    assert outcomes(judge(f"[[expect]]\naccepted = [{entries}]\n", json.dumps(wide))) == ["met"]


def test_an_audience_that_only_the_policy_names_is_not_taken_for_the_token_s(judge: Judge) -> None:
    other = POLICIES["branch"].text.replace("sts.amazonaws.com", "deployments")
    (row,) = judge(f"[[expect]]\naccepted = [{text(MAIN)}]\n", other).results
    assert row.outcome == "unknown"
    assert 'Add audience = "deployments"' in row.fix
    named = f'[[expect]]\naudience = "deployments"\naccepted = [{text(MAIN)}]\n'
    assert outcomes(judge(named, other)) == ["met"]


def test_a_second_client_id_is_used_and_said(judge: Judge, aws: Bundle) -> None:
    issuer = "token.actions.githubusercontent.com"
    principal = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{issuer}"
    conditions = {"StringEquals": {f"{issuer}:sub": MAIN, f"{issuer}:aud": "deployments"}}
    aws.trust(aws.statement(conditions, Principal={"Federated": principal}))
    aws.remove("aws/oidc-providers.json")
    aws.write(
        "aws/oidc-provider.json",
        {"Arn": principal, "Url": issuer, "ClientIDList": ["sts.amazonaws.com", "deployments"]},
    )
    aws.target(issuer=f"https://{issuer}", aws={"role_arn": aws.ROLE_ARN})
    (row,) = judge(f"[[expect]]\naccepted = [{text(MAIN)}]\n", aws.root).results
    assert row.outcome == "met", row.reason
    assert (row.audience, row.audience_from) == ("deployments", "listed in ClientIDList")


def test_a_service_account_without_its_policy_is_unknown(judge: Judge, gcp: Bundle) -> None:
    gcp.remove("gcp/service-account-policy.json")
    (row,) = judge(of(gcp), gcp.root).results
    assert row.outcome == "unknown"


def test_a_disabled_pool_meets_no_refused_expectation(judge: Judge, gcp: Bundle) -> None:
    gcp.gcp_pool(disabled=True)
    result = judge(of(gcp) + f'[[expect]]\nrefused = ["{gcp.SUBJECT}"]\n', gcp.root)
    assert outcomes(result) == ["broken", "unknown"]


def test_a_refused_stranger_is_met_whatever_else_refuses(judge: Judge, gcp: Bundle) -> None:
    gcp.gcp_pool(disabled=True)
    foreign = gcp.SUBJECT.replace(gcp.ORG, "Another1")
    assert outcomes(judge(f'[[expect]]\nrefused = ["{foreign}"]\n', gcp.root)) == ["met"]


@pytest.mark.parametrize("entry", ['{ repository = "quince/pantry", environment = "x" }', text(MODEL)])
def test_a_table_of_refused_tokens_alone_is_met(judge: Judge, entry: str) -> None:
    conditions = {"aud": "sts.amazonaws.com", "repository": "quince/orchard"}
    document = policy(statement("token.actions.githubusercontent.com", {"StringEquals": conditions}))
    (row,) = judge(f"[[expect]]\nrefused = [{entry}]\n", json.dumps(document)).results
    assert row.outcome == "met", row.reason


def test_braces_around_a_uuid_are_no_placeholder(judge: Judge) -> None:
    issuer = "api.bitbucket.org/2.0/workspaces/quince/pipelines-config/identity/oidc"
    own, other = "{0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}", "{1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}"
    conditions = {"StringEquals": {"aud": "ari:cloud:bitbucket::workspace/1"}, "StringLike": {"sub": f"{own}:*"}}
    entries = f'accepted = ["{own}:{own}"]\nrefused = ["{other}:{own}"]\n'
    result = judge(f"[[expect]]\n{entries}", json.dumps(policy(statement(issuer, conditions))))
    assert outcomes(result) == ["met", "met"]


def test_a_deny_of_everything_is_said_to_refuse_every_token(judge: Judge) -> None:
    issuer = "token.actions.githubusercontent.com"
    document = policy(statement(issuer, {"StringEquals": {"sub": MAIN}}), statement(issuer, {}, "Deny"))
    accepted, refused, strangers = judge(BOTH, json.dumps(document)).results
    assert (accepted.outcome, refused.outcome, strangers.outcome) == ("broken", "unknown", "unknown")
    assert "refuses every token at the step trust policy" in refused.reason
    assert "the configuration refuses each token" in strangers.reason


@pytest.mark.parametrize(
    ("provider", "table"),
    [
        ({"Url": "<host>"}, f'issuer = "https://{OTHER}"'),
        ({"Url": OTHER, "ClientIDList": ["<audience>"]}, ""),
    ],
)
def test_a_provider_that_was_read_with_a_placeholder_is_not_assumed(
    judge: Judge, aws: Bundle, provider: dict[str, Any], table: str
) -> None:
    principal = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{OTHER}"
    aws.trust(aws.statement({"StringEquals": {f"{OTHER}:sub": "job:1"}}, Principal={"Federated": principal}))
    aws.remove("aws/oidc-providers.json", "token.jwt", "claims.json")
    aws.target(aws={"role_arn": aws.ROLE_ARN})
    aws.write("aws/oidc-provider.json", {"ClientIDList": ["aws"]} | provider)
    result = judge(f'[[expect]]\naccepted = ["job:1"]\n{table}\n', aws.root)
    assert outcomes(result) == ["unknown"], result.results[0]
    aws.write("aws/oidc-provider.json", {"Url": OTHER, "ClientIDList": ["aws"]})
    assert outcomes(judge(f'[[expect]]\naccepted = ["job:1"]\n{table}\n', aws.root)) == ["met"]


def test_a_provider_without_its_name_allows_the_audience_of_that_name(judge: Judge) -> None:
    document = json.loads(PROVIDERS["gitlab project"].text)
    del document["name"]
    assert outcomes(
        judge(f"[[expect]]\naccepted = [{PROVIDERS['gitlab project'].accepted}]\n", json.dumps(document))
    ) == ["met"]


def test_a_subject_of_another_issuer_is_refused_by_its_form(judge: Judge) -> None:
    trust = PROVIDERS["repository and branch"]
    assert outcomes(judge(f"[[expect]]\nrefused = [{text(MODEL)}]\n", trust.text)) == ["met"]


def test_a_disabled_pool_does_not_refuse_strangers(judge: Judge, gcp: Bundle) -> None:
    strangers = 'strangers = "refused"\n'
    gcp.gcp_pool(disabled=True)
    assert outcomes(judge(of(gcp, strangers), gcp.root)) == ["broken", "met"]  # the condition refuses them as well
    gcp.gcp_provider(condition=...)
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    accepted, row = judge(of(gcp, strangers), gcp.root).results
    assert (accepted.outcome, row.outcome) == ("broken", "unknown")
    assert "refuses every token at the step target" in row.reason
    gcp.gcp_pool()
    assert outcomes(judge(of(gcp, strangers), gcp.root)) == ["met", "broken"]
