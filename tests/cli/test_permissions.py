"""`permissions -c`: the least permissions for the live targets of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from oidc_doctor.cli.main import main

ROLE = "arn:aws:iam::123456789012:role/"
PROVIDER = "projects/482910375566/locations/global/workloadIdentityPools/pool/providers/provider"
TARGETS = f"""
[[target]]
name = "weights"
[target.aws]
role_arn = "{ROLE}ModelWeights"

[[target]]
name = "images"
[target.aws]
role_arn = "{ROLE}ModelImages"
ecr_repository = "models"

[[target]]
name = "datasets"
[target.gcp]
provider = "{PROVIDER}"
service_account = "reader@weights-prod.iam.gserviceaccount.com"

[[target]]
name = "saved"
from = "bundles/saved"
[target.aws]
role_arn = "{ROLE}Saved"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "oidc-doctor.toml"
    path.write_text(TARGETS)
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["permissions", *arguments]) == 0
    return capsys.readouterr().out


def test_the_policy_is_that_of_the_live_roles(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    allowed = {
        action: statement["Resource"]
        for statement in json.loads(printed(capsys, "aws", "-c", str(file)))["Statement"]
        for action in statement["Action"]
    }
    assert allowed["iam:GetRole"] == [f"{ROLE}ModelWeights", f"{ROLE}ModelImages"]
    assert allowed["ecr:GetRepositoryPolicy"].endswith(":repository/models")
    assert not any(action.startswith("s3:") for action in allowed)


def test_the_custom_role_has_no_permission_for_what_no_target_names(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    least, most = (
        set(yaml.safe_load(printed(capsys, "gcp", *more))["includedPermissions"]) for more in (["-c", str(file)], [])
    )
    assert most - least == {"artifactregistry.repositories.getIamPolicy", "storage.buckets.getIamPolicy"}
    assert "iam.workloadIdentityPoolProviders.get" in least


def test_a_file_without_targets_of_the_cloud_or_next_to_a_role_is_refused(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["permissions", "aws", "-c", str(file), "--role", f"{ROLE}Other"]) == 2
    assert "the file names them" in capsys.readouterr().err
    file.write_text('[[target]]\nname = "saved"\nfrom = "bundles/saved"\n')
    for cloud, name in (("aws", "AWS"), ("gcp", "Google Cloud")):
        assert main(["permissions", cloud, "-c", str(file)]) == 2
        assert f"no [[target]] is read live from {name}" in capsys.readouterr().err


def test_a_table_has_buckets_that_are_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "aws", "--role", f"{ROLE}ModelWeights", "--cloudtrail", "athena:logs.cloudtrail"]) == 0
    captured = capsys.readouterr()
    assert "arn:aws:s3:::BUCKET-OF-THE-TABLE/*" in captured.out
    assert captured.err.splitlines() == [
        "replace BUCKET-OF-THE-TABLE: the bucket in the location of the table",
        "replace BUCKET-OF-THE-RESULTS: the bucket where Athena writes results, by the workgroup or --athena-output",
    ]


@pytest.mark.parametrize("place", ["bigquery:acme-logs.audit", "loganalytics:acme-logs.eu.audit"])
def test_the_custom_role_reads_logs_in_bigquery(capsys: pytest.CaptureFixture[str], place: str) -> None:
    text = printed(capsys, "gcp", "--gcp-logs", place)
    permissions = set(yaml.safe_load(text)["includedPermissions"])
    calls = {"jobs.create", "tables.get", "tables.getData", "tables.list"}
    assert {f"bigquery.{call}" for call in calls} <= permissions
    assert ("logging.links.list" in permissions) == place.startswith("loganalytics")
    assert not {"logging.logEntries.list", "logging.privateLogEntries.list"} & permissions
    assert "roles/bigquery.dataViewer, roles/bigquery.jobUser" in text


@pytest.mark.parametrize("place", ["bigquery:acme-logs", "bigquery:acme-logs.a`b", "entries.json", "athena:a.b"])
def test_a_place_of_another_form_is_refused(capsys: pytest.CaptureFixture[str], place: str) -> None:
    assert main(["permissions", "gcp", "--gcp-logs", place]) == 2
    assert f"--gcp-logs {place}" in capsys.readouterr().err
