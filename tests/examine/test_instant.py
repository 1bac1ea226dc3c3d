"""The instant for which a report judges, and the window of logged attempts that it shows."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.logs.extract.file import ENDING, Header, write_extract

if TYPE_CHECKING:
    from evidence import Answer, Bundle


OTHER_SUBJECT = "v=1:org=Org8Kd2P:team=Other123:model=m:deployment=d:environment=production:type=model_container"


def at(answer: Answer) -> str:
    return answer.report.evaluated_at


def test_at_comes_before_everything(aws: Bundle) -> None:
    aws.cloudtrail([aws.event(at="2026-11-22T23:30:00Z")])
    assert at(aws.ask(at=aws.NOW + 10.0)) == "2026-11-22T22:40:10Z"
    assert at(aws.ask(at=0.0)) == "1970-01-01T00:00:00Z"


def test_an_instant_before_the_newest_event_is_named(aws: Bundle) -> None:
    aws.cloudtrail([aws.event(at="2026-11-22T23:30:00Z")])
    (line,) = aws.ask().report.warnings
    assert "2026-11-22T22:40:00Z, is before the newest logged event, 2026-11-22T23:30:00Z" in line
    assert len(aws.ask(at=aws.NOW - 86_400.0).report.warnings) == 1
    assert aws.ask(at=aws.NOW + 3600.0).report.warnings == []


def test_the_end_of_a_search_is_no_event(aws: Bundle) -> None:
    header = Header("cloudtrail", selective=True, since=aws.NOW - 86_400.0, until=aws.NOW + 86_400.0)
    aws.write(f"aws/cloudtrail/athena-1{ENDING}", write_extract(header, [aws.event(at="2026-11-22T22:35:00Z")]))
    assert aws.ask().report.warnings == []


def test_an_event_during_the_collection_is_no_contradiction(aws: Bundle) -> None:
    aws.cloudtrail([aws.event(at="2026-11-22T22:50:00Z")])
    assert at(aws.ask()) == aws.COLLECTED_AT == "2026-11-22T22:40:00Z"
    assert aws.ask().report.warnings == []


def test_then_when_it_was_collected(aws: Bundle) -> None:
    aws.cloudtrail([aws.event(at="2026-11-22T23:30:00Z")])
    assert at(aws.ask()) == aws.COLLECTED_AT


def test_then_the_newest_attempt_of_the_target(aws: Bundle) -> None:
    other = "arn:aws:iam::210987654321:role/Other"
    records = [aws.event(at="2026-11-22T22:41:00Z"), aws.event(at="2026-11-22T22:45:00Z", event_id="e-2"),
               aws.event(at="2026-11-22T22:59:00Z", role=other, event_id="e-3")]  # fmt: skip
    aws.manifest(collected_at=None).cloudtrail(records)
    assert at(aws.ask()) == "2026-11-22T22:45:00Z"


def test_or_the_tokens_iat_where_that_is_later(aws: Bundle) -> None:
    aws.manifest(collected_at=None).cloudtrail([aws.event(at="2026-11-22T22:30:00Z")])
    assert at(aws.ask()) == "2026-11-22T22:39:00Z"


def test_never_after_now(aws: Bundle) -> None:
    aws.manifest(collected_at=None).cloudtrail([aws.event()])
    later = int(time.time()) + 86_400
    answer = aws.token(aws.claims_of(iat=later, exp=later + 60)).ask()
    assert at(answer) <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))


def test_without_logs_it_is_now(aws: Bundle) -> None:
    before = int(time.time())
    answer = aws.manifest(collected_at=None).ask()
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before))
    assert moment <= at(answer) <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))


def test_a_relative_since_counts_back_from_the_instant(aws: Bundle) -> None:
    aws.cloudtrail(
        [aws.event(at="2026-11-22T22:30:00Z", event_id="near"), aws.event(at="2026-11-20T22:30:00Z", event_id="far")]
    )
    answer = aws.ask(since_back=3600.0)
    assert answer.report.window["from"] == "2026-11-22T21:40:00Z"
    answer = aws.ask(since_back=60.0)
    assert answer.report.attempts == []


def test_an_attempt_outside_the_window_is_not_told(aws: Bundle) -> None:
    aws.cloudtrail(
        [
            aws.event(at="2026-11-22T22:30:00Z", event_id="near"),
            aws.event(at="2026-11-20T22:30:00Z", event_id="far", subject=OTHER_SUBJECT),
        ]
    )
    assert [row.event_ids for row in aws.ask(since_back=3600.0).report.attempts] == [["near"]]
    everything = aws.ask().report
    assert len(everything.attempts) == 2
    assert (everything.window["from"], everything.window["to"]) == ("2026-11-20T22:30:00Z", "2026-11-22T22:30:00Z")


def test_a_window_inside_a_group_counts_only_its_events(aws: Bundle) -> None:
    aws.cloudtrail(
        [aws.event(at="2026-11-22T22:30:00Z", event_id="near"), aws.event(at="2026-11-20T22:30:00Z", event_id="far")]
    )
    (row,) = aws.ask(since_back=3600.0).report.attempts
    assert (row.count, row.event_ids, row.first_seen) == (1, ["near"], "2026-11-22T22:30:00Z")


def test_an_event_after_until_is_not_the_newest(aws: Bundle) -> None:
    aws.cloudtrail([aws.event(at="2026-11-22T22:30:00Z")])
    assert aws.ask(until=float(aws.NOW - 3600)).report.attempts == []


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "99999999999", "2026-11-22"])
def test_any_moment_can_be_asked_for(aws: Bundle, moment: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    arguments = ["--report", "--format", "json", "--from", os.fspath(aws.root), "--at", moment]
    assert main(arguments) in (0, 1)
    assert json.loads(capfdbinary.readouterr().out)["evaluated_at"]


@pytest.mark.parametrize("since", ["24h", "99999999d", "99999999999999999w", "0001-01-01T00:00:00"])
def test_any_window_can_be_asked_for(aws: Bundle, since: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    aws.cloudtrail([aws.accepted_event()])
    assert main(["--report", "--format", "json", "--from", os.fspath(aws.root), "--since", since]) in (0, 2)
