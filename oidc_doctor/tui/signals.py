"""Signals that end the program while the screens are open.

An exception that a handler raises comes up wherever the screens are at work: in the middle of a message, of drawing, or
of closing. Then Textual ends without putting the terminal back, or with tracebacks on it. So the first signal asks the
event loop to close the screens, as the key for it does.

Where the terminal went away, closing may never end: the thread of Textual that writes ends at the first error, and
closing waits for it (Textual, drivers/_writer_thread.py). So closing at SIGHUP and SIGTERM has a few seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SECONDS_TO_CLOSE = 3.0
_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def closing_at_signals(close: Callable[[int], None]) -> Iterator[None]:
    """Call `close` with the number of the first signal, from the event loop that runs.

    A second Ctrl-C does not wait for the screens; other signals that follow are ignored, as the screens are closing.
    A signal that the caller ignores, as nohup does, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: handler for number in _ENDING if callable(handler := signal.getsignal(number))}
    is_closing = False
    at_the_latest: threading.Timer | None = None

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal is_closing, at_the_latest
        if not is_closing:
            is_closing = True
            if number != signal.SIGINT:
                at_the_latest = threading.Timer(_SECONDS_TO_CLOSE, os._exit, (128 + number,))
                at_the_latest.daemon = True
                at_the_latest.start()
            loop.call_soon_threadsafe(close, number)
        elif number == signal.SIGINT:
            before[signal.SIGINT](number, frame)

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        if at_the_latest is not None:
            at_the_latest.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
