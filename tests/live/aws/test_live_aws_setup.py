"""What `oidc-doctor setup aws` prints is run by the real AWS CLI, twice, and what it made is read live and judged."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Cloud
from clouds.command_line import FinishedRun
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.aws.client import AwsClients
from oidc_doctor.live.aws.readers import AwsScope, readers
from oidc_doctor.live.collect import collect
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.report.json import render_json
from oidc_doctor.setup.aws import POLICY_NAME

ACCOUNT = "123456789012"  # moto's
ORG, TEAM, MODEL = "Hq4Lm8Tz", "Rw7Cx2Vb", "Kd3Fg6Jn"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/BasetenOIDCRole"
WANTED = ("--org", ORG, "--team", TEAM, "--model", MODEL, "--account", ACCOUNT, "--region", "us-east-1")
BOTH = ("--bucket", "acme-weights", "--repository", "ml/serve")


@pytest.fixture(autouse=True)
def shell_with_the_cli(aws_programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{aws_programs}:/usr/bin:/bin")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(autouse=True)
def client_ids(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give moto the call that it lacks: to add a client ID that is there already changes nothing (IAM API)."""
    from moto.core.responses import EmptyResult
    from moto.iam.responses import IamResponse

    def add(self: Any) -> Any:
        listed = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn")).client_id_list
        client = self._get_param("ClientID")
        if client not in listed:
            listed.append(client)
        return EmptyResult()

    monkeypatch.setattr(IamResponse, "add_client_id_to_open_id_connect_provider", add, raising=False)


def run_printed(text: str) -> subprocess.CompletedProcess[str]:
    """Run the commands as somebody would who copies them into a shell."""
    return subprocess.run(["bash"], input=text, capture_output=True, text=True, check=False)


def make(doctor: Callable[..., FinishedRun], *arguments: str, times: int = 1) -> None:
    printed = doctor("setup", "aws", *WANTED, *arguments, report=False)
    assert printed.code == 0, printed.err
    for _ in range(times):
        done = run_printed(printed.out)
        assert done.returncode == 0, done.stderr


def read(**changed: str) -> FinishedRun:
    """The report on a live read of the role, and of what this subject's workload wants of it."""
    parts = {"org": ORG, "team": TEAM, "model": MODEL, "type": "model_build"} | changed
    subject = "v=1:org={org}:team={team}:model={model}:deployment=Ps5Yb9Qm:environment=production:type={type}"
    aws = TargetAws(ROLE, region="us-east-1", s3_bucket="acme-weights", ecr_repository="ml/serve")
    at = Origin("oidc-doctor.toml")
    target = Target("x", "https://oidc.baseten.co", aws, origins={"aws.s3_bucket": at, "aws.ecr_repository": at})
    scope = AwsScope(target, ("https://oidc.baseten.co",), lookup=False)
    found = collect(readers(AwsClients(None, "aws"), scope))
    token = hypothetical(subject.format(**parts), origin=Origin("--subject"))
    report = run(found.bundle, Question(overrides=target, tokens=(token,)))
    return FinishedRun(report.exit_code, render_json(report), "")


def decisions(done: FinishedRun) -> dict[str, str]:
    return {row["action"]: row["decision"] for row in done.report["accesses"]}


def client() -> Any:
    import boto3

    return boto3.client("iam", "us-east-1")


def test_the_set_up_may_be_run_again_and_is_what_was_meant(doctor: Callable[..., FinishedRun]) -> None:
    make(doctor, *BOTH, times=2)
    iam = client()
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    listed = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])["ClientIDList"]
    assert listed == ["oidc.baseten.co"]
    assert iam.list_role_policies(RoleName="BasetenOIDCRole")["PolicyNames"] == [POLICY_NAME]
    done = read()
    assert done.prediction == "accepted", done.report["causes"]
    denied = {action: decision for action, decision in decisions(done).items() if decision == "denied"}
    assert not denied
    assert {"s3:GetObject", "s3:ListBucket", "ecr:GetAuthorizationToken", "ecr:BatchGetImage"} <= set(decisions(done))
    for part in ("org", "team", "model"):
        stranger = read(**{part: "Zz9yXx8w"})
        assert stranger.prediction == "refused"
        assert stranger.report["causes"][0]["name"] == "subject-segment-differs"


def test_a_set_up_by_baseten_s_script_is_mended(doctor: Callable[..., FinishedRun]) -> None:
    iam = client()
    iam.create_open_id_connect_provider(Url="https://oidc.baseten.co", ThumbprintList=["a" * 40], ClientIDList=[])
    trust = '{"Version":"2012-10-17","Statement":[]}'.replace("[]", "[%s]") % (
        '{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.baseten.co"},'
        '"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"oidc.baseten.co:sub":"v=1:org=*"}}}'
    )
    iam.create_role(RoleName="BasetenOIDCRole", AssumeRolePolicyDocument=trust)
    make(doctor, *BOTH)
    assert read().prediction == "accepted"
    assert read(org="Zz9yXx8w").prediction == "refused"


def test_a_bucket_alone_gives_no_registry(doctor: Callable[..., FinishedRun]) -> None:
    make(doctor, "--bucket", "acme-weights")
    assert read(type="model_container").prediction == "accepted"
    found = decisions(read())
    assert found["ecr:GetAuthorizationToken"] == "denied"
    assert found["s3:GetObject"] != "denied"


def test_an_image_alone_is_pulled_with_a_build_token(doctor: Callable[..., FinishedRun]) -> None:
    make(doctor, "--repository", "ml/serve")
    assert read().prediction == "accepted"
    assert read(type="model_container").prediction == "refused"
    assert decisions(read())["s3:GetObject"] != "allowed"


def test_the_credentials_of_another_account_make_nothing(doctor: Callable[..., FinishedRun]) -> None:
    wanted = [value if value != ACCOUNT else "999999999999" for value in WANTED]
    printed = doctor("setup", "aws", *wanted, *BOTH, report=False)
    done = run_printed(printed.out)
    assert done.returncode == 1
    assert "stopped: the account of these credentials is not 999999999999" in done.stderr
    assert client().list_roles()["Roles"] == []


def test_a_set_up_with_a_wrong_id_is_seen_to_refuse_the_workload(doctor: Callable[..., FinishedRun]) -> None:
    make(doctor, *BOTH, "--org", "Zz9yXx8w")
    assert read().prediction == "refused"
