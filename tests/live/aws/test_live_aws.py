"""Live runs against an AWS on this machine, through the command line."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.live.aws import readers as aws

if TYPE_CHECKING:
    from tests.live.conftest import Cloud, Done, Made, Site

SUBJECT = "job:blue:7"
AUDIENCE = "sts.amazonaws.com"
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
TRUSS = """
weights:
  - source: s3://weights/model
    auth: {{auth_method: AWS_OIDC, aws_oidc_role_arn: '{role}', aws_oidc_region: us-east-1}}
base_image:
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/images:1
  docker_auth: {{auth_method: AWS_OIDC, aws_oidc_role_arn: '{role}', aws_oidc_region: us-east-1}}
"""


@pytest.fixture
def ask(tmp_path: Path, doctor: Callable[..., Done]) -> Callable[..., Done]:
    """Asks about a role with decoded claims, without logs unless the arguments say else."""

    def run(made: Made, *more: str | Path, subject: str = SUBJECT, logs: bool = False) -> Done:
        claims = tmp_path / "claims.json"
        claims.write_text(json.dumps({"iss": made.issuer, "sub": subject, "aud": AUDIENCE}))
        given: list[str | Path] = ["--role", made.role, "--claims", claims, "--private-issuer", *more]
        given += [] if logs else ["--no-logs"]
        return doctor(*given)

    return run


def prediction(done: Done) -> str:
    return str(done.report["exchanges"][0]["prediction"])


def read(done: Done) -> set[str]:
    return {one["what"] for one in done.report["coverage"] if one["status"] == "read"}


def test_a_newcomers_run(cloud: Cloud, site: Site, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up()
    done = ask(made, logs=True)
    assert (done.code, prediction(done)) == (0, "accepted"), done.err
    assert read(done) >= {
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
    assert "reading aws/role.json (iam:GetRole)" in done.err
    (last,) = re.findall(r"(\d+) of (\d+) read$", done.err.rstrip())
    assert last[0] == last[1]  # all that was asked for
    assert int(last[1]) >= len(read(done))


def test_a_refusal_names_the_line_of_what_was_read(set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    done = ask(set_up(), subject="job:green:7")
    cause = done.report["causes"][0]
    assert (done.code, cause["name"], cause["confidence"]) == (1, "subject-segment-differs", "predicted")
    assert cause["location"].startswith("Statement[0] · StringLike")


def test_quiet_says_nothing_on_stderr(set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    assert not ask(set_up(), "-q", "--offline").err


# what is called


def everything(made: Made, tmp_path: Path, ask: Callable[..., Done], *more: str, logs: bool = True) -> Done:
    """A run that asks for all there is."""
    config = tmp_path / "config.yaml"
    config.write_text(TRUSS.format(role=made.role))
    return ask(made, "--truss", config, "--oracles", *more, logs=logs)


NEEDED = {"cloudtrail:LookupEvents", "iam:GetRole", "iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviders"}
NOT_JUDGED = {
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
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up()
    put_trail(made)
    cloud.calls.clear()
    cloud.policies = [{"Id": "p-1", "Content": json.dumps({"Version": "2012-10-17", "Statement": []})}]
    done = everything(made, tmp_path, ask, "--cloudtrail", "s3://weights/logs")
    assert prediction(done) == "accepted", done.err
    printed = doctor(
        "permissions", "aws", "--role", made.role, "--bucket", "weights", "--repository", "images", "--oracles",
        "--cloudtrail", "s3://weights/logs", report=False,
    )  # fmt: skip
    statements = json.loads(printed.out)["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    apart = {action for one in statements if one["Sid"].startswith("AlsoRead") for action in one["Action"]}
    assert apart >= NOT_JUDGED
    assert apart.isdisjoint(NEEDED)
    assert allowed >= NEEDED
    assert len({statement["Sid"] for statement in statements}) == len(statements)
    assert all(re.fullmatch("[A-Za-z0-9]+", statement["Sid"]) for statement in statements)
    made_calls = set(cloud.calls) - {"sts:GetCallerIdentity"}
    assert made_calls == allowed, "every call is allowed, and nothing is allowed that no reader calls"
    assert all(re.match(r"[a-z0-9-]+:(Get|List|Lookup|Describe|Validate|Simulate)", one) for one in allowed)


def test_what_the_target_does_not_name_is_not_called(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]
) -> None:
    ask(set_up())
    assert not {one for one in cloud.calls if one.startswith(("s3:", "ecr:", "kms:", "access-analyzer:", "org"))}
    assert "cloudtrail:LookupEvents" not in cloud.calls
    assert "iam:SimulatePrincipalPolicy" not in cloud.calls


def test_a_dry_run_calls_nothing(cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done]) -> None:
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
    clients = aws.Clients(None, partition)
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


# faults


def broken(
    cloud: Cloud, operation: str, *, code: str = "", status: int = 0, body: bytes = b"", times: int = 99
) -> None:
    """Answer an operation so, the first few times."""
    from tests.live.conftest import Broken, error_of

    def fault(name: str, number: int) -> Broken | None:
        if name != operation or number > times:
            return None
        return error_of(name, code, status) if code else Broken(status, body)

    cloud.fault = fault


def unread(done: Done) -> str:
    return " ".join(str(one["reason"]) for one in done.report["coverage"] if one["status"] in ("denied", "missing"))


@pytest.fixture
def probe() -> Callable[..., Done]:
    """A collection and its report without the command line: boto3's clients are made once."""
    from oidc_doctor.examine.examine import run
    from oidc_doctor.examine.question import Question
    from oidc_doctor.live.collect import collect
    from oidc_doctor.model.evidence import Target, TargetAws
    from oidc_doctor.report.json import render_json
    from tests.live.conftest import Done

    clients = aws.Clients(None, "aws")

    def probe(made: Made) -> Done:
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/images:1"
        target = Target("x", made.issuer, TargetAws(made.role, s3_bucket="weights", ecr_repository=image))
        readers = aws.readers(clients, aws.AwsScope(target, (made.issuer,), lookup=False))
        claims = {"iss": made.issuer, "sub": SUBJECT, "aud": AUDIENCE}
        found = collect(readers, given=[("claims.json", claims)])
        report = run(found.bundle, Question(overrides=target))
        return Done(report.exit_code, render_json(report), "")

    return probe


