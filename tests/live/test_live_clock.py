"""The clock of this machine is wrong: the report says so, and judges at the cloud's time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Cloud, error_of
from clouds.aws_set_up import AUDIENCE, SUBJECT, AwsSetUp
from clouds.command_line import FinishedRun
from oidc_doctor.live.clock import Clocks

DAY = 86_400


@pytest.fixture
def ask_now(
    set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> Callable[[float], FinishedRun]:
    """Asks about a token that was issued so many seconds from now."""
    made = set_up()

    def ask(issued: float) -> FinishedRun:
        times = {"iat": int(time.time() + issued), "exp": int(time.time() + issued + 600)}
        claims = tmp_path / "claims.json"
        claims.write_text(json.dumps({"iss": made.issuer, "sub": SUBJECT, "aud": AUDIENCE} | times))
        return doctor("--role", made.role, "--claims", claims, "--private-issuer", "--no-logs")

    return ask


@pytest.mark.parametrize("ahead", [DAY, -DAY])
def test_a_cloud_decides_by_its_own_clock(
    ahead: float, ask_now: Callable[[float], FinishedRun], others_clock: Callable[[float], None]
) -> None:
    others_clock(ahead)
    done = ask_now(ahead - 60)  # fresh by the cloud's clock, and by this machine's a day off
    assert done.prediction == "accepted"
    side = "behind" if ahead > 0 else "ahead of"
    assert re.search(
        f"the clock of this machine is (1 d|23 h 59 min) {side} that of AWS; times are judged by the", done.err
    )
    assert any(f"{side} that of AWS" in warning for warning in done.report["warnings"])


def test_a_right_clock_is_not_mentioned(ask_now: Callable[[float], FinishedRun]) -> None:
    done = ask_now(DAY)
    assert "clock of this machine" not in done.err
    assert done.prediction == "refused"


@pytest.mark.parametrize("ahead", [DAY, -DAY, 0])
def test_the_window_of_the_logs_is_of_the_cloud_s_clock(
    ahead: float,
    cloud: Cloud,
    set_up: Callable[..., AwsSetUp],
    doctor: Callable[..., FinishedRun],
    others_clock: Callable[[float], None],
) -> None:
    """Its events have the times of that clock: by this machine's the window would miss the last hour."""
    made = set_up()
    others_clock(ahead)
    done = doctor("--role", made.role, "--since", "2h")
    row = done.coverage("aws/cloudtrail/us-east-1/exchanges.json")
    first, last = (datetime.fromisoformat(row[name]).timestamp() for name in ("from", "to"))
    assert abs(last - time.time() - ahead) < 60
    assert abs(last - first - 7200) < 2


def test_a_window_that_was_named_stays(
    set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], others_clock: Callable[[float], None]
) -> None:
    made = set_up()
    others_clock(-DAY)
    since = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    done = doctor("--role", made.role, "--since", since)
    assert done.coverage("aws/cloudtrail/us-east-1/exchanges.json")["from"] == since


def test_a_refused_call_tells_the_time_too(
    cloud: Cloud, ask_now: Callable[[float], FinishedRun], others_clock: Callable[[float], None]
) -> None:
    """A clock that is off by a day is why AWS refuses every signed call."""
    others_clock(DAY)
    cloud.fault = lambda name, _: error_of(name, "SignatureDoesNotMatch", 403, "Signature expired")
    done = ask_now(DAY)
    assert "behind that of AWS" in done.err
    assert done.prediction == "unknown"


NOW = 1_795_387_200.0


@pytest.mark.parametrize(
    ("heard", "ahead", "words"),
    [
        ([("AWS", NOW - DAY, {}, True)], DAY, "1 d ahead of that of AWS"),
        ([("AWS", NOW - 50, {}, True)], 0, ""),
        ([("AWS", NOW, {}, True), ("the issuer", NOW - DAY, {}, False)], 0, ""),
        ([("AWS", NOW - DAY, {}, True), ("AWS", NOW - 2, {}, True)], 0, ""),
        (
            [("the issuer", NOW - DAY, {}, False)],
            0,
            "1 d ahead of that of the issuer; times are judged by this machine",
        ),
        ([("the issuer", NOW - DAY, {"Age": "86400"}, False)], 0, ""),
        ([("the issuer", NOW - 5, {"Age": "9" * 400}, False)], 0, ""),
        ([], 0, ""),
    ],
)
def test_whose_clock_counts(heard: list[Any], ahead: float, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    clocks = Clocks()
    for whose, date, more, is_cloud in heard:
        clocks.hear(whose, {"Date": formatdate(date, usegmt=True)} | more, is_cloud=is_cloud)
    assert clocks.ahead() == ahead
    assert words in clocks.warning()
    assert bool(words) == bool(clocks.warning())


@pytest.mark.parametrize("date", ["", "now", "Sun, 99 Nov 2026 25:00:00 GMT", "\ud800", "9" * 5000, "0001"])
def test_a_date_that_is_none_says_nothing(date: str) -> None:
    clocks = Clocks()
    clocks.hear("AWS", {"date": date}, is_cloud=True)
    clocks.hear("AWS", {}, is_cloud=True)
    assert clocks.warning() == ""
