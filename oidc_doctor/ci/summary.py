"""The Markdown of a job where its platform shows it: GitHub's job summary, an annotation of Buildkite's build."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

from oidc_doctor import files
from oidc_doctor.ci import buildkite
from oidc_doctor.ci.platforms import BUILDKITE_AGENT, GITHUB_ACTIONS, Platform
from oidc_doctor.model.limits import JOB_SUMMARY

_VARIABLE = "GITHUB_STEP_SUMMARY"  # GitHub Docs, "Workflow commands": the path of a file, new for each step
_CONTEXT = "oidc-doctor"  # an annotation of the same context replaces the one before (Buildkite Docs, "annotate")
_SECONDS = 20.0


def show_summary(markdown: str, short: str, environment: Mapping[str, str], platform: Platform) -> str:
    """Show the Markdown, or where it is too long the short one; return a note where it was not shown, else ""."""
    if platform is GITHUB_ACTIONS and environment.get(_VARIABLE):
        return _of_github(markdown, short, environment[_VARIABLE])
    if platform is BUILDKITE_AGENT and (program := shutil.which(buildkite.AGENT, path=environment.get("PATH"))):
        return _of_buildkite(markdown, short, program, environment)
    return ""


def _of_github(markdown: str, short: str, path: str) -> str:
    try:
        for text in (markdown, short):
            if files.append(path, text.encode("utf-8", "backslashreplace"), JOB_SUMMARY.most):
                return ""
    except OSError as error:
        return f"the job summary was not written ({_VARIABLE}: {error.strerror or error})"
    return f"the job summary was not written: {JOB_SUMMARY.exceeded_by()}"


def _of_buildkite(markdown: str, short: str, program: str, environment: Mapping[str, str]) -> str:
    text = markdown if len(markdown.encode()) <= JOB_SUMMARY.most else short
    command = [program, "annotate", "--style", "error", "--context", _CONTEXT]
    try:
        done = subprocess.run(  # noqa: S603 - the job's own agent, with fixed words
            command, input=text.encode(), capture_output=True, env=dict(environment), timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the build was not annotated ({type(error).__name__})"
    return f"the build was not annotated ({buildkite.AGENT} ended with {done.returncode})" if done.returncode else ""
