"""Compare this machine's clock with the services' clocks, by the Date of each response (RFC 9110, 6.6.1).

A cloud decides by its own clock, so a live run uses the cloud's time if the two differ. The issuer's clock decides
nothing, and its response may be cached: a difference is only reported.
"""

from __future__ import annotations

import re
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.judge.times import rfc3339, span

if TYPE_CHECKING:
    from collections.abc import Mapping

_AGE = re.compile(r"[0-9]{1,9}")
_EXACT = 60.0  # seconds: less than any tolerance, and longer than a response takes


class _Difference(NamedTuple):
    whose: str
    seconds: float  # by which this machine's clock is ahead of it
    is_cloud: bool


class Clocks:
    """The observed differences. All methods are thread-safe."""

    def __init__(self) -> None:
        self._heard: dict[str, _Difference] = {}
        self._lock = threading.Lock()

    def hear(self, whose: str, headers: Mapping[str, str], *, is_cloud: bool) -> None:
        """Record the Date and Age of a response that was just received; the smallest difference per service counts."""
        named = {str(name).lower(): str(value) for name, value in headers.items()}
        try:
            date = parsedate_to_datetime(named["date"]).timestamp()
            age = int(named["age"]) if _AGE.fullmatch(named.get("age", "")) else 0
            seconds = time.time() - date - age
        except (KeyError, ValueError, TypeError, OverflowError):
            return
        with self._lock:
            earlier = self._heard.get(whose)
            if earlier is None or abs(seconds) < abs(earlier.seconds):
                self._heard[whose] = _Difference(whose, seconds, is_cloud)

    def ahead(self) -> float:
        """Return the seconds that this machine's clock is ahead of a cloud's; 0 if they agree or it is unknown."""
        with self._lock:
            clouds = [difference for difference in self._heard.values() if difference.is_cloud]
        nearest = min(clouds, key=lambda difference: abs(difference.seconds), default=None)
        return nearest.seconds if nearest is not None and abs(nearest.seconds) > _EXACT else 0.0

    def now(self) -> float:
        """Return the time by the cloud's clock, epoch seconds."""
        return time.time() - self.ahead()

    def window(self, since: float | None, until: float | None, back: float | None) -> tuple[float | None, float]:
        """Return the beginning and the end of a window of logs, whose events have the cloud's times.

        `back` is its length in seconds if it ends now; otherwise the times are unchanged.
        """
        end = self.now() if until is None else until
        return (since if back is None else end - back), end

    def has_moved(self, before: float) -> bool:
        """Return whether a later response showed a clock difference other than `before` seconds."""
        return abs(self.ahead() - before) > _EXACT

    def warning(self) -> str:
        """Return a warning about the clocks; empty if they agree."""
        ahead = self.ahead()
        with self._lock:
            heard = sorted(self._heard.values(), key=lambda difference: (not difference.is_cloud, difference.whose))
        if any(difference.is_cloud for difference in heard) and not ahead:
            return ""  # a cloud agrees with this machine
        if not heard or abs(heard[0].seconds) <= _EXACT:
            return ""
        first = heard[0]
        side = "ahead of" if first.seconds > 0 else "behind"
        text = f"the clock of this machine is {span(first.seconds)} {side} that of {first.whose}"
        if ahead:
            return f"{text}; times are judged by the latter, at {rfc3339(time.time() - ahead)}"
        return f"{text}; times are judged by this machine's: compare date -u with a reliable source, or add --at TIME"
