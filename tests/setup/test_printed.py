"""What is printed of a set-up: commands that bash reads as they were meant, and Terraform of the same documents."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.setup import aws, commands, gcp, terraform
from oidc_doctor.setup.notes import notes_on
from oidc_doctor.setup.proof import faults_of
from oidc_doctor.setup.wanted import AwsWanted, GcpWanted, Workload

WORKLOAD = Workload("Hq4Lm8Tz", "Rw7Cx2Vb", "Kd3Fg6Jn", "production")
KEY = "arn:aws:kms:us-east-1:210987654321:key/6b2f0c1e-0d3a-4c7e-9a51-2f8e4b7d9c10"
AWS = AwsWanted(WORKLOAD, "210987654321", "acme-weights", "ml/serve", "us-east-1", "Weights", KEY, 7200)
GOOGLE = GcpWanted(WORKLOAD, "acme-prod", "482910375566", "acme-weights", "us-docker.pkg.dev/acme-prod/ml")

# A stand-in for gcloud: it keeps what was made as files, and writes down each call.
GCLOUD = """#!/usr/bin/env python3
import json, os, sys
folder, words = os.environ["KEPT"], sys.argv[1:]
with open(os.path.join(folder, "calls"), "a") as file:
    file.write(json.dumps(words) + "\\n")
place = [word for word in words if not word.startswith("--")]
verb = next((word for word in place if word in ("describe", "create", "create-oidc", "undelete", "update-oidc")), "")
kept = os.path.join(folder, "-".join(place[: place.index(verb)] + [place[-1].partition("@")[0]]) if verb else "other")
if place[:2] == ["projects", "describe"]:
    print(os.environ["NUMBER"])
elif verb == "describe":
    if not os.path.exists(kept):
        sys.exit("NOT_FOUND")
    if "--format=value(state)" in words:
        print(open(kept).read())
elif verb in ("create", "create-oidc"):
    if os.path.exists(kept):
        sys.exit("ALREADY_EXISTS")
    open(kept, "w").write("ACTIVE")
elif verb == "undelete":
    open(kept, "w").write("ACTIVE")
