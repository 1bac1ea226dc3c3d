"""Read the days of a window from a bucket of logs, and return one extract.

The days come newest first, so a run that ends early has the newest. Of each folder the objects are listed; those that
the cache of days knows are not read again, so a run that was killed goes on at the first day that it had not finished,
and a second look at a month reads one day. The others are fetched by several threads ahead of the one that scans, large
ones in ranges, and what is fetched and not scanned yet has a bound. Nothing else grows with the archive: of the scanned
objects only the extract is kept (logs/archive).

The alternatives cost more: files on the disk need the disk, and processes that scan side by side need the memory of
several; a scan of unpacked text is faster than a network, and the thread that scans is one.
"""

from __future__ import annotations

import functools
import io
import itertools
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.ahead import ahead
from oidc_doctor.live.collect import CallError, Collector
from oidc_doctor.live.log_queries import DAY
from oidc_doctor.logs.archive.day import DayExtract, DayReading, LogObject
from oidc_doctor.logs.archive.window import WindowExtract
from oidc_doctor.model.times import days_of, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from oidc_doctor.logs.archive.cache import DayCache
    from oidc_doctor.logs.engines.query import Window
    from oidc_doctor.model.events import Source

RANGE = 8 << 20  # bytes of a request for a part of an object
_IN_FLIGHT = 32 << 20  # bytes that are fetched and not scanned yet
_THREADS = 16
_LISTING_THREADS = 8
_AT_THE_END = 0.1  # of the time that is left, to put the extract together
_MOST_AT_THE_END = 20.0  # seconds
_MOST_DENIED = 16  # objects, where none could be read: the others would be denied as well
_PROBLEMS_SHOWN = 3
_LONGEST = 1_000  # characters of the message


class DayFolder(NamedTuple):
    """A day of a Region or of a log, and the folders of the bucket that have its objects."""

    key: str  # unique among all archives
    prefixes: tuple[str, ...]
    begin: float  # of the day, epoch seconds


class LogBucket(Protocol):
    """A bucket of a cloud. All methods raise CallError and are thread-safe."""

    permission: str  # for reading an object

    def listed(self, prefix: str) -> list[LogObject]:
        """Return the log files below a prefix."""

    def fetch(self, log: LogObject, span: tuple[int, int] | None) -> bytes:
        """Return an object's bytes, or those from the first to the last of a span, of the content that was listed."""


class ArchiveRead(NamedTuple):
    """The file of the extract; and what was not read, in words, "" where all was.

    `since` is the begin of the window, or of the first day that has a log file: older ones may have been deleted.
    """

    file: bytes
    missing: str
    since: float
    remark: str

    def entry(self, until: float) -> dict[str, Any]:
        """Return the members of the manifest's entry."""
        period = {"from": rfc3339(self.since), "to": rfc3339(until)}
        return period | ({"truncated": True} if self.missing else {}) | {"message": self.missing or self.remark}


class _Plan(NamedTuple):
    """What is to be read of a day folder."""

    folder: DayFolder
    objects: list[LogObject]
    cached: DayExtract | None
    new: list[LogObject]  # that are to be read


class _Part(NamedTuple):
    """A part of an object, or the reason why it was not fetched."""

    log: LogObject
    data: bytes
    failure: CallError | None = None


class _EndedError(Exception):
    """The reading ends here."""


class _TimeIsUpError(_EndedError):
    """The time of the collection ends."""


def read_archive(
    collector: Collector,
    bucket: LogBucket,
    folders: Sequence[DayFolder],
    source: Source,
    cache: DayCache,
    window: Window,
) -> ArchiveRead:
    """Read the folders, the newest of which come first. Raises CallError where not one was read.

    `window` is the period that the folders hold if all of it is read.
    """
    return _Reading(collector, bucket, folders, source, cache).run(window)


