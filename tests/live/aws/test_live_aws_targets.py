"""From where a live run takes the role and the token: flags, files, variables, a bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Cloud, break_operation
from clouds.aws_set_up import AUDIENCE, SUBJECT, TRUSS, AwsSetUp, unsigned_token
from clouds.command_line import FinishedRun
from clouds.issuer import Site


def test_a_truss_configuration_names_role_bucket_and_repository(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up(rich=True)
    config = tmp_path / "config.yaml"
    config.write_text(TRUSS.format(role=made.role))
    done = doctor("--truss", config, "--no-logs")
    assert {"aws/role.json", "aws/bucket-policy.json", "aws/repository-policy.json", "aws/key-policy.json"} <= done.read


def test_several_targets_of_the_working_folder(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    toml = f"""
    [[target]]
    name = "one"
    [target.aws]
    role_arn = "{made.role}"
    [[target]]
    name = "two"
    [target.aws]
    role_arn = "{made.role}z"
    """
    (tmp_path / "here" / "oidc-doctor.toml").write_text(toml)
    done = doctor("--live", "--no-logs", "--subject", SUBJECT)
    by_name = {one["target_name"]: one["prediction"] for one in done.report["exchanges"]}
    assert by_name["two"] == "refused"
    assert set(by_name) == {"one", "two"}
    assert {"targets/one/aws/role.json", "oidc-doctor.toml"} <= done.read


def test_the_workloads_own_variables(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path, monkeypatch: Any
) -> None:
    made = set_up()
    (tmp_path / "token").write_text(unsigned_token(made))
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", made.role)
    done = doctor("--live", "--no-logs", "--format", "text", "-v")
    assert made.role in done.out
    assert SUBJECT in done.out


def test_a_token_of_a_github_job(
    cloud: Cloud, site: Site, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], monkeypatch: Any
) -> None:
    made = set_up()
    given = ["--role", made.role, "--no-logs", "--private-issuer", "--fetch-github-token", AUDIENCE]
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    assert "id-token: write" in doctor(*given).err
    token = unsigned_token(made)
    site.serve("/token?v=1&audience=sts.amazonaws.com", {"value": token})
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{site.issuer}/token?v=1")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "b34r3r")
    done = doctor(*given)
    assert done.report["exchanges"][0]["subject"] == SUBJECT, done.err
    assert token not in done.out + done.err
    assert "b34r3r" not in done.out + done.err
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", site.issuer.replace("https", "http"))
    assert "NotHttps" in doctor(*given).err


def test_the_token_file_of_a_client_configuration(
    cloud: Cloud, site: Site, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    (tmp_path / "token.json").write_text(json.dumps({"access": unsigned_token(made)}))
    source = {
        "file": str(tmp_path / "token.json"),
        "format": {"type": "json", "subject_token_field_name": "access"},
        "headers": {"Authorization": "s3cr3t"},
    }
    config = {"type": "external_account", "audience": "//iam.googleapis.com/x", "credential_source": source}
    (tmp_path / "client.json").write_text(json.dumps(config))
    done = doctor("--offline", "--role", made.role, "--credentials", tmp_path / "client.json")
    assert done.coverage("gcp/credentials.json")["status"] == "read"
    done = doctor("--role", made.role, "--no-logs", "--private-issuer", "--credentials", tmp_path / "client.json")
    assert SUBJECT in {one["subject"] for one in done.report["exchanges"]}
    assert "s3cr3t" not in done.out + done.err


def test_live_reads_lie_over_a_bundle(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    bundle = tmp_path / "bundle"
    (bundle / "aws").mkdir(parents=True)
    deny = {"Effect": "Deny", "Principal": {"Federated": "x.example"}, "Action": "sts:AssumeRoleWithWebIdentity"}
    old = {"Role": {"Arn": made.role, "RoleName": "Weights", "AssumeRolePolicyDocument": {"Statement": [deny]}}}
    (bundle / "aws" / "role.json").write_text(json.dumps(old))
    (bundle / "claims.json").write_text(json.dumps({"iss": made.issuer, "sub": SUBJECT, "aud": AUDIENCE}))
    offline = doctor("--from", bundle)
    assert offline.prediction == "refused"
    assert not cloud.calls
    live = doctor("--from", bundle, "--live", "--no-logs", "--private-issuer")
    assert live.prediction == "accepted", live.err
    break_operation(cloud, "iam:GetRole", code="AccessDenied", status=403)
    denied = doctor("--from", bundle, "--live", "--no-logs", "--private-issuer")
    assert denied.prediction == "refused"
    assert "the bundle's own is used" in denied.err
    assert json.loads((bundle / "aws" / "role.json").read_text()) == old


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--live"], "nothing to read"),
        (["--truss", "absent.yaml"], "absent.yaml"),
        (["--credentials", "no.json"], "no.json"),
    ],
)
def test_what_cannot_be_used(arguments: list[str], said: str, cloud: Cloud, doctor: Callable[..., FinishedRun]) -> None:
    done = doctor(*arguments)
    assert done.code == 2
    assert said in done.err
    assert not cloud.calls


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
def test_a_set_up_by_the_real_command_line(
    cloud: Cloud, site: Site, ask: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    key = site.issuer.removeprefix("https://")

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            ["aws", "--region", "us-east-1", "--output", "json", *arguments], capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    provider = run(
        "iam", "create-open-id-connect-provider", "--url", f"https://{key}", "--client-id-list", AUDIENCE,
        "--thumbprint-list", site.thumbprint,
    )["OpenIDConnectProviderArn"]  # fmt: skip
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{key}:aud": AUDIENCE, f"{key}:sub": SUBJECT}},
    }
    policy = tmp_path / "trust.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    role = run("iam", "create-role", "--role-name", "ByHand", "--assume-role-policy-document", f"file://{policy}")[
        "Role"
    ]
    cloud.calls.clear()
    done = ask(AwsSetUp(role["Arn"], provider, site.issuer))
    assert done.prediction == "accepted", done.err
    # what the command line prints is what the reader keeps
    printed = run("iam", "get-role", "--role-name", "ByHand")["Role"]
    assert printed["AssumeRolePolicyDocument"]["Statement"] == [statement]
