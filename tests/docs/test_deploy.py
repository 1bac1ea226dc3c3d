"""The files of docs/deploy: each is valid for its platform, its commands run, and it needs the permissions it names.

UPDATE_README=1 writes the permissions of today.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hcl2
import msgspec
import pytest
import yaml
from crontab import CronTab
from lightkube.models import batch_v1, core_v1

from oidc_doctor.cli.main import main
from oidc_doctor.documents.health_file import parse_health_file
from tests.docs.conftest import ROOT

DEPLOY = ROOT / "docs" / "deploy"
SCRIPT = Path(sys.executable).with_name("oidc-doctor")
IMAGE_PATHS = {"/etc/oidc-doctor/": "config/", "/var/lib/oidc-doctor/": "state/", "/state/": "state/"}


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def yaml_of(name: str) -> list[Any]:
    return list(yaml.safe_load_all(text_of(name)))


def terraform(name: str) -> dict[str, Any]:
    return hcl2.loads(text_of(name), serialization_options=hcl2.SerializationOptions(strip_string_quotes=True))


def resources(name: str) -> dict[str, Any]:
    """Each resource of a Terraform file by its address."""
    return {
        f"{kind}.{title}": body
        for block in terraform(name)["resource"]
        for kind, titles in block.items()
        for title, body in titles.items()
    }


def cron_job() -> Any:
    (job,) = CronTab(tab=text_of("crontab"), user=False)
    return job


def service() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text_of("oidc-doctor.service"))
    return parser


def cron_job_of_kubernetes() -> Any:
    (job,) = (document for document in yaml_of("kubernetes.yaml") if document["kind"] == "CronJob")
    return job["spec"]


def pod() -> Any:
    return cron_job_of_kubernetes()["jobTemplate"]["spec"]["template"]["spec"]


def cloud_run() -> Any:
    (execution,) = resources("cloud-run.tf")["google_cloud_run_v2_job.health"]["template"]
    (task,) = execution["template"]
    return task


def health_step(lines: list[str]) -> list[str]:
    (line,) = (line for line in lines if line.startswith("oidc-doctor health"))
    return shlex.split(line)[1:]


COMMANDS: dict[str, Callable[[], list[str]]] = {
    "crontab": lambda: shlex.split(cron_job().command)[1:],
    "oidc-doctor.service": lambda: shlex.split(service()["Service"]["ExecStart"])[1:],
    "kubernetes.yaml": lambda: pod()["containers"][0]["args"],
    "github-actions.yml": lambda: health_step(
        [step.get("run", "") for step in yaml_of("github-actions.yml")[0]["jobs"]["health"]["steps"]]
    ),
    "gitlab-ci.yml": lambda: health_step(yaml_of("gitlab-ci.yml")[0]["oidc-doctor-health"]["script"]),
    "ecs.tf": lambda: terraform("ecs.tf")["locals"][0]["command"],
    "cloud-run.tf": lambda: cloud_run()["containers"][0]["args"],
}
SCHEDULES: dict[str, Callable[[], str]] = {
    "crontab": lambda: str(cron_job().slices),
    "kubernetes.yaml": lambda: cron_job_of_kubernetes()["schedule"],
    # PyYAML reads YAML 1.1, where `on` is true
    "github-actions.yml": lambda: yaml_of("github-actions.yml")[0][True]["schedule"][0]["cron"],
    "cloud-run.tf": lambda: resources("cloud-run.tf")["google_cloud_scheduler_job.health"]["schedule"],
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run, with a configuration whose one target is refused."""
    (tmp_path / "config").mkdir()
    (tmp_path / "state").mkdir()
    target = f'[[target]]\nname = "weights"\nfrom = "{ROOT}/sample_logs/aws-wrong-team"\n'
    for name in ("oidc-doctor.toml", "config/oidc-doctor.toml"):
        (tmp_path / name).write_text(target)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_runs_twice(name: str, machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run makes the baseline; the second finds it, and nothing that changed."""
    command = COMMANDS[name]()
    for path, here in IMAGE_PATHS.items():
        command = [word.replace(path, here) for word in command]
    assert main(command) == 1
    assert "first run, the baseline" in capsys.readouterr().out
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert [line for line in err.splitlines() if not line.startswith("report written to ")] == []
    assert out == "" if "-q" in command else "nothing changed since" in out
    assert list(machine.rglob("health.json"))


@pytest.mark.parametrize(("name", "arguments"), [("aws-policy.json", ["aws"]), ("gcp-role.yaml", ["gcp"])])
def test_the_permissions_are_what_the_command_prints(
    name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["permissions", *arguments, "-c", str(DEPLOY / "oidc-doctor.toml")]) == 0
    printed = capsys.readouterr().out
    if os.environ.get("UPDATE_README"):
        (DEPLOY / name).write_text(printed, encoding="utf-8")
    assert text_of(name) == printed, "run it again with UPDATE_README=1 if the new permissions are meant"
    assert any(f'file("${{path.module}}/{name}")' in text_of(terraform) for terraform in ("ecs.tf", "cloud-run.tf"))


def test_the_policy_names_each_live_role_and_no_other() -> None:
    file = parse_health_file(text_of("oidc-doctor.toml"))
    roles = [target.target.aws.role_arn for target in file.targets if target.target.aws]
    allowed = next(
        statement["Resource"]
        for statement in json.loads(text_of("aws-policy.json"))["Statement"]
        if "iam:GetRole" in statement["Action"]
    )
    assert allowed == roles
    assert len(roles) > 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_schedule_is_one_of_cron(name: str) -> None:
    job = CronTab(tab="").new(command="x")
    assert job.setall(SCHEDULES[name]()) is not False
    assert job.is_valid()


def test_the_line_of_cron_has_a_user_and_no_percent_sign() -> None:
    """Without -q, or for a sign that cron turns into a new line, mail would come every hour or nothing would run."""
    job = cron_job()
    assert job.user == "oidc-doctor"
    assert job.is_valid()
    assert "%" not in job.command
    assert "-q" in job.command


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name in ("oidc-doctor.service", "oidc-doctor.timer"):
        (tmp_path / name).write_text(text_of(name).replace("/usr/local/bin/oidc-doctor", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, [line for line in done.stderr.splitlines() if "oidc-doctor" in line]) == (
        0,
        "",
        [],
    )


MODELS = {
    "ServiceAccount": core_v1.ServiceAccount,
    "ConfigMap": core_v1.ConfigMap,
    "PersistentVolumeClaim": core_v1.PersistentVolumeClaim,
    "CronJob": batch_v1.CronJob,
}


@pytest.mark.parametrize("document", yaml_of("kubernetes.yaml"), ids=lambda document: document["kind"])
def test_kubernetes_knows_every_field(document: Any) -> None:
    """An unknown field would be lost on the way, and a wrong type is an error."""
    read = msgspec.convert(document, MODELS[document["kind"]])
    assert without_nothing(msgspec.to_builtins(read)) == document


def without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nothing(inner) for name, inner in value.items() if inner is not None}
    return [without_nothing(inner) for inner in value] if isinstance(value, list) else value


def test_the_pod_has_what_it_mounts_and_can_write_only_the_state() -> None:
    documents = {document["kind"]: document for document in yaml_of("kubernetes.yaml")}
    assert pod()["serviceAccountName"] == documents["ServiceAccount"]["metadata"]["name"]
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    assert volumes["config"]["configMap"]["name"] == documents["ConfigMap"]["metadata"]["name"]
    claim = documents["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["state"]["persistentVolumeClaim"]["claimName"] == claim
    (container,) = pod()["containers"]
    assert {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]} == {
        "/etc/oidc-doctor": True,
        "/state": False,
    }
    assert container["securityContext"]["readOnlyRootFilesystem"]
    (file,) = documents["ConfigMap"]["data"].items()
    assert parse_health_file(file[1], file[0]).targets


def test_no_platform_tries_again_after_a_finding() -> None:
    job = cron_job_of_kubernetes()
    assert (job["jobTemplate"]["spec"]["backoffLimit"], pod()["restartPolicy"]) == (0, "Never")
    assert job["concurrencyPolicy"] == "Forbid"
    assert cloud_run()["max_retries"] == 0
    (target,) = resources("ecs.tf")["aws_scheduler_schedule.health"]["target"]
    assert target["retry_policy"][0]["maximum_retry_attempts"] == 0
    assert service()["Service"]["SuccessExitStatus"] == "1"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("github-actions.yml", ["--builtin-schema", "vendor.github-workflows"]),
        ("gitlab-ci.yml", ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_the_pipeline_is_what_its_schema_says(name: str, options: list[str]) -> None:
    """The schemas are in the package: nothing is fetched."""
    command = [sys.executable, "-m", "check_jsonschema", *options, str(DEPLOY / name)]
    nowhere = {**os.environ, "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_workflow_saves_the_state_that_it_restores() -> None:
    (job,) = yaml_of("github-actions.yml")[0]["jobs"].values()
    uses = {step["uses"].partition("@")[0]: step for step in job["steps"] if "uses" in step}
    restored, saved = uses["actions/cache/restore"]["with"], uses["actions/cache/save"]["with"]
    assert (restored["path"], restored["key"]) == (saved["path"], saved["key"])
    assert restored["key"].startswith(restored["restore-keys"])
    assert f"--state {saved['path']}" in shlex.join(COMMANDS["github-actions.yml"]())


@pytest.mark.parametrize("name", ["ecs.tf", "cloud-run.tf"])
def test_terraform_declares_what_it_refers_to(name: str) -> None:
    text = text_of(name)
    declared = set(resources(name)) | {
        f"data.{kind}.{title}"
        for block in terraform(name).get("data", [])
        for kind, titles in block.items()
        for title in titles
    }
    used = set(re.findall(r"(?<![\w.\"])((?:data\.)?(?:aws|google)_\w+\.\w+)\.", text))
    assert used
    assert used <= declared
    variables = {variable for block in terraform(name)["variable"] for variable in block}
    assert set(re.findall(r"\bvar\.(\w+)", text)) == variables


def test_the_image_has_the_targets_where_the_jobs_read_them() -> None:
    lines = dict(line.split(" ", 1) for line in text_of("Containerfile").splitlines() if line[0] != "#")
    *_, source, target = lines["COPY"].split()
    assert (DEPLOY / source).is_file()
    for name in ("ecs.tf", "cloud-run.tf"):
        assert f"--config={target}" in COMMANDS[name]()


# The container image, as far as this goes without a container


def without_capabilities() -> list[str]:
    """Root may write to read-only folders; as root without capabilities it may not."""
    return [] if os.geteuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


@pytest.fixture
def read_only(machine: Path) -> Iterator[Path]:
    """A folder with the configuration that cannot be written to; only state/ can."""
    machine.chmod(0o555)
    yield machine
    machine.chmod(0o755)


@pytest.mark.skipif(not os.geteuid() and not shutil.which("setpriv"), reason="root, and no setpriv")
def test_health_needs_no_home_and_writes_only_its_state(read_only: Path) -> None:
    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [*without_capabilities(), str(SCRIPT), "health", "-c", "config/oidc-doctor.toml", *arguments]
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(read_only),
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    done = run("--state", "state/health.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert "first run, the baseline" in done.stdout
    assert {path.name for path in read_only.iterdir()} == {"config", "state", "oidc-doctor.toml"}
    done = run(HOME=str(read_only))  # Docker's HOME of a user without a name is /, which is read-only
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"oidc-doctor: \S+/\.local: Permission denied; --state names another file\n", done.stderr)
