"""AWS's own verdicts: Access Analyzer, the policy simulator, and an exchange that really presents the token."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Broken, Cloud, aws_error, break_operation, error_of
from clouds.aws_set_up import AwsSetUp, unsigned_token
from clouds.command_line import FinishedRun


def test_oracles_say_what_they_say(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask_everything: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    cloud.findings = [
        {"findingType": "SECURITY_WARNING", "issueCode": "MISSING_KEY", "findingDetails": "Add a \x1b[1m"}
    ]
    cloud.decisions = {"s3:ListBucket": "implicitDeny"}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity", "Resource": "*"}
    cloud.policies = [{"Id": "p-1", "Content": json.dumps({"Version": "2012-10-17", "Statement": [deny]})}]
    done = ask_everything(made, logs=False)
    assert "Access Analyzer says of the trust policy: MISSING_KEY: Add a \\x1b[1m" in done.err
    assert "s3:ListBucket on *: implicitDeny" in done.err
    (cause,) = (cause for cause in done.report["causes"] if cause["name"] == "outside-the-trust-policy")
    assert cause["confidence"] == "suspected", "whether it is attached here is not known"


def test_oracles_that_are_denied(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask_everything: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    asked = ("access-analyzer:ValidatePolicy", "iam:SimulatePrincipalPolicy", "organizations:ListPolicies")
    cloud.fault = lambda name, _: error_of(name, "AccessDeniedException", 403) if name in asked else None
    done = ask_everything(made, logs=False)
    assert done.prediction == "accepted"
    for one in asked:
        assert f"allow {one}" in done.unread


# --try


def test_a_try_presents_the_token_and_keeps_nothing(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up(pattern="job:green:*")
    token = unsigned_token(made)
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
    kind: str, cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    path = tmp_path / "token.jwt"
    path.write_text(unsigned_token(made))
    page = b"<html><head><title>Forbidden</title></head></html>"
    more: dict[str, Any] = {"status": 403, "body": page} if kind == "page" else {"code": "Throttling", "status": 400}
    break_operation(cloud, "sts:AssumeRoleWithWebIdentity", **more)
    done = doctor("--role", made.role, "--token", path, "--no-logs", "--try")
    assert done.coverage("error.txt")["status"] in ("missing", "denied")
    assert "Throttling" not in json.dumps(done.report["causes"])
    assert "<html" not in done.out


def test_a_try_that_succeeds_contradicts_a_refusal(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up(pattern="job:green:*")
    path = tmp_path / "token.jwt"
    path.write_text(unsigned_token(made))
    done = doctor("--role", made.role, "--token", path, "--no-logs", "--try")
    assert cloud.calls["sts:AssumeRoleWithWebIdentity"] == 1
    accepted = [one for one in done.report["attempts"] if one["outcome"] == "accepted"]
    assert len(accepted) == 1, done.err
    assert "ASIA" not in done.out


def test_no_part_of_the_token_is_kept(cloud: Cloud, set_up: Callable[..., AwsSetUp], tmp_path: Path) -> None:
    from oidc_doctor.documents.token import parse_token
    from oidc_doctor.live.plan import CollectionRequest, Goal, gather
    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.evidence import Target, TargetAws

    made = set_up()
    text = unsigned_token(made)
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
        found = gather(CollectionRequest((goal,), logs=False, attempt=True, private=True), said.append)
        said += [found.bundle.read(name).decode() for name in found.bundle.names()]
        said += [*found.warnings, str(found.reads), repr(goal)]
    everything = "\n".join(said)
    for part in (*text.split("."), "c4n4ry", "SecretAccessKey", "SessionToken"):
        assert part not in everything


def test_a_try_needs_the_token(cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]) -> None:
    done = ask(set_up(), "--try")
    assert done.code == 2
    assert "--token FILE" in done.err
