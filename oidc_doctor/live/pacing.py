"""Keep calls within a service's rate limit: a known limit, or one that the service's own throttling shows."""

from __future__ import annotations

import threading
import time
from collections import deque

_SECOND = 1.0
_RECENT = 5.0  # seconds: longer than the pauses between calls
_LESS = 0.7  # of the calls a second, after a second with a throttled one
_MORE = 0.5  # calls a second, after a second without
_LEAST = 2.0  # calls a second


class Pacer:
    """Spaces calls: each starts at least `interval` seconds after the previous one."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._next = 0.0
        self._accepted: dict[str, float] = {}  # when an operation was last accepted
        self._lock = threading.Lock()

    def slot(self) -> float:
        """Take the next slot, and return the seconds to wait for it."""
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + self.interval
            return begin - now

    def hold(self, seconds: float) -> None:
        """Offer no slot for this many seconds."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def throttled(self, pause: float) -> None:
        """Hold after a throttled call, whose next attempt is `pause` seconds away."""
        self.hold(max(pause, _SECOND))

    def succeeded(self, kind: str = "") -> None:
        """Record a call of an operation, `kind`, that was not throttled."""
        with self._lock:
            self._accepted[kind] = time.monotonic()

    def accepts(self, kind: str = "") -> bool:
        """Return whether the service accepted the operation a moment ago: then only the rate is too high."""
        with self._lock:
            return time.monotonic() - self._accepted.get(kind, float("-inf")) < _RECENT


class LearnedPacer(Pacer):
    """Paces nothing until the first throttled call, since the limits of IAM and most services are not published.

    From then on: as many calls a second as succeeded in the second before, fewer after each second with a throttled
    call, and slowly more after each second without one.
    """

    def __init__(self) -> None:
        super().__init__(0.0)
        self._successes: deque[float] = deque()
        self._changed = 0.0

    def throttled(self, pause: float) -> None:
        """Learn the rate, and hold for `pause` seconds."""
        with self._lock:
            now = self._forget()
            if now - self._changed >= _SECOND:
                rate = max(_LEAST, len(self._successes))
                self.interval = 1 / max(rate, _LESS / self.interval if self.interval else 0.0)
                self._changed = now
            self._next = max(self._next, now + pause)

    def succeeded(self, kind: str = "") -> None:
        """Count the call, and allow slightly more of them."""
        super().succeeded(kind)
        with self._lock:
            now = self._forget()
            self._successes.append(now)
            if self.interval and now - self._changed >= _SECOND:
                self.interval = 1 / (1 / self.interval + _MORE)
                self._changed = now

    def _forget(self) -> float:
        """Forget calls older than a second, and return the present."""
        now = time.monotonic()
        while self._successes and self._successes[0] < now - _SECOND:
            self._successes.popleft()
        return now