class _Reading:
    """The state of one reading."""

    def __init__(
        self, collector: Collector, bucket: LogBucket, folders: Sequence[DayFolder], source: Source, cache: DayCache
    ) -> None:
        self.collector = collector
        self.bucket = bucket
        self.folders = folders
        self.source: Source = source
        self.cache = cache
        left = collector.deadline - time.monotonic()
        self.end = collector.deadline - min(_MOST_AT_THE_END, _AT_THE_END * left)
        self.extract = WindowExtract(source)
        self.oldest: float | None = None  # begin of the first day that has a log file
        self.listed = self.days_done = 0
        self.skipped: set[LogObject] = set()  # objects whose further parts are not needed
        self.failures: list[tuple[LogObject, CallError]] = []
        self.unlisted: list[tuple[DayFolder, CallError]] = []
        self.problems: list[str] = []
        self.is_late = False

    def run(self, window: Window) -> ArchiveRead:
        """Read all that the time allows."""
        items = self.results(ahead(self.calls(), threads=_THREADS, most=_IN_FLIGHT))
        plan: _Plan | None = None
        day: DayReading | None = None
        try:
            for item in items:
                if isinstance(item, _Plan):
                    self.finish(plan, day)
                    plan, day = item, None
                    day = self.begin(item)
                elif day is not None:
                    self.read_object(day, item, items)
            self.finish(plan, day)
        except _EndedError as reason:
            self.is_late = isinstance(reason, _TimeIsUpError)
            self.finish(plan, day)
            self.days_done -= day is not None  # of this one more is left
        if not (self.days_done or self.extract.files or self.failures):
            late = CallError("timeout", "TimeIsUp", "the time given with --timeout ended before a day was read")
            raise self.unlisted[0][1] if self.unlisted else late
        missing = self.missing()
        since, until = window
        if self.oldest is not None:
            since = min(max(since, self.oldest), until)
        remark = f"no log file is of a day before {rfc3339(since)[:10]}" if since > window[0] else ""
        return ArchiveRead(self.extract.file(None if missing else (since, until)), missing, since, remark)

    # ---------------------------------------------------------------------------------------------------- what to read

    def calls(self) -> Iterator[tuple[int, Callable[[], _Plan | _Part]]]:
        """Yield for each folder its plan, and then the calls that fetch its new objects."""
        listings = ((1, functools.partial(self.list_folder, folder)) for folder in self.folders)
        listed = ahead(listings, threads=_LISTING_THREADS, most=2 * _LISTING_THREADS)
        for folder, objects in zip(self.folders, self.results(listed), strict=True):
            if isinstance(objects, CallError):
                if objects.outcome == "denied" and not self.listed:
                    raise objects
                self.unlisted.append((folder, objects))
                continue
            if objects:
                self.oldest = folder.begin if self.oldest is None else min(self.oldest, folder.begin)
            plan = self.plan_of(folder, objects)
            self.listed += len(objects)
            yield len(plan.cached.packed) if plan.cached else 0, functools.partial(_same, plan)
            for log in plan.new:
                for span in _spans(log):
                    yield _size(log, span), functools.partial(self.fetch, log, span)

    def list_folder(self, folder: DayFolder) -> list[LogObject] | CallError:
        """Return the objects of a folder, in the order of their names."""
        try:
            return sorted({log for prefix in folder.prefixes for log in self.bucket.listed(prefix)})
        except CallError as failure:
            return failure

    def plan_of(self, folder: DayFolder, objects: list[LogObject]) -> _Plan:
        """Return what is new since the folder was read the last time, all of it where that cannot be added."""
        cached = self.cache.load(folder.key, self.source) if objects else None
        if cached is None or not cached.objects <= set(objects):
            return _Plan(folder, objects, None, objects)
        new = [log for log in objects if log not in cached.objects]
        if new and (cached.is_thinned or cached.left_out):
            return _Plan(folder, objects, None, objects)
        return _Plan(folder, objects, cached, new)

    def fetch(self, log: LogObject, span: tuple[int, int] | None, *, again: bool = False) -> _Part:
        """Fetch a part of an object."""
        if log in self.skipped and not again:
            return _Part(log, b"")
        try:
            data = self.bucket.fetch(log, span)
        except CallError as failure:
            return _Part(log, b"", failure)
        if len(data) != _size(log, span):
            sizes = f"{len(data):,} bytes were sent instead of {_size(log, span):,}"
            return _Part(log, b"", CallError("failed", "Incomplete", sizes))
        return _Part(log, data)

    def fetch_again(self, log: LogObject) -> Iterator[_Part]:
        """Fetch an object from its begin: the scanner reads a file that it cannot search once more."""
        self.skipped.add(log)
        calls = ((_size(log, span), functools.partial(self.fetch, log, span, again=True)) for span in _spans(log))
        return self.results(ahead(calls, threads=_THREADS, most=_IN_FLIGHT))

    def results(self, futures: Iterator[Future[Any]]) -> Iterator[Any]:
        """Yield the results. Raises _TimeIsUpError."""
        for future in futures:
            try:
                result = future.result(max(0.0, self.end - time.monotonic()))
            except TimeoutError:
                raise _TimeIsUpError from None
            if time.monotonic() >= self.end:
                raise _TimeIsUpError
            yield result

    # ------------------------------------------------------------------------------------------------------------ days

    def begin(self, plan: _Plan) -> DayReading | None:
        """Begin to read a folder; None where nothing of it is new."""
        if not plan.new:
            return None
        files = f"{len(plan.new):,} of {len(plan.objects):,} files"
        folders = f"folder {self.days_done + 1:,} of {len(self.folders):,}"
        self.collector.say(f"{plan.folder.prefixes[0]}: reading {files} ({folders})")
        day = DayReading(self.source)
        if plan.cached is not None:
            day.add_earlier(plan.cached)
        return day

    def read_object(self, day: DayReading, first: _Part, items: Iterator[Any]) -> None:
        """Scan an object, whose further parts are the next items."""
        log = first.log
        parts = itertools.chain((first,), itertools.islice(items, len(_spans(log)) - 1))
        is_whole = len(_spans(log)) == 1
        again = functools.partial(iter, (first,)) if is_whole else functools.partial(self.fetch_again, log)
        opened = _Opened(parts, again)
        if first.failure is None:
            scan = day.scan(log.name, opened)
            if opened.failure is None:
                day.accept(log, scan)
            else:
                day.reject()
        failure = first.failure or opened.failure
        if failure is not None:
            self.skipped.add(log)
            self.failures.append((log, failure))
            are_denied = all(failure.outcome == "denied" for _, failure in self.failures)
            if are_denied and len(self.failures) >= _MOST_DENIED and not (self.extract.files or day.files):
                raise _EndedError
        for _ in parts:
            pass  # those that the scan did not need

    def finish(self, plan: _Plan | None, day: DayReading | None) -> None:
        """Add what was read of a folder to the extract, and keep it in the cache."""
        if plan is None:
            return
        self.days_done += 1
        extract = plan.cached
        if day is not None:
            extract = day.extract()
            if day.is_clean and extract.objects:
                self.keep(plan.folder, extract)
        if extract is not None:
            self.extract.add(extract)
            self.problems += extract.problems

    def keep(self, folder: DayFolder, extract: DayExtract) -> None:
        """Keep a day in the cache."""
        try:
            self.cache.save(folder.key, extract)
        except OSError as error:
            self.collector.warn(f"what was read of the logs is not in the cache: {error}")

    # ----------------------------------------------------------------------------------------------------------- words

    def missing(self) -> str:
        """Return what was not read; "" where all was."""
        reasons = []
        if self.failures:
            log, failure = self.failures[0]
            allow = f"allow {self.bucket.permission}; " if failure.outcome == "denied" else ""
            reasons.append(f"{allow}{self.bucket.permission}: {failure} ({log.name})")
        if self.unlisted:
            folder, failure = self.unlisted[0]
            number = f"{len(self.unlisted):,} of {len(self.folders):,} folders"
            reasons.append(f"{number} were not listed: {folder.prefixes[0]}: {failure}")
        if self.is_late:
            days = f"{self.days_done:,} of {len(self.folders):,} folders were read in full, the newest"
            reasons.append(f"the time given with --timeout ended; {days}")
            reasons += ["a further run goes on there"] if self.cache.is_on else []
        if not self.listed and not reasons:
            return f"no log file is in {self.folders[-1].prefixes[0]} or the folders of the days after it"
        texts = [f"{self.extract.files:,} of {self.listed:,} files were read: {'; '.join(reasons)}"] if reasons else []
        if self.extract.left_out:
            texts.append(f"{self.extract.left_out:,} records are beyond what an extract has, and were left out")
        texts += self.problems[:_PROBLEMS_SHOWN]
        if more := len(self.problems[_PROBLEMS_SHOWN:]):
            texts.append(f"{more:,} more files have a fault")
        return printable("; ".join(texts), _LONGEST)


