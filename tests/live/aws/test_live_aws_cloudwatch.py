"""The log group of a trail, read by CloudWatch Logs Insights."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import archive_world
import pytest
from archives import make_archive
from hypothesis import example, given, settings
from hypothesis import strategies as st

import security_lake
from clouds.aws import Broken, Cloud, aws_error, error_of
from clouds.aws_set_up import AwsSetUp, exchange_event
from clouds.command_line import FinishedRun
from clouds.insights import CloudWatchLogs, LogGroup
from examples import share_of
from oidc_doctor.live import collect as collect_module
from oidc_doctor.live.aws import cloudwatch, insights
from oidc_doctor.live.aws.account import Account, AwsScope
from oidc_doctor.live.aws.client import AwsClients
from oidc_doctor.live.aws.lookup import RoleGroup
from oidc_doctor.live.aws.readers import readers
from oidc_doctor.live.collector import Collector
from oidc_doctor.logs.engines.query import Window
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.log_place import log_place
from oidc_doctor.model.times import rfc3339

PLACE = "cloudwatch:trail/logs"
FILE = "aws/cloudtrail/cloudwatch-1.extract.jsonl.gz"
DAY = 86_400
CHANGES, ATTEMPTS = 0, 1  # the order of the queries


def event(made: AwsSetUp, number: int, **more: Any) -> tuple[int, str]:
    """An exchange of so many minutes ago, as CloudTrail sends it to a log group."""
    record = json.loads(exchange_event(made, number, **more)["CloudTrailEvent"])
    at = datetime.fromisoformat(record["eventTime"]).timestamp()
    return round(at * 1000), json.dumps(record)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at running queries at once."""
    monkeypatch.setattr(insights, "_FIRST_PAUSE", 0.01)


MADE = AwsSetUp(
    "arn:aws:iam::123456789012:role/Weights",
    "arn:aws:iam::123456789012:oidc-provider/oidc.example.com",
    "https://oidc.example.com",
)


@pytest.fixture
def logs(cloud: Cloud) -> CloudWatchLogs:
    """A log group with 30 refused exchanges of the last half hour, and another whose name begins as its name does."""
    events = [event(MADE, number, error="AccessDenied") for number in range(30)]
    now = round(time.time() * 1000)
    group = LogGroup("trail/logs", events, stored=30_000_000, created=now - 30 * DAY * 1000)
    logs = CloudWatchLogs([LogGroup("trail/logs-of-others"), group])
    cloud.services["logs"] = logs
    return logs


@pytest.fixture
def read(doctor: Callable[..., FinishedRun]) -> Callable[..., FinishedRun]:
    def run(*more: str, since: str = "24h") -> FinishedRun:
        return doctor("--cloudtrail", PLACE, "--since", since, *more)

    return run


def refused(done: FinishedRun) -> str:
    """The reason why nothing could be read: there is no other evidence."""
    assert (done.code, done.out) == (2, ""), done
    line = done.err.splitlines()[-1]
    assert line.startswith(f"oidc-doctor: nothing could be read: {FILE}"), line
    return line


def test_a_log_group_is_read_alone(logs: CloudWatchLogs, cloud: Cloud, read: Callable[..., FinishedRun]) -> None:
    done = read()
    row = done.coverage(FILE)
    assert (row["status"], row["reason"]) == ("read", PLACE), row
    assert done.coverage("aws/cloudtrail")["count"] == 30
    assert sum(attempt["count"] for attempt in done.report["attempts"]) == 30
    assert {call.partition(":")[0] for call in cloud.calls} == {"logs", "sts"}
    assert logs.stopped == []
    for query in logs.queries:
        assert query["logGroupName"] == "trail/logs"
        assert DAY <= query["endTime"] - query["startTime"] <= DAY + 2
    assert len(logs.queries) == 2


