"""The clock of this machine is wrong: the report says so, and judges at the cloud's time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Cloud, error_of
from clouds.aws_set_up import AUDIENCE, SUBJECT, AwsSetUp
from clouds.command_line import FinishedRun
from oidc_doctor.live.clock import Clocks

DAY = 86_400


@pytest.fixture
def others_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that sets the clock of every server so many seconds ahead."""

    def ahead(seconds: float) -> None:
        def date(_: Any, timestamp: float | None = None) -> str:
            return formatdate((time.time() if timestamp is None else timestamp) + seconds, usegmt=True)

        monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date)

    return ahead


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
