"""Condition keys and shared issuers, as AWS documents them."""

from __future__ import annotations

import pytest

from oidc_doctor.issuers import condition_keys, profile_for, shared_issuer_control

ANY = {"aud", "oaud", "sub", "amr", "email"}


def keys(issuer: str) -> set[str]:
    return set(condition_keys(profile_for(issuer), issuer))


def test_any_provider_has_five_and_one_holds_several_values() -> None:
    assert condition_keys(None) == {
        "aud": "single",
        "oaud": "single",
        "sub": "single",
        "email": "single",
        "amr": "multi",
    }
    assert keys("https://idp.quince.example") == ANY


def test_baseten_and_modal_export_nothing_of_their_own() -> None:
    assert keys("https://oidc.baseten.co") == ANY
    assert keys("https://oidc.modal.com") == ANY


def test_github_exports_its_claims_where_aws_knows_it() -> None:
    for issuer in ("https://token.actions.githubusercontent.com", "token.actions.githubusercontent.com/quince"):
        assert {"job_workflow_ref", "repository_owner_id", "environment"} <= keys(issuer)
        assert not {"event_name", "repository_owner", "workflow_ref", "runner_environment"} & keys(issuer)
    assert keys("https://github.quince.example/_services/token") == ANY


def test_gitlab_exports_its_claims_for_gitlab_com_alone() -> None:
    profile = profile_for("https://gitlab.com")
    assert "pipeline_source" in condition_keys(profile)
    assert set(condition_keys(profile, "https://gitlab.quince.example")) == ANY


def test_the_others_that_have_some() -> None:
    assert "pipeline_slug" in keys("https://agent.buildkite.com")
    assert "oidc.circleci.com/project-id" in keys("https://oidc.circleci.com/org/3c1f")


def test_built_in_issuers_have_exactly_theirs() -> None:
    assert condition_keys(None, "accounts.google.com") == {
        "aud": "single",
        "oaud": "single",
        "sub": "single",
        "google/organization_number": "numeric",
    }
    assert set(condition_keys(None, "graph.facebook.com")) == {"app_id", "id"}
    assert set(condition_keys(None, "www.amazon.com")) == {"app_id", "user_id"}
    assert condition_keys(None, "cognito-identity.amazonaws.com")["amr"] == "multi"


@pytest.mark.parametrize(
    ("issuer", "control"),
    [
        ("https://token.actions.githubusercontent.com", ("sub",)),
        ("https://gitlab.com", ("sub",)),
        ("https://app.terraform.io", ("sub",)),
        ("https://agent.buildkite.com", ("sub",)),
        ("https://oidc.vercel.com", ("aud",)),
        ("https://oidc.vercel.com/quince", ()),
        ("https://cognito-identity.amazonaws.com", ("aud",)),
        ("https://oidc.baseten.co", ()),
        ("https://oidc.modal.com", ()),
        ("https://gitlab.quince.example", ()),
        (None, ()),
    ],
)
def test_shared_issuer_controls(issuer: str | None, control: tuple[str, ...]) -> None:
    assert shared_issuer_control(issuer) == control


def test_answers_are_not_shared_between_callers() -> None:
    first = condition_keys(None)
    first["sub"] = "multi"
    assert condition_keys(None)["sub"] == "single"
