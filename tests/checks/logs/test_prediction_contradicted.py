"""LOG003: a recorded attempt went another way than predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_accepted_in_fact(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=other:*")).cloudtrail([aws.accepted_event(event_id="e-1")])
    answer = aws.ask()
    (message,) = answer.found("prediction-contradicted")
    assert "e-1" in message
    assert answer.exchange().prediction == "refused"
    replay = answer.attempt("e-1").replay
    assert replay is not None
    assert replay["decision"] == "refused"


def test_google(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="google.subject.startsWith('v=1:org=other:')")
    gcp.gcp_logs([gcp.log_entry(insert_id="e-1")])
    assert "e-1" in gcp.ask().found("prediction-contradicted")[0]


def test_accepted_as_predicted(aws: Bundle) -> None:
    aws.cloudtrail([aws.accepted_event()]).ask().passed("prediction-contradicted")


def test_refused_as_predicted(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=other:*")).cloudtrail([aws.event()]).ask().passed("prediction-contradicted")


def test_no_logs_were_read(aws: Bundle) -> None:
    aws.ask().skipped("prediction-contradicted")
