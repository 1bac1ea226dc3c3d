"""Live runs against an AWS on this machine, through the command line: calls and permissions, and whose account."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from clouds.aws import Cloud, break_operation
from clouds.aws_set_up import AwsSetUp, put_trail
from clouds.command_line import FinishedRun
from clouds.issuer import Site
from oidc_doctor.live.aws import readers as aws


def test_a_newcomers_run(
    cloud: Cloud, site: Site, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    done = ask(made, logs=True)
    assert (done.code, done.prediction) == (0, "accepted"), done.err
    assert done.read >= {
        "aws/role.json",
        "aws/oidc-provider.json",
        "aws/oidc-providers.json",
        "aws/caller-identity.json",
        "aws/role-policy-list.json",
        "aws/attached-policies.json",
        "aws/boundary.json",
        "aws/role-policies/inline-inline.json",
        "aws/role-policies/attached-Read.json",
        "aws/cloudtrail/us-east-1/exchanges.json",
        "aws/cloudtrail/us-east-1/role-changes.json",
        "aws/cloudtrail/us-east-1/provider-changes.json",
        "issuer/openid-configuration.json",
        "issuer/jwks.json",
        "issuer/chain.pem",
    }
    assert done.err.startswith("oidc-doctor: 0 of ")  # then one line every few seconds, and the outcome
    assert "; reading aws/" in done.err.splitlines()[0]
    (last,) = re.findall(r"(\d+) of (\d+) read$", done.err.rstrip())
    assert last[0] == last[1]  # all that was asked for
    assert int(last[1]) >= len(done.read)


def test_a_refusal_names_the_line_of_what_was_read(
    set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    done = ask(set_up(), subject="job:green:7")
    cause = done.report["causes"][0]
    assert (done.code, cause["name"], cause["confidence"]) == (1, "subject-segment-differs", "predicted")
    assert cause["location"].startswith("Statement[0] · StringLike")


def test_quiet_says_nothing_on_stderr(set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]) -> None:
    assert not ask(set_up(), "-q", "--offline").err


# the calls that are made


NEEDED = {"cloudtrail:LookupEvents", "iam:GetRole", "iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviders"}
OF_PERMISSION = {
    "ecr:GetRepositoryPolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRolePolicy",
    "iam:ListRolePolicies",
    "kms:GetKeyPolicy",
    "s3:GetBucketPolicy",
    "s3:GetEncryptionConfiguration",
}


def test_no_call_is_made_outside_the_policy(
    cloud: Cloud,
    set_up: Callable[..., AwsSetUp],
    ask_everything: Callable[..., FinishedRun],
    doctor: Callable[..., FinishedRun],
) -> None:
    made = set_up(rich=True)
    put_trail(made)
    cloud.calls.clear()
    cloud.policies = [{"Id": "p-1", "Content": json.dumps({"Version": "2012-10-17", "Statement": []})}]
    done = ask_everything(made, "--cloudtrail", "s3://weights/logs")
    assert done.prediction == "accepted", done.err
    printed = doctor(
        "permissions", "aws", "--role", made.role, "--bucket", "weights", "--repository", "images", "--oracles",
        "--cloudtrail", "s3://weights/logs", report=False,
    )  # fmt: skip
    statements = json.loads(printed.out)["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    apart = {action for one in statements if one["Sid"].startswith("AlsoRead") for action in one["Action"]}
    assert not apart, "every file is judged"
    assert allowed >= NEEDED | OF_PERMISSION
    assert len({statement["Sid"] for statement in statements}) == len(statements)
    assert all(re.fullmatch("[A-Za-z0-9]+", statement["Sid"]) for statement in statements)
    made_calls = set(cloud.calls) - {"sts:GetCallerIdentity"}
    assert made_calls == allowed, "every call is allowed, and nothing is allowed that no reader calls"
    assert all(re.match(r"[a-z0-9-]+:(Get|List|Lookup|Describe|Validate|Simulate)", one) for one in allowed)


def test_what_the_target_does_not_name_is_not_called(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    ask(set_up())
    assert not {one for one in cloud.calls if one.startswith(("s3:", "ecr:", "kms:", "access-analyzer:", "org"))}
    assert "cloudtrail:LookupEvents" not in cloud.calls
    assert "iam:SimulatePrincipalPolicy" not in cloud.calls


def test_a_dry_run_calls_nothing(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    done = doctor("--dry-run", "--role", made.role, report=False)
    assert done.code == 0
    assert "iam:GetRole" in done.out
    assert "issuer/jwks.json" in done.out
    assert not cloud.calls


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_partitions_have_their_own_home(partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    home = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}[partition]
    clients = aws.AwsClients(None, partition)
    assert aws.IAM_REGION[partition] == home
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    for service in ("iam", "sts", "cloudtrail"):
        assert clients.of(service, home).meta.endpoint_url.endswith(suffix)
        assert clients.of(service, home).meta.partition == partition
    from oidc_doctor.model.evidence import Target, TargetAws

    target = Target("x", aws=TargetAws(f"arn:{partition}:iam::{'1' * 12}:role/x"))
    assert aws.partition_of(target) == partition
    assert aws.partition_of(Target("x"), [home]) == partition
    names = {one.path for one in aws.readers(clients, aws.AwsScope(target)) if one.call == "cloudtrail:LookupEvents"}
    assert all(name.startswith(f"aws/cloudtrail/{home}/") for name in names)


# whose account


def test_another_account_proves_nothing(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    made.role = made.role.replace("123456789012", "999999999999")
    done = ask(made)
    assert (done.code, done.prediction) == (3, "unknown")
    assert "the credentials are of account 123456789012" in done.coverage("aws/role.json")["reason"]
    assert set(cloud.calls) == {"sts:GetCallerIdentity"}
    assert not any(one["name"] == "role-missing" for one in done.report["causes"])


def test_a_role_that_is_not_there_is_proven(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    made.role = made.role.replace("Weights", "Weightz")
    done = ask(made)
    assert done.report["causes"][0]["name"] == "role-missing"
    break_operation(cloud, "sts:GetCallerIdentity", code="AccessDenied", status=403)
    done = ask(made)
    assert done.prediction == "unknown", "in whose account it is not there is not known"


def test_a_provider_that_is_not_there_is_proven(
    set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    made.issuer = "https://elsewhere.example.com"
    done = ask(made)
    assert done.report["causes"][0]["name"] in ("provider-missing", "provider-url-differs")
