"""The coming form of an issuer's subjects: GitHub's, with the ids of owner and repository."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor import issuers
from oidc_doctor.issuers.coming import ComingForm, coming_form
from oidc_doctor.issuers.schema import ProfileError, check_profile

GITHUB = "https://token.actions.githubusercontent.com"
IDS = {"owner_id": "12", "repository_id": "34"}
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._", min_size=1, max_size=12)
CONTEXTS = st.sampled_from(["ref:refs/heads/main", "environment:prod", "pull_request", "ref:refs/tags/v1@2"])


def form_of(issuer: str = GITHUB) -> ComingForm | None:
    profile = issuers.profile_for(issuer)
    assert profile is not None
    return coming_form(profile, issuer)


@pytest.fixture
def form() -> ComingForm:
    found = form_of()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("repo:acme/api:ref:refs/heads/main", "repo:acme@12/api@34:ref:refs/heads/main"),
        ("repo:acme/api:*", "repo:acme@12/api@34:*"),
        ("repo:acme/*", "repo:acme@12/*"),
        ("repo:acme/api-*:pull_request", "repo:acme@12/api-*:pull_request"),  # the wildcard covers the id as well
        ("repo:*/api:*", "repo:*/api@34:*"),
        ("repo:acme/", "repo:acme@12/"),
        ("repo:acme*", ""),  # nothing to add: it covers both forms
        ("*", ""),
        ("repo:acme@12/api@34:*", ""),  # it is of that form
        ("acme/api", ""),  # no subject
        ("job_workflow_ref:acme/api/.github/workflows/x.yml@main", ""),  # a template without the names
    ],
)
def test_a_pattern_in_the_coming_form(form: ComingForm, text: str, written: str) -> None:
    assert form.write(text, IDS) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [("repo:acme", "repo:acme@12/"), ("repo:acme/api", "repo:acme@12/api@34:"), ("repo:acme/", "repo:acme@12/")],
)
def test_an_id_at_the_end_of_a_beginning_is_closed(form: ComingForm, text: str, written: str) -> None:
    assert form.write(text, IDS, closed=True) == written


@given(owner=NAMES, name=NAMES, context=CONTEXTS)
def test_there_and_back(owner: str, name: str, context: str) -> None:
    form = form_of()
    assert form is not None
    subject = f"repo:{owner}/{name}:{context}"
    coming = form.write(subject, IDS)
    assert coming == f"repo:{owner}@12/{name}@34:{context}"
    assert form.former(coming, IDS) == subject
    assert form.names(coming) == form.names(subject) == {"owner": owner, "repository": name}
    assert [coming[start:end] for start, end in form.marks(coming, IDS)][:2] == ["@12", "@34"]


def test_the_bearer_of_another_id_is_someone_else(form: ComingForm) -> None:
    assert "acme" not in form.former("repo:acme@13/api@34:pull_request", IDS)
    assert form.former("repo:acme@12/api@35:pull_request", IDS) == "repo:acme/api:pull_request"  # of the same owner


@pytest.mark.parametrize("issuer", [GITHUB, f"{GITHUB}/acme", "https://token.actions.acme.ghe.com"])
def test_addresses_that_have_it(issuer: str) -> None:
    assert form_of(issuer) is not None


@pytest.mark.parametrize("issuer", ["https://github.acme.example/_services/token", "https://oidc.baseten.co"])
def test_addresses_that_do_not_have_it(issuer: str) -> None:
    assert form_of(issuer) is None


def test_an_unknown_address_has_none(form: ComingForm) -> None:
    assert coming_form(form.profile, None) is None


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (lambda raw: raw["change"][0].pop("adds"), "coming, and it adds no segment"),
        (lambda raw: raw["change"][0].update(find=["gh", "{organization}"]), "the subject has no segment organization"),
        (lambda raw: raw["match"][0].update(without_changes=["immutable"]), "the subject has no change immutable"),
    ],
)
def test_a_profile_that_does_not_agree(edit: Any, fault: str) -> None:
    raw = tomllib.loads((Path(issuers.__file__).parent / "github.toml").read_text(encoding="utf-8"))
    check_profile(raw)
    edit(raw)
    with pytest.raises(ProfileError, match=fault):
        check_profile(raw)
