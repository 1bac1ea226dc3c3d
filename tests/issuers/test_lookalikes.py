"""Subjects made from the texts of a configuration, and values that resemble another."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.issuers import Profile, all_profiles, profile_for
from oidc_doctor.issuers.lookalikes import filled, fitted, look_alikes, narrow
from oidc_doctor.issuers.strangers import example

FORMED = [profile for profile in all_profiles() if profile.grammar.forms]


@given(st.text("abz-./*?", max_size=12))
def test_a_filled_pattern_is_one_that_it_matches(pattern: str) -> None:
    made = filled(pattern)
    assert made == "" or fnmatchcase(made, pattern)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("repo:quince/orchard:environment:prod*", "repo:quince/orchard:environment:prod"),
        ("repo:quince/orchard:ref:refs/heads/*", "repo:quince/orchard:ref:refs/heads/main"),
        ("repo:quince@12/orchard@34:*", "repo:quince@12/orchard@34:environment:production"),
        ("repo:quince/orchard:pull_request", "repo:quince/orchard:pull_request"),
        ("*quince/orchard:*", "repo:quince/orchard:ref:refs/heads/main"),
        ("repo:quinc?/orchard:*", "repo:quinc7/orchard:ref:refs/heads/main"),
        ("repo:quince/orchard:*prod*", "repo:quince/orchard:ref:refs/heads/prod"),
    ],
)
def test_a_subject_that_a_text_asks_for(text: str, subject: str) -> None:
    profile = profile_for("token.actions.githubusercontent.com")
    assert profile is not None
    assert subject in fitted("repo:other/thing:ref:refs/heads/main", text, profile)


@pytest.mark.parametrize("profile", FORMED, ids=lambda one: one.name)
@given(text=st.text("abc:/@=*?1", max_size=20))
def test_any_text_makes_few_subjects_and_raises_nothing(profile: Profile, text: str) -> None:
    assert len(fitted(example(profile), text, profile)) <= 40
    assert len(look_alikes(example(profile), profile, [text])) <= 80


@pytest.mark.parametrize("profile", FORMED, ids=lambda one: one.name)
def test_a_look_alike_differs_in_its_own_part(profile: Profile) -> None:
    subject = example(profile)
    before = profile.parse_subject(subject)
    for stranger in look_alikes(subject, profile, []):
        after = profile.parse_subject(stranger.subject)
        assert stranger.subject != subject
        assert after.value(stranger.segment) != before.value(stranger.segment)


def test_a_whole_uuid_has_no_longer_one() -> None:
    profile = profile_for("api.bitbucket.org/2.0/workspaces/quince/pipelines-config/identity/oidc")
    assert profile is not None
    subject = "{1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}:{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}"
    assert {one.who for one in look_alikes(subject, profile, []) if one.segment == "repository"} == {"other"}


@pytest.mark.parametrize(
    ("issuer", "pattern"),
    [
        ("oidc.baseten.co", "v=1:org=ORG:team=TEAM:*"),
        ("token.actions.githubusercontent.com", "repo:OWNER/REPOSITORY:*"),
        ("oidc.eks.eu-west-1.amazonaws.com/id/A", "system:serviceaccount:NAMESPACE:*"),
        ("oidc.fly.io/quince", "ORG:APP:*"),
    ],
)
def test_a_narrow_pattern_of_each_issuer(issuer: str, pattern: str) -> None:
    profile = profile_for(issuer)
    assert profile is not None
    assert narrow(profile) == pattern


def test_a_narrow_pattern_has_the_names_of_a_subject() -> None:
    profile = profile_for("token.actions.githubusercontent.com")
    assert profile is not None
    assert narrow(profile, "repo:quince/orchard:ref:refs/heads/main") == "repo:quince/orchard:*"
