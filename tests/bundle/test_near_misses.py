"""Files of another role, provider, pool or account than the target names: kept apart from the target's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evidence.snapshots import (
    ACCOUNT,
    ARN,
    AWS_PROVIDER,
    CLAIMS,
    EMAIL,
    GCP_PROVIDER,
    POOL,
    PROVIDER,
    ROLE,
    load,
    only_target,
    toml,
)
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpPool, GcpProvider, Role, ServiceAccount


@pytest.mark.parametrize(
    ("sent", "own"),
    [
        (ARN, True),
        ("arn:aws:iam::<account>:role/Weights", True),
        ("arn:aws:iam::ACCOUNT-ID:role/Weights", True),
        ("arn:aws:iam::123:role/Weights", True),
        ("$AWS_ROLE_ARN", True),
        ("arn:aws:iam::111122223333:role/Weights", False),
        (f"arn:aws:iam::{ACCOUNT}:role/weights", False),
        (f"arn:aws:iam::{ACCOUNT}:role/team/Weights", False),
        ("arn:aws:iam::<account>:role/Other", False),
        ("arn:aws:sts::{AccountID}:assumed-role/{RoleName}/{Session}", False),
    ],
)
def test_a_role_that_is_not_the_targets_is_near(tmp_path: Path, sent: str, own: bool) -> None:
    evidence = only_target(tmp_path, {"aws/role.json": ROLE, "oidc-doctor.toml": toml(aws={"role_arn": sent})})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Role) is own
    assert len(evidence.aws.near_roles) == (not own)
    if not own:
        assert evidence.aws.role == Missing("aws/role.json", f"{ARN} was read, which is not the target's role")


def test_what_a_manifest_records_as_read_holds_no_placeholders(tmp_path: Path) -> None:
    files = {"aws/role.json": ROLE, "oidc-doctor.toml": toml(aws={"role_arn": "arn:aws:iam::<account>:role/Weights"})}
    files["manifest.json"] = {"reads": [{"path": "aws/role.json", "outcome": "ok"}]}
    evidence = only_target(tmp_path, files)
    assert not evidence.target.pasted
    assert evidence.aws is not None
    assert len(evidence.aws.near_roles) == 1


def test_pasted_unless_every_configuration_file_was_read(tmp_path: Path) -> None:
    files: dict[str, Any] = {"aws/role.json": ROLE, "gcp/provider.json": GCP_PROVIDER}
    files["manifest.json"] = {"reads": [{"path": "aws/role.json", "outcome": "ok"}]}
    assert only_target(tmp_path / "a", files).target.pasted
    files["manifest.json"]["reads"].append({"path": "gcp/provider.json", "outcome": "ok"})
    assert not only_target(tmp_path / "b", files).target.pasted
    assert only_target(tmp_path / "c", {"claims.json": CLAIMS}).target.pasted


def test_a_trust_policy_alone_is_the_targets(tmp_path: Path) -> None:
    evidence = only_target(
        tmp_path, {"aws/role.json": {"Statement": []}, "oidc-doctor.toml": toml(aws={"role_arn": ARN})}
    )
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Role)
    assert evidence.aws.role.arn is None


def test_the_role_in_a_list(tmp_path: Path) -> None:
    moved = {"RoleName": "Weights", "Arn": f"arn:aws:iam::{ACCOUNT}:role/team/Weights"}
    other = {"RoleName": "Other", "Arn": f"arn:aws:iam::{ACCOUNT}:role/Other"}
    listed = {"Roles": [other, moved, ROLE["Role"]]}
    evidence = only_target(tmp_path / "a", {"aws/roles.json": listed, "oidc-doctor.toml": toml(aws={"role_arn": ARN})})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Role)
    assert evidence.aws.role.origin.pointer == "/Roles/2"
    assert [role.arn for role in evidence.aws.near_roles] == [moved["Arn"]]
    listed = {"Roles": [other, moved]}
    evidence = only_target(tmp_path / "b", {"aws/roles.json": listed, "oidc-doctor.toml": toml(aws={"role_arn": ARN})})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Missing)
    assert [role.arn for role in evidence.aws.near_roles] == [moved["Arn"]]


def test_the_aws_provider_of_the_issuer(tmp_path: Path) -> None:
    other = {"Url": "token.actions.githubusercontent.com"}
    files = {"aws/oidc-provider.json": [other, AWS_PROVIDER], "claims.json": CLAIMS}
    evidence = only_target(tmp_path / "a", files)
    assert evidence.aws is not None
    assert isinstance(evidence.aws.provider, AwsOidcProvider)
    assert evidence.aws.provider.url == "oidc.baseten.co"
    assert [one.url for one in evidence.aws.other_providers] == ["token.actions.githubusercontent.com"]
    evidence = only_target(tmp_path / "b", {"aws/oidc-provider.json": other, "claims.json": CLAIMS})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.provider, AwsOidcProvider)
    slash = {"Url": "oidc.baseten.co/"}
    evidence = only_target(tmp_path / "c", {"aws/oidc-provider.json": [other, slash], "claims.json": CLAIMS})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.provider, AwsOidcProvider)
    assert evidence.aws.provider.url == "oidc.baseten.co/"


@pytest.mark.parametrize(
    ("sent", "own"),
    [
        (PROVIDER, True),
        (f"//iam.googleapis.com/{PROVIDER}", True),
        (f"https://iam.googleapis.com/{PROVIDER}", True),
        (PROVIDER.replace("123", "<number>"), True),
        (PROVIDER.replace("123", "p"), True),  # the project's ID: one resource, badly named
        (POOL, True),
        ("${{ vars.PROVIDER }}", True),
        (PROVIDER.replace("123", "456"), False),
        (PROVIDER.replace("123", "other-project"), False),
        (PROVIDER.replace("baseten", "github"), False),
        (PROVIDER.replace("/pool/", "/pool2/"), False),
    ],
)
def test_a_gcp_provider_that_is_not_the_targets_is_near(tmp_path: Path, sent: str, own: bool) -> None:
    files = {"gcp/provider.json": GCP_PROVIDER, "oidc-doctor.toml": toml(gcp={"provider": sent})}
    files["gcp/project.json"] = {"projectNumber": "123", "projectId": "p"}
    evidence = only_target(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, GcpProvider) is own
    assert len(evidence.gcp.near_providers) == (not own)


def test_a_project_id_could_be_the_number_where_nobody_read_the_project(tmp_path: Path) -> None:
    sent = PROVIDER.replace("123", "my-project")
    evidence = only_target(
        tmp_path, {"gcp/provider.json": GCP_PROVIDER, "oidc-doctor.toml": toml(gcp={"provider": sent})}
    )
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, GcpProvider)


def test_providers_and_pools_of_lists(tmp_path: Path) -> None:
    near = {**GCP_PROVIDER, "name": f"{POOL}/providers/github"}
    far = {**GCP_PROVIDER, "name": POOL.replace("pool", "other") + "/providers/x"}
    files = {
        "gcp/providers.json": [far, near, GCP_PROVIDER],
        "gcp/pools.json": [{"name": POOL + "2"}, {"name": POOL}],
        "oidc-doctor.toml": toml(gcp={"provider": PROVIDER}),
    }
    evidence = only_target(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, GcpProvider)
    assert evidence.gcp.provider.document.pointer == "/2"
    assert [one.name for one in evidence.gcp.near_providers] == [near["name"]]
    assert isinstance(evidence.gcp.pool, GcpPool)
    assert evidence.gcp.pool.name == POOL


def test_a_pool_and_an_account_that_are_not_the_targets(tmp_path: Path) -> None:
    files = {
        "gcp/pool.json": {"name": POOL + "2"},
        "gcp/service-account.json": {"email": "other@p.iam.gserviceaccount.com"},
        "oidc-doctor.toml": toml(gcp={"provider": PROVIDER, "service_account": EMAIL}),
    }
    evidence = only_target(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.pool, Missing)
    assert evidence.gcp.pool.reason == f"{POOL}2 was read, which is not the target's pool"
    assert isinstance(evidence.gcp.service_account, Missing)
    assert "other@p.iam.gserviceaccount.com" in evidence.gcp.service_account.reason


@pytest.mark.parametrize("sent", [EMAIL, "1234", "<sa>@p.iam.gserviceaccount.com"])
def test_the_targets_account(tmp_path: Path, sent: str) -> None:
    files = {
        "gcp/service-account.json": {"email": EMAIL, "uniqueId": "1234"},
        "oidc-doctor.toml": toml(gcp={"service_account": sent}),
    }
    evidence = only_target(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.service_account, ServiceAccount)


def test_of_two_entries_for_one_file_the_one_against_it_holds(tmp_path: Path) -> None:
    entries = [{"path": "aws/role.json", "outcome": outcome} for outcome in ("not_found", "ok")]
    for reads in (entries, entries[::-1]):
        snapshot = load(tmp_path, {"aws/role.json": {"Statement": []}, "manifest.json": {"reads": reads}})
        (row,) = [row for row in snapshot.coverage if row.what == "aws/role.json"]
        assert (row.status, row.named) == ("missing", True)


def test_a_list_that_was_cut_off_proves_no_absence(tmp_path: Path) -> None:
    path = "aws/oidc-providers.json"
    reads = [{"path": path, "outcome": "ok", "truncated": True}]
    snapshot = load(tmp_path, {path: {"OpenIDConnectProviderList": []}, "manifest.json": {"reads": reads}})
    (evidence,) = snapshot.targets
    assert evidence.aws is not None
    assert isinstance(evidence.aws.provider_arns, Missing)
    assert not evidence.aws.provider_arns.proves_absence


def test_a_file_that_the_manifest_promises_is_named_where_it_is_missing(tmp_path: Path) -> None:
    reads = [{"path": name, "outcome": "ok"} for name in ("aws/rcps/a.json", "aws/rcps/", "notes.txt")]
    snapshot = load(tmp_path, {"aws/role.json": {"Statement": []}, "manifest.json": {"reads": reads}})
    assert [row.what for row in snapshot.coverage if row.named] == ["aws/rcps/a.json"]
