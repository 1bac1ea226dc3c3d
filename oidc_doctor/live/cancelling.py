"""End at the cloud what a collection has started there, such as a query that scans and costs, if it ends before."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Cancellations:
    """The work that runs at clouds, each with the call that ends it. All methods are thread-safe."""

    def __init__(self) -> None:
        self._open: dict[int, _Once] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def unless_done(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Call `cancel`, which raises nothing, if the block raises or if the collection ends during it; once."""
        once = _Once(cancel)
        with self._lock:
            self._open[id(once)] = once
        try:
            yield
        except BaseException:
            once.run()
            raise
        finally:
            with self._lock:
                self._open.pop(id(once), None)

    def run(self, seconds: float) -> None:
        """Cancel all open work, side by side; return after `seconds` even if a cloud has not answered."""
        with self._lock:
            threads = [threading.Thread(target=once.run, daemon=True) for once in self._open.values()]
        end = time.monotonic() + seconds
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


class _Once:
    """A call that is made once; a second caller waits for its end."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._made = False

    def run(self) -> None:
        """Make the call, unless it was made."""
        with self._lock:
            if not self._made:
                self._made = True
                self._call()
