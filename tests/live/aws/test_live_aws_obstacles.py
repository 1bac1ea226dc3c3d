"""A live run says first what kept it from reading a cloud, and blames no cloud for this machine's network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Cloud, break_operation
from clouds.aws_set_up import AwsSetUp
from clouds.command_line import FinishedRun
from oidc_doctor.live import https, whose_fault
from oidc_doctor.live.collect import CallError

ROLE = "arn:aws:iam::123456789012:role/Weights"


@pytest.fixture
def no_keys(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return cloud


def test_without_credentials_the_first_line_says_so_and_nothing_was_read(
    no_keys: Cloud, doctor: Callable[..., FinishedRun]
) -> None:
    done = doctor("--role", ROLE, "--format", "text")
    assert done.code == 2
    assert done.out.startswith("! No AWS credentials: ")
    assert done.out.count("no usable AWS credentials") == 1
    for wrong in ("access denied", "Unable to locate", "not in the bundle", "manifest.json"):
        assert wrong not in done.out
    last = done.err.rstrip().splitlines()[-1]
    assert " 0 of " in last
    assert last.endswith(" not")


def test_a_profile_that_does_not_exist_is_named_with_those_that_do(
    no_keys: Cloud, doctor: Callable[..., FinishedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\n[profile dev]\nsso_start_url=https://x.example\nsso_region=us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    (obstacle,) = doctor("--role", ROLE, "--profile", "prod").report["obstacles"]
    assert obstacle["text"].startswith("No AWS credentials: --profile prod is not in ")
    assert (obstacle["kind"], obstacle["found"]) == ("credentials", ["default", "dev"])
    assert obstacle["commands"] == ["aws sso login --profile dev"]


def test_an_sso_session_that_ran_out_names_its_login(
    no_keys: Cloud, doctor: Callable[..., FinishedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    account = "sso_account_id=123456789012\nsso_role_name=Reader\n"
    config.write_text(f"[profile dev]\nsso_start_url=https://x.example\nsso_region=us-east-1\n{account}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    (obstacle,) = doctor("--role", ROLE, "--profile", "dev").report["obstacles"]
    assert "the SSO session of profile dev has expired" in obstacle["text"]
    assert obstacle["commands"] == ["aws sso login --profile dev"]


def test_an_access_key_that_aws_refuses(set_up: Callable[..., AwsSetUp], cloud: Cloud, ask: Any) -> None:
    made = set_up()
    break_operation(cloud, "iam:GetRole", code="InvalidClientTokenId", status=403)
    done = ask(made)
    (obstacle,) = done.report["obstacles"]
    assert obstacle["text"] == "AWS refused the credentials of the variable AWS_ACCESS_KEY_ID: InvalidClientTokenId."
    assert (done.code, done.coverage("aws/role.json")["status"]) == (3, "missing")


def test_a_denied_read_is_no_fault_of_the_credentials(set_up: Callable[..., AwsSetUp], cloud: Cloud, ask: Any) -> None:
    made = set_up()
    break_operation(cloud, "iam:GetRole", code="AccessDenied", status=403)
    done = ask(made)
    assert "obstacles" not in done.report
    assert done.coverage("aws/role.json")["status"] == "denied"


def failing(code: str, *, unreached: bool = False) -> Callable[[], None]:
    def fetch() -> None:
        raise CallError("failed", code, "the host", unreached=unreached)

    return fetch


@pytest.mark.parametrize(
    ("code", "unreached", "known", "control", "local"),
    [
        ("NoSuchHost", True, False, "NoSuchHost", "network"),
        ("NoSuchHost", True, True, None, ""),
        ("NoConnection", False, True, "NoConnection", ""),  # the host itself refused the connection
        ("CertificateNotTrusted", False, True, "CertificateNotTrusted", "network"),
        ("CertificateNotTrusted", False, True, None, ""),
        ("CertificateNotTrusted", False, False, "CertificateNotTrusted", "network"),
        ("CertificateNotTrusted", False, False, "NoSuchHost", ""),
        ("HTTP503", False, True, "NoSuchHost", ""),
    ],
)
def test_whose_fault_a_failed_fetch_is(
    code: str, unreached: bool, known: bool, control: str | None, local: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = CallError("failed", control, "the control") if control else None
    monkeypatch.setattr(https, "control", lambda *_: answer)
    with pytest.raises(CallError) as caught:
        whose_fault.Controls().judged(failing(code, unreached=unreached), known=known)
    assert caught.value.local == local


def test_a_network_that_allows_one_operator_alone_shows_nothing_about_the_issuer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def control(address: str, _: float) -> CallError | None:
        asked.append(address)
        return None if "amazonaws" in address else CallError("failed", "NoConnection", "refused", unreached=True)

    monkeypatch.setattr(https, "control", control)
    controls = whose_fault.Controls()
    for _ in range(3):
        with pytest.raises(CallError) as caught:
            controls.judged(failing("NoConnection", unreached=True), known=True)
        assert caught.value.local == "network"
        assert "no trusted connection to sts.googleapis.com from here either" in caught.value.message
    assert asked == list(https.CONTROLS)  # once, whatever fails


def test_the_hosts_that_were_reached_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "control", lambda *_: None)
    with pytest.raises(CallError) as caught:
        whose_fault.Controls().judged(failing("NoConnection", unreached=True), known=True)
    assert not caught.value.local
    assert (
        caught.value.message
        == "the host (but there is a trusted connection to sts.amazonaws.com and sts.googleapis.com from here)"
    )


def test_a_name_that_is_not_resolved_here_is_no_cause(
    set_up: Callable[..., AwsSetUp], cloud: Cloud, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = set_up()
    unresolved = CallError("failed", "NoSuchHost", "localhost cannot be resolved from here", unreached=True)

    def fetch(*_: Any, **__: Any) -> None:
        raise unresolved

    monkeypatch.setattr("oidc_doctor.live.issuer.fetch", fetch)
    monkeypatch.setattr("oidc_doctor.live.issuer.chain", fetch)
    monkeypatch.setattr(https, "control", lambda *_: unresolved)
    done = ask(made, "--issuer", made.issuer)
    assert not [cause for cause in done.report["causes"] if cause["name"] in ("issuer-unreachable", "jwks-unreachable")]
    row = done.coverage("issuer/openid-configuration.json")
    assert (row["status"], row["local"]) == ("missing", "network")
