"""Whose issuer it is, and what its profile says."""

from __future__ import annotations

import time
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.issuers import Profile, all_profiles, catalogue, match_for, profile_for

ISSUERS = {
    "https://oidc.baseten.co": "baseten",
    "oidc.baseten.co": "baseten",
    "https://oidc.baseten.co/": "baseten",
    "https://OIDC.Baseten.co": "baseten",
    "https://token.actions.githubusercontent.com": "github",
    "token.actions.githubusercontent.com:443": "github",
    "https://token.actions.githubusercontent.com/quince-works": "github",
    "https://token.actions.quince.ghe.com": "github",
    "https://github.quince.example/_services/token": "github",
    "https://gitlab.com": "gitlab",
    "https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F": "kubernetes",
    "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/0A1B2C3D4E5F": "kubernetes",
    "https://oidc.eks.<region>.amazonaws.com/id/<id>": "kubernetes",
    "https://oidc.circleci.com/org/3c1f0d3e-6b1c-4a0f-9f0b-9a4f3d1f7a11": "circleci",
    "https://app.terraform.io": "hcp-terraform",
    "https://agent.buildkite.com": "buildkite",
    "https://agent.edge.buildkite.dev": "buildkite",
    "https://oidc.vercel.com": "vercel",
    "https://oidc.vercel.com/quince": "vercel",
    "https://api.bitbucket.org/2.0/workspaces/quince/pipelines-config/identity/oidc": "bitbucket",
    "https://oidc.modal.com": "modal",
    "https://oidc.fly.io/quince": "fly",
}

SUBJECTS = {
    "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:model=Zb5Hc8Vy:deployment=Jm4Kt6Ng:environment=prod:type=model_build": "baseten",
    "repo:quince/orchard:ref:refs/heads/main": "github",
    "project_path:quince/orchard:ref_type:branch:ref:main": "gitlab",
    "system:serviceaccount:orchard:picker": "kubernetes",
    "org/3c1f0d3e/project/77aa/user/88bb": "circleci",
    "organization:quince:project:Orchard:workspace:orchard-prod:run_phase:apply": "hcp-terraform",
    "organization:quince:pipeline:orchard:ref:refs/heads/main:commit:9f8e:step:deploy": "buildkite",
    "owner:quince:project:orchard:environment:preview": "vercel",
    "{1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}:{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}": "bitbucket",
    "spiffe://quince.example/ns/orchard/sa/picker": "spiffe",
    "modal:workspace_id:ac-9zQ:environment_name:main:app_name:press:function_name:squeeze:container_id:ta-1": "modal",
}


@pytest.mark.parametrize(("issuer", "name"), ISSUERS.items())
def test_an_issuer_has_its_profile(issuer: str, name: str) -> None:
    profile = profile_for(issuer)
    assert profile is not None
    assert profile.name == name


@pytest.mark.parametrize(("subject", "name"), SUBJECTS.items())
def test_without_an_issuer_the_subject_tells(subject: str, name: str) -> None:
    for issuer in (None, "", "<issuer>", "${ISSUER}"):
        profile = profile_for(issuer, subject)
        assert profile is not None
        assert profile.name == name


@pytest.mark.parametrize(
    "issuer",
    [
        "https://oidc.baseten.co.orchard.example",
        "https://orchard.example/oidc.baseten.co",
        "https://oidc.baseten.co/other",
        "https://token.actions.githubusercontent.com.orchard.example",
        "https://token-actions.githubusercontent.com",
        "https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B/more",
        "https://orchard.example",
        "https://" + "a" * 5000,
        "",
        None,
    ],
)
def test_a_look_alike_has_none(issuer: str | None) -> None:
    assert profile_for(issuer) is None


def test_a_host_of_ones_own_is_told_by_the_subject() -> None:
    own = {
        "https://gitlab.quince.example": "project_path:quince/orchard:ref_type:tag:ref:v1.0",
        "https://tfe.quince.example": "organization:quince:project:P:workspace:w:run_phase:plan",
        "https://cluster-7.quince.example": "system:serviceaccount:orchard:picker",
        "https://spire.quince.example": "spiffe://quince.example/picker",
    }
    found = [profile_for(issuer, subject) for issuer, subject in own.items()]
    assert [profile.name if profile else None for profile in found] == [
        "gitlab",
        "hcp-terraform",
        "kubernetes",
        "spiffe",
    ]
    assert [profile_for(issuer) for issuer in own] == [None] * 4


def test_a_subject_does_not_lend_a_foreign_issuer_a_hosted_profile() -> None:
    assert profile_for("https://orchard.example", "repo:quince/orchard:ref:refs/heads/main") is None
    assert profile_for("https://orchard.example", "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*") is None


def test_fixed_and_chosen_audiences() -> None:
    fixed = {
        profile.name: profile.audience.fixed for profile in all_profiles() if not profile.audience.chosen_by_caller
    }
    assert fixed == {"baseten": "oidc.baseten.co", "modal": "oidc.modal.com"}
    github = profile_for("token.actions.githubusercontent.com")
    assert github is not None
    assert (github.audience.aws, github.audience.default) == ("sts.amazonaws.com", "https://github.com/{owner}")


@pytest.mark.parametrize("profile", all_profiles(), ids=lambda profile: profile.name)
def test_a_profile_agrees_with_itself(profile: Profile) -> None:
    names = {rule.name for rule in profile.grammar.rules} | {profile.grammar.bare}
    for form in profile.grammar.forms:
        assert set(form.segments) <= names
    tenancy = {profile.tenancy.tenant, profile.tenancy.team} - {None}
    assert tenancy <= names
    assert {*profile.tenancy.names, *profile.tenancy.unique, *profile.tenancy.follows.values()} <= names
    assert profile.tenancy.tenant or profile.tenancy.in_issuer
    for change in profile.changes:
        assert {*change.adds, change.old_key, change.new_key} - {None} <= names
    if profile.url:
        match = match_for(profile, profile.url)
        assert match is not None
        assert profile_for(profile.url) is profile
    assert profile.sources
    assert profile.token_sources


def test_every_data_file_is_loaded() -> None:
    files = [entry for entry in resources.files("oidc_doctor.issuers").iterdir() if entry.name.endswith(".toml")]
    raw = [tomllib.loads(entry.read_text(encoding="utf-8")) for entry in files if not entry.name.startswith("_")]
    assert sorted(one["name"] for one in raw) == sorted(profile.name for profile in all_profiles())
    assert {one["name"] + ".toml" for one in raw} | {"_aws.toml"} == {entry.name for entry in files}


def test_loading_is_quick_and_happens_once() -> None:
    assert all_profiles() is all_profiles()
    best = min(_time_to_load() for _ in range(5))
    assert best < 0.1  # 8 ms on a laptop; the margin is for busy machines


def _time_to_load() -> float:
    start = time.perf_counter()
    catalogue.all_profiles.__wrapped__()
    return time.perf_counter() - start


@given(st.text(max_size=80), st.none() | st.text(max_size=80))
def test_any_text_is_an_answerable_question(issuer: str, subject: str | None) -> None:
    profile = profile_for(issuer, subject)
    assert profile is None or profile in all_profiles()
