"""The signals that end the program: what is open is closed, processes are ended, temporary files are removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(KeyboardInterrupt):
    """A signal other than Ctrl-C that ends the program, in the same way."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number


def ending_of(number: int) -> KeyboardInterrupt:
    """Return the exception that ends the program as the signal of this number does."""
    return KeyboardInterrupt() if number == signal.SIGINT else Ended(number)


@contextmanager
def ending_by_signals(*, for_good: bool) -> Iterator[None]:
    """Turn each signal into Ended, unless the caller has it ignored, as nohup does.

    SIGINT ends the program also where it was inherited as ignored: a shell without job control ignores it for every
    job in the background, and whoever sends it means it. `for_good`: the process ends after the block, and Ctrl-C ends
    it in silence from then on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    default = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in default:
        signal.signal(number, _end)
    interrupt = signal.getsignal(signal.SIGINT)
    is_inherited = interrupt in {signal.default_int_handler, signal.SIG_IGN}
    if is_inherited:  # asyncio, and so the screens, would replace the handler of Python
        signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        for number in default:
            signal.signal(number, signal.SIG_DFL)
        if is_inherited:
            signal.signal(signal.SIGINT, signal.SIG_DFL if for_good else interrupt)


def _interrupt(_: int, __: Any) -> None:
    raise KeyboardInterrupt


def _end(number: int, _: Any) -> None:
    for other in _ENDING:  # those that follow must not interrupt the closing
        if signal.getsignal(other) is _end:
            signal.signal(other, signal.SIG_IGN)
    raise Ended(number)
