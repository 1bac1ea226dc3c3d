"""Strangers of a trust: whom it accepts besides the subjects of the file, wherever it does."""

from __future__ import annotations

import json

import pytest

from oidc_doctor.expect import run as expect_run
from oidc_doctor.expect import strangers
from oidc_doctor.model.case import Case
from oidc_doctor.model.expectations import ExpectationResult
from plan_text import PlanText, kept_role
from tests.expect.conftest import Judge, outcomes
from trusts import GITHUB, GITLAB, JOB, MAIN, OTHER, POD, RUN, TERRAFORM, policy, provider, statement, text

TRUST = 'accepted = [{}]\nstrangers = "refused"\n'
NARROW = statement(GITHUB, {"StringEquals": {"aud": "sts.amazonaws.com", "sub": MAIN}})


def expecting(*accepted: str, more: str = "") -> str:
    return "[[expect]]\n" + TRUST.format(", ".join(accepted)) + more


def like(*patterns: str, issuer: str = GITHUB) -> dict[str, object]:
    return statement(issuer, {"StringLike": {"sub": list(patterns)}})


@pytest.mark.parametrize(
    "open_part",
    [
        like("repo:elsewhere-labs/*"),
        like("repo:*"),
        like("project_path:elsewhere/*", issuer=GITLAB),
        statement(GITLAB, {"StringEquals": {"aud": "https://gitlab.com"}}),
        statement(GITHUB, {"StringEquals": {"ref": "refs/heads/main"}}),
    ],
)
def test_another_statement_that_is_open_is_found(judge: Judge, open_part: dict[str, object]) -> None:
    result = judge(expecting(text(MAIN)), json.dumps(policy(NARROW, open_part)))
    assert outcomes(result) == ["met", "broken"], result.results[1].reason


def test_another_statement_that_rests_on_an_unknown_claim_is_no_pass(judge: Judge) -> None:
    result = judge(
        expecting(text(MAIN)), json.dumps(policy(NARROW, statement(GITHUB, {"StringEquals": {"actor": "a"}})))
    )
    assert outcomes(result) == ["met", "unknown"]
    assert "the claim actor" in result.results[1].reason
    assert "sub =" not in result.results[1].fix


def test_another_branch_of_a_condition_that_is_open_is_found(judge: Judge) -> None:
    condition = "assertion.repository == 'quince/orchard' || assertion.repository_owner == 'elsewhere'"
    assert outcomes(judge(expecting(text(MAIN)), json.dumps(provider(GITHUB, condition)))) == ["met", "broken"]


@pytest.mark.parametrize("pattern", ["repo:quince/orchar?:*", "repo:quince/orch*rd:*", "repo:*quince/orchard:*"])
def test_a_wildcard_inside_a_name_is_found(judge: Judge, pattern: str) -> None:
    assert outcomes(judge(expecting(text(MAIN)), json.dumps(policy(like(pattern))))) == ["met", "broken"]


def test_a_team_that_the_trust_names_is_no_stranger(judge: Judge) -> None:
    twin = MAIN.replace("orchard", "orchard-eu")
    trust = json.dumps(policy(statement(GITHUB, {"StringEquals": {"sub": [MAIN, twin]}})))
    for accepted in ([text(MAIN), text(twin)], [text(MAIN)]):
        assert set(outcomes(judge(expecting(*accepted), trust))) == {"met"}


@pytest.mark.parametrize(
    ("issuer", "claim", "accepted"),
    [
        (GITHUB, "repository_id", f'{{ sub = "{MAIN}", repository_id = "12" }}'),
        (GITLAB, "project_id", f'{{ sub = "{JOB}", project_id = "12" }}'),
    ],
)
def test_the_id_of_the_own_team_is_no_strangers(judge: Judge, issuer: str, claim: str, accepted: str) -> None:
    trust = json.dumps(policy(statement(issuer, {"StringEquals": {claim: "12"}})))
    assert outcomes(judge(expecting(accepted), trust)) == ["met", "met"]


def test_a_name_that_is_unique_in_the_tenant_is_in_one_team(judge: Judge) -> None:
    trust = policy(like("organization:quince:project:*:workspace:network:run_phase:*", issuer=TERRAFORM))
    assert outcomes(judge(expecting(text(RUN)), json.dumps(trust))) == ["met", "met"]


def test_no_uuid_begins_with_another_one(judge: Judge) -> None:
    own, step = "{1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}", "{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}"
    issuer = "api.bitbucket.org/2.0/workspaces/quince/pipelines-config/identity/oidc"
    for pattern, outcome in ((f"{own}*", "met"), (f"{own}:*", "met"), ("{1f0e2d3c*", "broken"), ("*", "broken")):
        result = judge(expecting(text(f"{own}:{step}")), json.dumps(policy(like(pattern, issuer=issuer))))
        assert outcomes(result) == ["met", outcome], (pattern, result.results[1].strangers)


