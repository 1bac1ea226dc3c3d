"""Run queries of CloudWatch Logs Insights until every event of a window was returned.

An answer has at most 10,000 rows, so a window with more is asked for again in parts. Neighbouring parts share the
second between them: the documentation calls both ends of a range included, and does not say whether the end's second is
included whole. The reader counts an event that two parts return once.

Money: Insights is paid by the bytes that queries scan, and scans the whole range of a query whatever its limit. So the
bytes that the service reports are added up while queries run, and no query is started, or left running, that is beyond
the ceiling.

Sources: Amazon CloudWatch Logs API Reference, StartQuery (times in seconds, both included; 100 queries at once; 60
minutes for a query; up to 100,000 rows in pages, which is newer and not used), GetQueryResults (statuses, statistics)
and StopQuery. StartQuery has no token that makes it safe to repeat, so it is repeated only if the service refused it.
"""

from __future__ import annotations

import functools
import math
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.live.aws.account import Account, member
from oidc_doctor.live.aws.client import with_call_errors
from oidc_doctor.live.byte_sizes import size_text
from oidc_doctor.live.collect import CallError, Collector
from oidc_doctor.logs.engines.insights_query import MOST_ROWS
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.logs.engines.query import Row, Window

_AT_ONCE = 4  # of 100 that an account may have, with those of its dashboards
_MOST_PARTS = 16  # of one part
_MOST_QUERIES = limits.INSIGHTS_QUERIES.most
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0  # seconds between looks at a running query
_MARGIN = 3.0  # seconds before the end of the time, in which what was read is saved
_UNFINISHED = ("Scheduled", "Running", "Unknown")
_BUSY = "LimitExceededException"  # too many queries at once


class Part(NamedTuple):
    """A range of whole seconds, epoch, both included."""

    since: int
    until: int

    @property
    def seconds(self) -> int:
        """The length, at least a second."""
        return max(1, self.until - self.since)

    def split(self, number: int) -> list[Part]:
        """Return about so many parts, at least two, each shorter; () if it is the shortest. The newest is the first."""
        if self.seconds < 2:  # noqa: PLR2004 - a range of two seconds that share their ends
            return []
        step = math.ceil(self.seconds / max(2, min(number, _MOST_PARTS)))
        starts = range(self.since, self.until, step)
        return [Part(start, min(start + step, self.until)) for start in reversed(starts)]


class _Answer(NamedTuple):
    rows: list[Row]
    is_whole: bool
    parts: int  # into which the range is split if it is not whole


class Unread(NamedTuple):
    """What was not read of a window, and why. `cut`: events up to the end of this second may be missing."""

    cut: int | None = None  # epoch; None: nothing was left out
    failure: CallError | None = None
    reason: str = ""
    is_empty: bool = False  # no range was read


