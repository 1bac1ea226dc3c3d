"""The conditions for a token accept its workload, and refuse every other one that the issuer could sign."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ci_jobs import token as signed
from oidc_doctor.documents.token import parse_token
from oidc_doctor.findings.causes import diagnose
from oidc_doctor.issuers import Profile
from oidc_doctor.issuers.catalogue import all_profiles, read_toml
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.profiles import profile_of
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Origin
from oidc_doctor.model.job import Conditions
from oidc_doctor.setup import of_token
from oidc_doctor.setup.of_token import conditions_for
from oidc_doctor.setup.proof import evidence_of

GITHUB = "https://token.actions.githubusercontent.com"
HOST = "token.actions.githubusercontent.com"
STS = "sts.amazonaws.com"
CIRCLE = "https://oidc.circleci.com/org/3c1f0d3e-6b1c-4a0f-9f0b-9a4f3d1f7a11"


def conditions(issuer: str, audience: str, subject: str) -> dict[str, Conditions]:
    found = conditions_for(parse_token(signed(issuer, audience, subject), Origin("token")))
    return {row.cloud: row for row in found}


def prediction(row: Conditions, issuer: str, audience: str, subject: str) -> str:
    """What the judge says of a subject where the printed text is in a policy."""
    host = issuer.removeprefix("https://")
    files: dict[str, Any]
    if row.cloud == "aws":
        arn, role = f"arn:aws:iam::210987654321:oidc-provider/{host}", "arn:aws:iam::210987654321:role/x"
        statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithWebIdentity"}
        policy = {"Version": "2012-10-17", "Statement": [statement | json.loads(f"{{{row.text}}}")]}
        files = {
            "aws/role.json": {"Role": {"RoleName": "x", "Arn": role, "AssumeRolePolicyDocument": policy}},
            "aws/oidc-provider.json": {"Url": host, "ClientIDList": [audience], "OpenIDConnectProviderArn": arn},
        }
        evidence = evidence_of(files, "aws", {"role_arn": role, "role_session_name": "x1"}, issuer)
    else:
        pool = "projects/482910375566/locations/global/workloadIdentityPools/pool"
        provider = {
            "name": f"{pool}/providers/ci",
            "attributeMapping": {"google.subject": "assertion.sub"},
            "attributeCondition": row.text,
            "oidc": {"issuerUri": issuer, "allowedAudiences": [audience]},
        }
        files = {"gcp/provider.json": provider, "gcp/pool.json": {"name": pool, "state": "ACTIVE"}}
        evidence = evidence_of(files, "gcp", {"provider": f"{pool}/providers/ci"}, issuer)
    token = parse_token(signed(issuer, audience, subject), Origin("token"))
    token = token._replace(kind="decoded", header=None, signing_input=b"", recorded=True)
    case = Case(row.cloud, evidence, token, time.time(), profile_of(evidence, token))
    return diagnose(case, evaluate(case)).prediction


OTHERS = {
    "repo:acme/app:ref:refs/heads/main": (
        *("repo:acme/app:ref:refs/heads/main2", "repo:acme/app:environment:main", "repo:acme/app:pull_request"),
        *("repo:acme/app2:ref:refs/heads/main", "repo:other/app:ref:refs/heads/main"),
    ),
    "repo:acme@12/app@34:environment:prod": (
        *("repo:acme@12/app@35:environment:prod", "repo:acme/app:environment:prod"),
        "repo:acme@12/app@34:environment:prod-eu",
    ),
    "repo:acme/app:ref:refs/tags/v1": ("repo:acme/app:ref:refs/tags/v2", "repo:acme/app:ref:refs/tags/v1.0"),
    "repo:acme/app:pull_request": ("repo:acme/app:ref:refs/heads/main",),
}


@pytest.mark.parametrize("subject", OTHERS)
def test_exact_line_for_github(subject: str) -> None:
    for row in conditions(GITHUB, STS, subject).values():
        assert subject in row.text
        assert "*" not in row.text
        assert prediction(row, GITHUB, STS, subject) == "accepted"
        for other in OTHERS[subject]:
            assert prediction(row, GITHUB, STS, other) == "refused", other


def test_parts_that_are_new_in_each_run_are_left_open_and_no_others() -> None:
    issuer = "https://agent.buildkite.com"
    start = "organization:acme:pipeline:app:ref:refs/heads/main"
    for row in conditions(issuer, STS, f"{start}:commit:9f8e:step:deploy").values():
        assert prediction(row, issuer, STS, f"{start}:commit:77aa:step:deploy") == "accepted"
        for other in (
            f"{start}2:commit:9f8e:step:deploy",
            "organization:acme:pipeline:b:ref:x:commit:9f8e:step:deploy",
        ):
            assert prediction(row, issuer, STS, other) == "refused"


def test_name_that_could_imitate_the_rest_is_not_left_open() -> None:
    subject = (
        f"{CIRCLE.rpartition('.com/')[2]}/project/77aa/user/88bb/vcs-origin/github.com/acme/app/vcs-ref/refs/heads/main"
    )
    for row in conditions(CIRCLE, "3c1f0d3e", subject).values():
        assert row.text == ""
        assert "could imitate" in row.why_not


@pytest.mark.parametrize("name", ["acme/*", "acme/${aws:x}", "a?/b"])
def test_subject_with_the_signs_of_iam_gets_no_line(name: str) -> None:
    assert conditions(GITHUB, STS, f"repo:{name}:pull_request")["aws"].text == ""


def test_subject_that_is_too_long_for_google_says_so() -> None:
    row = conditions(GITHUB, STS, f"repo:acme/{'a' * 120}:ref:refs/heads/main")["gcp"]
    assert row.text == ""
    assert "google.subject may have 127" in row.why_not


def test_quote_in_a_subject_stays_in_the_string() -> None:
    subject = "repo:acme/app:ref:refs/heads/it's"
    row = conditions(GITHUB, STS, subject)["gcp"]
    assert prediction(row, GITHUB, STS, subject) == "accepted"
    assert prediction(row, GITHUB, STS, "repo:acme/app:ref:refs/heads/its") == "refused"


def test_conditions_that_accept_others_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_token, "_lasting_parts", lambda _: ["repo:", ""])
    for row in conditions(GITHUB, STS, "repo:acme/app:pull_request").values():
        assert row.text == ""
        assert "another workload would be accepted as well" in row.why_not
    monkeypatch.setattr(of_token, "_lasting_parts", lambda _: ["repo:acme/other:pull_request"])
    for row in conditions(GITHUB, STS, "repo:acme/app:pull_request").values():
        assert "the token itself would not be accepted" in row.why_not


@pytest.mark.parametrize("profile", all_profiles(), ids=lambda profile: profile.name)
def test_every_issuer_gets_lines_that_accept_its_token(profile: Profile) -> None:
    examples = read_toml(f"{profile.name}.toml").get("examples", {})
    issuer = next(iter(examples.get("issuers", ())), profile.url or "https://issuer.example")
    issuer = issuer if issuer.startswith("https://") else f"https://{issuer}"
    audience = profile.audience.fixed or "audience.example"
    for subject in examples.get("subjects", ())[:1]:
        for row in conditions(issuer, audience, subject).values():
            assert row.text or row.why_not
            assert not row.text or prediction(row, issuer, audience, subject) == "accepted"
