"""Fixtures that drive the screens, and a report with more logged attempts than any bundled scenario.

To save time, a bundled scenario is examined once for all tests, and CSS is parsed once for each theme. Tests of the
examination itself use `read=True`, or a folder.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import math
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import pytest
from textual import _wait
from textual._compositor import Compositor
from textual.css.stylesheet import Stylesheet
from textual.events import Paste
from textual.widgets import Footer

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import Examined, examine
from oidc_doctor.examine.question import Question
from oidc_doctor.model.report import AttemptRow
from oidc_doctor.report.parts.escape import contains_jwt
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.examination import EvidenceSource
from oidc_doctor.tui.token import Claims, TokenScreen
from oidc_doctor.tui.whatif import WhatIfScreen
from oidc_doctor.tui.widgets.editor import Editor
from oidc_doctor.tui.widgets.page_view import PageView

if TYPE_CHECKING:
    from textual.css.model import RuleSet
    from textual.pilot import Pilot
    from textual.screen import Screen

    Story = Callable[[Pilot[None]], Awaitable[None]]

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = Path(__file__).resolve().parent / "pictures"
PATIENCE = 60  # seconds; the machine may be busy
IDLE = 0.005  # seconds: an event loop without work for this long is idle
DRAWN: Counter[str] = Counter()  # changes of screens since the start of the tests


@pytest.fixture(scope="session", autouse=True)
def cheaper_textual() -> Iterator[None]:
    """Avoid four costs of Textual that take more than half of the time of these tests.

    Textual parses all CSS again for every app. It draws every change for a headless terminal, which discards it:
    `shown` and `picture` draw the screen themselves. It waits at least 20 ms to detect that no work is left. And it
    composes the footer again at every move of the focus, even if its keys stay the same.
    """
    bindings_changed = Footer.bindings_changed
    parse = Stylesheet._parse_rules
    render_update = Compositor.render_update
    parsed_rules: dict[Any, list[RuleSet]] = {}
    composed_keys: WeakKeyDictionary[Footer, list[Any]] = WeakKeyDictionary()

    def parse_once(self: Stylesheet, css: str, read_from: Any, *others: Any, **named: Any) -> list[RuleSet]:
        key = (css, read_from, others, tuple(named.items()), tuple(self._variables.items()))
        if key not in parsed_rules:
            parsed_rules[key] = parse(self, css, read_from, *others, **named)
        return parsed_rules[key]

    def draw_whole_screens(self: Compositor, full: bool = False, screen_stack: Any = None, **named: Any) -> Any:
        DRAWN["changes"] += bool(self._dirty_regions)
        if full or screen_stack:  # a dialog needs the drawing of the screens behind it
            return render_update(self, full=full, screen_stack=screen_stack, **named)
        self._dirty_regions.clear()
        return None

    def compose_other_keys(self: Footer, screen: Screen[Any]) -> None:
        keys = [
            (binding.key, binding.description, binding.action, enabled, tooltip)
            for _, binding, enabled, tooltip in screen.active_bindings.values()
            if binding.show
        ]
        if not screen.app.app_focus or composed_keys.get(self) != keys:
            bindings_changed(self, screen)
        if screen.app.app_focus and self.is_attached and screen is self.screen:
            composed_keys[self] = keys

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Footer, "bindings_changed", compose_other_keys)
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        patch.setattr(Compositor, "render_update", draw_whole_screens)
        patch.setattr(_wait, "SLEEP_GRANULARITY", IDLE)
        patch.setattr(_wait, "SLEEP_IDLE", IDLE / 20)
        yield


@functools.cache
def examined_once(sample: str) -> Examined:
    """Return the examination of a bundled scenario. All tests share it, so a test must not modify it."""
    with open_bundle(str(ROOT / "sample_logs" / sample)) as bundle:
        return examine(bundle, Question())


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app work until `condition` holds."""
    for _ in range(PATIENCE * 50):
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("the condition never became true")


@pytest.fixture(scope="session")
def wait() -> Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]:
    return until


