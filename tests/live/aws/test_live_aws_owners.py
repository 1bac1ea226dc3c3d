"""Buckets and repositories that a file names: read only where the expected account owns them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clouds.aws import Cloud, break_operation
from clouds.aws_set_up import ACCOUNT, TRUSS, AwsSetUp, put_trail
from clouds.command_line import FinishedRun

OTHER = "210987654321"


@pytest.fixture
def by_truss(
    set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> Callable[..., FinishedRun]:
    """Asks about the role, the bucket and the repository of a Truss configuration."""
    made = set_up(rich=True)
    put_trail(made)

    def run(*more: str, truss: str = TRUSS) -> FinishedRun:
        config = tmp_path / "config.yaml"
        config.write_text(truss.format(role=made.role))
        return doctor("--truss", config, "--no-logs", *more)

    return run


def test_each_read_of_a_bucket_names_the_account_of_the_credentials(
    cloud: Cloud, by_truss: Callable[..., FinishedRun]
) -> None:
    cloud.owners.clear()
    by_truss("--cloudtrail", "s3://weights/logs", "--since", "24h")
    assert {operation for operation, _ in cloud.owners} == {
        "GetBucketPolicy", "GetEncryptionConfiguration", "ListBucket", "GetObject",
    }  # fmt: skip
    assert {owner for _, owner in cloud.owners} == {ACCOUNT}


@pytest.mark.parametrize("option", [OTHER, f"weights={OTHER}"])
def test_the_user_names_the_account_of_another(option: str, cloud: Cloud, by_truss: Callable[..., FinishedRun]) -> None:
    cloud.owners.clear()
    by_truss("--resource-account", option, "--resource-account", f"another={ACCOUNT}")
    assert {owner for _, owner in cloud.owners} == {OTHER}


def test_a_refusal_names_both_ways_out(cloud: Cloud, by_truss: Callable[..., FinishedRun]) -> None:
    break_operation(cloud, "s3:GetBucketPolicy", code="AccessDenied", status=403)
    reason = by_truss().coverage("aws/bucket-policy.json")["reason"]
    assert f"allow s3:GetBucketPolicy, or where weights is not of account {ACCOUNT}: --resource-account" in reason


def test_without_a_known_account_no_bucket_and_no_repository_is_asked_for(
    cloud: Cloud, by_truss: Callable[..., FinishedRun]
) -> None:
    break_operation(cloud, "sts:GetCallerIdentity", code="AccessDenied", status=403)
    cloud.calls.clear()
    done = by_truss("--cloudtrail", "s3://weights/logs", "--since", "24h")
    assert not [name for name in cloud.calls if name.startswith(("s3:", "ecr:", "kms:"))]
    for name in ("bucket-policy", "bucket-encryption", "repository-policy"):
        assert "may be a stranger's and was not read; --resource-account" in done.coverage(f"aws/{name}.json")["reason"]
    done = by_truss("--resource-account", ACCOUNT)
    assert {"aws/bucket-policy.json", "aws/repository-policy.json"} <= done.read


def test_a_repository_of_another_account_is_not_asked_for(cloud: Cloud, by_truss: Callable[..., FinishedRun]) -> None:
    cloud.calls.clear()
    truss = TRUSS.replace(f"{ACCOUNT}.dkr", f"{OTHER}.dkr")
    done = by_truss(truss=truss)
    assert not cloud.calls["ecr:GetRepositoryPolicy"]
    assert f"--resource-account {OTHER} reads it" in done.coverage("aws/repository-policy.json")["reason"]
    by_truss("--resource-account", OTHER, truss=truss)
    assert cloud.calls["ecr:GetRepositoryPolicy"]


@pytest.mark.parametrize("text", ["123", "weights", "weights=", "１２３４５６７８９０１２", f"{ACCOUNT} "])
def test_what_is_no_account_is_refused(text: str, by_truss: Callable[..., FinishedRun]) -> None:
    done = by_truss("--resource-account", text)
    assert done.code == 2
    assert "not an account id of 12 digits" in done.err
