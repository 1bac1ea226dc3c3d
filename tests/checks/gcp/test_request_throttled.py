"""GCP048: too many exchanges at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


ERROR = (
    "quota_exceeded: The request was throttled due to rate limit: sts.googleapis.com/requests. "
    "Please retry after a few seconds."
)


def test_the_error_names_it(gcp: Bundle) -> None:
    answer = gcp.error(ERROR).ask()
    assert answer.first.name == "request-throttled"
    assert answer.first.confidence == "proven"
    assert answer.first.step == "target"


def test_nothing_was_said(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert "request-throttled" not in answer.names


def test_another_service_s_quota(gcp: Bundle) -> None:
    cause = (
        gcp.error(
            "Quota exceeded for quota metric 'Reads' and limit 'Reads a minute' of service 'pubsub.googleapis.com'"
        )
        .ask()
        .first
    )
    assert (cause.name, cause.step) == ("request-throttled", "permission")
    assert "calls of pubsub.googleapis.com" in cause.summary
    assert "exchanges" not in cause.summary