async def settled(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, one after the other, and wait after the last key until the screen no longer changes."""
    for key in keys:
        await pilot.press(key)
    unchanged = 0
    while unchanged < 3:  # consecutive pauses
        changes_before = DRAWN.total()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        unchanged = unchanged + 1 if DRAWN.total() == changes_before else 0


@pytest.fixture(scope="session")
def press() -> Callable[..., Awaitable[None]]:
    return settled


@pytest.fixture(scope="session")
def play() -> Callable[..., Doctor]:
    """Run an app, let a story press its keys, and return the app.

    It shows the report on `sample`: the name of a scenario, or a folder that it reads. With `read`, it reads a scenario
    too; `present` is a report to show instead.
    """

    def run(
        story: Story,
        sample: str | Path | None = "aws-wrong-team",
        *,
        size: tuple[int, int] = (80, 24),
        app: Doctor | None = None,
        present: Examined | None = None,
        read: bool = False,
        theme: str = "textual-dark",
    ) -> Doctor:
        source = None
        if present is not None:
            source = EvidenceSource("weights")
        elif app is None and sample is not None:
            path = ROOT / "sample_logs" / sample if isinstance(sample, str) else sample
            source = EvidenceSource(path.name, str(path))
            if isinstance(sample, str) and not read:
                present = examined_once(sample)
        doctor = app or Doctor(source if present is None else None)

        async def act() -> None:
            doctor.animation_level = "none"
            async with doctor.run_test(size=size, notifications=True) as pilot:
                doctor.theme = theme
                if present is not None:
                    doctor.session.source = source
                    await doctor.switch_mode("path")
                    doctor.present(present)
                elif doctor.session.source is not None:
                    await until(pilot, lambda: doctor.session.report is not None)
                await settled(pilot)
                await story(pilot)

        asyncio.run(act())
        return doctor

    return run


def picture(app: Doctor) -> str:
    """Return the screen as SVG, without the id that differs in every run, and without links to fonts."""
    text = re.sub(r"terminal-[0-9-]+-", "terminal-", app.export_screenshot())
    text = re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in text.split("\n"))


@pytest.fixture(scope="session")
def looks_like() -> Callable[[Doctor, Path | str], None]:
    """Compare the screen with its stored picture. UPDATE_PICTURES=1 stores a new picture; look at it first."""

    def compare(app: Doctor, name: Path | str) -> None:
        path = PICTURES / f"{name}.svg" if isinstance(name, str) else name
        current = picture(app)
        if os.environ.get("UPDATE_PICTURES"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(current, encoding="utf-8")
        stored = path.read_text(encoding="utf-8") if path.exists() else ""
        if current != stored:
            new_path = path.with_suffix(".new.svg")
            new_path.write_text(current, encoding="utf-8")
            pytest.fail(
                f"{path.name} has changed: compare it with {new_path}; UPDATE_PICTURES=1 stores the new picture"
            )

    return compare


def shown(app: Doctor) -> str:
    """Return the text on the terminal, line by line."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


@pytest.fixture(scope="session")
def text_of() -> Callable[[Doctor], str]:
    return shown


@pytest.fixture
def examined() -> Callable[[str], Examined]:
    """Return the report of a scenario with few of its passed and skipped checks: a new check changes no picture."""

    def of(name: str) -> Examined:
        examined = examined_once(name)
        remaining = {"passed": 4, "skipped": 3}
        checks = []
        for row in examined.report.checks:
            remaining[row.status] = remaining.get(row.status, 100) - 1
            if remaining[row.status] >= 0:
                checks.append(row)
        return examined._replace(report=dataclasses.replace(examined.report, checks=checks))

    return of


START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
BUCKETS, SECONDS = 200, 300
BREAK = 90  # the bucket in which the outcome changes
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
    """Add synthetic attempts to a report: accepted, then refused since a change, and a failed change after it."""
    window = {
        "from": at(0),
        "to": at(BUCKETS),
        "basis": "everything in the evidence",
        "buckets_from": at(0),
        "bucket_seconds": SECONDS,
        "buckets": BUCKETS,
    }
    attempts = [
        attempt(number, "accepted", 3 * number % 40, BREAK, 3.0 / (number + 1)) for number in range(signatures // 2)
    ] + [
        attempt(number, "refused", BREAK, BUCKETS - number % 30, 5.0 / (number + 1))
        for number in range(signatures - signatures // 2)
    ]
    timeline = [
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
            "replay": {"before": "accepted", "after": "refused"},
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
    report = dataclasses.replace(examined.report, window=window, attempts=attempts, timeline=timeline)
    return examined._replace(report=report)


@pytest.fixture
def history() -> Callable[..., Examined]:
    return with_history


class Driver:
    """The actions and the view of a user."""

    def __init__(self, app: Doctor, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Wait for a result of a worker or of the examination."""
        for _ in range(PATIENCE * 50):
            if holds():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"timeout: {what}\n{self.text()}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        focused = self.app.focused
        assert focused is not None
        focused.post_message(Paste(text))
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        await self.until(lambda: text in self.text(), text)

    async def says(self, text: str) -> None:
        """Wait for a text on the page, whatever its line breaks."""
        await self.until(lambda: text in " ".join(self.page.split()), text)

    def text(self) -> str:
        """Return the text on the screen, line by line."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines[:height]) + f"\n({width}×{height})"

    @property
    def page(self) -> str:
        """Return the full text of the page, including the part out of view."""
        view = self.app.screen.query_one(PageView)
        return str(view.query_one(".page").render())

    @property
    def editor(self) -> Editor:
        return self.app.screen.query_one(Editor)

    async def open_whatif(self) -> None:
        await self.press("4")
        await self.until(lambda: isinstance(self.app.screen, WhatIfScreen) and self.editor.text, "the text")
        await self.shows("as read")

    async def open_token(self) -> None:
        await self.press("3")
        await self.until(lambda: isinstance(self.app.screen, TokenScreen), "the screen")
        await self.until(lambda: self.app.screen.query_one(Claims).option_count, "claims")

    def assert_raw_token_not_kept(self, raw: str) -> None:
        """Assert that the screen does not show the raw token, and that the app does not keep it."""
        parts = raw.split(".")
        shown = self.text() + self.page
        assert parts[2][:20] not in shown
        assert parts[1][:20] not in shown
        trial = self.app.session.trials.current if self.app.session.trials is not None else None
        assert trial is not None
        assert trial.token is not None
        assert (trial.token.signing_input, trial.token.signature) == (b"", b"")
        kept_values = [trial.edits, trial.token._asdict(), self.app.clipboard]
        kept_values += [self.editor.text, self.editor.history.undo_stack] if self.app.screen.query(Editor) else []
        assert not contains_jwt(repr(kept_values))


@pytest.fixture(scope="session")
def drive(play: Callable[..., Doctor]) -> Callable[..., None]:
    """Open the app on a scenario or a folder, and run `test` on it."""

    def run(sample: str | Path, test: Callable[[Driver], Awaitable[None]], size: tuple[int, int] = (120, 40)) -> None:
        async def story(pilot: Pilot[None]) -> None:
            await test(Driver(cast("Doctor", pilot.app), pilot))

        play(story, sample, size=size)

    return run