class _Opened:
    """Opens one object for the scanner, from its parts as they are fetched."""

    def __init__(self, parts: Iterator[_Part], again: Callable[[], Iterator[_Part]]) -> None:
        self.failure: CallError | None = None
        self._parts: Iterator[_Part] | None = parts
        self._again = again

    def __call__(self, _: str) -> Any:
        """Return a stream of the object, the second time and later from its begin."""
        parts, self._parts = self._parts, None
        return _Stream(self._again() if parts is None else parts, self)


class _Stream(io.RawIOBase):
    """The bytes of an object. Raises OSError where a part was not fetched; the failure is that of `opened`."""

    def __init__(self, parts: Iterator[_Part], opened: _Opened) -> None:
        super().__init__()
        self._parts = parts
        self._opened = opened
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read some bytes."""
        view = memoryview(buffer)
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            if part.failure is not None:
                self._opened.failure = part.failure
                raise OSError("a part of the object was not fetched")
            self._rest = memoryview(part.data)
        number = min(len(view), len(self._rest))
        view[:number] = self._rest[:number]
        self._rest = self._rest[number:]
        return number


def days_of_folders(window: Window) -> Iterator[tuple[str, float]]:
    """Yield the days whose folders have a window, the newest first, as in 2026/11/29, each with its begin.

    Files are delivered after their events: the day after the window is one of them.
    """
    for day in reversed(days_of(window.since, window.until + DAY)):
        yield f"{day:%Y/%m/%d}", datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _same(plan: _Plan) -> _Plan:
    return plan


def _spans(log: LogObject) -> list[tuple[int, int] | None]:
    """Return the first and last byte of each part of an object; None for all of a small one."""
    if log.size <= RANGE:
        return [None]
    return [(begin, min(begin + RANGE, log.size) - 1) for begin in range(0, log.size, RANGE)]


def _size(log: LogObject, span: tuple[int, int] | None) -> int:
    return span[1] - span[0] + 1 if span else log.size
