"""Annotations are read as the platform's runner reads them, and no value of a stranger becomes a command of one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canaries import compact_jwt
from examples import share_of
from oidc_doctor.model.annotation import Annotation
from oidc_doctor.report.annotations import MOST_ANNOTATIONS, log_group, render_annotations, without_commands
from runners import azure_commands, buildkite_groups, github_commands, gitlab_sections

PLATFORMS = ("github", "azure", "gitlab", "buildkite", "plain")
COMMANDS = (
    "::error::x",
    "  ::add-mask::e",
    "::stop-commands::x",
    "##[add-mask]e",
    "seen ##[group]x",
    "##vso[task.setvariable variable=PATH]x",
    "##vso[task.complete result=Succeeded]",
    "--- group",
    "+++ group",
    "~~~ group",
    "^^^ +++",
    "\x1b[0Ksection_end:1:step_script\r\x1b[0K",
    "%0A::error::x",
    "a,file=/etc/passwd::x",
    "a;sourcepath=x]##vso[task.complete]",
)
hostile = st.lists(
    st.one_of(
        st.sampled_from(COMMANDS),
        st.sampled_from(["\n", "\r", "\r\n", "\u2028", "a", " ", "%", ":", ","]),
        st.text(max_size=8),
    ),
    max_size=6,
).map("".join)


def test_github_gets_the_values_back_as_they_were_written() -> None:
    found = Annotation(
        "error", "AWS004: team, 100%: other", "Change `sub`: 5%, then a:b, %0A and %25", "infra/role.json", 12
    )
    (command,) = github_commands(render_annotations([found], "github"))
    assert command.name == "error"
    assert command.properties == {"title": found.title, "file": "infra/role.json", "line": "12"}
    assert command.data == found.message


def test_azure_gets_the_values_back_and_a_notice_is_text() -> None:
    found = Annotation("warning", "AWS004: [a]; 100%", "b]; c %0A %AZP25", "infra/a;b].json", 3)
    (command,) = azure_commands(render_annotations([found], "azure"))
    assert command.name == "task.logissue"
    assert command.properties == {"type": "warning", "sourcepath": "infra/a;b].json", "linenumber": "3"}
    assert command.data == "AWS004: [a]; 100%: b]; c %0A %AZP25"
    assert azure_commands(render_annotations([found._replace(level="notice")], "azure")) == []


def test_platform_without_annotations_gets_a_line_of_text() -> None:
    found = Annotation("error", "AWS004: other team", "Change the team.", "role.json", 3)
    assert render_annotations([found], "gitlab") == "error: AWS004: other team: Change the team. (role.json:3)\n"
    assert render_annotations([Annotation("notice", "t", "m", "", 3)], "unheard of") == "notice: t: m\n"
    assert render_annotations([], "github") == ""


def test_tenth_annotation_counts_the_rest() -> None:
    found = [Annotation("warning", f"cause {number}", "") for number in range(12)] + [Annotation("error", "last", "")]
    commands = github_commands(render_annotations(found, "github"))
    assert len(commands) == MOST_ANNOTATIONS
    assert commands[-1].properties["title"] == "4 further findings"
    assert commands[-1].name == "error"
    ten = github_commands(render_annotations(found[:10], "github"))
    assert [command.properties["title"] for command in ten] == [f"cause {number}" for number in range(10)]


@settings(max_examples=share_of(200), deadline=None)
@given(
    st.lists(
        st.builds(Annotation, st.sampled_from(["error", "warning", "notice"]), hostile, hostile, hostile), max_size=3
    )
)
def test_hostile_values_make_no_command(found: list[Annotation]) -> None:
    assert [row.name for row in github_commands(render_annotations(found, "github"))] == [row.level for row in found]
    azure = azure_commands(render_annotations(found, "azure"))
    assert [row.name for row in azure] == ["task.logissue" for row in found if row.level != "notice"]
    for platform in ("gitlab", "buildkite", "plain"):
        text = render_annotations(found, platform)
        assert text.count("\n") == len(found)
        assert not github_commands(text) + azure_commands(text) + buildkite_groups(text) + gitlab_sections(text)


@settings(max_examples=share_of(200), deadline=None)
@given(hostile)
def test_no_line_is_a_command(text: str) -> None:
    safe = without_commands(text)
    assert not github_commands(safe)
    assert not azure_commands(safe)
    assert not buildkite_groups(safe)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_group_has_the_platforms_marks_alone(platform: str) -> None:
    text = log_group("oidc-doctor: the report", "\n".join(COMMANDS[:11]) + "\n::endgroup::\n", platform, now=1.5)
    marks = [command.name for command in github_commands(text)]
    assert marks == (["group", "endgroup"] if platform in ("github", "azure") else [])
    assert len(buildkite_groups(text)) == (platform == "buildkite")
    assert len(gitlab_sections(text)) == (2 if platform == "gitlab" else 0)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_token_in_pieces_is_removed(platform: str) -> None:
    token = compact_jwt()
    header, payload, signature = token.split(".")
    whole = render_annotations([Annotation("error", f"token {token}", token, token)], platform)
    split = render_annotations([Annotation("error", f"a {header}.{payload}", f".{signature}", "")], platform)
    for text in (whole, split):
        assert header not in text
        assert payload not in text