def test_a_denied_call_is_named_with_its_permission(
    cloud: Cloud, set_up: Callable[..., Made], probe: Callable[..., Done]
) -> None:
    made = set_up()
    for operation in CONFIGURATION:
        code = "AccessDeniedException" if operation.startswith(("kms", "ecr")) else "AccessDenied"
        broken(cloud, operation, code=code, status=403)
        done = probe(made)
        denied = [one["reason"] for one in done.report["coverage"] if one["status"] == "denied"]
        assert any(operation in reason and "allow" in reason for reason in denied), (operation, denied)
        assert cloud.calls[operation] <= 2, "a denied call is not made again"  # two policies are read
        if operation == "iam:GetRole":
            assert (done.code, prediction(done)) == (3, "unknown")
        assert done.code in (0, 3)
        cloud.calls.clear()


# each operation's answer, in place of the right one
@pytest.mark.parametrize("body", [b"<html>proxy</html>", b'{"half": ', b"{}"])
def test_a_malformed_answer_is_no_pass(
    body: bytes, cloud: Cloud, set_up: Callable[..., Made], probe: Callable[..., Done]
) -> None:
    made = set_up()
    for operation in CONFIGURATION:
        if (operation, body) in (("s3:GetBucketPolicy", b"{}"), ("s3:GetEncryptionConfiguration", b"{}")):
            continue  # that is a policy; and no XML is never an encryption
        broken(cloud, operation, status=200, body=body)
        done = probe(made)
        assert done.code in (0, 3), operation
        name = operation.partition(":")[2].replace("EncryptionConfiguration", "BucketEncryption")
        name = {"GetPolicy": "GetPolicyVersion"}.get(name, name)
        malformed = "" if operation == "s3:GetEncryptionConfiguration" else "Malformed"  # botocore may say 500
        assert f"{name}: {malformed}" in unread(done), (operation, unread(done))
        if malformed:
            assert cloud.calls[operation] <= 2, "it is not asked again: that cannot heal"
        if operation in DECIDING:
            assert not [one for one in done.report["causes"] if one["name"] in ("role-missing", "provider-missing")]
        if operation == "iam:GetRole":
            assert prediction(done) == "unknown"
        cloud.calls.clear()


