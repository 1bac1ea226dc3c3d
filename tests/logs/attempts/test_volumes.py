"""Attempts by day: of large logs, for each workload, whatever the outcome."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from log_rows import rows_of

from evidence import Bundle
from oidc_doctor.logs.attempts import volumes as module
from oidc_doctor.logs.attempts.signatures import Attempts
from oidc_doctor.logs.attempts.volumes import volumes
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt, Outcome
from oidc_doctor.report.text import render_text

DAY = 86400.0
FIRST = 1795392000.0  # 2026-11-23T00:00:00Z
SAMPLE = Attempt(
    cloud="aws",
    step="exchange",
    time=0.0,
    target="arn:aws:iam::123456789012:role/Weights",
    provider=None,
    subject="repo:acme/app:ref:refs/heads/main",
    audience=None,
    outcome="accepted",
    error_code=None,
    error_message=None,
    event_id="",
    origin=Origin("trail.json"),
)


def made(number: int, time: float, outcome: Outcome, subject: str) -> Attempt:
    return replace(SAMPLE, time=time, outcome=outcome, subject=subject, event_id=f"event-{number}")


def test_an_outage_shows_by_day() -> None:
    attempts = []
    for hour in range(24 * 10):
        outcome: Outcome = "refused" if 24 * 6 + 6 <= hour < 24 * 8 else "accepted"
        attempts += [
            made(3 * hour + number, FIRST + 3600 * hour + number, outcome, "repo:acme/app") for number in range(3)
        ]
    table = Attempts(rows_of(attempts))
    (volume,) = volumes(table, {int(key) for key in table.key})
    assert volume.first_day == "2026-11-23"
    assert volume.accepted == (72, 72, 72, 72, 72, 72, 18, 0, 72, 72)
    assert volume.refused == (0, 0, 0, 0, 0, 0, 54, 72, 0, 0)
    assert not any(volume.unknown)
    assert volumes(table, ()) == []


MADE = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["accepted", "refused", "unknown"]), st.sampled_from("ab")), min_size=1
)


@settings(max_examples=25)
@given(MADE)
def test_every_attempt_counts_once(drawn: list[tuple[int, Outcome, str]]) -> None:
    attempts = [
        made(place, FIRST + DAY * day + place, outcome, name) for place, (day, outcome, name) in enumerate(drawn)
    ]
    table = Attempts(rows_of(attempts))
    before = module.ENOUGH, module.FEWEST_DAYS
    module.ENOUGH, module.FEWEST_DAYS = 1, 1
    try:
        found = volumes(table, {int(key) for key in table.key})
    finally:
        module.ENOUGH, module.FEWEST_DAYS = before
    counted = {
        (volume.family, outcome, day): count
        for volume in found
        for outcome in ("accepted", "refused", "unknown")
        for day, count in enumerate(getattr(volume, outcome), min(day for day, _, _ in drawn))
        if count
    }
    expected: dict[tuple[str | None, str, int], int] = {}
    for day, outcome, name in drawn:
        expected[name, outcome, day] = expected.get((name, outcome, day), 0) + 1
    assert counted == expected


def exchanges(aws: Bundle, moments: list[str]) -> Bundle:
    return aws.cloudtrail([aws.event(event_id=f"exchange-{moment}", eventTime=moment) for moment in moments])


def test_a_report_of_large_logs_has_volumes(aws: Bundle) -> None:
    moments = [
        f"2026-11-{day:02}T{hour:02}:{minute:02}:00Z"
        for day in range(9, 14)
        for hour in range(24)
        for minute in range(0, 60, 10)
    ]
    report = exchanges(aws, moments).report()
    assert [sum(volume["accepted"]) + sum(volume["refused"]) for volume in report.volumes] == [720]
    text = render_text(report, width=80, color=False)
    assert "Volumes  (attempts a day, UTC)" in text
    assert "  9 Nov" in text
    assert text.count("    144") == 5


def test_six_attempts_need_no_pandas(aws: Bundle) -> None:
    exchanges(aws, [f"2026-11-{day:02}T10:00:00Z" for day in range(9, 15)])
    code = (
        "import sys; from oidc_doctor.cli.main import main\n"
        "main(['--report', '--format', 'json', '--from', sys.argv[1]])\n"
        "sys.exit('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, aws.root], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert len(report["attempts"]) == 1
    assert "volumes" not in report
