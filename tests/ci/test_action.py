"""The composite action and the component of GitLab: their scripts are run in bash and sh, as the runners run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ci_jobs import BEARER, GITHUB, github_variables, leaks, role, token
from clouds.issuer import Site
from runners import github_commands, gitlab_sections

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(sys.executable).with_name("oidc-doctor")
ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SUBJECT = "repo:acme/app:ref:refs/heads/main"
HOSTILE = "$(touch pwned)`touch pwned`; touch pwned; ${{ github.token }}\" ' && touch pwned #"


def resolved(text: str, inputs: dict[str, str]) -> str:
    """The text with its expressions, of the two contexts that the action uses, as GitHub fills them in."""

    def value(expression: re.Match[str]) -> str:
        context, _, name = expression[1].partition(".")
        return {"inputs": inputs, "github": {"action_path": str(ROOT)}}[context][name]

    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)


def run(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=False, timeout=60)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def run_action(folder: Path, variables: dict[str, str], **given: str) -> subprocess.CompletedProcess[str]:
    """Run the steps of the action; an oidc-doctor is on the PATH, so nothing is installed."""
    inputs = {name: given.get(name, row["default"]) for name, row in ACTION["inputs"].items()}
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    if not (programs / "oidc-doctor").exists():
        (programs / "oidc-doctor").symlink_to(PROGRAM)
    base = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "RUNNER_TEMP": str(folder)}
    (step,) = ACTION["runs"]["steps"]
    values = {name: resolved(text, inputs) for name, text in step["env"].items()}
    script = folder / "step.sh"
    script.write_text(step["run"])
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]  # GitHub Docs, "Workflow syntax", shell
    work = folder / "checkout"
    work.mkdir(exist_ok=True)
    return run(command, base | variables | values, work)


def test_script_holds_no_expression() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert set(step) <= {"id", "name", "shell", "env", "run"}  # no other action is used


def test_action_annotates_and_writes_summary_and_artifact(site: Site, tmp_path: Path) -> None:
    text = token(GITHUB, "sts.amazonaws.com", SUBJECT)
    site.serve("/token?audience=sts.amazonaws.com", {"value": text})
    variables = github_variables(tmp_path, f"{site.issuer}/token") | {"REQUESTS_CA_BUNDLE": site.ca_file}
    policy = role(GITHUB, "sts.amazonaws.com", "repo:acme/app:environment:production")
    (tmp_path / "checkout" / "role one.json").write_text(json.dumps(policy, indent=2))
    error = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    given = {"things": "role one.json\n\n", "artifact": "out", "error": error, "private-issuer": "true"}
    done = run_action(tmp_path, variables, **given)
    assert done.returncode == 1, done.stderr
    assert len(site.asked) == 1
    commands = github_commands(done.stdout)
    assert commands[0].properties["title"] == "AWS024 subject-form-differs"
    assert commands[0].properties["file"] == "role one.json"
    assert "AWS024" in (tmp_path / "summary.md").read_text()
    files = {str(path.relative_to(tmp_path / "checkout/out")) for path in (tmp_path / "checkout/out").rglob("*.*")}
    assert {"report.md", "report.json", "job.json", "bundle/aws/role.json"} <= files
    written = [path.read_text() for path in (tmp_path / "checkout/out").rglob("*") if path.is_file()]
    everything = "\n".join([done.stdout, done.stderr, (tmp_path / "summary.md").read_text(), *written])
    assert not leaks(everything, text, BEARER)


def test_input_is_no_part_of_the_script(tmp_path: Path) -> None:
    variables = github_variables(tmp_path, "")
    names = [name for name in ACTION["inputs"] if name != "version"]  # which installs
    done = run_action(tmp_path, variables, **dict.fromkeys(names, HOSTILE))
    assert done.returncode == 2
    done = run_action(tmp_path, variables, things="--help\n--version", audience="--help", error=HOSTILE)
    assert "./--help: " in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.rglob("pwned"))


COMPONENT = list(yaml.safe_load_all((ROOT / "templates/oidc-doctor.yml").read_text(encoding="utf-8")))


def filled(text: str, inputs: dict[str, str]) -> str:
    """The text with its inputs, as GitLab fills them in before it reads the pipeline."""
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: inputs[found[1]], text)


def run_component(folder: Path, variables: dict[str, str], **given: str) -> subprocess.CompletedProcess[str]:
    defaults = {name: row["default"] for name, row in COMPONENT[0]["spec"]["inputs"].items()}
    (job,) = COMPONENT[1].values()
    values = {name: filled(text, defaults | given) for name, text in job["variables"].items()}
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    if not (programs / "oidc-doctor").exists():
        (programs / "oidc-doctor").symlink_to(PROGRAM)
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)} | values | variables
    script = "\n".join(job["after_script"])
    return run(["sh", "-c", script], environment, folder)


def test_component_explains_the_failed_job_alone(tmp_path: Path) -> None:
    text = token("https://gitlab.com", "https://gitlab.com", "project_path:acme/app:ref_type:branch:ref:main")
    policy = role("https://gitlab.com", "https://gitlab.com", "project_path:acme/app:ref_type:tag:ref:v1")
    (tmp_path / "trust policy.json").write_text(json.dumps(policy))
    variables = {"GITLAB_CI": "true", "CI_JOB_STATUS": "success", "DEPLOY": text}
    assert run_component(tmp_path, variables, things="trust policy.json").stdout == ""
    done = run_component(tmp_path, variables | {"CI_JOB_STATUS": "failed"}, things="trust policy.json")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("error: AWS025 subject-segment-differs: ")
    assert len(gitlab_sections(done.stdout)) == 2
    written = [path.read_text() for path in (tmp_path / "oidc-doctor").rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not leaks("\n".join([done.stdout, done.stderr, *written]), text)


def test_input_of_the_component_is_no_part_of_the_script(tmp_path: Path) -> None:
    variables = {"GITLAB_CI": "true", "CI_JOB_STATUS": "failed"}
    done = run_component(tmp_path, variables, things=HOSTILE, artifact=HOSTILE)
    assert done.returncode == 2
    done = run_component(tmp_path, variables, things="--help")
    assert "./--help: " in done.stderr
    assert not list(tmp_path.rglob("pwned"))


def test_component_writes_inputs_into_variables_and_paths_alone() -> None:
    (job,) = COMPONENT[1].values()
    assert "$[[" not in "\n".join(job["after_script"])


@pytest.mark.parametrize("name", ["github-actions", "gitlab-ci"])
def test_both_are_what_their_schemas_say(name: str) -> None:
    """The schemas are in a package: nothing is fetched."""
    (job,) = COMPONENT[1].values()
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json"
    value = ACTION if name == "github-actions" else {"deploy": {**job, "script": ["true"]}}
    jsonschema.validate(value, json.loads(schema.read_text(encoding="utf-8")))


PYTHON = """#!/bin/sh
echo "$@" >> "$HOME/asked.txt"
if [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
  cp "$0" "$3/bin/pip"
  printf '#!/bin/sh\\necho ran "$@"\\n' > "$3/bin/oidc-doctor"
  chmod +x "$3/bin/oidc-doctor"
fi
"""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """A machine without oidc-doctor, whose Python keeps what it is asked."""
    programs = tmp_path / "machine"
    programs.mkdir()
    for name in ("python3.14", "python3"):
        (programs / name).write_text(PYTHON)
        (programs / name).chmod(0o755)
    return {"PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"}


def test_action_installs_its_own_checkout_or_a_version(bare: dict[str, str], tmp_path: Path) -> None:
    done = run_action(tmp_path, bare, things="role.json")
    assert done.stdout == "ran ci role.json\n", done.stderr
    assert f"-m pip install --quiet --disable-pip-version-check {ROOT}" in (tmp_path / "asked.txt").read_text()
    run_action(tmp_path, bare, version="1.2.3")
    assert (tmp_path / "asked.txt").read_text().splitlines()[-1].endswith(" oidc-doctor==1.2.3")


def test_component_installs_its_package(bare: dict[str, str], tmp_path: Path) -> None:
    (job,) = COMPONENT[1].values()
    script = "\n".join(job["after_script"]).replace("/tmp/oidc-doctor", f"{tmp_path}/venv")  # noqa: S108 - the runner's own
    (tmp_path / "script.sh").write_text(script)
    values = {"OIDC_DOCTOR_THINGS": "", "OIDC_DOCTOR_ARTIFACT": "out", "OIDC_DOCTOR_PACKAGE": "oidc-doctor==1.2.3"}
    environment = bare | values | {"HOME": str(tmp_path), "CI_JOB_STATUS": "failed"}
    done = run(["sh", str(tmp_path / "script.sh")], environment, tmp_path)
    assert done.stdout == "ran ci --artifact=out\n", done.stderr
    assert (tmp_path / "asked.txt").read_text().splitlines()[-1].endswith(" oidc-doctor==1.2.3")
