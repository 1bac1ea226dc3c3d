"""Subjects and patterns cut into segments."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oidc_doctor.issuers import Profile, Subject, all_profiles, profile_for, subject_family
from oidc_doctor.issuers.grammar import Grammar, parse, separator_of

BY_NAME = {profile.name: profile for profile in all_profiles()}

# issuer, subject, form, values in order
FORMS = [
    (
        "baseten",
        "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:model=Zb5Hc8Vy:deployment=Jm4Kt6Ng:environment=<none>:type=model_build",
        "environment",
        ["1", "Qn7Wd2Lk", "Pf3Xs9Rt", "Zb5Hc8Vy", "Jm4Kt6Ng", "<none>", "model_build"],
    ),
    (
        "baseten",
        "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:model=Zb5Hc8Vy:deployment=Jm4Kt6Ng:env=staging:type=model_container",
        "env",
        ["1", "Qn7Wd2Lk", "Pf3Xs9Rt", "Zb5Hc8Vy", "Jm4Kt6Ng", "staging", "model_container"],
    ),
    ("github", "repo:quince/orchard:environment:prod", "environment", ["quince", "orchard", "prod"]),
    ("github", "repo:quince/orchard:ref:refs/tags/v2", "ref", ["quince", "orchard", "refs/tags/v2"]),
    ("github", "repo:quince/orchard:pull_request", "pull_request", ["quince", "orchard", ""]),
    (
        "github",
        "repo:quince@4711/orchard@815:ref:refs/heads/main",
        "immutable ref",
        ["quince", "4711", "orchard", "815", "refs/heads/main"],
    ),
    (
        "github",
        "repo:quince@4711/orchard@815:pull_request",
        "immutable pull_request",
        ["quince", "4711", "orchard", "815", ""],
    ),
    (
        "github",
        "repo:quince/orchard:environment:prod:job_workflow_ref:quince/ci/.github/workflows/ship.yml@refs/heads/main",
        "custom",
        ["quince", "orchard", "prod", "quince/ci/.github/workflows/ship.yml@refs/heads/main"],
    ),
    ("github", "repository_owner:quince:repository_id:815", "custom", ["quince", "815"]),
    (
        "gitlab",
        "project_path:quince/fruit/orchard:ref_type:branch:ref:feature/ripe",
        "ref",
        ["quince", "fruit/orchard", "branch", "feature/ripe"],
    ),
    ("gitlab", "project_path:quince/orchard:ref:main", "custom", ["quince", "orchard", "main"]),
    ("kubernetes", "system:serviceaccount:orchard:picker", "service account", ["orchard", "picker"]),
    ("circleci", "org/3c1f/project/77aa/user/88bb", "v1", ["3c1f", "77aa", "88bb"]),
    (
        "circleci",
        "org/3c1f/project/77aa/user/88bb/vcs-origin/github.com/quince/orchard/vcs-ref/refs/heads/a/b",
        "v2",
        ["3c1f", "77aa", "88bb", "github.com/quince/orchard", "refs/heads/a/b"],
    ),
    (
        "hcp-terraform",
        "organization:quince:project:Red Apples:workspace:prod:run_phase:plan",
        "workspace run",
        ["quince", "Red Apples", "prod", "plan"],
    ),
    (
        "hcp-terraform",
        "organization:quince:module:press:operation:test_run",
        "module test",
        ["quince", "press", "test_run"],
    ),
    (
        "hcp-terraform",
        "organization:quince:project:P:stack:press:deployment:eu:operation:apply",
        "stack",
        ["quince", "P", "press", "eu", "apply"],
    ),
    (
        "buildkite",
        "organization:quince:pipeline:orchard:ref:refs/heads/main:commit:9f8e:step:deploy",
        "step",
        ["quince", "orchard", "refs/heads/main", "9f8e", "deploy"],
    ),
    ("buildkite", "01902f6c-1111-4222-8333-444455556666", "claim", ["01902f6c-1111-4222-8333-444455556666"]),
    ("vercel", "owner:quince:project:orchard:environment:preview", "environment", ["quince", "orchard", "preview"]),
    ("bitbucket", "{aaaa-1}:{cccc-3}", "step", ["{aaaa-1}", "{cccc-3}"]),
    ("bitbucket", "{aaaa-1}:{bbbb-2}:{cccc-3}", "deployment", ["{aaaa-1}", "{bbbb-2}", "{cccc-3}"]),
    ("spiffe", "spiffe://quince.example/ns/orchard/sa/picker", "workload", ["quince.example", "ns/orchard/sa/picker"]),
    ("spiffe", "spiffe://quince.example", "trust domain", ["quince.example"]),
    (
        "modal",
        "modal:workspace_id:ac-9zQ:environment_name:main:app_name:press:function_name:squeeze:container_id:ta-1",
        "container",
        ["ac-9zQ", "main", "press", "squeeze", "ta-1"],
    ),
    ("fly", "quince:orchard:91852", "machine", ["quince", "orchard", "91852"]),
]


def rebuilt(subject: Subject) -> str:
    """The text put together again from segments, separators and leftover, each used once."""
    out, done = "", 0
    for segment in subject.segments:
        assert done <= segment.start <= segment.value_start <= segment.end <= len(subject.text)
        assert subject.text[segment.value_start : segment.end] == segment.value
        assert segment.start - done <= 1 or done == 0
        out += subject.text[done : segment.start] + subject.text[segment.start : segment.end]
        done = segment.end
    return out + subject.leftover


@pytest.mark.parametrize(("name", "text", "form", "values"), FORMS)
def test_each_form_of_each_issuer(name: str, text: str, form: str, values: list[str]) -> None:
    subject = BY_NAME[name].parse_subject(text)
    assert subject.form == form
    assert [segment.value for segment in subject.segments] == values
    assert all(segment.known for segment in subject.segments)
    assert subject.leftover == ""
    assert rebuilt(subject) == text
    assert subject.segments[0].start == 0


def test_every_declared_form_of_a_profile_with_forms_here_is_tested() -> None:
    tested = {(name, form) for name, _, form, _ in FORMS}
    declared = {(name, form.name) for name in {name for name, _ in tested} for form in BY_NAME[name].grammar.forms}
    assert declared - tested == {("github", "immutable environment")}


def names(name: str, text: str) -> list[str]:
    return [segment.name for segment in BY_NAME[name].parse_subject(text).segments]


def test_patterns_keep_what_they_fix() -> None:
    assert names("baseten", "v=1:org=O:team=T:*:environment=prod*:*") == ["v", "org", "team", "*", "environment", "*"]
    assert names("baseten", "v=1:org=O:*environment=prod:*") == ["v", "org", "*", "environment", "*"]
    assert names("github", "repo:quince/*:ref:refs/heads/*") == ["owner", "repository", "ref"]
    assert names("github", "repo:*:environment:prod") == ["owner", "environment"]
    assert names("github", "repo:quince@*/orchard@*:*") == ["owner", "owner_id", "repository", "repository_id", "*"]
    assert names("kubernetes", "*:orchard:picker") == ["*", "namespace", "service_account"]
    assert names("fly", "quince:*") == ["org", "app"]
    assert BY_NAME["baseten"].parse_subject("v=1:org=O:team=T:*:env=x:*").form == "env"
    assert BY_NAME["baseten"].parse_subject("v=1:org=O:team=T:*").form is None


def test_a_placeholder_is_never_cut() -> None:
    subject = BY_NAME["github"].parse_subject("repo:<owner/name>:environment:<the:environment>")
    assert [segment.value for segment in subject.segments] == ["<owner/name>", "<the:environment>"]


def test_the_unknown_is_shown() -> None:
    text = "v=1:org=O:team=T:job=nightly:type=training_job"
    subject = BY_NAME["baseten"].parse_subject(text)
    job = next(segment for segment in subject.segments if segment.name == "job")
    assert (job.known, job.value, subject.form) == (False, "nightly", None)
    assert subject.value("type") == "training_job"
    github = BY_NAME["github"].parse_subject("repo:quince/orchard:main")
    assert [(segment.name, segment.known) for segment in github.segments][-1] == ("segment 2", False)


def test_a_wrong_beginning_is_cut_without_names() -> None:
    subject = BY_NAME["kubernetes"].parse_subject("serviceaccount:orchard:picker")
    assert [segment.name for segment in subject.segments] == ["segment 1", "segment 2", "segment 3"]
    assert BY_NAME["kubernetes"].parse_subject("system:serviceaccount:a:b:c").leftover == ":c"


def test_an_unknown_issuer_is_cut_at_its_separator() -> None:
    assert [s.value for s in parse("a:b/c:d", Grammar()).segments] == ["a", "b/c", "d"]
    assert [s.value for s in parse("https://a.example/b/c", Grammar()).segments] == ["a.example", "b", "c"]
    assert [s.name for s in parse("tenant=a:job=b", Grammar()).segments] == ["tenant", "job"]
    assert separator_of("urn:x") == ":"


FAMILIES = [
    ("baseten", "v=1:org=O:team=T:model=M:deployment=D:environment=prod:type=model_build", "deployment=*"),
    ("github", "repo:quince/orchard:ref:refs/tags/v9", "refs/tags/*"),
    ("buildkite", "organization:q:pipeline:p:ref:refs/heads/main:commit:9f8e:step:s", "commit:*:step:*"),
    ("circleci", "org/a/project/b/user/c", "user/*"),
    ("bitbucket", "{a}:{b}:{c}", "{a}:{b}:*"),
    ("modal", "modal:workspace_id:w:environment_name:e:app_name:a:function_name:f:container_id:c", "container_id:*"),
    ("fly", "quince:orchard:91852", "quince:orchard:*"),
]


@pytest.mark.parametrize(("name", "text", "part"), FAMILIES)
def test_a_family_leaves_out_what_varies(name: str, text: str, part: str) -> None:
    family = subject_family(text, BY_NAME[name])
    assert family.endswith(part) or part in family
    assert subject_family(family, BY_NAME[name]) == family


def test_a_family_keeps_identity() -> None:
    for text in ("repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:environment:prod"):
        assert BY_NAME["github"].subject_family(text) == text
    assert subject_family("a:b:c", None) == "a:b:c"


ALPHABET = "ab1:=/@*?<>{}$ é\u200b"
PIECES = [
    "repo",
    "ref",
    "environment",
    "pull_request",
    "org",
    "team",
    "env",
    "type",
    "v",
    "=",
    ":",
    "/",
    "@",
    "*",
    "?",
    "<x>",
    "system:serviceaccount:",
    "spiffe://",
    "modal:",
    "vcs-ref",
    "refs/heads/main",
    "...",
    "a",
    "B",
    "\u200b",
]
TEXTS = st.text(ALPHABET, max_size=40) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
PROFILES = st.sampled_from(all_profiles())


@given(PROFILES, TEXTS)
@example(BY_NAME["kubernetes"], "system:serviceaccount:" + "a:" * 200)
@example(BY_NAME["github"], ":" * 300)
def test_segments_make_up_the_subject(profile: Profile, text: str) -> None:
    subject = profile.parse_subject(text)
    assert rebuilt(subject) == text
    assert subject == profile.parse_subject(text)
    assert (
        subject.form is None
        or any(subject.form == form.name for form in profile.grammar.forms)
        or (subject.form == profile.grammar.custom_form)
    )
    for offset in range(len(text)):
        covering = subject.at(offset)
        assert covering is None or covering.start <= offset < covering.end


@given(PROFILES, TEXTS)
def test_a_family_is_a_family_of_itself(profile: Profile, text: str) -> None:
    family = profile.subject_family(text)
    assert profile.subject_family(family) == family


def test_profile_for_and_parse_work_together() -> None:
    subject = "system:serviceaccount:orchard:picker"
    profile = profile_for("https://cluster.quince.example", subject)
    assert profile is not None
    assert profile.parse_subject(subject).value("namespace") == "orchard"
