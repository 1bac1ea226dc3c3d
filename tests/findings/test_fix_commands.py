"""The commands of edits are run as copied: those of AWS by the real AWS CLI against moto."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from oidc_doctor.findings.fixes.documents import changes, diff_of, headline
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.model.document import UNKNOWN, Document, Missing, Origin
from oidc_doctor.model.evidence import (
    AwsEvidence,
    AwsOidcProvider,
    IssuerEvidence,
    Role,
    Target,
    TargetAws,
    TargetEvidence,
)

ACCOUNT = "123456789012"  # moto's
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/team/Weights"
HOST = "issuer.example/tenant"
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
HOSTILE = ['it\'s `id` $HOME ${aws:username} "quoted" \\ !', "caf\xe9 \u200b\u202e \x7f", "-x", "file:///etc/hostname"]
ABSENT = Missing("aws/oidc-provider.json", "there is none", "not_found")


def policy(subject: str | list[str]) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER_ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {f"{HOST}:sub": subject}, "StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def document(value: Any, file: str = "aws/role.json") -> Document:
    return Document(file, json.dumps(value), value)


def role(subject: str | list[str] = "job:red:*", seconds: int | None = None, name: str = "Weights") -> Role:
    return Role(ROLE_ARN, name, document(policy(subject)), Origin("aws/role.json"), seconds)


def provider(*client_ids: str, host: str = HOST) -> AwsOidcProvider:
    return AwsOidcProvider(host, None, client_ids, (), document({}, "aws/oidc-provider.json"))


def evidence(role: Role, provider: AwsOidcProvider | Missing = ABSENT) -> TargetEvidence:
    target = Target("weights", aws=TargetAws(ROLE_ARN))
    return TargetEvidence(target, (), IssuerEvidence(), AwsEvidence(role, provider=provider), None)


def only(before: TargetEvidence, after: TargetEvidence) -> DocumentChange:
    (change,) = changes(before, after)
    assert change.gaps == []
    return change


class Aws(NamedTuple):
    """A moto with the role and the provider of the tests, and the real CLI in front of it."""

    iam: Any
    environment: dict[str, str]

    def run(self, *commands: str) -> str:
        done = subprocess.run(
            ["bash", "-ec", "\n".join(commands)], env=self.environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), commands
        return done.stdout

    @property
    def policy(self) -> Any:
        stored = self.iam.get_role(RoleName="Weights")["Role"]["AssumeRolePolicyDocument"]
        return json.loads(unquote(stored)) if isinstance(stored, str) else stored

    @property
    def client_ids(self) -> list[str]:
        return list(self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER_ARN)["ClientIDList"])


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.core.responses import EmptyResult
    from moto.iam.responses import IamResponse
    from moto.server import ThreadedMotoServer

    def edit(self: Any, change: Any) -> Any:
        listed = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn")).client_id_list
        change(listed, self._get_param("ClientID"))
        return EmptyResult()

    # moto 5.2 lacks both
    IamResponse.add_client_id_to_open_id_connect_provider = lambda self: edit(self, list.append)
    IamResponse.remove_client_id_from_open_id_connect_provider = lambda self: edit(self, list.remove)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(moto_url: str, tmp_path: Path, aws_programs: Path) -> Aws:
    import boto3
    import requests

    requests.post(f"{moto_url}/moto-api/reset", timeout=30)
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-one"}
    environment = keys | {
        "AWS_ENDPOINT_URL": moto_url, "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "", "HOME": str(tmp_path),
        "PATH": os.pathsep.join([str(aws_programs), os.environ["PATH"]]), "LC_ALL": "C.UTF-8",
        "AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }  # fmt: skip
    iam = boto3.client(
        "iam", "us-east-1", endpoint_url=moto_url, aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="x"
    )
    iam.create_role(RoleName="Weights", Path="/team/", AssumeRolePolicyDocument=json.dumps(policy("job:red:*")))
    return Aws(iam, environment)


def with_provider(cloud: Aws, *client_ids: str) -> Aws:
    cloud.iam.create_open_id_connect_provider(
        Url=f"https://{HOST}", ClientIDList=list(client_ids), ThumbprintList=["a" * 40]
    )
    return cloud


@pytest.mark.parametrize("subject", ["job:blue:*", HOSTILE], ids=["plain", "hostile"])
def test_a_trust_policy_is_stored_shown_and_put_back(cloud: Aws, subject: str | list[str]) -> None:
    change = only(evidence(role()), evidence(role(subject)))
    shown = cloud.run(*change.commands, *change.verify)
    assert cloud.policy == policy(subject) == json.loads(change.after)
    assert json.loads(shown) == policy(subject)
    cloud.run(*change.undo)
    assert cloud.policy == policy("job:red:*")


def test_client_ids_are_added_and_removed_shown_and_put_back(cloud: Aws) -> None:
    with_provider(cloud, "old", "kept")
    new = ("kept", "https://github.com/acme", "it's a client")
    change = only(evidence(role(), provider("old", "kept")), evidence(role(), provider(*new)))
    shown = cloud.run(*change.commands, *change.verify)
    assert sorted(cloud.client_ids) == sorted(json.loads(change.after)["ClientIDList"]) == sorted(json.loads(shown))
    assert sorted(cloud.client_ids) == sorted(new)
    cloud.run(*change.undo)
    assert sorted(cloud.client_ids) == ["kept", "old"]


@pytest.mark.parametrize("client_id", ["--profile=evil", "file:///etc/hostname", "http://127.0.0.1/", "@x", "\x1b"])
def test_a_client_id_that_the_cli_would_read_otherwise_is_in_no_command(client_id: str) -> None:
    before, after = (evidence(role(), provider("kept", *more)) for more in ((), (client_id, "plain")))
    added, removed = only(before, after), only(after, before)
    assert (added.commands, added.undo, removed.commands, removed.undo) == ([], [], [], [])
    assert added.verify
    assert json.loads(added.after)["ClientIDList"] == ["kept", client_id, "plain"]
    created = only(evidence(role()), evidence(role(), provider(client_id)))
    assert created.commands == []


@pytest.mark.parametrize("client_ids", [("sts.amazonaws.com", "two"), ("https://github.com/acme",)])
def test_a_provider_is_created_shown_and_deleted(cloud: Aws, client_ids: tuple[str, ...]) -> None:
    change = only(evidence(role()), evidence(role(), provider(*client_ids)))
    assert change.before == ""
    cloud.run(*change.commands)
    shown = json.loads(cloud.run(*change.verify))
    assert shown["Url"] == HOST
    assert cloud.client_ids == list(client_ids) == shown["ClientIDList"]
    cloud.run(*change.undo)
    assert cloud.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_a_session_duration_is_stored_shown_and_put_back(cloud: Aws) -> None:
    change = only(evidence(role()), evidence(role(seconds=7200)))
    assert cloud.run(*change.commands, *change.verify).strip() == "7200"
    cloud.run(*change.undo)
    assert cloud.iam.get_role(RoleName="Weights")["Role"]["MaxSessionDuration"] == 3600


def test_a_provider_comes_before_the_policy_that_names_it() -> None:
    both = changes(evidence(role()), evidence(role("job:blue:*"), provider("a")))
    assert [change.what for change in both] == [f"the OIDC provider {HOST}", "the trust policy of Weights"]


def test_another_role_of_the_client_changes_no_document_of_a_role() -> None:
    other = role("job:blue:*")._replace(arn=ROLE_ARN + "2", name="Weights2")
    asked = evidence(other)._replace(target=Target("weights", aws=TargetAws(ROLE_ARN + "2")))
    assert changes(evidence(role()), asked) == []


def test_a_trust_policy_where_none_was_read() -> None:
    unread = role()._replace(trust_policy=Missing("aws/role.json", "not read"))
    (change,) = changes(evidence(unread), evidence(role()))
    assert (change.before, change.undo) == ("", [])
    assert headline("add", change) == "Create the trust policy of Weights."


def test_headlines() -> None:
    (change,) = changes(evidence(role()), evidence(role("job:blue:*")))
    assert headline("restore", change) == "Put back the earlier trust policy of Weights."
    assert headline("add", change) == "Extend the trust policy of Weights for this workload."
    assert headline("create", change) == "Extend the trust policy of Weights for this workload."
    assert headline("correct", change) == "Correct the trust policy of Weights."
    assert headline("correct", change._replace(what="", file="config.yaml")) == "Correct config.yaml."


def test_names_that_were_not_read_are_gaps() -> None:
    def of(subject: str, client_id: str) -> TargetEvidence:
        unnamed = Role(None, None, document(policy(subject)), Origin("aws/role.json"))
        return evidence(unnamed, provider(client_id))._replace(target=Target("x"))

    ids, trust = changes(of("job:red:*", "a"), of("job:blue:*", "b"))
    assert (ids.gaps, trust.gaps) == (["PROVIDER_ARN"], ["ROLE_NAME"])
    assert all("PROVIDER_ARN" in command for command in [*ids.commands, *ids.undo, *ids.verify])
    assert all("--role-name ROLE_NAME" in command for command in [*trust.commands, *trust.undo, *trust.verify])


def test_a_redacted_account_is_not_made_up() -> None:
    def of(client_id: str) -> TargetEvidence:
        hidden = role()._replace(arn="arn:aws:iam::<account>:role/Weights")
        return evidence(hidden, provider(client_id))

    (change,) = changes(of("a"), of("b"))
    assert change.gaps == ["PROVIDER_ARN"]


def test_a_role_name_that_reads_as_an_option_is_no_option() -> None:
    (change,) = changes(evidence(role(name="@role")), evidence(role("job:blue:*", name="@role")))
    assert "ROLE_NAME" in change.commands[0]


def test_an_unread_list_of_client_ids_shows_what_is_added() -> None:
    unread = provider()._replace(client_ids=UNKNOWN)
    (change,) = changes(evidence(role(), unread), evidence(role(), provider("new")))
    assert '+ "new"' in " ".join(diff_of(change).split())
