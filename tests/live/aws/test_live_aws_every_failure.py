"""Every reader of AWS and every failure: a report, the source named as unread, and no answer from what was not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clouds.aws import Broken, Cloud, error_of
from clouds.aws_set_up import AwsSetUp
from clouds.bodies import BODIES
from clouds.command_line import FinishedRun


def assert_unread(done: FinishedRun, wanted: set[str]) -> None:
    """No configuration was read: each file is named with a reason, and nothing is concluded from its absence."""
    assert done.code in (1, 3)
    assert done.prediction == "unknown"
    rows = {row["what"]: row for row in done.report["coverage"]}
    for path in wanted:
        row = rows.get(path)
        if row is not None:  # a file that another one names is not known of
            assert row["status"] in ("denied", "missing", "partial"), row
            assert row["reason"], row
    assert rows["aws/role.json"]["status"] in ("denied", "missing")
    assert not [cause for cause in done.report["causes"] if cause["confidence"] != "suspected"]
    assert not [row for row in done.report["checks"] if row["status"] == "broken"]
    assert "Traceback" not in done.out + done.err
    assert "<html" not in done.out + done.err


@pytest.fixture
def everything(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], ask_everything: Callable[..., FinishedRun]
) -> Callable[..., FinishedRun]:
    made = set_up(rich=True)

    def run(fault: Any) -> FinishedRun:
        cloud.fault = fault
        return ask_everything(made)

    return run


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("body", "status"), [*((body, 200) for body in BODIES), ("deep object", 500), ("not UTF-8", 500)]
)
def test_a_body_that_cannot_be_read(body: str, status: int, everything: Callable[..., FinishedRun]) -> None:
    """All readers meet it in one run."""
    kind = "text/xml" if body == "deep XML" else "application/x-amz-json-1.1"
    done = everything(lambda _operation, _number: Broken(status, BODIES[body], kind))
    assert_unread(done, {"aws/oidc-providers.json", "aws/role-policy-list.json"})


@pytest.mark.parametrize(
    "fault",
    [
        lambda name, _: error_of(name, "AccessDenied", 403),
        lambda name, _: error_of(name, "Throttling", 400),
        lambda name, _: error_of(name, "InternalFailure", 500),
        lambda name, _: error_of(name, "\ud83d\ude00" * 5_000, 400),
        lambda _, __: Broken(200, b'{"Role": {}}', "application/json", cut=True),
        lambda _, __: Broken(404, BODIES["html"], "text/html"),
    ],
    ids=["denied", "throttled", "internal", "long code", "connection ends", "page of a proxy"],
)
def test_a_call_that_fails(fault: Any, everything: Callable[..., FinishedRun]) -> None:
    assert_unread(everything(fault), {"aws/oidc-providers.json"})
