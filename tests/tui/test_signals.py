"""A signal closes the screens from the event loop, and interrupts nothing that they are doing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from oidc_doctor.tui.signals import closing_at_signals

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RaisedError(Exception):
    """What the handlers of the command line raise."""


def raising(_: int, __: Any) -> None:
    raise RaisedError


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.signal(number, raising) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def signalled(*numbers: int) -> tuple[list[int], bool]:
    """Send signals in the middle of a callback: the numbers that closed the screens, and whether it went on."""
    closed: list[int] = []

    async def run() -> bool:
        with closing_at_signals(closed.append):
            for number in numbers:
                os.kill(os.getpid(), number)
            went_on = not closed
            await asyncio.sleep(0.01)
            return went_on

    return closed, asyncio.run(run())


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_closes_at_the_next_turn_of_the_loop(number: int) -> None:
    assert signalled(number) == ([number], True)
    assert signal.getsignal(number) is raising  # as before


def test_a_terminal_that_goes_away_sends_two(capfd: pytest.CaptureFixture[str]) -> None:
    assert signalled(signal.SIGHUP, signal.SIGTERM) == ([signal.SIGHUP], True)
    assert capfd.readouterr() == ("", "")


def test_a_second_ctrl_c_does_not_wait() -> None:
    with pytest.raises(RaisedError):
        signalled(signal.SIGINT, signal.SIGINT)


def test_what_the_caller_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert signalled(signal.SIGHUP) == ([], True)
