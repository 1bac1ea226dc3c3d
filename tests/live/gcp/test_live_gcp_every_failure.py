"""Every reader of Google and every failure: a report, the source named as unread, no answer from what was not read."""

from __future__ import annotations

from typing import Any

import pytest

from clouds.bodies import BODIES
from clouds.google import Cut


def assert_unread(doctor: Any, collected: Any) -> None:
    report = doctor.report(collected.bundle)
    (exchange,) = report.exchanges
    assert (exchange.prediction, report.verdict) == ("unknown", "unknown")
    assert report.exit_code in (1, 3)
    rows = {row.what: row for row in report.coverage}
    for path in ("gcp/provider.json", "gcp/service-account-policy.json"):
        assert rows[path].status in ("denied", "missing")
        assert rows[path].reason
    assert not [row for row in report.coverage if row.what.startswith("gcp/") and row.status == "read"]
    assert not [row for row in report.checks if row.status == "broken"]
    assert not [cause for cause in report.causes if cause.confidence != "suspected"]


@pytest.mark.parametrize(
    ("body", "status"), [*((body, 200) for body in BODIES), ("deep object", 500), ("not UTF-8", 500)]
)
def test_a_body_that_cannot_be_read(doctor: Any, google: Any, body: str, status: int) -> None:
    """All readers meet it in one run. An object without any member that Google sends is one, and says nothing."""
    google.fault = lambda _, path, __: None if path == "/token" else (status, BODIES[body])
    collected = doctor.collect()
    if status != 200 or body not in ("lone surrogate", "not UTF-8"):  # its library reads other bytes for U+FFFD
        assert_unread(doctor, collected)
    else:
        assert doctor.report(collected.bundle).exchanges[0].prediction == "unknown"


@pytest.mark.parametrize("body", ["empty", "number", "deep list", "not UTF-8", "lone surrogate", "long number"])
def test_a_login_whose_answer_cannot_be_read(doctor: Any, google: Any, body: str) -> None:
    google.fault = lambda _, path, __: (200, BODIES[body]) if path == "/token" else None
    assert_unread(doctor, doctor.collect())


@pytest.mark.parametrize(
    "answer",
    [
        (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "\ud800"}}),
        (404, BODIES["html"]),
        (429, {}),
        (200, Cut(b'{"name": "x"')),
        (0, None),
        (400, {"error": {"code": 10**400, "message": 5, "status": [], "details": [{"@type": 5, "reason": {}}]}}),
    ],
    ids=["denied", "page of a proxy", "throttled", "connection ends", "no answer", "error of another shape"],
)
def test_a_call_that_fails(doctor: Any, google: Any, answer: Any) -> None:
    google.fault = lambda _, path, __: None if path == "/token" else answer
    assert_unread(doctor, doctor.collect())
