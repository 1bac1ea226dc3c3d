"""The target that follows from the files of a bundle where no flag and no oidc-doctor.toml names one."""

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
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp


def test_the_target_from_what_was_read(tmp_path: Path) -> None:
    files = {"aws/role.json": ROLE, "gcp/provider.json": GCP_PROVIDER, "gcp/service-account.json": {"email": EMAIL}}
    target = only_target(tmp_path, files).target
    assert target.aws == TargetAws(role_arn=ARN)
    assert target.gcp == TargetGcp(provider=PROVIDER, service_account=EMAIL)
    assert target.issuer == "https://oidc.baseten.co"
    assert {name: str(origin) for name, origin in target.origins.items()} == {
        "aws.role_arn": "aws/role.json:4",
        "gcp.provider": "gcp/provider.json:2",
        "gcp.service_account": "gcp/service-account.json:2",
        "issuer": "gcp/provider.json:4",
    }


IAMCREDENTIALS = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
CREDENTIALS = {
    "type": "external_account",
    "audience": f"//iam.googleapis.com/{POOL}/providers/typo",
    "service_account_impersonation_url": f"{IAMCREDENTIALS}/{EMAIL}:generateAccessToken",
    "service_account_impersonation": {"token_lifetime_seconds": 7200},
}


def test_the_clients_configuration_comes_before_what_was_read(tmp_path: Path) -> None:
    evidence = only_target(tmp_path, {"gcp/credentials.json": CREDENTIALS, "gcp/provider.json": GCP_PROVIDER})
    assert evidence.target.gcp == TargetGcp(
        provider=f"{POOL}/providers/typo",
        audience=f"//iam.googleapis.com/{POOL}/providers/typo",
        service_account=EMAIL,
        access_token_lifetime=7200,
    )
    assert str(evidence.target.origins["gcp.audience"]) == "gcp/credentials.json:3"
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, Missing)
    assert [one.name for one in evidence.gcp.near_providers] == [PROVIDER]


def test_an_audience_of_impossible_form_names_no_provider(tmp_path: Path) -> None:
    evidence = only_target(
        tmp_path, {"gcp/credentials.json": {"audience": "//iam.googleapis.com/..."}, "gcp/provider.json": GCP_PROVIDER}
    )
    assert evidence.target.gcp == TargetGcp(provider=PROVIDER, audience="//iam.googleapis.com/...")


@pytest.mark.parametrize(
    "value", [[], 3, {"audience": 3, "service_account_impersonation_url": [], "service_account_impersonation": 3}]
)
def test_credentials_of_another_kind(tmp_path: Path, value: Any) -> None:
    assert only_target(tmp_path, {"gcp/credentials.json": value}).target.gcp == TargetGcp()


TRUSS = f"""
base_image:
  docker_auth:
    auth_method: AWS_OIDC
    aws_oidc_role_arn: arn:aws:iam::{ACCOUNT}:role/Images
    aws_oidc_region: eu-west-1
weights:
  - source: s3://my-bucket/x
    auth:
      auth_method: AWS_OIDC
      aws_oidc_role_arn: {ARN}
      aws_oidc_region: us-east-1
  - source: gs://g-bucket/x
    auth:
      gcp_oidc_service_account: {EMAIL}
      gcp_oidc_workload_id_provider: {PROVIDER}
"""


def test_the_target_from_a_truss_configuration(tmp_path: Path) -> None:
    first, second = load(tmp_path / "a", {"truss/config.yaml": TRUSS}).targets
    target = first.target
    assert second.target.aws == TargetAws(role_arn=ARN, region="us-east-1", s3_bucket="my-bucket")
    assert target.aws == TargetAws(role_arn=f"arn:aws:iam::{ACCOUNT}:role/Images", region="eu-west-1")
    assert target.gcp == TargetGcp(provider=PROVIDER, service_account=EMAIL, gcs_bucket="g-bucket")
    assert str(target.origins["aws.role_arn"]) == "truss/config.yaml:5"
    evidence, _ = load(tmp_path / "b", {"truss/config.yaml": TRUSS, "aws/role.json": ROLE}).targets
    assert evidence.target.aws == TargetAws(role_arn=ARN, region="us-east-1", s3_bucket="my-bucket")
    assert str(evidence.target.origins["aws.s3_bucket"]) == "truss/config.yaml:8"


def test_a_truss_identity_beside_another_role_or_provider_adds_nothing(tmp_path: Path) -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/Other"
    said = toml(aws={"role_arn": other}, gcp={"provider": f"{POOL}/providers/other"})
    target = only_target(tmp_path / "a", {"truss/config.yaml": TRUSS, "oidc-doctor.toml": said}).target
    assert target.aws == TargetAws(role_arn=other)
    assert target.gcp == TargetGcp(provider=f"{POOL}/providers/other")
    files = {"truss/config.yaml": TRUSS, "gcp/credentials.json": CREDENTIALS, "oidc-doctor.toml": said}
    target = only_target(tmp_path / "b", files).target
    assert target.gcp == TargetGcp(
        provider=f"{POOL}/providers/other", service_account=EMAIL, access_token_lifetime=7200
    )


@pytest.mark.parametrize(
    ("files", "issuer", "origin"),
    [
        (
            {"claims.json": {**CLAIMS, "iss": "https://t"}, "aws/oidc-provider.json": AWS_PROVIDER},
            "https://t",
            "claims.json",
        ),
        ({"aws/oidc-provider.json": {"Url": "host/Path"}}, "https://host/Path", "aws/oidc-provider.json:2"),
        (
            {"issuer/openid-configuration.json": {"issuer": "https://d"}},
            "https://d",
            "issuer/openid-configuration.json:2",
        ),
        ({"truss/whoami.txt": "Issuer: https://w"}, "https://w", "truss/whoami.txt#/issuer"),
        ({"claims.json": {"sub": "x"}}, None, None),
        (
            {"oidc-doctor.toml": '[[target]]\nissuer = "https://o"', "claims.json": CLAIMS},
            "https://o",
            "oidc-doctor.toml:2",
        ),
    ],
)
def test_the_issuer(tmp_path: Path, files: dict[str, Any], issuer: str | None, origin: str | None) -> None:
    target = only_target(tmp_path, files).target
    assert target.issuer == issuer
    assert (str(target.origins["issuer"]) if "issuer" in target.origins else None) == origin


def test_the_command_line_goes_over_the_bundle(tmp_path: Path) -> None:
    over = Target("", None, TargetAws(role_arn="arn:aws:iam::1:role/x"), None, {"aws.role_arn": Origin("--role")})
    token = hypothetical("v=1:org=z")
    files = {"claims.json": CLAIMS, "error.txt": "from the file", "oidc-doctor.toml": toml(aws={"role_arn": ARN})}
    evidence = only_target(tmp_path, files, overrides=over, error_text="from the flag", extra_tokens=[token])
    assert evidence.target.name == "weights"
    assert evidence.target.aws == TargetAws(role_arn="arn:aws:iam::1:role/x")
    assert str(evidence.target.origins["aws.role_arn"]) == "--role"
    assert [error.text for error in evidence.observed] == ["from the flag", "from the file"]
    assert evidence.tokens[0] is token
    assert len(evidence.tokens) == 2


def test_without_a_bundle() -> None:
    snapshot = load_snapshot(
        None, overrides=Target("", None, TargetAws(role_arn=ARN)), extra_tokens=[hypothetical("x")]
    )
    (evidence,) = snapshot.targets
    assert evidence.target.aws == TargetAws(role_arn=ARN)
    assert evidence.aws is not None
    assert evidence.gcp is None
