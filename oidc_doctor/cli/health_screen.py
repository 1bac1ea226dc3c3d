"""The Health screen, started from the options of `health --watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.screens import run_screens, why_no_screens

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.question import Question
    from oidc_doctor.health.reading import Reading
    from oidc_doctor.health.run import Request
    from oidc_doctor.tui.examination import EvidenceSource
    from oidc_doctor.tui.health import HealthSource


def why_no_health_screen(options: argparse.Namespace, outputs: Sequence[argparse.Namespace]) -> str:
    """Return why --watch writes lines: no terminal that can show a screen, or an option of the output; else ""."""
    if any(output.output not in (None, "-") for output in outputs):
        return "the result goes to a file"
    return why_no_screens(options)


def open_health_screen(source: HealthSource) -> NoReturn:
    """Open the Health screen until the user closes it."""
    from oidc_doctor.tui.app import Doctor
    from oidc_doctor.tui.preferences import config_file, load

    run_screens(Doctor(None, load(config_file()), health=source))


def health_source(request: Callable[[], Request], place: str, seconds: float, title: str) -> HealthSource:
    """Return what the Health screen runs. `request` is made anew for each check, so that it follows the file.

    The screen compares with the state at `place` and never writes it: a change is still reported by the next scheduled
    check, to whoever reads its output. Raises StateError.
    """
    from oidc_doctor.health import run as health_run
    from oidc_doctor.health import state as states
    from oidc_doctor.tui.health import HealthSource, HealthView

    state = states.load(place)

    def check(narrate: Callable[[str], None]) -> HealthView:
        asked = request()
        kept: dict[str, Reading] = {}
        try:
            written = states.load(place)
        except states.StateError as error:
            raise UsageError(str(error)) from None
        if written.last_run > state.last_run:  # a scheduled check ran in the meantime
            vars(state).update(vars(written))
        health = health_run.run(asked, state, narrate, kept)
        state.unreported_baseline = False  # the screen shows it, and compares with it from now on
        return HealthView(health, {name: _source(reading, asked) for name, reading in kept.items() if reading.bundle})

    return HealthSource(title, check, seconds, UsageError)


def _source(reading: Reading, request: Request) -> EvidenceSource:
    """Return a target's evidence for the other screens: as it was read by the check, and read again on request."""
    import os

    from oidc_doctor.health.reading import read_targets
    from oidc_doctor.health.run import question_of
    from oidc_doctor.tui.examination import EvidenceSource, LiveSource

    name, source = reading.target.target.name, reading.target.source
    if source:
        return EvidenceSource(name, os.path.join(request.folder, source), question_of(reading, request))
    first = [reading]

    def collect(narrate: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        latest = first.pop() if first else next(read_targets([reading.target], request.folder, request.live, narrate))
        return latest.bundle, question_of(latest, request)

    return EvidenceSource(name, None, None, LiveSource(collect, UsageError))