"""


def run(text: str, folder: Path, number: str = "482910375566") -> subprocess.CompletedProcess[str]:
    stand_in = folder / "bin" / "gcloud"
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.write_text(GCLOUD)
    stand_in.chmod(0o755)
    environment = {"PATH": f"{stand_in.parent}:{os.environ['PATH']}", "KEPT": str(folder), "NUMBER": number}
    return subprocess.run(["bash"], input=text, env=environment, capture_output=True, text=True, check=False)


def calls(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "calls").read_text().splitlines()]


def made_by(words: list[list[str]], name: str) -> list[list[str]]:
    return [line for line in words if name in line]


def test_gcloud_is_called_again_without_harm(tmp_path: Path) -> None:
    text = commands.gcp_commands(GOOGLE)
    for _ in range(2):
        done = run(text, tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    said = calls(tmp_path)
    assert len(made_by(said, "create-oidc")) == 1
    assert len(made_by(said, "update-oidc")) == 2
    assert not made_by(said, "undelete")
    for line in [*made_by(said, "create-oidc"), *made_by(said, "update-oidc")]:
        options = dict(word.removeprefix("--").split("=", 1) for word in line if word.startswith("--"))
        assert options["attribute-condition"] == gcp.condition(GOOGLE)
        assert dict(part.split("=", 1) for part in options["attribute-mapping"].split(",")) == gcp.mapping(GOOGLE)
        assert options["allowed-audiences"] == "oidc.baseten.co"
    (bind, _) = made_by(said, "gs://acme-weights")
    assert "--role=roles/storage.objectViewer" in bind


def test_a_deleted_pool_is_restored(tmp_path: Path) -> None:
    (tmp_path / "iam-workload-identity-pools-baseten-pool").write_text("DELETED")
    assert run(commands.gcp_commands(GOOGLE), tmp_path).returncode == 0
    (undelete,) = made_by(calls(tmp_path), "undelete")
    assert undelete[2:4] == ["undelete", "baseten-pool"]


def test_another_project_s_number_ends_the_run(tmp_path: Path) -> None:
    done = run(commands.gcp_commands(GOOGLE), tmp_path, number="111111111111")
    assert done.returncode == 1
    assert "the number of the project acme-prod is not 482910375566" in done.stderr
    assert len(calls(tmp_path)) == 1


@pytest.mark.parametrize("text", [commands.aws_commands(AWS), commands.gcp_commands(GOOGLE)], ids=["aws", "gcp"])
def test_bash_and_zsh_read_the_commands(text: str) -> None:
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False, capture_output=True).returncode == 0
    assert text.startswith("(\nset -eu\n")
    assert "#" not in text  # an interactive zsh takes it for a command
    assert shlex.split(text)


def test_the_documents_in_the_commands_are_those_that_were_judged() -> None:
    words = shlex.split(commands.aws_commands(AWS))
    after = {option: json.loads(words[index + 1]) for index, option in enumerate(words) if option.endswith("-document")}
    assert after["--assume-role-policy-document"] == aws.trust_policy(AWS)
    assert json.loads(words[len(words) - words[::-1].index("--policy-document")]) == aws.role_policy(AWS)
    assert words[words.index("--max-session-duration") + 1] == "7200"


def test_terraform_of_aws_has_the_documents_that_were_judged() -> None:
    configuration = json.loads(terraform.aws_terraform(AWS))
    resource = configuration["resource"]
    files = aws.files(AWS)
    role = resource["aws_iam_role"]["baseten"]
    files["aws/role.json"]["Role"]["AssumeRolePolicyDocument"] = json.loads(role["assume_role_policy"])
    provider = resource["aws_iam_openid_connect_provider"]["baseten"]
    files["aws/oidc-provider.json"]["ClientIDList"] = provider["client_id_list"]
    policy = json.loads(resource["aws_iam_role_policy"]["baseten"]["policy"])
    files[f"aws/role-policies/{aws.POLICY_NAME}.json"]["PolicyDocument"] = policy
    assert faults_of(AWS, files) == []
    assert (role["name"], role["max_session_duration"], provider["url"]) == ("Weights", 7200, "https://oidc.baseten.co")
    assert configuration["provider"]["aws"] == {"allowed_account_ids": ["210987654321"], "region": "us-east-1"}


def test_terraform_of_google_has_the_documents_that_were_judged() -> None:
    resource = json.loads(terraform.gcp_terraform(GOOGLE))["resource"]
    files = gcp.files(GOOGLE)
    made = resource["google_iam_workload_identity_pool_provider"]["baseten"]
    files["gcp/provider.json"] |= {
        "attributeMapping": made["attribute_mapping"],
        "attributeCondition": made["attribute_condition"],
        "oidc": {
            "issuerUri": made["oidc"]["issuer_uri"],
            "allowedAudiences": made["oidc"]["allowed_audiences"],
        },
    }
    for file, kind in (
        ("service-account-policy", "google_service_account_iam_member"),
        ("bucket-policy", "google_storage_bucket_iam_member"),
        ("repository-policy", "google_artifact_registry_repository_iam_member"),
    ):
        grant = resource[kind]["baseten"]
        files[f"gcp/{file}.json"] = {"bindings": [{"role": grant["role"], "members": [grant["member"]]}]}
    assert faults_of(GOOGLE, files) == []


@pytest.mark.parametrize("text", [terraform.aws_terraform(AWS), terraform.gcp_terraform(GOOGLE)], ids=["aws", "gcp"])
def test_terraform_refers_only_to_what_it_makes(text: str) -> None:
    configuration = json.loads(text)
    assert set(configuration) == {"//", "terraform", "provider", "resource"}
    names = {f"{kind}.{name}" for kind, made in configuration["resource"].items() for name in made}

    def strings(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for part in value.values() for text in strings(part)]
        return [text for part in value for text in strings(part)] if isinstance(value, list) else [str(value)]

    for made in configuration["resource"].values():
        for arguments in made.values():
            assert set(arguments.get("depends_on", [])) <= names
            for value in strings(arguments):
                assert "%{" not in value
                if "${" in value:
                    assert value.removeprefix("${").rpartition(".")[0] in names
                    assert value.endswith("}")


def test_the_notes_say_what_others_have_to_allow() -> None:
    other = AwsWanted(WORKLOAD, "210987654321", repository="arn:aws:ecr:us-east-1:999988887777:repository/ml")
    assert any("its owner adds" in line and "210987654321:role/BasetenOIDCRole" in line for line in notes_on(other))
    assert any("the policy of the key" in line for line in notes_on(AWS))
    assert any("leave --environment out" in line for line in notes_on(GOOGLE))


def test_terraform_says_how_to_take_over_what_exists() -> None:
    of_google = json.loads(terraform.gcp_terraform(GOOGLE))
    pool = "projects/acme-prod/locations/global/workloadIdentityPools/baseten-pool"  # by number it would be replaced
    assert f"terraform import google_iam_workload_identity_pool.baseten {pool}" in of_google["//"]
    assert any(line.endswith(f"{pool}/providers/baseten-provider") for line in of_google["//"])
    for kind in ("google_service_account", "google_iam_workload_identity_pool"):
        assert of_google["resource"][kind]["baseten"]["depends_on"] == ["google_project_service.iam"]
    of_aws = json.loads(terraform.aws_terraform(AWS))
    assert "terraform import aws_iam_role.baseten Weights" in of_aws["//"]


@pytest.mark.parametrize("wanted", [AWS, GOOGLE], ids=["aws", "gcp"])
def test_only_commands_replace_what_exists(wanted: AwsWanted | GcpWanted) -> None:
    assert any("exists gets this" in line for line in notes_on(wanted))
    assert not any("exists gets this" in line for line in notes_on(wanted, are_commands=False))
