"""Entries that are tables of claims: which token they mean, and which they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oidc_doctor.documents.expect_file import parse_expectations
from oidc_doctor.documents.json_text import Unreadable
from tests.expect.conftest import Judge, outcomes
from trusts import GITHUB, GITLAB, JOB, MAIN, POD, RUN, TERRAFORM, policy, provider, statement

AKS, SERVER = "eastus.oic.prod-aks.example/tenant/1", "gitlab.quince.example"
RUN_CLAIMS = (
    '{ terraform_organization_name = "quince", terraform_project_name = "shop", '
    'terraform_workspace_name = "network", terraform_run_phase = "apply" }'
)
BUILD = "organization:quince:pipeline:orchard:ref:refs/heads/main:commit:0a1b:step:deploy"


def accepting(entry: str, name: str = "accepted") -> str:
    return f"[[expect]]\n{name} = [{entry}]\n"


def trust(issuer: str, subject: str) -> str:
    return json.dumps(policy(statement(issuer, {"StringEquals": {"sub": subject}})))


@pytest.mark.parametrize(
    ("issuer", "subject", "entry"),
    [
        (SERVER, JOB, '{ project_path = "quince/orchard", ref_type = "branch", ref = "main" }'),
        (AKS, POD, '{ namespace = "orders", service_account = "reader" }'),
        (
            "terraform.quince.example",
            RUN,
            RUN_CLAIMS,
        ),
    ],
)
def test_claims_fix_the_subject_of_an_issuer_at_any_address(
    judge: Judge, issuer: str, subject: str, entry: str
) -> None:
    result = judge(accepting(entry), trust(issuer, subject))
    assert outcomes(result) == ["met"]
    assert result.results[0].subject == subject
    for old, new in (("main", "dev"), ("reader", "writer"), ("apply", "plan")):
        if old in entry:
            assert outcomes(judge(accepting(entry.replace(old, new)), trust(issuer, subject))) == ["broken"]


@pytest.mark.parametrize(
    ("issuer", "subject", "entry", "missing"),
    [
        (GITLAB, JOB, '{ project_path = "quince/orchard", ref = "main" }', "ref_type"),
        (TERRAFORM, RUN, '{ terraform_organization_name = "quince" }', "terraform_workspace_name"),
        ("agent.buildkite.com", BUILD, '{ organization_slug = "quince", pipeline_slug = "orchard" }', "build_commit"),
        ("agent.buildkite.com", BUILD, '{ build_branch = "main" }', "organization_slug"),
        (GITHUB, MAIN, '{ repository = "quince/orchard", branch = "main" }', "ref"),
        ("ci.quince.example", "build:1", '{ build = "1" }', "subject"),
    ],
)
def test_what_is_missing_is_named_as_a_claim(judge: Judge, issuer: str, subject: str, entry: str, missing: str) -> None:
    (row,) = judge(accepting(entry), trust(issuer, subject)).results
    assert row.outcome == "unknown"
    assert missing in row.reason
    assert "subject_claim" not in row.reason
    assert row.fix.count("sub =") == 1


@pytest.mark.parametrize(
    "entry",
    [
        '{ repository = "quince/orchard", ref = "refs/heads/main", enviroment = "production" }',
        f'{{ sub = "{MAIN}", job_worfklow_ref = "quince/w/.github/workflows/w.yml@refs/heads/main" }}',
    ],
)
def test_a_misspelled_claim_meets_nothing(judge: Judge, entry: str) -> None:
    for name in ("accepted", "refused"):
        (row,) = judge(accepting(entry, name), trust(GITHUB, MAIN)).results
        assert row.outcome == "unknown"
        assert "did you mean" in row.reason


def test_claims_of_a_pipeline_are_those_of_its_subject(judge: Judge) -> None:
    keys = {"StringEquals": {"organization_slug": "quince", "pipeline_slug": "orchard"}}
    text = json.dumps(policy(statement("agent.buildkite.com", keys)))
    result = judge(f'[[expect]]\naccepted = ["{BUILD}"]\nstrangers = "refused"\n', text)
    assert outcomes(result) == ["met", "met"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{ sub = 5 }", "sub: expected text"),
        ('{ sub = "a", aud = 5 }', "aud: expected text, or a list of texts"),
        ('{ sub = "a", iss = ["b"] }', "iss: expected text"),
        ('{ sub = "a", n = nan }', "n: expected text, a number"),
        ('{ repository = "quince/*", ref = "refs/heads/main" }', "repository: `*` stands for itself"),
        ('{ sub = "a", t = {} }', "t: expected text"),
    ],
)
def test_a_claim_of_another_type_is_a_mistake(entry: str, words: str) -> None:
    with pytest.raises(Unreadable, match=r"line 2") as caught:
        parse_expectations(accepting(entry))
    assert words in str(caught.value)


def test_a_claim_may_be_a_table(judge: Judge) -> None:
    text = json.dumps(provider(AKS, "assertion['kubernetes.io']['namespace'] in ['orders']"))
    entry = f'{{ sub = "{POD}", "kubernetes.io" = {{ namespace = "orders" }} }}'
    assert outcomes(judge(accepting(entry), text)) == ["met"]
    assert outcomes(judge(accepting(entry.replace('"orders" }', '"other" }')), text)) == ["broken"]


GOOGLE = "accounts.google.com"


def test_an_audience_that_the_policy_alone_names_breaks_nothing(judge: Judge) -> None:
    keys = {f"{GOOGLE}:sub": "1122", f"{GOOGLE}:aud": "1122", f"{GOOGLE}:oaud": "https://quince.example"}
    text = json.dumps(
        policy(
            {
                "Effect": "Allow",
                "Principal": {"Federated": GOOGLE},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": keys},
            }
        )
    )
    (row,) = judge(accepting('"1122"'), text).results
    assert (row.outcome, "azp" in row.fix) == ("unknown", True)
    whole = '{ sub = "1122", aud = "https://quince.example", azp = "1122" }'
    assert outcomes(judge(accepting(whole), text)) == ["met"]
    for old, new in (
        ('"1122", aud', '"1123", aud'),
        ("quince.example", "other.example"),
        ('azp = "1122"', 'azp = "1"'),
    ):
        assert outcomes(judge(accepting(whole.replace(old, new)), text)) == ["broken"]


ENTERPRISE, OWN = "github.quince.example/_services/token", "ci.quince.example"


def two(one: str, one_subject: str, other: str, other_subject: str) -> str:
    rows = ((one, one_subject), (other, other_subject))
    return json.dumps(policy(*(statement(issuer, {"StringLike": {"sub": subject}}) for issuer, subject in rows)))


def test_a_subject_that_two_trusted_issuers_write_is_judged_for_both(judge: Judge) -> None:
    text, stranger = two(GITHUB, MAIN, ENTERPRISE, "repo:*"), '"repo:elsewhere/x:ref:refs/heads/main"'
    result = judge(accepting(stranger, "refused"), text)
    assert outcomes(result) == ["unknown"]
    assert "issuer =" in result.results[0].fix
    for issuer, outcome in ((GITHUB, "met"), (ENTERPRISE, "broken")):
        named = accepting(stranger, "refused") + f'issuer = "https://{issuer}"\n'
        assert outcomes(judge(named, text)) == [outcome]
        whole = f'{{ sub = {stranger}, iss = "https://{issuer}" }}'
        assert outcomes(judge(accepting(whole, "refused"), text)) == [outcome]


def test_the_issuer_whose_form_a_subject_has_is_meant(judge: Judge) -> None:
    for other, subject in ((GITLAB, JOB), (OWN, "build:1")):
        for text in (two(GITHUB, MAIN, other, subject), two(other, subject, GITHUB, MAIN)):
            entries = f'"{MAIN}", "{subject}"'
            assert outcomes(judge(accepting(entries), text)) == ["met", "met"]
            wrong = entries.replace("main", "dev").replace("build:1", "build:2")
            assert outcomes(judge(accepting(wrong), text)) == ["broken", "broken"]


def test_the_provider_of_another_issuer_does_not_say_whose_the_subject_is(judge: Judge, tmp_path: Path) -> None:
    folder = tmp_path / "bundle" / "aws"
    folder.mkdir(parents=True)
    (folder / "role.json").write_text(two(GITHUB, "repo:*", GITLAB, JOB))
    provider_of = {"Url": GITLAB, "ClientIDList": ["https://gitlab.com"], "ThumbprintList": []}
    (folder / "oidc-provider.json").write_text(json.dumps(provider_of))
    result = judge(accepting(f'"{MAIN}"', "refused"), folder.parent)
    assert outcomes(result) != ["met"]


def test_an_audience_of_its_own_is_not_assumed_in_the_list(judge: Judge) -> None:
    """The trust policy names no audience: whether the token is refused is for the ClientIDList to say."""
    entry = f'{{ sub = "{MAIN}", aud = "another" }}'
    (row,) = judge(accepting(entry, "refused"), trust(GITHUB, MAIN)).results
    assert row.outcome == "unknown"
    assert "ClientIDList" in row.reason
    assert outcomes(
        judge(accepting(entry.replace("another", "sts.amazonaws.com"), "refused"), trust(GITHUB, MAIN))
    ) == ["broken"]
