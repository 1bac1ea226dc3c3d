"""Driving the screens, and a report with attempts over time and changes, larger than any bundled scenario's."""

from __future__ import annotations

import asyncio
import math
import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.examine.examine import Examined
from oidc_doctor.model.report import AttemptRow
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.examination import Inquiry

if TYPE_CHECKING:
    from textual.pilot import Pilot

    Story = Callable[[Pilot[None]], Awaitable[None]]

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = Path(__file__).resolve().parent / "pictures"
PATIENCE = 60  # seconds; the machine may be busy


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app work until `condition` holds."""
    for _ in range(PATIENCE * 50):
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("the screen never came to that")


@pytest.fixture(scope="session")
def wait() -> Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]:
    return until


async def settled(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, one after the other, and let the screen come to rest after the last of them."""
    for key in keys:
        await pilot.press(key)
    same = 0
    before = ""
    while same < 3:  # pictures in a row
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        now = shown(pilot.app)
        same, before = (same + 1, now) if now == before else (0, now)


@pytest.fixture(scope="session")
def press() -> Callable[..., Awaitable[None]]:
    return settled


@pytest.fixture(scope="session")
def play() -> Callable[..., Doctor]:
    """Run an app, let a story press its keys, and give the app back. Without `present` it examines `sample`."""

    def run(
        story: Story,
        sample: str | Path | None = "aws-wrong-team",
        *,
        size: tuple[int, int] = (80, 24),
        app: Doctor | None = None,
        present: Examined | None = None,
        theme: str = "textual-dark",
    ) -> Doctor:
        if app is None:
            path = ROOT / "sample_logs" / sample if isinstance(sample, str) else sample
            inquiry = Inquiry(path.name, str(path)) if path is not None and present is None else None
            app = Doctor(inquiry)
        doctor = app

        async def act() -> None:
            doctor.animation_level = "none"
            async with doctor.run_test(size=size, notifications=True) as pilot:
                doctor.theme = theme
                if present is not None:
                    doctor.inquiry = Inquiry("weights")
                    await doctor.switch_mode("path")
                    doctor.present(present)
                elif doctor.inquiry is not None:
                    await until(pilot, lambda: doctor.report is not None)
                await settled(pilot)
                await story(pilot)

        asyncio.run(act())
        return doctor

    return run


def picture(app: Doctor) -> str:
    """What the terminal shows, as SVG: without the name that differs from run to run, and without foreign fonts."""
    text = re.sub(r"terminal-[0-9-]+-", "terminal-", app.export_screenshot())
    text = re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in text.split("\n"))


@pytest.fixture(scope="session")
def looks_like() -> Callable[[Doctor, Path | str], None]:
    """The screen is as its picture. UPDATE_PICTURES=1 makes the picture anew: look at it before it is kept."""

    def compare(app: Doctor, name: Path | str) -> None:
        path = PICTURES / f"{name}.svg" if isinstance(name, str) else name
        now = picture(app)
        if os.environ.get("UPDATE_PICTURES"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(now, encoding="utf-8")
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        if now != kept:
            odd = path.with_suffix(".new.svg")
            odd.write_text(now, encoding="utf-8")
            pytest.fail(f"{path.name} looks otherwise: compare it with {odd}; UPDATE_PICTURES=1 keeps the new look")

    return compare


def shown(app: Doctor) -> str:
    """All text on the terminal, line by line."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


@pytest.fixture(scope="session")
def text_of() -> Callable[[Doctor], str]:
    return shown


@pytest.fixture
def examined() -> Callable[[str], Examined]:
    """The report of a bundled scenario, with few of the checks that found nothing: a new check changes no picture."""

    def of(name: str) -> Examined:
        from oidc_doctor.bundle.open import open_bundle
        from oidc_doctor.examine.examine import examine
        from oidc_doctor.examine.question import Question

        with open_bundle(str(ROOT / "sample_logs" / name)) as bundle:
            answer = examine(bundle, Question())
        quiet = {"passed": 4, "skipped": 3}
        kept = []
        for row in answer.report.checks:
            quiet[row.status] = quiet.get(row.status, 100) - 1
            if quiet[row.status] >= 0:
                kept.append(row)
        answer.report.checks = kept
        return answer

    return of


START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
BUCKETS, SECONDS = 200, 300
BREAK = 90  # the bucket in which the outcome flips
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"


def at(bucket: float) -> str:
    return (START + timedelta(seconds=bucket * SECONDS)).strftime("%Y-%m-%dT%H:%M:%SZ")


def attempt(number: int, outcome: str, first: int, last: int, size: float) -> AttemptRow:
    counts = [0] * BUCKETS
    for bucket in range(first, last):
        counts[bucket] = round(size * (1.2 + math.sin(bucket / 7 + number)))
    return AttemptRow(
        cloud="aws",
        target=ROLE,
        provider="arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co",
        subject=f"v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=m{number:03}:environment=production:type=model_build",
        audience="oidc.baseten.co",
        outcome=outcome,
        error="AccessDenied: An unknown error occurred" if outcome == "refused" else None,
        count=sum(counts),
        first_seen=at(first),
        last_seen=at(last - 0.5),
        replay={"decision": outcome, "revision": "as read"},
        cause="subject-segment-differs" if outcome == "refused" else None,
        event_ids=[f"{number:08x}-6116-4038-bbe5-{index:012x}" for index in range(20)],
        counts=counts,
        regions=[{"region": "us-east-1", "count": sum(counts)}],
    )


def with_history(examined: Examined, signatures: int = 6) -> Examined:
    """An answer with made-up attempts: accepted, then refused from a change on, and one refused attempt at mending."""
    report = examined.report
    report.window = {
        "from": at(0),
        "to": at(BUCKETS),
        "basis": "everything in the evidence",
        "buckets_from": at(0),
        "bucket_seconds": SECONDS,
        "buckets": BUCKETS,
    }
    report.attempts = [
        attempt(number, "accepted", 3 * number % 40, BREAK, 3.0 / (number + 1)) for number in range(signatures // 2)
    ] + [
        attempt(number, "refused", BREAK, BUCKETS - number % 30, 5.0 / (number + 1))
        for number in range(signatures - signatures // 2)
    ]
    report.timeline = [
        {
            "time": at(BREAK),
            "until": None,
            "kind": "change",
            "cloud": "aws",
            "resource": ROLE,
            "text": "UpdateAssumeRolePolicy by assumed-role/PlatformAdmin/ops",
            "event_id": "73ab4876-0d5e-4c11-9a53-2f3f5a7e1b11",
            "by": "assumed-role/PlatformAdmin/ops",
            "what": "UpdateAssumeRolePolicy",
            "diff": '-  "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"\n'
            '+  "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"',
            "flips": True,
        },
        {
            "time": at(140),
            "until": None,
            "kind": "failed-change",
            "cloud": "aws",
            "resource": ROLE,
            "text": "UpdateAssumeRolePolicy by user/deploy",
            "event_id": "0b3a2f77-5f0e-4a6e-8d11-9c1f2e3d4b5a",
            "by": "user/deploy",
            "what": "UpdateAssumeRolePolicy",
            "diff": "",
            "error": "MalformedPolicyDocument: Syntax errors in policy.",
            "flips": False,
        },
    ]
    return examined


@pytest.fixture
def history() -> Callable[..., Examined]:
    return with_history