class Insights:
    """The queries of one log group, with their common ceiling of scanned bytes."""

    def __init__(self, account: Account, collector: Collector, region: str, group: str, *, most: int) -> None:
        self._account = account
        self._collector = collector
        self._region = region
        self._group = group
        self._most = most
        self._per_second = 0.0  # bytes that a second of the log group has, as far as is known
        self._scanned = 0.0
        self._seconds = 0.0
        self._rows = 0
        self._queries = 0
        self._running: dict[str, float] = {}  # query id → bytes
        self._failure: CallError | None = None
        self._lock = threading.Lock()

    def expect(self, bytes_: float, window: Window) -> None:
        """Set how many bytes one query over a window is expected to scan."""
        self._per_second = bytes_ / max(1.0, window.until - window.since)

    @property
    def scanned(self) -> float:
        """The bytes that were scanned, as the service reports them."""
        with self._lock:
            return self._scanned + sum(self._running.values())

    def read(self, text: str, window: Window, take: Callable[[Row], None]) -> Unread:
        """Pass every row of a window to `take`, some of them twice, and return what was not read."""
        pending = [Part(math.floor(window.since), math.ceil(window.until))]
        unread: list[Part] = []
        reason = ""
        answered = 0
        while pending and self._failure is None:
            parts, pending = self._next(pending)
            calls = [functools.partial(self._answer, text, part) for part in parts]
            for part, answer in zip(parts, self._collector.side_by_side(calls, _AT_ONCE), strict=True):
                if isinstance(answer, CallError):
                    self._failure = self._failure or answer
                    unread.append(part)
                    continue
                answered += 1
                self._rows += len(answer.rows)
                for row in answer.rows:
                    take(row)
                smaller = [] if answer.is_whole else part.split(answer.parts)
                pending += smaller
                if not answer.is_whole and not smaller:
                    reason = f"the log group has more than {MOST_ROWS:,} exchanges and refused calls in one second"
                    unread.append(part)
            pending.sort(key=lambda part: part.until, reverse=True)
        unread += pending
        if not unread:
            return Unread()
        reason = str(self._failure.message) if self._failure else reason
        return Unread(max(part.until for part in unread), self._failure, reason, is_empty=answered == 0)

    def _next(self, pending: list[Part]) -> tuple[list[Part], list[Part]]:
        """Return the next parts to ask for, the newest, and the others. Sets the failure if none can be asked for."""
        parts: list[Part] = []
        expected = self.scanned
        for part in pending[:_AT_ONCE]:
            expected += self._per_second * part.seconds
            if expected > self._most:
                break
            parts.append(part)
        self._queries += len(parts)
        if not parts:
            self._failure = self._too_much()
        elif self._time_left() < _MARGIN:
            self._failure = _time_is_up()
        elif self._queries > _MOST_QUERIES:
            self._failure = CallError("failed", "TooManyQueries", f"more than {_MOST_QUERIES} queries")
        if self._failure is not None:
            return [], pending
        return parts, pending[len(parts) :]

    def _answer(self, text: str, part: Part) -> _Answer:
        query = self._start(text, part)
        with self._lock:
            self._running[query] = 0.0
        try:
            with self._collector.cancellations.unless_done(functools.partial(self._stop, query)):
                answer = self._wait(query)
        finally:
            with self._lock:
                self._scanned += self._running.pop(query)
        with self._lock:
            self._seconds += part.seconds
            if _number(answer, "bytesScanned"):
                self._per_second = self._scanned / self._seconds
        return self._read_pages(query, answer)

    def _start(self, text: str, part: Part) -> str:
        parameters = {"logGroupName": self._group, "startTime": part.since, "endTime": part.until, "queryString": text}
        client = self._account.clients.of("logs", self._region)

        def start() -> Any:
            try:
                return with_call_errors(lambda: client.start_query(**parameters))
            except CallError as failure:
                if failure.code == _BUSY:
                    failure.outcome, failure.heals = "throttled", True
                elif not failure.answered:
                    failure.heals = failure.local == "network"  # else the query may have been started
                raise

        pacer = self._account.clients.learned_pacer("logs", self._region)
        query: str = member(self._collector.call(start, pacer=pacer, kind="start_query"), "queryId", str)
        return query

    def _wait(self, query: str) -> dict[str, Any]:
        """Return the answer of a query that has ended. Raises CallError also at the ceiling, and when time is up."""
        pause = _FIRST_PAUSE
        while True:
            answer = self._results(query)
            with self._lock:
                self._running[query] = _number(answer, "bytesScanned")
            status = answer.get("status")
            if status in ("Complete", "Timeout"):
                return answer
            if status not in _UNFINISHED:
                raise CallError("failed", f"Query{status}", f"the service ended the query: {status}")
            if self.scanned > self._most:
                raise self._too_much()
            if self._time_left() < _MARGIN:
                raise _time_is_up()
            self._collector.say(f"{self._group}: {self._rows:,} events, {size_text(self.scanned)} scanned")
            self._collector.pause(min(pause, max(0.0, self._time_left() - _MARGIN)))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _read_pages(self, query: str, answer: dict[str, Any]) -> _Answer:
        matched = _number(answer, "recordsMatched")
        if answer["status"] == "Timeout":  # of the service, for a range that is too long
            return _Answer([], is_whole=False, parts=2)
        rows, token = _rows(answer), answer.get("nextToken")
        while isinstance(token, str) and token and len(rows) < MOST_ROWS:
            answer = self._results(query, nextToken=token)
            following = answer.get("nextToken")
            if following == token:
                raise CallError("failed", "Malformed", "a page names itself as the next one")
            rows, token = rows + _rows(answer), following
        is_whole = len(rows) < MOST_ROWS and _number(answer, "resultCount") <= len(rows)
        return _Answer(rows, is_whole, math.ceil(1.5 * max(matched, len(rows)) / MOST_ROWS))

    def _results(self, query: str, **page: str) -> dict[str, Any]:
        pacer = self._account.clients.learned_pacer("logs", self._region)
        answer: dict[str, Any] = self._account.ask(
            self._collector, "logs", self._region, "get_query_results", pacer=pacer, queryId=query, **page
        )
        return answer

    def _stop(self, query: str) -> None:
        """Stop a query, so that it scans and costs no more. Raises nothing."""
        try:
            client = self._account.clients.of("logs", self._region)
            with_call_errors(lambda: client.stop_query(queryId=query))
        except CallError:
            self._collector.warn(
                f"a query of {self._group} may still run; stop it with: aws logs stop-query --region {self._region} "
                f"--query-id {query}"
            )

    def _time_left(self) -> float:
        return self._collector.deadline - time.monotonic()

    def _too_much(self) -> CallError:
        return CallError(
            "failed",
            "TooManyBytes",
            f"{size_text(self.scanned)} were scanned, and the next query would pass the ceiling of "
            f"{size_text(self._most)}: read a shorter window with --since, or raise --max-bytes",
        )


def _time_is_up() -> CallError:
    return CallError("timeout", "TimeIsUp", "the time given with --timeout ended before")


def _rows(answer: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for entry in member(answer, "results", list):
        row: dict[str, str | None] = {}
        for field in entry if isinstance(entry, list) else [None]:
            value = field.get("value") if isinstance(field, dict) else None
            row[member(field, "field", str)] = value if isinstance(value, str) else None
        rows.append(row)
    return rows


def _number(answer: dict[str, Any], name: str) -> float:
    """Return a number of the answer's statistics; 0 where there is none."""
    statistics = answer.get("statistics")
    value = statistics.get(name) if isinstance(statistics, dict) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return 0.0
    return max(0.0, float(value))
