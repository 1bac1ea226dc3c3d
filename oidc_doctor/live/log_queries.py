"""What the readers of log engines and of buckets have in common: the window, the ceiling, and the words for a cut."""

from __future__ import annotations

from typing import Protocol

from oidc_doctor.live.byte_sizes import at_least, size_text
from oidc_doctor.live.collect import CallError, Collector
from oidc_doctor.logs.engines.query import Window

DAY = 86_400.0
WEEK = 7 * DAY  # the window, where none is given


class Period(Protocol):
    """The part of a cloud's scope that says which events are asked for, epoch seconds and seconds."""

    @property
    def since(self) -> float | None:
        """The begin."""

    @property
    def until(self) -> float | None:
        """The end; None: now."""

    @property
    def back(self) -> float | None:
        """The length of a window that ends now."""


def log_window(collector: Collector, scope: Period, usual: float = WEEK) -> Window:
    """Return the window of a scope, the same for all targets; `usual` seconds that end now, where it has no begin."""
    asked = (scope.since, scope.until, scope.back)
    first, until = collector.shared(("window", *asked), lambda: collector.clocks.window(*asked))
    return Window(until - usual if first is None else first, until)


def newest_only(number: int) -> str:
    """Return the words for an answer that has only so many events."""
    return f"the newest {number:,} events were read: an earlier --until reads those before"


def beyond_ceiling(shown: str, size: float, ceiling: float) -> CallError:
    """Return the failure of a query that was not started. `shown` is what it would scan, in words."""
    return CallError(
        "failed",
        "MaxBytes",
        f"no query was started: it would scan {shown}, more than the ceiling of {size_text(ceiling)}; "
        f"--max-bytes {at_least(size)} allows it, and a later --since needs less",
    )
