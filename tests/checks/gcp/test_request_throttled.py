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
