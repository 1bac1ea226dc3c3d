"""Calls that AWS denies, throttles, breaks or never answers, and credentials that do not serve."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from clouds.aws import Cloud, break_operation, error_of
from clouds.aws_set_up import AwsSetUp
from clouds.command_line import FinishedRun

CONFIGURATION = (
    "iam:GetRole",
    "iam:ListOpenIDConnectProviders",
    "iam:GetOpenIDConnectProvider",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "s3:GetBucketPolicy",
    "s3:GetEncryptionConfiguration",
    "kms:GetKeyPolicy",
    "ecr:GetRepositoryPolicy",
)
DECIDING = ("iam:GetRole", "iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider")


def test_a_denied_call_is_named_with_its_permission(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], probe: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    for operation in CONFIGURATION:
        code = "AccessDeniedException" if operation.startswith(("kms", "ecr")) else "AccessDenied"
        break_operation(cloud, operation, code=code, status=403)
        done = probe(made)
        denied = [one["reason"] for one in done.report["coverage"] if one["status"] == "denied"]
        assert any(operation in reason and "allow" in reason for reason in denied), (operation, denied)
        assert cloud.calls[operation] <= 2, "a denied call is not made again"  # two policies are read
        if operation == "iam:GetRole":
            assert (done.code, done.prediction) == (3, "unknown")
        assert done.code in (0, 3)
        cloud.calls.clear()


# each operation's answer, in place of the right one
@pytest.mark.parametrize("body", [b"<html>proxy</html>", b'{"half": ', b"{}"])
def test_a_malformed_answer_is_no_pass(
    body: bytes, cloud: Cloud, set_up: Callable[..., AwsSetUp], probe: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    for operation in CONFIGURATION:
        if (operation, body) in (("s3:GetBucketPolicy", b"{}"), ("s3:GetEncryptionConfiguration", b"{}")):
            continue  # that is a policy; and no XML is never an encryption
        break_operation(cloud, operation, status=200, body=body)
        done = probe(made)
        assert done.code in (0, 3), operation
        name = operation.partition(":")[2].replace("EncryptionConfiguration", "BucketEncryption")
        name = {"GetPolicy": "GetPolicyVersion"}.get(name, name)
        malformed = "" if operation == "s3:GetEncryptionConfiguration" else "Malformed"  # botocore may say 500
        assert f"{name}: {malformed}" in done.unread, (operation, done.unread)
        if malformed:
            assert cloud.calls[operation] <= 2, "it is not asked again: that cannot heal"
        if operation in DECIDING:
            assert not [one for one in done.report["causes"] if one["name"] in ("role-missing", "provider-missing")]
        if operation == "iam:GetRole":
            assert done.prediction == "unknown"
        cloud.calls.clear()


@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("InternalFailure", 500)])
def test_what_can_heal_is_asked_again_and_nothing_is_lost(
    code: str, status: int, cloud: Cloud, set_up: Callable[..., AwsSetUp], ask_everything: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    cloud.fault = lambda name, number: error_of(name, code, status) if number == 1 else None  # every first call fails
    done = ask_everything(made)
    assert done.prediction == "accepted"
    assert all(number >= 2 for number in cloud.calls.values())
    assert not [one for one in done.report["coverage"] if code in one["reason"]]


def test_a_throttle_that_stays_is_told(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    break_operation(cloud, "iam:GetRole", code="Throttling", status=400)
    done = ask(made)
    assert (done.code, done.prediction) == (3, "unknown")
    assert cloud.calls["iam:GetRole"] == 4
    assert "Throttling" in done.coverage("aws/role.json")["reason"]


def test_the_time_limit_holds(cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]) -> None:
    made = set_up()
    cloud.latency = 5.0
    began = time.monotonic()
    done = ask(made, "--timeout", "1")
    assert time.monotonic() - began < 3.0
    assert (done.code, done.prediction) == (3, "unknown")
    assert "--timeout" in done.coverage("aws/role.json")["reason"]


def test_an_interrupt_ends_at_once(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], start: Callable[..., subprocess.Popen[str]]
) -> None:
    made = set_up()
    cloud.latency = 30.0
    process = start("--report", "--role", made.role)
    assert process.stderr is not None
    assert "reading" in process.stderr.readline()
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 2.0
    assert process.returncode == 130
    assert not out
    assert err.rstrip().endswith("oidc-doctor: interrupted")


def test_no_credentials(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun], monkeypatch: Any
) -> None:
    made = set_up()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = ask(made)
    assert (done.code, done.prediction) == (3, "unknown")
    assert "Unable to locate credentials" in done.coverage("aws/role.json")["reason"]
    done = ask(made, "--profile", "absent")
    assert "absent" in done.coverage("aws/role.json")["reason"]


def test_credentials_that_ran_out(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    break_operation(cloud, "iam:GetRole", code="ExpiredToken", status=403)
    assert "renew the AWS credentials" in ask(made).coverage("aws/role.json")["reason"]


def test_a_page_of_a_proxy_is_only_named(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], probe: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    page = b"<!DOCTYPE html><html><head><title>Proxy login</title></head><body>" + b"<p>away</p>" * 99
    break_operation(cloud, "kms:GetKeyPolicy", status=403, body=page)
    reason = probe(made).coverage("aws/key-policy.json")["reason"]
    assert "allow kms:GetKeyPolicy" in reason
    assert "an HTML page with the title Proxy login" in reason
    assert "<" not in reason
