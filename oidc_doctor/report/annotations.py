"""Findings as a CI platform shows them, and texts that a platform prints without acting on a line of them.

A runner reads commands from a job's output: GitHub Actions `::error::…` at the start of a line, and `##[…]` anywhere in
one (actions/runner, ActionCommand.cs); Azure Pipelines `##vso[…]` and `##[…]` anywhere in a line (Microsoft Learn,
"Logging commands"); Buildkite `--- `, `+++ `, `~~~ ` and `^^^ +++` at its start (buildkite-agent, header parsing);
GitLab `section_start:` between control characters, which no printed value contains. Claims and policies are written by
strangers, so nothing that they hold may become a command: every line of ours that is none goes through
`without_commands`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from oidc_doctor.model.annotation import Annotation, Level
from oidc_doctor.model.secret_texts import without_secrets_between
from oidc_doctor.report.parts.cut import cut_text
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

GITHUB: Final = "github"
AZURE: Final = "azure"
GITLAB: Final = "gitlab"
BUILDKITE: Final = "buildkite"
PLAIN: Final = "plain"

MOST_ANNOTATIONS: Final = 10  # GitHub shows ten errors and ten warnings of a step, and leaves out the rest in silence
_SEVEREST: Final[tuple[Level, ...]] = ("error", "warning", "notice")
_TITLE = 200  # characters
_BREAKS = r"\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_START = rf"(?:^|(?<=[{_BREAKS}]))"  # of a line, for any reader of lines
_COMMAND = re.compile(rf"{_START}([^\S\n{_BREAKS}]*+):(?=:)", re.MULTILINE)
_BRACKET = re.compile(r"#(?=#[A-Za-z]{0,20}\[)")
_HEADER = re.compile(rf"{_START}(?:[-+~](?=[-+~]{{2}}\s|[-+~]{{2}}$)|\^(?=\^\^))", re.MULTILINE)
_VALUE = re.compile(r"([^\n]+)")
_GITHUB_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}  # GitHub Docs, "Workflow commands"; actions/toolkit, command.ts
_GITHUB_PROPERTY = {**_GITHUB_DATA, ":": "%3A", ",": "%2C"}
_AZURE_DATA = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}  # azure-pipelines-task-lib, taskcommand.ts
_AZURE_PROPERTY = {**_AZURE_DATA, "]": "%5D", ";": "%3B"}


def render_annotations(annotations: Sequence[Annotation], platform: str) -> str:
    """Return the annotations as lines of a job's output, each with a line break; "" without annotations.

    `platform` is `github`, `azure`, or another name, such as `gitlab`, `buildkite` and `plain`: platforms that have no
    annotations in a job's output get a line of text. Of more than ten, the tenth counts the rest.
    """
    shown = [_clean(annotation) for annotation in annotations[:MOST_ANNOTATIONS]]
    if len(annotations) > MOST_ANNOTATIONS:
        rest = annotations[MOST_ANNOTATIONS - 1 :]
        level = min((row.level for row in rest), key=_SEVEREST.index)
        count = Annotation(level, f"{len(rest)} further findings", "The report of this step lists all of them.")
        shown = [*shown[: MOST_ANNOTATIONS - 1], count]
    render = {GITHUB: _github, AZURE: _azure}.get(platform, _plain)
    return "".join(f"{render(annotation)}\n" for annotation in _without_secrets(shown))


def without_commands(text: str) -> str:
    r"""Return printed lines in which nothing is a command of a CI platform: its first character becomes an escape.

    `::error::` becomes `\x3a:error::`, `##[error]` becomes `\x23#[error]`.
    """
    text = _BRACKET.sub(r"\\x23", _COMMAND.sub(r"\1\\x3a", text))
    return _HEADER.sub(lambda header: f"\\x{ord(header[0]):02x}", text)


def log_group(title: str, text: str, platform: str, *, now: float) -> str:
    """Return a finished text below a title of ours that the platform shows collapsed, if it can.

    `now` is in seconds since 1970: GitLab takes the instant as a part of the section's name.
    """
    body = without_commands(text).rstrip("\n") + "\n"
    if platform == GITHUB:
        return f"::group::{title}\n{body}::endgroup::\n"
    if platform == AZURE:
        return f"##[group]{title}\n{body}##[endgroup]\n"
    if platform == GITLAB:  # GitLab Docs, "CI/CD job logs", custom collapsible sections
        name = f"{now:.0f}:oidc_doctor_report"
        return (
            f"\x1b[0Ksection_start:{name}[collapsed=true]\r\x1b[0K{title}\n{body}\x1b[0Ksection_end:{name}\r\x1b[0K\n"
        )
    if platform == BUILDKITE:  # Buildkite Docs, "Managing log output": `---` begins a collapsed group
        return f"--- {title}\n{body}"
    return f"{title}\n\n{body}"


def _clean(annotation: Annotation) -> Annotation:
    """Return the annotation with visible texts: one line each, cut, and without secrets and commands."""
    return annotation._replace(
        title=clip(without_commands(visible(annotation.title)), _TITLE),
        message=without_commands(cut_text(annotation.message)),
        file=without_commands(visible(annotation.file)),
    )


def _without_secrets(annotations: list[Annotation]) -> list[Annotation]:
    """Remove a token whose pieces are in several texts. A text that is empty keeps its place."""
    texts = [text for row in annotations for text in (row.title or " ", row.message or " ", row.file or " ")]
    clean = without_secrets_between("\n".join(texts), _VALUE).split("\n")
    if len(clean) != len(texts):  # never seen: a mark is on one line
        return [row._replace(title="[secret removed]", message="[secret removed]", file="") for row in annotations]
    return [
        row._replace(title=title.strip(), message=message.strip(), file=file.strip())
        for row, title, message, file in zip(annotations, clean[::3], clean[1::3], clean[2::3], strict=True)
    ]


def _github(annotation: Annotation) -> str:
    values = {"title": annotation.title, "file": annotation.file, "line": _line(annotation)}
    named = ",".join(f"{name}={_escaped(value, _GITHUB_PROPERTY)}" for name, value in values.items() if value)
    message = _escaped(annotation.message, _GITHUB_DATA)
    return f"::{annotation.level}{' ' if named else ''}{named}::{message}"


def _azure(annotation: Annotation) -> str:
    if annotation.level == "notice":  # task.logissue has errors and warnings only
        return _plain(annotation)
    values = {"type": annotation.level, "sourcepath": annotation.file, "linenumber": _line(annotation)}
    named = "".join(f"{name}={_escaped(value, _AZURE_PROPERTY)};" for name, value in values.items() if value)
    return f"##vso[task.logissue {named}]{_escaped(_sentence(annotation), _AZURE_DATA)}"


def _plain(annotation: Annotation) -> str:
    place = f" ({':'.join(filter(None, (annotation.file, _line(annotation))))})" if annotation.file else ""
    return without_commands(f"{annotation.level}: {_sentence(annotation)}{place}")


def _line(annotation: Annotation) -> str:
    return str(annotation.line) if annotation.file and annotation.line else ""


def _sentence(annotation: Annotation) -> str:
    return ": ".join(filter(None, (annotation.title, annotation.message)))


def _escaped(text: str, replacements: dict[str, str]) -> str:
    return "".join(replacements.get(character, character) for character in text)
