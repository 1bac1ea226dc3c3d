"""Made-up subjects beside a subject: what differs, and what cannot be shared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.issuers import Profile, all_profiles, profile_for
from oidc_doctor.issuers.strangers import another, example, longer, overlaid, serves_many_customers, strangers

BASETEN = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq4:deployment=4be1:environment=production:type=model_build"


@given(st.text(min_size=1))
def test_another_value_is_another_one(value: str) -> None:
    assert another(value) != value
    assert longer(value).startswith(value)


@pytest.mark.parametrize("value", ["production", "octo-org", "Org8Kd2P", "1234", "refs/heads/main", "elsewhere"])
def test_another_value_shares_no_beginning_and_no_end(value: str) -> None:
    other = another(value).rpartition("/")[2]
    own = value.rpartition("/")[2]
    assert other[0] != own[0]
    assert other[-1] != own[-1]


@pytest.mark.parametrize("profile", [one for one in all_profiles() if one.grammar.forms], ids=lambda one: one.name)
def test_an_example_is_a_subject_of_the_first_form(profile: Profile) -> None:
    parsed = profile.parse_subject(example(profile))
    assert tuple(one.name for one in parsed.segments) == profile.grammar.forms[0].segments
    assert all(one.known for one in parsed.segments)


@pytest.mark.parametrize("profile", [one for one in all_profiles() if one.grammar.forms], ids=lambda one: one.name)
def test_strangers_differ_in_what_they_say(profile: Profile) -> None:
    subject = example(profile)
    before = profile.parse_subject(subject)
    made = strangers(subject, profile)
    assert 3 <= len(made) <= 60
    for stranger in made:
        after = profile.parse_subject(stranger.subject)
        assert stranger.subject != subject
        if stranger.who in ("tenant", "team", "other", "longer"):
            assert after.value(stranger.segment) != before.value(stranger.segment)
        if stranger.who == "team" and profile.tenancy.tenant:
            assert after.value(profile.tenancy.tenant) == before.value(profile.tenancy.tenant)


def test_an_id_is_not_shared_with_another_team() -> None:
    profile = profile_for("oidc.baseten.co")
    assert profile is not None
    for stranger in strangers(BASETEN, profile):
        if stranger.who in ("tenant", "team"):
            assert "model=mWq4" not in stranger.subject
            assert "type=model_build" in stranger.subject


@pytest.mark.parametrize(
    ("seed", "piece"),
    [
        ("v=1:org=Abc:*", ":org=Abc"),
        ("v=1:org=Abc", "org=Abc:team=Tq7LmZ2x"),
        ("environment=staging", ":environment=staging:"),
        (":team=T*", ":team=T:"),
        ("*", "org=Org8Kd2P"),
    ],
)
def test_a_seed_changes_what_it_fixes(seed: str, piece: str) -> None:
    profile = profile_for("oidc.baseten.co")
    assert profile is not None
    assert piece in overlaid(BASETEN, seed, profile)


@pytest.mark.parametrize(
    ("issuer", "shared"),
    [
        ("https://oidc.baseten.co", True),
        ("https://gitlab.com", True),
        ("https://gitlab.example.com", False),
        ("https://token.actions.githubusercontent.com", True),
        ("https://token.actions.githubusercontent.com/octo-enterprise", False),
        ("https://oidc.circleci.com/org/7d0f0d5a", False),
        ("https://scalr.io", True),
        ("https://sso.example.com", False),
        (None, False),
    ],
)
def test_who_shares_an_issuer(issuer: str | None, shared: bool) -> None:
    assert serves_many_customers(profile_for(issuer), issuer) == shared
