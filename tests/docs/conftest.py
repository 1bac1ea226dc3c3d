"""The clouds of the reader of the guides: moto and a Google on the loopback, which hold what the reader's files say."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import desk
from clouds import google as google_cloud
from clouds.aws import Cloud, handler
from clouds.servers import QuietServer, serving
from evidence import private_key

ROOT = Path(__file__).resolve().parents[2]


class Ended(NamedTuple):
    """A script that ended: its outputs, and the exit codes of its commands that failed, in order."""

    out: str
    err: str
    failed: tuple[int, ...]


Shell = Callable[[str], Ended]


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """An AWS with the role, the OIDC provider and the refused exchange of the guides."""
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    cloud = Cloud()
    with serving(QuietServer(("127.0.0.1", 0), handler(cloud, moto.get_host_and_port()[1]))) as port:
        cloud.port = port
        _fill_aws(cloud)
        yield cloud.url
    moto.stop()


def _fill_aws(cloud: Cloud) -> None:
    import boto3

    login = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "not-a-real-one"}
    iam = boto3.client("iam", "us-east-1", endpoint_url=cloud.url, **login)
    iam.create_open_id_connect_provider(Url=desk.ISSUER, ClientIDList=[desk.AUDIENCE], ThumbprintList=["0" * 40])
    policy = desk.TRUSTED["Role"]["AssumeRolePolicyDocument"]
    iam.create_role(RoleName="ModelWeights", AssumeRolePolicyDocument=json.dumps(policy))
    record = desk.looked_up(desk.event(time.time() - 600))
    for value in (desk.ROLE_ARN, "ModelWeights", "AssumeRoleWithWebIdentity"):
        cloud.events["us-east-1", value] = [record]


@pytest.fixture(scope="session")
def google_url() -> Iterator[str]:
    """A Google Cloud whose provider refuses the token of the guides."""
    google = google_cloud.Google()
    google.provider["attributeCondition"] = desk.CONDITION
    with google_cloud.serving_google(google) as base:
        yield base


@pytest.fixture
def shell(tmp_path: Path, aws_url: str, google_url: str, aws_programs: Path) -> Shell:
    """Runs scripts of bash in the reader's working folder, without a way to other hosts."""
    folder = tmp_path / "desk"
    folder.mkdir()
    desk.fill(folder)
    (folder / "sample_logs").symlink_to(ROOT / "sample_logs")
    key = google_cloud.key_file(tmp_path, google_url, private_key("rsa"))
    environment = {
        "PATH": f"{aws_programs}{os.pathsep}{desk.tools(tmp_path / 'bin', folder)}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path / "home"),
        "LANG": "C.UTF-8",
        "COLUMNS": "80",
        "EDITOR": "true",
        "https_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-one",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": aws_url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "ROLE": "ModelWeights",
        "PROVIDER_ARN": f"arn:aws:iam::{desk.ACCOUNT}:oidc-provider/oidc.baseten.co",
        "TOKEN_FILE": "token.jwt",
        "POOL": "baseten-pool",
        "PROVIDER": "baseten-provider",
        "SERVICE_ACCOUNT": desk.SERVICE_ACCOUNT,
        "ISSUER": desk.ISSUER,
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}": google_url for service in google_cloud.SERVICES},
    }
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        if name in os.environ:
            environment[name] = os.environ[name]

    failed = tmp_path / "failed"

    def run(script: str) -> Ended:
        failed.write_text("")
        noted = f"set -o pipefail; trap 'echo $? >> {failed}' ERR\n{script}"
        ended = subprocess.run(
            ["bash", "-c", noted], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        return Ended(ended.stdout, ended.stderr, tuple(map(int, failed.read_text().split())))

    return run
