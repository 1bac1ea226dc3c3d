"""CloudTrail read live: LookupEvents, and the bucket of a trail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clouds.aws import Broken, Cloud, break_operation, error_of
from clouds.aws_set_up import AwsSetUp, exchange_event, put_trail
from clouds.command_line import FinishedRun


def test_logged_refusals_are_the_token(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun]
) -> None:
    made = set_up(pattern="job:green:*")
    cloud.events["us-east-1", made.role] = [exchange_event(made, number, error="AccessDenied") for number in range(3)]
    done = doctor("--role", made.role)
    assert done.report["causes"][0]["name"] == "subject-segment-differs", done.err
    assert len(done.report["causes"][0]["confirmed_by"]) == 3
    assert done.report["exchanges"][0]["subject"] == made.subject


def test_pages_regions_and_what_was_cut(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun], paced: None
) -> None:
    made = set_up()
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
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    cloud.empty_first_page = True
    cloud.events["us-east-1", made.role] = [exchange_event(made, 1)]
    done = ask(made, logs=True)
    assert done.coverage("aws/cloudtrail")["count"] == 1


def test_a_lookup_that_breaks_half_way_keeps_what_it_has(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
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
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    made.role += "z"
    cloud.events["us-east-1", "AssumeRoleWithWebIdentity"] = [exchange_event(made, 1, error="AccessDenied")]
    done = ask(made, logs=True)
    assert done.coverage("aws/cloudtrail/us-east-1/exchanges-by-event.json")["status"] == "read"
    assert done.report["causes"][0]["name"] == "role-missing"
    assert len(done.report["causes"][0]["confirmed_by"]) == 1


def test_a_denied_read_says_in_the_text_what_would_allow_it(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    break_operation(cloud, "iam:ListRolePolicies", code="AccessDenied", status=403)
    done = ask(made, "--format", "text")
    assert "AccessDenied: allow iam:ListRolePolicies)" in " ".join(done.out.split())


def test_lookups_that_are_denied(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    break_operation(cloud, "cloudtrail:LookupEvents", code="AccessDeniedException", status=400)
    done = ask(made, logs=True)
    row = done.coverage("aws/cloudtrail/us-east-1/exchanges.json")
    assert row["status"] == "denied"
    assert "allow cloudtrail:LookupEvents" in row["reason"]
    assert done.prediction == "accepted"


def test_a_trails_bucket_in_both_layouts(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask: Callable[..., FinishedRun]
) -> None:
    made = set_up(rich=True)
    put_trail(made)
    cloud.calls.clear()
    done = ask(made, "--cloudtrail", "s3://weights/logs", "--since", "24h")
    assert done.coverage("aws/cloudtrail")["count"] == 2, done.report["coverage"]
    assert cloud.calls["s3:GetObject"] == 2
    break_operation(cloud, "s3:GetObject", code="AccessDenied", status=403)
    done = ask(made, "--cloudtrail", "s3://weights/logs/AWSLogs/123456789012", "--since", "24h", "--no-log-cache")
    row = done.coverage("aws/cloudtrail/s3-1.extract.jsonl.gz")
    assert (row["status"], "0 of 2 files" in row["reason"]) == ("partial", True)
    assert "allow s3:GetObject" in row["reason"]


def test_a_trail_alone_is_read_without_live(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun]
) -> None:
    put_trail(set_up(rich=True))
    cloud.calls.clear()
    done = doctor("--report", "--format", "json", "--cloudtrail", "s3://weights/logs", "--since", "24h")
    assert done.coverage("aws/cloudtrail")["count"] == 2, done.report["coverage"]
    assert {call.partition(":")[0] for call in cloud.calls} == {"s3", "sts"}, cloud.calls


def test_the_evidence_beside_a_trail_is_of_its_own_time(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    put_trail(set_up(rich=True))
    caller = tmp_path / "aws" / "caller-identity.json"
    caller.parent.mkdir()
    caller.write_text('{"Account": "999988887777", "Arn": "arn:aws:iam::999988887777:user/reader"}')
    (tmp_path / "manifest.json").write_text('{"collected_at": "2026-01-05T00:00:00Z", "reads": []}')
    cloud.calls.clear()
    asks = ("--report", "--format", "json", "--from", tmp_path, "--cloudtrail", "s3://weights/logs")
    done = doctor(*asks)
    assert done.report["evaluated_at"] == "2026-01-05T00:00:00Z"
    assert {call.partition(":")[0] for call in cloud.calls} == {"s3", "sts"}, cloud.calls


def test_a_capture_of_a_trail_says_what_the_live_run_said(
    set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up(rich=True)
    put_trail(made)
    asked = ["--role", made.role, "--cloudtrail", "s3://weights/logs", "--since", "24h"]
    live = doctor(*asked)
    assert doctor("capture", *asked, "--no-redact", "-o", tmp_path / "case", report=False).code == 0
    saved = doctor("--from", tmp_path / "case", "--since", "24h")
    for part in ("verdict", "attempts", "timeline", "causes"):
        assert saved.report[part] == live.report[part], part
    steps = [[(step["id"], step["state"]) for step in run.report["exchanges"][0]["steps"]] for run in (saved, live)]
    assert steps[0] == steps[1]  # the options of the live run are in oidc-doctor.toml now
    assert len(live.report["attempts"]) == 1
    assert live.report["attempts"][0]["count"] == 2
    assert saved.coverage("aws/cloudtrail")["count"] == live.coverage("aws/cloudtrail")["count"]
    assert doctor("capture", *asked, "-o", tmp_path / "copy", report=False).code == 0
    copy = doctor("--from", tmp_path / "copy", "--since", "24h").report
    assert [(row["outcome"], row["count"]) for row in copy["attempts"]] == [("accepted", 2)]
    assert copy["verdict"] == live.report["verdict"]