@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("InternalFailure", 500)])
def test_what_can_heal_is_asked_again_and_nothing_is_lost(
    code: str, status: int, cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done], tmp_path: Path
) -> None:
    from tests.live.conftest import error_of

    made = set_up()
    cloud.fault = lambda name, number: error_of(name, code, status) if number == 1 else None  # every first call fails
    done = everything(made, tmp_path, ask)
    assert prediction(done) == "accepted"
    assert all(number >= 2 for number in cloud.calls.values())
    assert not [one for one in done.report["coverage"] if code in one["reason"]]


def test_a_throttle_that_stays_is_told(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up()
    broken(cloud, "iam:GetRole", code="Throttling", status=400)
    done = ask(made)
    assert (done.code, prediction(done)) == (3, "unknown")
    assert cloud.calls["iam:GetRole"] == 4
    assert "Throttling" in done.coverage("aws/role.json")["reason"]


def test_the_time_limit_holds(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up()
    cloud.latency = 5.0
    began = time.monotonic()
    done = ask(made, "--timeout", "1")
    assert time.monotonic() - began < 3.0
    assert (done.code, prediction(done)) == (3, "unknown")
    assert "--timeout" in done.coverage("aws/role.json")["reason"]


def test_an_interrupt_ends_at_once(
    cloud: Cloud, set_up: Callable[..., Made], start: Callable[..., subprocess.Popen[str]]
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


def test_no_credentials(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done], monkeypatch: Any) -> None:
    made = set_up()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = ask(made)
    assert (done.code, prediction(done)) == (3, "unknown")
    assert "Unable to locate credentials" in done.coverage("aws/role.json")["reason"]
    done = ask(made, "--profile", "absent")
    assert "absent" in done.coverage("aws/role.json")["reason"]


def test_credentials_that_ran_out(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up()
    broken(cloud, "iam:GetRole", code="ExpiredToken", status=403)
    assert "renew the AWS credentials" in ask(made).coverage("aws/role.json")["reason"]


# whose account


def test_another_account_proves_nothing(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up()
    made.role = made.role.replace("123456789012", "999999999999")
    done = ask(made)
    assert (done.code, prediction(done)) == (3, "unknown")
    assert "the credentials are of account 123456789012" in done.coverage("aws/role.json")["reason"]
    assert set(cloud.calls) == {"sts:GetCallerIdentity"}
    assert not any(one["name"] == "role-missing" for one in done.report["causes"])


def test_a_role_that_is_not_there_is_proven(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]
) -> None:
    made = set_up()
    made.role = made.role.replace("Weights", "Weightz")
    done = ask(made)
    assert done.report["causes"][0]["name"] == "role-missing"
    broken(cloud, "sts:GetCallerIdentity", code="AccessDenied", status=403)
    done = ask(made)
    assert prediction(done) == "unknown", "in whose account it is not there is not known"


def test_a_provider_that_is_not_there_is_proven(set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up()
    made.issuer = "https://elsewhere.example.com"
    done = ask(made)
    assert done.report["causes"][0]["name"] in ("provider-missing", "provider-url-differs")


# logs


def test_logged_refusals_are_the_token(cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done]) -> None:
    from tests.live.conftest import exchange_event

    made = set_up(pattern="job:green:*")
    cloud.events["us-east-1", made.role] = [exchange_event(made, number, error="AccessDenied") for number in range(3)]
    done = doctor("--role", made.role)
    assert done.report["causes"][0]["name"] == "subject-segment-differs", done.err
    assert len(done.report["causes"][0]["confirmed_by"]) == 3
    assert done.report["exchanges"][0]["subject"] == made.subject


def test_pages_regions_and_what_was_cut(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    from tests.live.conftest import exchange_event

    made = set_up(rich=False)
    cloud.limit, cloud.page_size = True, 2
    for region in ("us-east-1", "eu-west-1"):
        cloud.events[region, made.role] = [exchange_event(made, number, region=region) for number in range(9)]
    done = ask(made, "--region", "eu-west-1", "--max-pages", "2", logs=True)
    for region in ("us-east-1", "eu-west-1"):
        row = done.coverage(f"aws/cloudtrail/{region}/exchanges.json")
        assert row["status"] == "partial"
        assert "--max-pages 2" in row["reason"]
        assert row["from"] < row["to"]
    assert done.coverage("aws/cloudtrail")["count"] == 8
    assert not [one for one in cloud.times if one[0] == "iam:GetRole" and one[1] != "us-east-1"]


def test_an_empty_page_with_a_token_is_not_the_end(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]
) -> None:
    from tests.live.conftest import exchange_event

    made = set_up(rich=False)
    cloud.empty_first_page = True
    cloud.events["us-east-1", made.role] = [exchange_event(made, 1)]
    done = ask(made, logs=True)
    assert done.coverage("aws/cloudtrail")["count"] == 1


def test_a_lookup_that_breaks_half_way_keeps_what_it_has(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]
) -> None:
    from tests.live.conftest import Broken, error_of, exchange_event

    made = set_up(rich=False)
    cloud.page_size = 1
    cloud.events["us-east-1", made.role] = [exchange_event(made, number) for number in range(3)]

    def fault(name: str, _: int) -> Broken | None:
        later = name == "cloudtrail:LookupEvents" and b'"NextToken": "2"' in cloud.last_body
        return error_of(name, "AccessDeniedException", 400) if later else None

    cloud.fault = fault
    done = ask(made, logs=True)
    row = done.coverage("aws/cloudtrail/us-east-1/exchanges.json")
    assert row["status"] == "partial"
    assert done.coverage("aws/cloudtrail")["count"] == 2


def test_events_of_a_missing_role_are_found_by_their_name(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]
) -> None:
    from tests.live.conftest import exchange_event

    made = set_up(rich=False)
    made.role += "z"
    cloud.events["us-east-1", "AssumeRoleWithWebIdentity"] = [exchange_event(made, 1, error="AccessDenied")]
    done = ask(made, logs=True)
    assert done.coverage("aws/cloudtrail/us-east-1/exchanges-by-event.json")["status"] == "read"
    assert done.report["causes"][0]["name"] == "role-missing"
    assert len(done.report["causes"][0]["confirmed_by"]) == 1


def test_a_denied_read_says_in_the_text_what_would_allow_it(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]
) -> None:
    made = set_up(rich=False)
    broken(cloud, "iam:ListRolePolicies", code="AccessDenied", status=403)
    done = ask(made, "--format", "text")
    assert "AccessDenied: allow iam:ListRolePolicies)" in " ".join(done.out.split())


