"""A job of GitHub Actions without a token: the missing permission, a fork, and a called workflow are told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci_jobs import GITHUB, github_variables, token
from clouds.issuer import Site
from oidc_doctor.ci.github import why_no_token
from runners import github_commands

if TYPE_CHECKING:
    from runners import Command
    from tests.ci.conftest import Finished

Run = Callable[..., "Finished"]
STEPS = "    runs-on: ubuntu-latest\n    steps: [{run: 'true'}]\n"
NONE = f"on: push\njobs:\n  deploy:\n{STEPS}"
READ = f"on: push\npermissions:\n  contents: read\njobs:\n  deploy:\n{STEPS}"
OF_JOB = f"on: push\npermissions: write-all\njobs:\n  deploy:\n    permissions: {{contents: read}}\n{STEPS}"
WRITE = f"on: push\njobs:\n  deploy:\n    permissions:\n      id-token: write\n{STEPS}"
CALLER = "on: push\njobs:\n  ship:\n    uses: ./.github/workflows/called.yml\n"


def without_token(tmp_path: Path, workflow: str = NONE, **more: str) -> dict[str, str]:
    variables = github_variables(tmp_path, "", **more)
    (tmp_path / "checkout/.github/workflows/deploy.yml").write_text(workflow)
    for name in ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        del variables[name]
    return variables


def event(tmp_path: Path, head: Any, base: str = "acme/app", name: str = "pull_request") -> dict[str, str]:
    pull_request = {"head": {"repo": head}, "base": {"repo": {"full_name": base}}}
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"pull_request": pull_request}))
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}


def first(done: Finished) -> Command:
    return github_commands(done.out)[0]


@pytest.mark.parametrize(
    ("workflow", "line"), [(NONE, "3"), (READ, "2"), (OF_JOB, "5")], ids=["nothing", "read", "job replaces workflow"]
)
def test_missing_permission_is_shown_beside_its_line(workflow: str, line: str, job: Run, tmp_path: Path) -> None:
    done = job(without_token(tmp_path, workflow))
    assert done.code == 1
    error = first(done)
    assert (error.name, error.properties["title"]) == ("error", "TOK014 token-not-issued")
    assert (error.properties["file"], error.properties["line"]) == (".github/workflows/deploy.yml", line)
    assert "the job has no permission `id-token: write`. Add `permissions: id-token: write` to the job" in error.data
    assert "TOK014" in done.files["summary.md"]


def test_permission_that_is_there_is_not_called_missing(job: Run, tmp_path: Path) -> None:
    done = job(without_token(tmp_path, WRITE))
    assert done.code == 1
    assert "although its workflow has `id-token: write`" in first(done).data


def test_called_workflow_needs_the_permission_in_its_caller(job: Run, tmp_path: Path) -> None:
    error = first(job(without_token(tmp_path, CALLER)))
    assert "the job deploy of a called workflow has no permission" in error.data
    assert "to the job in .github/workflows/deploy.yml that calls the workflow" in error.data


@pytest.mark.parametrize(
    "head", [{"full_name": "stranger/app", "fork": True}, None, {}], ids=["fork", "deleted", "bare"]
)
def test_pull_request_of_a_fork(head: Any, job: Run, tmp_path: Path) -> None:
    done = job(without_token(tmp_path, WRITE, **event(tmp_path, head)))
    assert done.code == 1
    assert "GitHub issues no token to a job of a pull request from a fork" in first(done).data
    assert "Add `permissions" not in first(done).data


@pytest.mark.parametrize(
    "made",
    [
        lambda folder: event(folder, {"full_name": "acme/app", "fork": True}),  # the repository itself is a fork
        lambda folder: event(folder, {"full_name": "stranger/app"}, name="push"),
        lambda _: {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "/no/such/file"},
        lambda _: {"GITHUB_EVENT_NAME": "pull_request"},
    ],
    ids=["own branch", "push", "no event", "no path"],
)
def test_pull_request_of_no_fork_lacks_the_permission(made: Any, job: Run, tmp_path: Path) -> None:
    error = first(job(without_token(tmp_path, **made(tmp_path))))
    assert "the job has no permission `id-token: write`" in error.data


@pytest.mark.parametrize("text", ["[", "[]", "null", '{"pull_request": 7}', '{"pull_request": {"head": []}}', "\x00"])
def test_any_event_is_read_without_a_fault(text: str, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(text)
    reason = why_no_token({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path)})
    assert "no permission" in reason.because


def test_dependabot_is_named(job: Run, tmp_path: Path) -> None:
    error = first(job(without_token(tmp_path, READ, GITHUB_ACTOR="dependabot[bot]")))
    assert "Dependabot started this run" in error.data


@pytest.mark.parametrize(
    "ref",
    ["acme/app/.github/workflows/../../../../../event.json@x", "acme/app//etc/passwd@x", "", "x", "@", "a/b/c\x00@d"],
)
def test_workflow_outside_of_the_checkout_is_not_read(ref: str, tmp_path: Path) -> None:
    variables = without_token(tmp_path, GITHUB_WORKFLOW_REF=ref)
    assert why_no_token(variables).file == ""


def test_broken_workflow_is_no_fault_of_ours(job: Run, tmp_path: Path) -> None:
    done = job(without_token(tmp_path, "jobs: [\n"))
    assert done.code == 1
    assert "TOK014" in first(done).properties["title"]


def test_pull_request_target_is_named(job: Run, site: Site, tmp_path: Path) -> None:
    text = token(GITHUB, "sts.amazonaws.com", "repo:acme/app:ref:refs/heads/main", event_name="pull_request_target")
    site.serve("/token?audience=sts.amazonaws.com", {"value": text})
    variables = github_variables(tmp_path, f"{site.issuer}/token") | {"REQUESTS_CA_BUNDLE": site.ca_file}
    assert "run no code of the pull request in this job" in job(variables, "--private-issuer").out.replace(
        "\n    ", " "
    )


def test_private_server_needs_the_users_word(job: Run, site: Site, tmp_path: Path) -> None:
    variables = github_variables(tmp_path, f"{site.issuer}/token") | {"REQUESTS_CA_BUNDLE": site.ca_file}
    done = job(variables)
    assert done.code == 3
    assert not site.asked


def test_summary_that_is_full_is_said(job: Run, tmp_path: Path) -> None:
    variables = without_token(tmp_path)
    (tmp_path / "summary.md").write_text("x" * (1024 * 1024 - 100))
    done = job(variables)
    assert done.code == 1
    assert "the job summary was not written" in done.err
    assert (tmp_path / "summary.md").stat().st_size == 1024 * 1024 - 100
    (tmp_path / "summary.md").unlink()
    (tmp_path / "summary.md").symlink_to(tmp_path / "elsewhere")
    assert "the job summary was not written" in job(variables).err
    assert not (tmp_path / "elsewhere").exists()


def test_artifact_goes_into_a_folder_of_its_own(job: Run, tmp_path: Path) -> None:
    variables = without_token(tmp_path)
    assert job(variables, "--artifact", "artifact").code == 1
    again = job(variables, "--artifact", "artifact")
    assert again.code == 2
    assert "already exists, and is not empty" in again.err
    (tmp_path / "work" / "link").symlink_to(tmp_path)
    assert job(variables, "--artifact", "link").code == 2
    assert job(variables, "--artifact", "no/such/folder").code == 2
