"""Trust policies alone, without a token: the over-broad forms have a stranger, the documented ones raise nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.api import examine
from oidc_doctor.model.report import FindingRow

ACCOUNT = "210987654321"
CIRCLE = "3c1f0d3e-6b1c-4a0f-9f0b-9a4f3d1f7a11"
PROJECT = "77aa0d3e-6b1c-4a0f-9f0b-9a4f3d1f7a11"
UUID = "{1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}"
ISSUERS = {
    "baseten": ("oidc.baseten.co", "oidc.baseten.co"),
    "github": ("token.actions.githubusercontent.com", "sts.amazonaws.com"),
    "gitlab": ("gitlab.com", "https://gitlab.com"),
    "eks": ("oidc.eks.us-east-1.amazonaws.com/id/0A1B2C3D4E5F", "sts.amazonaws.com"),
    "terraform": ("app.terraform.io", "aws.workload.identity"),
    "circleci": (f"oidc.circleci.com/org/{CIRCLE}", CIRCLE),
    "buildkite": ("agent.buildkite.com", "sts.amazonaws.com"),
    "vercel": ("oidc.vercel.com/quince", "https://vercel.com/quince"),
    "bitbucket": ("api.bitbucket.org/2.0/workspaces/quince/pipelines-config/identity/oidc", "ari:cloud:bitbucket::x"),
    "fly": ("oidc.fly.io/quince", "sts.amazonaws.com"),
    "modal": ("oidc.modal.com", "oidc.modal.com"),
    "spiffe": ("spire.quince.example", "mys3"),
    "unknown": ("idp.quince.example", "sts"),
}
TEAM = "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:"


def statement(issuer: str, *subjects: str, operator: str = "StringLike", audience: bool = True) -> dict[str, Any]:
    host, aud = ISSUERS[issuer]
    condition: dict[str, Any] = {"StringEquals": {f"{host}:aud": aud}} if audience else {}
    if subjects:
        condition.setdefault(operator, {})[f"{host}:sub"] = list(subjects)
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }


def provider(issuer: str, *client_ids: str) -> dict[str, Any]:
    host, aud = ISSUERS[issuer]
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    return {"Arn": arn, "Url": host, "ClientIDList": list(client_ids or [aud])}


def weaknesses(
    folder: Path, *statements: Any, client_ids: dict[str, Any] | None = None, **options: Any
) -> dict[str, FindingRow]:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    role = {"RoleName": "Orchard", "Arn": f"arn:aws:iam::{ACCOUNT}:role/Orchard", "AssumeRolePolicyDocument": policy}
    (folder / "aws").mkdir(exist_ok=True)
    (folder / "aws/role.json").write_text(json.dumps({"Role": role}), encoding="utf-8")
    (folder / "aws/oidc-provider.json").unlink(missing_ok=True)
    if client_ids is not None:
        (folder / "aws/oidc-provider.json").write_text(json.dumps(client_ids), encoding="utf-8")
    report = examine(folder, **options)
    assert not [row.traceback for row in report.checks if row.status == "broken"]
    rows = [row for row in report.checks if row.status == "failed" and row.effect != "blocks"]
    return {row.name: row.findings[0] for row in rows}


# What the issuers' own guides show [their documentation on AWS, or on filters of the subject], and near misses.
DOCUMENTED: list[tuple[str, list[str]]] = [
    ("baseten", [TEAM + "*"]),
    ("baseten", [TEAM + "model=Zb5Hc8Vy:*"]),
    ("baseten", [TEAM + "*:environment=production:*"]),
    ("baseten", [TEAM + "*:type=model_build"]),
    ("baseten", [TEAM + "*:type=model_container"]),
    ("baseten", [TEAM + "model=Zb5Hc8Vy:*:environment=production:*"]),
    ("baseten", [TEAM + "*:type=model_build", TEAM + "*:type=model_container"]),
    ("baseten", [TEAM + "*", "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt2:*"]),
    ("github", ["repo:quince/orchard:*"]),
    ("github", ["repo:quince/*"]),
    ("github", ["repo:quince/orchard:ref:refs/heads/main"]),
    ("github", ["repo:quince/orchard:environment:production"]),
    ("github", ["repo:quince/orchard:pull_request"]),
    ("github", ["repo:quince/orchard:ref:refs/tags/v*"]),
    ("github", ["repo:quince/orchard:ref:refs/heads/release-*"]),
    ("github", ["repo:quince/orchard:ref:refs/heads/release*"]),
    ("github", ["repo:quince/orchard:ref:refs/heads/release/*"]),
    ("github", ["repo:quince@12/orchard@34:*"]),
    ("github", ["repo:quince@*/orchard@*:*"]),
    ("github", ["repo:quince/orchard:*", "repo:quince/orchard2:*"]),
    ("github", ["repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:environment:production"]),
    ("github", ["repo:quince/orchard:environment:production", "repo:quince/orchard:environment:staging"]),
    ("github", ["repo:quince/press-*:ref:refs/heads/main"]),
    ("github", ["repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:environment:dev"]),
    ("github", ["job_workflow_ref:quince/ci/.github/workflows/x.yml@refs/heads/main"]),
    ("gitlab", ["project_path:quince/orchard:ref_type:branch:ref:main"]),
    ("gitlab", ["project_path:quince/orchard:ref_type:branch:ref:*"]),
    ("gitlab", ["project_path:quince/*:ref_type:branch:ref:main"]),
    ("gitlab", ["project_path:quince/*:ref_type:tag:ref:1.0"]),
    ("gitlab", ["project_path:quince/south/orchard:*"]),
    ("eks", ["system:serviceaccount:orchard:picker"]),
    ("eks", ["system:serviceaccount:orchard:*"]),
    ("terraform", ["organization:quince:project:Orchard:workspace:press:run_phase:*"]),
    ("terraform", ["organization:quince:project:Orchard:workspace:*:run_phase:*"]),
    ("terraform", ["organization:quince:project:*:workspace:press:run_phase:*"]),
    ("circleci", [f"org/{CIRCLE}/project/{PROJECT}/user/*"]),
    ("circleci", [f"org/{CIRCLE}/project/{PROJECT}*"]),
    ("buildkite", ["organization:quince:pipeline:orchard:*"]),
    ("buildkite", ["organization:quince:pipeline:orchard:ref:refs/heads/main:commit:*:step:*"]),
    ("vercel", ["owner:quince:project:orchard:environment:production"]),
    ("vercel", ["owner:quince:project:*:environment:preview", "owner:quince:project:*:environment:production"]),
    ("vercel", ["owner:quince:project:orchard:*"]),
    ("bitbucket", [UUID + ":*"]),
    ("bitbucket", [UUID + "*"]),
    ("fly", ["quince:orchard:*"]),
    ("modal", ["modal:workspace_id:ac-9zQ:*"]),
    ("modal", ["modal:workspace_id:ac-9zQ:environment_name:main:*"]),
    ("spiffe", ["spiffe://quince.example/ns/orchard/sa/picker"]),
    ("spiffe", ["spiffe://quince.example/ns/orchard/*"]),
    ("unknown", ["picker"]),
    ("unknown", ["orchard/press-*"]),
]


@pytest.mark.sweep
@pytest.mark.parametrize(("issuer", "subjects"), DOCUMENTED)
def test_documented_patterns_raise_nothing(tmp_path: Path, issuer: str, subjects: list[str]) -> None:
    assert weaknesses(tmp_path, statement(issuer, *subjects)) == {}
    assert weaknesses(tmp_path, statement(issuer, *subjects), client_ids=provider(issuer)) == {}


TOO_WIDE: list[tuple[str, list[str], str]] = [
    ("baseten", ["v=1:org=*:team=*:*"], "trust-any-tenant"),
    ("baseten", ["v=1:org=*:team=Pf3Xs9Rt:*"], "trust-any-tenant"),
    ("baseten", ["*:type=model_container"], "trust-any-tenant"),
    ("baseten", ["v=1:org=Qn7Wd2Lk:*"], "trust-any-team"),
    ("baseten", ["v=1:org=?n7Wd2Lk:team=Pf3Xs9Rt:*"], "lookalike-name"),
    ("baseten", ["v=1:org=Qn7Wd2Lk:team=Pf3Xs9R?:*"], "lookalike-name"),
    ("baseten", ["v=1:org=Qn7W*:team=Pf3Xs9Rt:*"], "prefix-without-delimiter"),
    ("baseten", [TEAM + "*:environment=prod*"], "prefix-without-delimiter"),
    ("baseten", [TEAM + "*environment=production*"], "prefix-without-delimiter"),
    ("baseten", [TEAM + "*prod*"], "prefix-without-delimiter"),
    ("baseten", [TEAM + "*:environment=production:type=*"], "segment-left-open"),
    ("baseten", [TEAM + "*:type=model_*"], "segment-left-open"),
    (
        "baseten",
        [TEAM + "*:environment=production:*", TEAM + "*:environment=preview-*:*"],
        "preview-beside-production",
    ),
    ("baseten", [TEAM + "model=Zb5Hc8Vy:*", TEAM + "*"], "clause-undone"),
    ("github", ["repo:*"], "trust-any-tenant"),
    ("github", ["repo:*/orchard:*"], "trust-any-tenant"),
    ("github", ["repo:quince*"], "prefix-without-delimiter"),
    ("github", ["*quince/orchard:*"], "prefix-without-delimiter"),
    ("github", ["repo:quince*/orchard:*"], "prefix-without-delimiter"),
    ("github", ["repo:quince-*/orchard:*"], "prefix-without-delimiter"),
    ("github", ["repo:quince/orchard*"], "prefix-without-delimiter"),
    ("github", ["repo:quince/orchard:environment:prod*"], "prefix-without-delimiter"),
    ("github", ["repo:quince/orchard:ref:refs/heads/main*"], "prefix-without-delimiter"),
    ("github", ["repo:quinc?/orchard:*"], "lookalike-name"),
    ("github", ["repo:qu*ce/orchard:*"], "lookalike-name"),
    ("github", ["repo:quince/orchard:environment:*"], "segment-left-open"),
    ("github", ["repo:quince/orchard:ref:refs/heads/*"], "segment-left-open"),
    ("github", ["repo:quince/orchard:ref:*"], "segment-left-open"),
    (
        "github",
        ["repo:quince/orchard:environment:production", "repo:quince/orchard:pull_request"],
        "preview-beside-production",
    ),
    ("github", ["repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:pull_request"],
     "preview-beside-production"),
    ("github", ["repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:*"], "clause-undone"),
    ("gitlab", ["project_path:*"], "trust-any-tenant"),
    ("gitlab", ["project_path:quince*:ref_type:branch:ref:main"], "prefix-without-delimiter"),
    ("eks", ["*"], "trust-any-tenant"),
    ("eks", ["system:serviceaccount:*:picker"], "trust-any-team"),
    ("eks", ["system:serviceaccount:orchard*:picker"], "prefix-without-delimiter"),
    ("eks", ["system:serviceaccount:orchard:picker*"], "prefix-without-delimiter"),
    ("terraform", ["organization:*:project:Orchard:workspace:press:run_phase:*"], "trust-any-tenant"),
    ("terraform", ["organization:quince*:project:Orchard:*"], "prefix-without-delimiter"),
    ("terraform", ["organization:quince:project:Orchard:workspace:press*:run_phase:apply"], "prefix-without-delimiter"),
    ("circleci", [f"org/{CIRCLE}/project/*"], "trust-any-team"),
    ("buildkite", ["organization:quince:*"], "trust-any-team"),
    ("buildkite", ["organization:quince:pipeline:orchard*"], "prefix-without-delimiter"),
    ("buildkite", ["organization:quince:pipeline:orchard:ref:refs/heads/*:commit:*:step:*"], "segment-left-open"),
    ("vercel", ["owner:quince:project:orchard:environment:*"], "segment-left-open"),
    ("vercel", ["owner:quince:project:orchard*"], "prefix-without-delimiter"),
    ("fly", ["quince:*"], "trust-any-team"),
    ("modal", ["modal:workspace_id:*"], "trust-any-tenant"),
    ("modal", ["modal:workspace_id:ac-9*"], "prefix-without-delimiter"),
    ("spiffe", ["spiffe://quince.example/*"], "trust-any-team"),
    ("unknown", ["*"], "trust-any-tenant"),
    *((issuer, [], "trust-without-subject") for issuer in sorted(ISSUERS)),
]  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize(("issuer", "subjects", "name"), TOO_WIDE)
def test_an_over_broad_policy_has_a_stranger_who_passes(
    tmp_path: Path, issuer: str, subjects: list[str], name: str
) -> None:
    row = weaknesses(tmp_path, statement(issuer, *subjects), client_ids=provider(issuer))[name]
    assert row.fix
    host, aud = ISSUERS[issuer]
    stranger = row.message.rpartition(" passes")[0].split()[-1]
    claims = {"iss": f"https://{host}", "sub": stranger, "aud": aud}
    report = examine(tmp_path, token=json.dumps(claims))
    states = {step.id: step.state for step in report.exchanges[0].steps}
    assert (states["provider"], states["audience"], states["authorise"]) == ("passed", "passed", "passed")
    assert weaknesses(tmp_path, statement(issuer, *subjects), client_ids=None)[name].message == row.message


def test_the_statement_that_undoes_the_first_is_named(tmp_path: Path) -> None:
    narrow = statement("github", "repo:quince/orchard:ref:refs/heads/main", operator="StringEquals")
    found = weaknesses(tmp_path, narrow, statement("github"))
    assert list(found) == ["trust-without-subject"]
    assert found["trust-without-subject"].message.startswith("Statement[1] ")
    found = weaknesses(tmp_path, narrow, statement("github", "repo:quince/orchard:*"))
    assert list(found) == ["clause-undone"]
    assert found["clause-undone"].message.startswith("Statement[1] ")


def test_clauses_that_only_overlap_undo_nothing(tmp_path: Path) -> None:
    model, build = statement("baseten", TEAM + "model=Zb5Hc8Vy:*"), statement("baseten", TEAM + "*:type=model_build")
    assert weaknesses(tmp_path, model, build) == {}


def test_ids_are_told_apart_by_the_case_of_their_letters(tmp_path: Path) -> None:
    subject = TEAM + "model=Zb5Hc8Vy:deployment=Jm4Kt6Ng:environment=production:type=model_build"
    row = weaknesses(tmp_path, statement("baseten", subject, operator="StringEqualsIgnoreCase"))["lookalike-name"]
    assert "org=qN7wD2lK" in row.message
    assert "inferred" in row.message
    subject = "repo:Quince/orchard:ref:refs/heads/main"  # no two owners of GitHub differ in case alone
    assert weaknesses(tmp_path, statement("github", subject, operator="StringEqualsIgnoreCase")) == {}


@pytest.mark.parametrize("audience", [None, "*", "sts.*"])
def test_an_audience_that_is_open(tmp_path: Path, audience: str | None) -> None:
    allow = statement("github", "repo:quince/orchard:*", audience=False)
    if audience:
        allow["Condition"]["StringLike"]["token.actions.githubusercontent.com:aud"] = audience
    ids = provider("github", "sts.amazonaws.com", "vault")
    found = weaknesses(tmp_path, allow, client_ids=ids)
    assert ("audience-not-tested" in found) == (audience != "sts.*")
    for row in found.values():
        assert "vault" in row.message
        assert row.fix == "Add StringEquals on the issuer's :aud key with `sts.amazonaws.com`."
    assert weaknesses(tmp_path, allow, client_ids=provider("github")) == {}


def test_the_audience_of_an_issuer_that_has_one_needs_no_test(tmp_path: Path) -> None:
    allow = statement("baseten", TEAM + "*", audience=False)
    assert weaknesses(tmp_path, allow, client_ids=provider("baseten", "sts.amazonaws.com", "oidc.baseten.co")) == {}


def test_audiences_that_are_listed_are_meant(tmp_path: Path) -> None:
    allow = statement("github", "repo:quince/orchard:*")
    allow["Condition"]["StringEquals"]["token.actions.githubusercontent.com:aud"] = ["sts.amazonaws.com", "vault"]
    assert weaknesses(tmp_path, allow, client_ids=provider("github", "sts.amazonaws.com", "vault")) == {}


def test_nobody_is_accused_whom_the_provider_refuses(tmp_path: Path) -> None:
    assert weaknesses(tmp_path, statement("baseten", "*"), client_ids=provider("baseten", "another")) == {}
    report = examine(tmp_path)
    row = next(row for row in report.checks if row.name == "trust-any-tenant")
    assert row.status == "skipped"
    assert "audience" in row.reason


def test_an_audience_that_the_stranger_asks_for(tmp_path: Path) -> None:
    """GitHub gives a job the audience that it asks for: a token with another one does not hide the opening."""
    allow = statement("github", "repo:*")
    host = ISSUERS["github"][0]
    claims = {"iss": f"https://{host}", "sub": "repo:quince/orchard:ref:refs/heads/main", "aud": "vault"}
    row = weaknesses(tmp_path, allow, client_ids=provider("github"), token=json.dumps(claims))["trust-any-tenant"]
    assert "passes with the audience sts.amazonaws.com" in row.message


@pytest.mark.parametrize("operator", ["StringLikeIfExists", "ForAllValues:StringLike"])
def test_a_lenient_operator_on_the_subject_is_a_note(tmp_path: Path, operator: str) -> None:
    found = weaknesses(tmp_path, statement("baseten", TEAM + "*", operator=operator))
    assert list(found) == ["claim-not-required"]
    assert operator in found["claim-not-required"].message


def test_a_tenant_s_own_issuer_has_no_other_tenant(tmp_path: Path) -> None:
    assert weaknesses(tmp_path, statement("vercel", "owner:*:project:orchard:environment:production")) == {}


@pytest.mark.parametrize("read", ["github", "baseten"])
def test_each_issuer_is_tried_whichever_provider_was_read(tmp_path: Path, read: str) -> None:
    statements = (statement("github", "repo:quince/orchard:*"), statement("baseten", "v=1:org=*:*"))
    row = weaknesses(tmp_path, *statements, client_ids=provider(read))["trust-any-tenant"]
    assert row.message.startswith("Statement[1] ")
    statements = (statement("github", "repo:*"), statement("baseten", TEAM + "*"))
    row = weaknesses(tmp_path, *statements, client_ids=provider(read))["trust-any-tenant"]
    assert row.message.startswith("Statement[0] ")


def test_the_odd_one_of_a_long_list(tmp_path: Path) -> None:
    names = [f"repo:quince/press{number}:*" for number in range(40)]
    assert weaknesses(tmp_path, statement("github", *names)) == {}
    row = weaknesses(tmp_path, statement("github", *names, "repo:quin*/orchard:*"))["prefix-without-delimiter"]
    assert "`repo:quin*/orchard:*`" in row.message


@pytest.mark.parametrize(
    ("key", "value"), [("environment", "production"), ("ref", "refs/heads/main"), ("workflow", "deploy")]
)
def test_a_claim_that_every_tenant_can_have_fixes_no_tenant(tmp_path: Path, key: str, value: str) -> None:
    allow = statement("github")
    allow["Condition"]["StringEquals"][f"token.actions.githubusercontent.com:{key}"] = value
    assert "repo:" in weaknesses(tmp_path, allow)["trust-without-subject"].message
