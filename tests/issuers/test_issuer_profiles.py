"""Whose issuer it is, and what its profile says."""

from __future__ import annotations

import copy
import re
import time
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.issuers import Profile, all_profiles, catalogue, match_for, profile_for, schema
from oidc_doctor.issuers.schema import ProfileError, check_profile

FILES = {
    Path(str(entry)).stem: tomllib.loads(entry.read_text(encoding="utf-8"))
    for entry in resources.files("oidc_doctor.issuers").iterdir()
    if entry.name.endswith(".toml") and not entry.name.startswith("_")
}
ISSUERS = [(issuer, name) for name, raw in FILES.items() for issuer in raw["examples"].get("issuers", ())]
SUBJECTS = [(subject, name) for name, raw in FILES.items() for subject in raw["examples"]["subjects"]]
RECOGNISED = [(subject, name) for subject, name in SUBJECTS if "recognise" in FILES[name]["subject"]]


@pytest.mark.parametrize(("issuer", "name"), ISSUERS)
def test_an_issuer_has_its_profile(issuer: str, name: str) -> None:
    profile = profile_for(issuer)
    assert profile is not None
    assert profile.name == name


@pytest.mark.parametrize(("subject", "name"), RECOGNISED)
def test_without_an_issuer_the_subject_tells(subject: str, name: str) -> None:
    for issuer in (None, "", "<issuer>", "${ISSUER}"):
        profile = profile_for(issuer, subject)
        assert profile is not None
        assert profile.name == name


@pytest.mark.parametrize(("subject", "name"), SUBJECTS)
def test_the_example_subject_is_read_to_its_end(subject: str, name: str) -> None:
    profile = next(profile for profile in all_profiles() if profile.name == name)
    parsed = profile.parse_subject(subject)
    assert parsed.segments
    assert all(segment.known for segment in parsed.segments)
    assert not parsed.leftover
    if profile.grammar.forms:
        assert parsed.form in {form.name for form in profile.grammar.forms}
    if profile.tenancy.tenant and not profile.tenancy.in_issuer:
        assert parsed.value(profile.tenancy.tenant)


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
    fixed = {profile.name: profile.audience.fixed for profile in all_profiles() if profile.audience.fixed}
    assert fixed == {"baseten": "oidc.baseten.co", "modal": "oidc.modal.com"}
    github = profile_for("token.actions.githubusercontent.com")
    assert github is not None
    assert (github.audience.aws, github.audience.default) == ("sts.amazonaws.com", "https://github.com/{owner}")


@pytest.mark.parametrize("name", FILES)
def test_a_profile_has_the_form_of_one(name: str) -> None:
    check_profile(FILES[name])
    assert FILES[name]["name"] == name


@pytest.mark.parametrize("profile", all_profiles(), ids=lambda profile: profile.name)
def test_a_profile_is_found_by_its_own_address(profile: Profile) -> None:
    if profile.url:
        assert match_for(profile, profile.url) is not None
        assert profile_for(profile.url) is profile


def test_every_data_file_is_loaded() -> None:
    assert sorted(FILES) == sorted(profile.name for profile in all_profiles())


def _put(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(raw: Any) -> None:
        for step in path[:-1]:
            raw = raw[step]
        raw[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_put("subject", "style", value="keyed"), "subject.style: 'keyed' is not one of pairs, assign"),
        (_put("subject", "seperator", value=":"), "subject.seperator: unknown key; known are"),
        (_put("subject", "segment", 0, "key", value=7), "subject.segment[0].key: str is expected, not 7"),
        (_put("subject", "segment", 1, "varies", value=""), "subject.segment[1].varies: an array is expected"),
        (_put("subject", "recognise", value="(repo"), "subject.recognise: not a regular expression"),
        (
            _put("subject", "form", 0, "segments", value=["repo"]),
            "subject.form environment: the subject has no segment",
        ),
        (_put("tenancy", "tenant", value="org"), "tenancy.tenant: the subject has no segment org"),
        (_put("tenancy", value={}), "tenancy: neither a tenant nor in_issuer"),
        (_put("tenancy", value="owner"), "tenancy.: a table is expected"),
        (_put("implied", "ref", value="{reff}"), "implied.ref: the subject has no segment reff"),
        (_put("change", 0, "adds", value=["owner-id"]), "change immutable-ids: the subject has no segment owner-id"),
        (_put("match", 0, "shared_control", value=True), "match[0].shared_control: an array is expected"),
        (_put("match", 0, "pattern", value="["), "match[0].pattern: not a regular expression"),
        (_put("token", 0, "kind", value="env"), "token[0].kind: 'env' is not one of variable"),
        (_put("audience", "fixed", value=["a"]), "audience.fixed: str is expected"),
        (_put("self_hosted", value="no"), "self_hosted: bool is expected"),
        (_put("sources", value=[]), "sources: empty"),
        (lambda raw: raw.pop("examples"), "examples: missing"),
        (lambda raw: raw["subject"].pop("style"), "subject.style: missing"),
    ],
)
def test_a_profile_with_a_fault_is_refused_with_the_place(change: Callable[[Any], None], fault: str) -> None:
    raw = copy.deepcopy(FILES["github"])
    change(raw)
    with pytest.raises(ProfileError, match=re.escape(fault)):
        check_profile(raw)


def test_the_schema_can_be_run_on_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n', encoding="utf-8")
    assert schema.main([str(path)]) == 1
    assert f"{path}: title: missing\n" in capsys.readouterr().out
    assert schema.main([str(Path(schema.__file__).with_name("gitlab.toml"))]) == 0


def test_loading_is_quick_and_happens_once() -> None:
    assert all_profiles() is all_profiles()
    best = min(_time_to_load() for _ in range(5))
    assert best < 0.1  # 8 ms on a laptop; the margin is for busy machines


def _time_to_load() -> float:
    start = time.process_time()
    catalogue.all_profiles.__wrapped__()
    return time.process_time() - start


@given(st.text(max_size=80), st.none() | st.text(max_size=80))
def test_any_text_is_an_answerable_question(issuer: str, subject: str | None) -> None:
    profile = profile_for(issuer, subject)
    assert profile is None or profile in all_profiles()
