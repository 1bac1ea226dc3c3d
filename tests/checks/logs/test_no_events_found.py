"""LOG001: the logs hold no attempt, and what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oidc_doctor.logs.extract.file import ENDING, Header, write_extract

if TYPE_CHECKING:
    from evidence import Bundle


def refusing(bundle: Bundle) -> Bundle:
    return bundle.condition(bundle.subject("v=1:org=other:*"))


def test_logs_of_another_role(aws: Bundle) -> None:
    answer = refusing(aws).cloudtrail([aws.event(role=aws.ROLE_ARN + "2")]).ask()
    message = " ".join(answer.found("no-events-found"))
    assert aws.ROLE_ARN in message
    assert "1 record in 1 file" in message
    assert answer.report.attempts == []


def test_an_empty_trail(aws: Bundle) -> None:
    messages = refusing(aws).cloudtrail([]).ask().found("no-events-found")
    assert any("us-east-1" in message for message in messages)


def test_a_refusal_that_aws_does_not_log(aws: Bundle) -> None:
    aws.aws_provider(client_ids=("other",)).cloudtrail([aws.event(role=aws.ROLE_ARN + "2")])
    messages = aws.ask().found("no-events-found")
    assert any("usually has no event" in message for message in messages)


def test_events_that_may_still_be_on_their_way(aws: Bundle) -> None:
    refusing(aws).cloudtrail([aws.event(role=aws.ROLE_ARN + "2", at="2026-11-22T22:38:00Z")])
    assert any("not have been delivered" in message for message in aws.ask().found("no-events-found"))


def test_a_window_that_ends_too_early(aws: Bundle) -> None:
    refusing(aws).cloudtrail([aws.event(role=aws.ROLE_ARN + "2", at="2026-11-20T22:38:00Z")])
    said = " ".join(aws.ask().found("no-events-found"))
    assert "end before the moment that is judged" in said, "nobody was seen to fail"
    said = " ".join(aws.ask(error=aws.NOT_AUTHORIZED[1]).found("no-events-found"))
    assert "end before the failure" in said


def test_the_event_is_there(aws: Bundle) -> None:
    refusing(aws).cloudtrail([aws.event()]).ask().passed("no-events-found")


def test_a_healthy_exchange_is_not_missed(aws: Bundle) -> None:
    aws.cloudtrail([]).ask().passed("no-events-found")


def test_no_logs_were_read(aws: Bundle) -> None:
    refusing(aws).ask().skipped("no-events-found")


@pytest.mark.parametrize("truncated", [True, False])
def test_logs_of_which_records_were_left_out(aws: Bundle, truncated: bool) -> None:
    path = f"aws/cloudtrail/s3-1{ENDING}"
    other = aws.event(role=aws.ROLE_ARN + "2")
    refusing(aws).write(path, write_extract(Header("cloudtrail", selective=False, files=9, events=900), [other]))
    aws.manifest([{"path": path, "outcome": "ok", "truncated": truncated, "message": "9 of 12 files were read"}])
    said = " ".join(aws.ask().found("no-events-found"))
    assert ("were left out when they were gathered" in said) == truncated