@pytest.mark.parametrize(
    ("pattern", "accepted", "insiders"),
    [
        ("repo:quince/*", MAIN, "owner"),
        ("project_path:quince/*", JOB, "group"),
        ("organization:quince:*", RUN, "organization"),
        ("system:serviceaccount:*", POD, "issuer"),
    ],
)
def test_insiders_are_the_teams_of_the_tenant(judge: Judge, pattern: str, accepted: str, insiders: str) -> None:
    issuers = {"owner": GITHUB, "group": GITLAB, "organization": TERRAFORM, "issuer": OTHER}
    trust = json.dumps(policy(like(pattern, issuer=issuers[insiders])))
    strict = judge(expecting(text(accepted)), trust)
    assert outcomes(strict) == ["met", "broken"]
    assert f'insiders = "{insiders}"' in strict.results[1].fix
    assert outcomes(judge(expecting(text(accepted), more=f'insiders = "{insiders}"\n'), trust)) == ["met", "met"]
    if insiders != "issuer":
        wide = json.dumps(policy(like(pattern.replace("quince", "qu*"), issuer=issuers[insiders])))
        opened = judge(expecting(text(accepted), more=f'insiders = "{insiders}"\n'), wide)
        assert outcomes(opened) == ["met", "broken"]
        assert "insiders" not in opened.results[1].fix


def test_insiders_of_another_name_are_no_pass(judge: Judge) -> None:
    result = judge(expecting(text(MAIN), more='insiders = "org"\n'), json.dumps(policy(like("repo:quince/*"))))
    assert outcomes(result) == ["met", "unknown"]
    assert result.results[1].fix == 'Write insiders = "owner".'


def test_a_stranger_may_ask_for_the_own_audience(judge: Judge) -> None:
    """The workloads of Vercel choose an audience, so that one tenant's may be another's as well."""
    issuer, owner = "oidc.vercel.com", "https://vercel.com/quince"
    for conditions, outcome in (
        ({"StringEquals": {"aud": owner}}, "broken"),
        ({"StringEquals": {"aud": owner}, "StringLike": {"sub": "owner:quince:project:orchard:*"}}, "met"),
    ):
        trust = json.dumps(policy(statement(issuer, conditions)))
        entry = text("owner:quince:project:orchard:environment:production")
        assert outcomes(judge(expecting(entry), trust)) == ["met", outcome]


def test_strangers_of_a_long_list_are_tried(judge: Judge) -> None:
    subjects = [f"repo:quince/orchard{number}:ref:refs/heads/main" for number in range(70)]
    trust = json.dumps(policy(statement(GITHUB, {"StringEquals": {"sub": [*subjects]}})))
    assert set(outcomes(judge(expecting(*map(text, subjects)), trust))) == {"met"}


def test_a_policy_that_is_no_object_has_no_strangers(judge: Judge) -> None:
    plan = PlanText().add("aws_iam_role.deploy", kept_role("[]")).text()
    assert outcomes(judge(expecting(text(MAIN)), plan)) == ["unknown", "unknown"]


def test_the_tables_of_a_target_share_the_evaluations_of_strangers(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[object] = []
    decide = strangers.decide
    monkeypatch.setattr(strangers, "EXPECTED_STRANGERS", strangers.EXPECTED_STRANGERS._replace(most=1))
    monkeypatch.setattr(strangers, "decide", lambda case: decided.append(case) or decide(case))
    branches = [text(f"repo:quince/orchard:ref:refs/heads/branch{number}") for number in range(40)]
    trust = json.dumps(policy(like("repo:quince/orchard:*")))
    result = judge("".join(expecting(branch) for branch in branches), trust)
    rows = [row for row in result.results if row.expects == "strangers"]
    assert [rows[0].outcome, rows[-1].outcome] == ["met", "unknown"]
    assert "not all strangers were tried" in rows[-1].reason
    assert len([case for case in decided if case.allowed is not None]) < 250


def test_the_tables_of_a_target_judge_equal_strangers_once(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[Case] = []
    decide = strangers.decide
    monkeypatch.setattr(strangers, "decide", lambda case: decided.append(case) or decide(case))
    trust = json.dumps(policy(like(MAIN, "repo:elsewhere-labs/*")))

    def judged(file: str) -> tuple[list[ExpectationResult], int]:
        decided.clear()
        rows = [row for row in judge(file, trust).results if row.expects == "strangers"]
        return rows, len([case for case in decided if case.allowed is not None])

    refused = expecting(text(MAIN.replace("main", "other")))  # its strangers are those of the configuration alone
    (one,), count = judged(refused)
    many, shared = judged(refused * 10)
    assert shared == count
    assert [row._replace(at=None) for row in many] == [one._replace(at=None)] * 10
    assert one.outcome == "broken"
    # a table that names insiders has other strangers
    assert judged(refused + expecting(text(MAIN), more="insiders = 'owner'"))[1] > count


def test_the_tables_of_a_target_share_the_tokens_of_the_configuration(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    own_cases = expect_run.own_cases
    monkeypatch.setattr(
        expect_run, "own_cases", lambda case, audience: asked.append(audience) or own_cases(case, audience)
    )
    judge(expecting(text(MAIN)) * 3 + expecting(text(MAIN), more="audience = 'other'"), json.dumps(policy(like(MAIN))))
    assert asked == ["", "other"]
