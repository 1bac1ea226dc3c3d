"""The clock of this machine against those of the services, by the Date that each answer carries (RFC 9110, 6.6.1).

A cloud decides by its own clock, so the instant of a live run is the cloud's where the two differ. The issuer's clock
decides nothing, and a cache may have kept its answer: a difference from it is only named.
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
_EXACT = 60.0  # seconds: less than any tolerance, and more than an answer takes


class _Difference(NamedTuple):
    whose: str
    seconds: float  # that this machine's clock is ahead of it
    is_cloud: bool


class Clocks:
    """The differences that were heard of. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._heard: dict[str, _Difference] = {}
        self._lock = threading.Lock()

    def hear(self, whose: str, headers: Mapping[str, str], *, is_cloud: bool) -> None:
        """Take the Date and Age of an answer that has just come; the smallest difference of a service counts."""
        named = {str(name).lower(): str(value) for name, value in headers.items()}
        try:
            date = parsedate_to_datetime(named["date"]).timestamp()
            age = int(named["age"]) if _AGE.fullmatch(named.get("age", "")) else 0
            seconds = time.time() - date - age
        except (KeyError, ValueError, TypeError, OverflowError):
            return
        with self._lock:
            known = self._heard.get(whose)
            if known is None or abs(seconds) < abs(known.seconds):
                self._heard[whose] = _Difference(whose, seconds, is_cloud)

    def ahead(self) -> float:
        """Return the seconds that this machine's clock is ahead of a cloud's; 0 where they agree, or none was heard."""
        with self._lock:
            clouds = [difference for difference in self._heard.values() if difference.is_cloud]
        nearest = min(clouds, key=lambda difference: abs(difference.seconds), default=None)
        return nearest.seconds if nearest is not None and abs(nearest.seconds) > _EXACT else 0.0

    def now(self) -> float:
        """Return the time by the cloud's clock, epoch seconds."""
        return time.time() - self.ahead()

    def window(self, since: float | None, until: float | None, back: float | None) -> tuple[float | None, float]:
        """Return the beginning and the end of a window of logs, whose events have the cloud's times.

        `back` is its length in seconds, where it ends now; else the times are as given.
        """
        end = self.now() if until is None else until
        return (since if back is None else end - back), end

    def has_moved(self, before: float) -> bool:
        """Return whether an answer since then showed that the clocks differ otherwise than by `before` seconds."""
        return abs(self.ahead() - before) > _EXACT

    def warning(self) -> str:
        """Return what to say of the clocks; empty where they agree."""
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