def test_lookups_that_are_denied(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up(rich=False)
    broken(cloud, "cloudtrail:LookupEvents", code="AccessDeniedException", status=400)
    done = ask(made, logs=True)
    row = done.coverage("aws/cloudtrail/us-east-1/exchanges.json")
    assert row["status"] == "denied"
    assert "allow cloudtrail:LookupEvents" in row["reason"]
    assert prediction(done) == "accepted"


def put_trail(made: Made) -> None:
    """A trail's bucket in both layouts, with a file of today and one of long ago."""
    import boto3

    from tests.live.conftest import exchange_event

    s3 = boto3.client("s3", "us-east-1")
    now = datetime.now(UTC)
    for owner, number in (("123456789012", 1), ("o-abcdef1234/123456789012", 2)):
        for day, which in ((now, number), (now - timedelta(days=30), number + 10)):
            record = json.loads(exchange_event(made, which)["CloudTrailEvent"])
            name = f"123456789012_CloudTrail_us-east-1_{day:%Y%m%dT%H%MZ}_{'a' * 16}.json.gz"
            key = f"logs/AWSLogs/{owner}/CloudTrail/us-east-1/{day:%Y/%m/%d}/{number}{name}"
            s3.put_object(Bucket="weights", Key=key, Body=gzip.compress(json.dumps({"Records": [record]}).encode()))


def test_a_trails_bucket_in_both_layouts(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    made = set_up()
    put_trail(made)
    cloud.calls.clear()
    done = ask(made, "--cloudtrail", "s3://weights/logs", "--since", "24h")
    assert done.coverage("aws/cloudtrail")["count"] == 2, done.report["coverage"]
    assert cloud.calls["s3:GetObject"] == 2
    broken(cloud, "s3:GetObject", code="AccessDenied", status=403)
    done = ask(made, "--cloudtrail", "s3://weights/logs/AWSLogs/123456789012", "--since", "24h")
    row = done.coverage("aws/cloudtrail/s3-1/")
    assert (row["status"], "0 of 2 files" in row["reason"]) == ("partial", True)
    assert "allow s3:GetObject" in row["reason"]


def test_a_trail_is_read_live_only(doctor: Callable[..., Done]) -> None:
    done = doctor("--cloudtrail", "s3://weights/logs")
    assert done.code == 2
    assert "--live" in done.err


# oracles


def test_oracles_say_what_they_say(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up()
    cloud.findings = [
        {"findingType": "SECURITY_WARNING", "issueCode": "MISSING_KEY", "findingDetails": "Add a \x1b[1m"}
    ]
    cloud.decisions = {"s3:ListBucket": "implicitDeny"}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity", "Resource": "*"}
    cloud.policies = [{"Id": "p-1", "Content": json.dumps({"Version": "2012-10-17", "Statement": [deny]})}]
    done = everything(made, tmp_path, ask, logs=False)
    assert "Access Analyzer says of the trust policy: MISSING_KEY: Add a \\x1b[1m" in done.err
    assert "s3:ListBucket on *: implicitDeny" in done.err
    assert done.report["causes"][0]["name"] == "outside-the-trust-policy"
    assert done.report["causes"][0]["confidence"] == "suspected", "whether it is attached here is not known"


def test_oracles_that_are_denied(
    cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done], tmp_path: Path
) -> None:
    from tests.live.conftest import error_of

    made = set_up()
    asked = ("access-analyzer:ValidatePolicy", "iam:SimulatePrincipalPolicy", "organizations:ListPolicies")
    cloud.fault = lambda name, _: error_of(name, "AccessDeniedException", 403) if name in asked else None
    done = everything(made, tmp_path, ask, logs=False)
    assert prediction(done) == "accepted"
    for one in asked:
        assert f"allow {one}" in unread(done)


# --try


def jwt(made: Made, **more: Any) -> str:
    """A compact JWT whose signature nobody checks here."""
    now = int(time.time())
    claims = {"iss": made.issuer, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 600, "canary": "c4n4ry"}
    parts = [{"alg": "RS256", "kid": "1"}, claims | more]
    text = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts]
    signature = base64.urlsafe_b64encode(os.urandom(256)).rstrip(b"=").decode()
    return ".".join([*text, signature])


def test_a_try_presents_the_token_and_keeps_nothing(
    cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    from tests.live.conftest import aws_error

    made = set_up(pattern="job:green:*", rich=False)
    token = jwt(made)
    path = tmp_path / "token.jwt"
    path.write_text(token)
    given = ["--role", made.role, "--token", path, "--no-logs"]
    doctor(*given)
    assert cloud.calls["sts:AssumeRoleWithWebIdentity"] == 0
    text = f"Not authorized to perform sts:AssumeRoleWithWebIdentity {token}"
    cloud.fault = lambda name, _: (
        aws_error("AccessDenied", 403, text) if name == "sts:AssumeRoleWithWebIdentity" else None
    )
    done = doctor(*given, "--try")
    assert cloud.calls["sts:AssumeRoleWithWebIdentity"] == 1
    assert done.report["causes"][0]["name"] == "subject-segment-differs"
    assert done.coverage("error.txt")["status"] == "read"
    for how in ("text", "json", "markdown"):
        done = doctor(*given, "--try", "--format", how, "-v")
        said = done.out + done.err
        assert token not in said
        assert not [part for part in token.split(".") if part in said]


@pytest.mark.parametrize("kind", ["throttled", "page"])
def test_what_is_no_answer_to_the_token_is_not_taken_for_one(
    kind: str, cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up(rich=False)
    path = tmp_path / "token.jwt"
    path.write_text(jwt(made))
    page = b"<html><head><title>Forbidden</title></head></html>"
    more: dict[str, Any] = {"status": 403, "body": page} if kind == "page" else {"code": "Throttling", "status": 400}
    broken(cloud, "sts:AssumeRoleWithWebIdentity", **more)
    done = doctor("--role", made.role, "--token", path, "--no-logs", "--try")
    assert done.coverage("error.txt")["status"] in ("missing", "denied")
    assert "Throttling" not in json.dumps(done.report["causes"])
    assert "<html" not in done.out


def test_a_page_of_a_proxy_is_only_named(cloud: Cloud, set_up: Callable[..., Made], probe: Callable[..., Done]) -> None:
    made = set_up()
    page = b"<!DOCTYPE html><html><head><title>Proxy login</title></head><body>" + b"<p>away</p>" * 99
    broken(cloud, "kms:GetKeyPolicy", status=403, body=page)
    reason = probe(made).coverage("aws/key-policy.json")["reason"]
    assert "allow kms:GetKeyPolicy" in reason
    assert "an HTML page with the title Proxy login" in reason
    assert "<" not in reason


def test_a_try_that_succeeds_contradicts_a_refusal(
    cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up(pattern="job:green:*", rich=False)
    path = tmp_path / "token.jwt"
    path.write_text(jwt(made))
    done = doctor("--role", made.role, "--token", path, "--no-logs", "--try")
    assert cloud.calls["sts:AssumeRoleWithWebIdentity"] == 1
    accepted = [one for one in done.report["attempts"] if one["outcome"] == "accepted"]
    assert len(accepted) == 1, done.err
    assert "ASIA" not in done.out


def test_no_part_of_the_token_is_kept(cloud: Cloud, set_up: Callable[..., Made], tmp_path: Path) -> None:
    from oidc_doctor.documents.token import parse_token
    from oidc_doctor.live.plan import Goal, Request, gather
    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.evidence import Target, TargetAws
    from tests.live.conftest import Broken, aws_error

    made = set_up(rich=False)
    text = jwt(made)
    token = parse_token(text, Origin("--token"), "token")
    said: list[str] = []
    answers: list[Broken | None] = [
        None,
        aws_error("AccessDenied", 403, f"refused {text}"),
        Broken(200, f"<AssumeRoleWithWebIdentityResponse>{text}".encode()),
        Broken(500, text.encode()),
    ]
    for answer in answers:
        cloud.fault = lambda name, _, answer=answer: answer if name == "sts:AssumeRoleWithWebIdentity" else None
        goal = Goal(Target("x", made.issuer, TargetAws(made.role)), (token,), made.issuer)
        found = gather(Request((goal,), logs=False, attempt=True, private=True), said.append)
        said += [found.bundle.read(name).decode() for name in found.bundle.names()]
        said += [*found.warnings, str(found.reads), repr(goal)]
    everything = "\n".join(said)
    for part in (*text.split("."), "c4n4ry", "SecretAccessKey", "SessionToken"):
        assert part not in everything


def test_a_try_needs_the_token(cloud: Cloud, set_up: Callable[..., Made], ask: Callable[..., Done]) -> None:
    done = ask(set_up(rich=False), "--try")
    assert done.code == 2
    assert "--token FILE" in done.err


# target


def test_a_truss_configuration_names_role_bucket_and_repository(
    cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up()
    config = tmp_path / "config.yaml"
    config.write_text(TRUSS.format(role=made.role))
    done = doctor("--truss", config, "--no-logs")
    assert {"aws/role.json", "aws/bucket-policy.json", "aws/repository-policy.json", "aws/key-policy.json"} <= read(
        done
    )


def test_several_targets_of_the_working_folder(
    cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up(rich=False)
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
    assert {"targets/one/aws/role.json", "oidc-doctor.toml"} <= read(done)


def test_the_workloads_own_variables(
    cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path, monkeypatch: Any
) -> None:
    made = set_up(rich=False)
    (tmp_path / "token").write_text(jwt(made))
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", made.role)
    done = doctor("--live", "--no-logs", "--format", "text", "-v")
    assert made.role in done.out
    assert SUBJECT in done.out


def test_a_token_of_a_github_job(
    cloud: Cloud, site: Site, set_up: Callable[..., Made], doctor: Callable[..., Done], monkeypatch: Any
) -> None:
    made = set_up(rich=False)
    given = ["--role", made.role, "--no-logs", "--private-issuer", "--fetch-github-token", AUDIENCE]
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    assert "id-token: write" in doctor(*given).err
    token = jwt(made)
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
    cloud: Cloud, site: Site, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up(rich=False)
    (tmp_path / "token.json").write_text(json.dumps({"access": jwt(made)}))
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
    cloud: Cloud, set_up: Callable[..., Made], doctor: Callable[..., Done], tmp_path: Path
) -> None:
    made = set_up(rich=False)
    bundle = tmp_path / "bundle"
    (bundle / "aws").mkdir(parents=True)
    old = {"Role": {"Arn": made.role, "RoleName": "Weights", "AssumeRolePolicyDocument": {"Statement": []}}}
    (bundle / "aws" / "role.json").write_text(json.dumps(old))
    (bundle / "claims.json").write_text(json.dumps({"iss": made.issuer, "sub": SUBJECT, "aud": AUDIENCE}))
    offline = doctor("--from", bundle)
    assert prediction(offline) == "refused"
    assert not cloud.calls
    live = doctor("--from", bundle, "--live", "--no-logs", "--private-issuer")
    assert prediction(live) == "accepted", live.err
    broken(cloud, "iam:GetRole", code="AccessDenied", status=403)
    denied = doctor("--from", bundle, "--live", "--no-logs", "--private-issuer")
    assert prediction(denied) == "refused"
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
def test_what_cannot_be_used(arguments: list[str], said: str, cloud: Cloud, doctor: Callable[..., Done]) -> None:
    done = doctor(*arguments)
    assert done.code == 2
    assert said in done.err
    assert not cloud.calls


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
def test_a_set_up_by_the_real_command_line(cloud: Cloud, site: Site, ask: Callable[..., Done], tmp_path: Path) -> None:
    from tests.live.conftest import Made

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
    done = ask(Made(role["Arn"], provider, site.issuer))
    assert prediction(done) == "accepted", done.err
    # what the command line prints is what the reader keeps
    printed = run("iam", "get-role", "--role-name", "ByHand")["Role"]
    assert printed["AssumeRolePolicyDocument"]["Statement"] == [statement]