def test_the_attempts_of_a_log_group_are_the_token(
    logs: CloudWatchLogs, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    logs.groups[1].events = [event(made, number, error="AccessDenied") for number in range(3)]
    done = doctor("--role", made.role, "--cloudtrail", PLACE, "--since", "24h")
    assert done.report["exchanges"][0]["subject"] == made.subject
    assert done.report["exchanges"][0]["claims_from"].startswith("event-us-east-1-")


@pytest.mark.parametrize("plant", ["aws-mended"])
def test_the_report_is_that_of_the_folder(
    cloud: Cloud, doctor: Callable[..., FinishedRun], tmp_path: Path, plant: str
) -> None:
    """The edit of the trust policy that breaks the exchange is proven from either."""
    make_archive(tmp_path / "bundle", 3, plant=plant, events=200, claims=True)
    trail = (tmp_path / "bundle/aws/cloudtrail").rename(tmp_path / "trail")
    events = [
        (round(datetime.fromisoformat(record["eventTime"]).timestamp() * 1000), json.dumps(record))
        for record in security_lake.events_of(trail)
    ]
    cloud.services["logs"] = CloudWatchLogs([LogGroup("trail/logs", events, created=1_700_000_000_000)])
    end = archive_world.START + archive_world.HOURS * 3600 + 900
    window = ["--since", rfc3339(archive_world.START), "--until", rfc3339(end)]
    done = doctor("--from", tmp_path / "bundle", "--cloudtrail", PLACE, *window)
    folder = doctor("--from", tmp_path / "bundle", "--cloudtrail", trail, *window)
    done.has_answer_of(folder)


def test_more_rows_than_an_answer_has(
    logs: CloudWatchLogs, read: Callable[..., FinishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insights, "MOST_ROWS", 7)
    logs.most_rows = 7
    logs.page = 3
    logs.looks = 1
    done = read(since="1h")
    assert done.coverage("aws/cloudtrail")["count"] == 30
    assert done.coverage(FILE)["status"] == "read"
    assert len(logs.queries) > 5


def test_more_events_in_a_second_than_an_answer_has(
    logs: CloudWatchLogs, read: Callable[..., FinishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insights, "MOST_ROWS", 7)
    logs.most_rows = 7
    at, text = event(MADE, 40)
    logs.groups[1].events += [(at, text.replace("event-us-east-1-40", f"clump-{number}")) for number in range(9)]
    done = read(since="1h")
    row = done.coverage(FILE)
    assert row["status"] == "partial"
    assert "more than 7 exchanges and refused calls in one second; not all events before" in row["reason"]
    assert done.coverage("aws/cloudtrail")["count"] >= 37


def test_the_region_that_has_the_log_group(logs: CloudWatchLogs, read: Callable[..., FinishedRun]) -> None:
    logs.region = "eu-west-1"
    assert read("--region", "eu-west-1").coverage(FILE)["status"] == "read"
    reason = refused(read("--region", "eu-central-1"))
    assert "there is no log group trail/logs in eu-central-1 or us-east-1; --region names" in reason


def test_a_region_that_refuses_does_not_hide_the_next(
    logs: CloudWatchLogs, cloud: Cloud, read: Callable[..., FinishedRun]
) -> None:
    denied = aws_error("AccessDeniedException", 400, json_style=True)
    cloud.fault = lambda name, number: denied if (name, number) == ("logs:DescribeLogGroups", 1) else None
    assert read("--region", "eu-central-1").coverage(FILE)["status"] == "read"


def test_the_estimate_refuses_before_a_query(logs: CloudWatchLogs, read: Callable[..., FinishedRun]) -> None:
    reason = refused(read("--max-bytes", "1MB"))
    assert "2 queries would scan about 2 MB (estimated from the log group's stored bytes), more than 1 MB" in reason
    assert logs.queries == []
    enough = reason.rpartition(" ")[2]
    assert read("--max-bytes", enough).coverage(FILE)["status"] == "read"


def test_a_log_group_that_is_larger_than_it_says(logs: CloudWatchLogs, read: Callable[..., FinishedRun]) -> None:
    """The service reports more bytes while the query runs: it is stopped."""
    logs.groups[1].stored = 0
    logs.looks = 3
    assert "would pass the ceiling of 10 kB" in refused(read("--max-bytes", "10KB"))
    assert logs.stopped == ["query-1"]
    assert len(logs.queries) == 1


def test_a_ceiling_between_the_queries(logs: CloudWatchLogs, read: Callable[..., FinishedRun]) -> None:
    logs.groups[1].stored = 0
    size = sum(len(text) for _, text in logs.groups[1].events)
    row = read("--max-bytes", f"{round(size * 1.5)}").coverage(FILE)
    assert row["status"] == "partial"
    assert "were scanned, and the next query would pass" in row["reason"]
    assert len(logs.queries) == 1


def test_events_that_are_kept_no_longer(logs: CloudWatchLogs, read: Callable[..., FinishedRun]) -> None:
    logs.groups[1].days = 7
    done = read(since="20d")
    query = logs.queries[0]
    assert 7 * DAY <= query["endTime"] - query["startTime"] <= 7 * DAY + 2
    assert "the log group keeps no events before" in done.coverage(FILE)["reason"]
    assert "keeps no events before" in refused(read("--until", "2026-01-01", since="2025-12-01"))


@pytest.fixture
def entry(cloud: Cloud) -> Callable[[], dict[str, Any]]:
    """A function that reads the log group without the command line, and gives the manifest's entry."""
    clients = AwsClients(None, "aws")

    def run() -> dict[str, Any]:
        place = log_place(PLACE, "cloudtrail")
        assert place is not None
        now = time.time()
        scope = AwsScope(Target("x"), since=now - DAY, until=now, places=(place,), only_logs=True)
        found = collect_module.collect(readers(clients, scope))
        return next(dict(entry) for entry in found.reads if entry["path"] == FILE)

    return run


@pytest.mark.parametrize("operation", ["DescribeLogGroups", "StartQuery", "GetQueryResults"])
def test_a_refused_call(
    operation: str, logs: CloudWatchLogs, cloud: Cloud, entry: Callable[[], dict[str, Any]]
) -> None:
    for code, status, outcome in (
        ("AccessDeniedException", 400, "denied"),
        ("ThrottlingException", 400, "throttled"),
        ("MalformedQueryException", 400, "failed"),
        ("InternalFailure", 500, "failed"),
    ):
        cloud.fault = lambda name, _, code=code, status=status: (  # type: ignore[misc]
            aws_error(code, status, json_style=True) if name == f"logs:{operation}" else None
        )
        logs.stopped.clear()
        found = entry()
        assert (found["outcome"], found["code"]) == (outcome, code)
        assert len(logs.stopped) == (operation == "GetQueryResults")
        if outcome == "denied":
            assert "allow logs:DescribeLogGroups, logs:StartQuery, logs:GetQueryResults" in found["message"]


def test_targets_of_several_accounts_share_a_reading(logs: CloudWatchLogs, cloud: Cloud) -> None:
    clients, group = AwsClients(None, "aws"), RoleGroup()
    place = log_place(PLACE, "cloudtrail")
    assert place is not None
    planned = []
    for account in ("111122223333", "444455556666"):
        target = Target(account, aws=TargetAws(f"arn:aws:iam::{account}:role/Weights"))
        scope = AwsScope(target, back=DAY, places=(place,), only_logs=True, prefix=f"targets/{account}/")
        planned += readers(clients, scope, group)
    found = collect_module.collect(planned)
    written = [entry for entry in found.reads if str(entry["path"]).startswith("aws/cloudtrail/")]
    assert [entry["outcome"] for entry in written] == ["ok", "ok"], found.reads
    assert len(logs.queries) == 2


def test_too_many_queries_at_once_are_waited_for(
    logs: CloudWatchLogs, cloud: Cloud, entry: Callable[[], dict[str, Any]]
) -> None:
    busy = aws_error("LimitExceededException", 400, json_style=True)
    cloud.fault = lambda name, number: busy if (name, number) == ("logs:StartQuery", 1) else None
    assert entry()["outcome"] == "ok"
    assert len(logs.queries) == 2


def test_answers_that_cannot_be_read(logs: CloudWatchLogs, cloud: Cloud, entry: Callable[[], dict[str, Any]]) -> None:
    for body in (
        {"status": "Complete"},
        {"status": "Complete", "results": [[{"value": "x"}]]},
        {"status": "Complete", "results": [7]},
        {"status": "Complete", "results": [[7]]},
        {"status": "Complete", "results": [], "nextToken": "again"},
        {"status": "Failed", "results": []},
        {"status": "Cancelled"},
        {"status": 7, "results": []},
        {},
    ):
        answer = Broken(200, json.dumps(body).encode(), "application/x-amz-json-1.1")
        cloud.fault = lambda name, _, answer=answer: answer if name == "logs:GetQueryResults" else None  # type: ignore[misc]
        assert entry()["outcome"] == "failed", body


def test_queries_that_take_too_long_for_the_service(
    logs: CloudWatchLogs, read: Callable[..., FinishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insights, "_MOST_QUERIES", 12)
    logs.status = "Timeout"
    row = read().coverage(FILE)
    assert "more than 12 queries" in row["reason"]
    lengths = [query["endTime"] - query["startTime"] for query in logs.queries]
    assert lengths[0] > 3 * lengths[-1]


def test_messages_that_are_no_records(logs: CloudWatchLogs, read: Callable[..., FinishedRun]) -> None:
    now = round(time.time() * 1000) - 60_000
    for text in (
        "",
        "AssumeRoleWithWebIdentity",
        '{"eventName": "AssumeRoleWithWebIdentity"',
        "[]",
        "\ud83d\ude00" * 9,
    ):
        logs.groups[1].events.append((now, text))
    at, text = event(MADE, 3)
    logs.groups[1].events.append((at, json.dumps(json.loads(text) | {"eventID": {"x": 1}, "userIdentity": "\x1b[31m"})))
    done = read()
    assert done.coverage("aws/cloudtrail")["count"] == 31
    assert "\x1b" not in done.out


def test_rows_that_cannot_be_read_are_missing(
    logs: CloudWatchLogs, read: Callable[..., FinishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = cloudwatch.attempts_query()
    monkeypatch.setattr(cloudwatch, "attempts_query", lambda: query._replace(record_of=lambda _: {}))
    row = read().coverage(FILE)
    assert row["status"] == "partial"
    assert row["reason"] == f"cut off when it was gathered: {PLACE}: 30 events could not be read"


def test_when_time_ends_what_was_read_is_kept(
    logs: CloudWatchLogs, read: Callable[..., FinishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insights, "_MARGIN", 0.5)
    original = logs._GetQueryResults

    def slow(asked: dict[str, Any]) -> dict[str, Any]:
        logs.looks = 0 if asked["queryId"] == "query-1" else 1_000
        return original(asked)

    monkeypatch.setattr(logs, "_GetQueryResults", slow)
    row = read("--timeout", "2").coverage(FILE)
    assert row["status"] == "partial"
    assert "the time given with --timeout ended before" in row["reason"]
    assert logs.stopped == ["query-2"]


def test_an_interrupt_stops_the_query(
    logs: CloudWatchLogs, read: Callable[..., FinishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.looks = 1_000

    ended: list[str | None] = []

    def interrupt(run: Any) -> str | None:
        if ended and logs.asked.wait(10.0):
            raise KeyboardInterrupt
        ended.append(original(run))
        return ended[-1]

    original = collect_module._Run._wait
    monkeypatch.setattr(collect_module._Run, "_wait", interrupt)
    done = read()
    assert done.code == 130
    assert logs.stopped == ["query-1"]


def test_a_query_that_cannot_be_stopped_is_named(
    logs: CloudWatchLogs, cloud: Cloud, read: Callable[..., FinishedRun]
) -> None:
    logs.groups[1].stored = 0
    logs.looks = 3
    cloud.fault = lambda name, _: error_of(name, "AccessDeniedException", 400) if name == "logs:StopQuery" else None
    done = read("--max-bytes", "10KB")
    assert "stop it with: aws logs stop-query --region us-east-1 --query-id query-1" in " ".join(done.err.split())


def test_a_query_is_not_started_twice(logs: CloudWatchLogs, cloud: Cloud, entry: Callable[[], dict[str, Any]]) -> None:
    """After a connection that ended without an answer, the query may run."""

    def end_the_connection(name: str, _: int) -> None:
        if name == "logs:StartQuery":
            raise ConnectionResetError

    cloud.fault = end_the_connection
    assert entry()["code"] == "ConnectionClosedError"
    assert cloud.calls["logs:StartQuery"] == 1


def test_the_permissions(doctor: Callable[..., FinishedRun]) -> None:
    done = doctor("permissions", "aws", "--cloudtrail", PLACE, report=False)
    for permission in ("logs:DescribeLogGroups", "logs:StartQuery", "logs:GetQueryResults", "logs:StopQuery"):
        assert permission in done.out
    assert "arn:aws:logs:*:*:log-group:trail/logs:*" in done.out


# -------------------------------------------------------------------------------------------------------------- ranges


class _Direct:
    """An account whose calls are answered without a network."""

    def __init__(self, logs: CloudWatchLogs) -> None:
        self.logs = logs
        self.clients = SimpleNamespace(
            of=lambda *_: SimpleNamespace(start_query=lambda **asked: logs("StartQuery", logs.region, asked)),
            learned_pacer=lambda *_: None,
        )

    def ask(self, _collector: Collector, _service: str, region: str, _operation: str, **asked: Any) -> Any:
        asked.pop("pacer")
        return self.logs("GetQueryResults", region, asked)


_TEXT = 'filter @message like "e"\n| sort @timestamp desc\n| display @message\n| limit 10000'


@settings(max_examples=share_of(300))
@example([(30, 500, 1)], False, True, 2, 0.0, 30.75)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0, 0, 0, 1, 500, 999]), st.integers(1, 9)), max_size=25),
    st.booleans(),
    st.booleans(),
    st.integers(2, 6),
    st.floats(0, 3),
    st.floats(30, 40),
)
def test_nothing_is_lost_or_doubled_at_the_ends_of_ranges(
    clumps: list[tuple[int, int, int]], whole_end: bool, statistics: bool, most: int, since: float, until: float
) -> None:
    begin = 1_795_000_000
    events = [
        ((begin + second) * 1000 + millisecond, f"e-{number}-{copy}")
        for number, (second, millisecond, copies) in enumerate(clumps)
        for copy in range(copies)
    ]
    logs = CloudWatchLogs([LogGroup("trail/logs", events)], most_rows=most, whole_end=whole_end, statistics=statistics)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(insights, "MOST_ROWS", most)
        collector = Collector(time.monotonic() + 60, lambda _: None)
        account = cast("Account", _Direct(logs))
        reading = insights.Insights(account, collector, logs.region, "trail/logs", most=10**12)
        taken: list[str] = []
        outcome = reading.read(
            _TEXT, Window(begin + since, begin + until), lambda row: taken.append(str(row["@message"]))
        )
    inside = {text for at, text in events if (begin + since) * 1000 <= at <= (begin + until) * 1000}
    every = {text for _, text in events}
    assert set(taken) <= every
    if outcome.cut is None:
        assert inside <= set(taken)
    else:
        assert {text for at, text in events if text in inside and at >= (outcome.cut + 1) * 1000} <= set(taken)
        seconds = [at // 1000 for at, _ in events]
        assert max(seconds.count(second) + seconds.count(second + 1) for second in seconds) >= most
    assert not threading.active_count() > 200
