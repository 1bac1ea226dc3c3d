"""Live collection: readers run in parallel and fill a bundle in memory, which is then read like any other bundle.

A reader makes the calls for one file of the bundle (or one folder of logs). It starts when the readers that it needs
have ended, whatever their outcome. A failed read has an entry in the bundle's manifest, with its outcome and the
permission that would allow it, and the other reads continue.
"""

from __future__ import annotations

import json
import queue
import random
import re
import threading
import time
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.bundle.files import Bundle
from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.clock import Clocks
from oidc_doctor.live.collected_bundle import bundle_of
from oidc_doctor.model.obstacle import Local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from oidc_doctor.model.document import Json

Outcome = Literal["ok", "not_found", "denied", "throttled", "timeout", "failed"]

MOST_ATTEMPTS = 4  # per call, and only for a temporary fault: throttled, timed out, a server fault
_FIRST_PAUSE = 0.25  # seconds; doubled after each attempt
_LONGEST_PAUSE = 8.0
_LONGEST_WARNING = 500
_LONGEST_MESSAGE = 300  # characters of a service's own message
_MARKUP = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>\s*([^<]{1,120})", re.IGNORECASE)


class CallError(Exception):
    """A failed call. `heals`: another attempt may succeed; `after`: seconds that the service asks to wait.

    `message` is the service's own message, or ours; it must not contain a token or a credential, and of an HTML page
    only the title is kept. `hint` says how to allow a denied call, if the reader's grants are not enough. `answered`:
    the message is the service's own. `local`: the fault is this machine's or its credentials'. `unreached`: no
    connection was established, because of either side.
    """

    def __init__(
        self,
        outcome: Outcome,
        code: str,
        message: str,
        *,
        heals: bool = False,
        after: float = 0.0,
        hint: str = "",
        answered: bool = False,
        local: Local = "",
        unreached: bool = False,
    ) -> None:
        message = _without_markup(message)
        super().__init__(f"{code}: {message}")
        self.hint = hint
        self.answered = answered
        self.local: Local = local
        self.unreached = unreached
        self.headers: dict[str, str] = {}  # of the response, if from the service
        self.outcome: Outcome = outcome
        self.code = code
        self.message = message
        self.heals = heals
        self.after = after


class Grant(NamedTuple):
    """A call's requirements: a permission, its resource, and an enabled API (Google)."""

    permission: str  # "iam:GetRole", "iam.workloadIdentityPoolProviders.get"
    resource: str = "*"  # an ARN, or a Google resource name
    api: str = ""  # "iam.googleapis.com"


class Following(NamedTuple):
    """Files that a reader may discover and start reading: their path or folder, and the grants for them."""

    path: str
    grants: tuple[Grant, ...]


class Reader(NamedTuple):
    """A read of one file, or of one folder of logs.

    `read` is called in its own thread with the Collector; its result is available to other readers. It saves its files
    itself. A CallError that it raises becomes the manifest's entry for `path`.
    """

    name: str  # "aws.role"; unique
    path: str  # the file it fills, or the folder of logs, with a slash at its end
    call: str  # "iam:GetRole", as shown in manifest and coverage
    read: Callable[[Collector], Any]
    needs: tuple[str, ...] = ()  # names of readers; names that are not in the plan are ignored
    grants: tuple[Grant, ...] = ()
    follows: tuple[Following, ...] = ()
    silent: bool = False  # it makes no calls and only starts other readers


class Collected(NamedTuple):
    """The outcome of a collection: the bundle, warnings for the user, and the manifest's entries.

    `failures` are the failed reads, by their paths.
    """

    bundle: Bundle
    warnings: tuple[str, ...]
    reads: tuple[dict[str, Json], ...]
    failures: dict[str, CallError]


class Pacer:
    """Spaces calls: each starts at least `interval` seconds after the previous one."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._next = 0.0
        self._lock = threading.Lock()

    def slot(self) -> float:
        """Take the next slot, and return the seconds to wait for it."""
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + self.interval
            return begin - now

    def hold(self, seconds: float) -> None:
        """Offer no slot for this many seconds, after the service throttled a call."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class Collector:
    """The store of the readers' files and results. All methods are thread-safe."""

    def __init__(self, deadline: float, narrate: Callable[[str], None]) -> None:
        self.deadline = deadline  # of time.monotonic()
        self.files: dict[str, bytes] = {}
        self.reads: dict[str, dict[str, Json]] = {}
        self.failures: dict[str, CallError] = {}
        self.warnings: list[str] = []
        self.clocks = Clocks()
        self._narrate = narrate
        self._answers: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._voice = threading.Lock()  # one line at a time
        self._closed = threading.Event()
        self._start: Callable[[Reader], None] | None = None

    def answer(self, name: str) -> Any:
        """Return the result of the reader `name`; None if it failed or is not in the plan."""
        with self._lock:
            answer = self._answers.get(name)
        return None if isinstance(answer, CallError) else answer

    def needed(self, name: str, description: str) -> Any:
        """Return the result of the reader `name`; without it, raise CallError that `description` could not be read."""
        self.check_access(name)
        answer = self.answer(name)
        if answer is None:
            raise CallError("failed", "NotAsked", f"{description} could not be read")
        return answer

    def check_access(self, name: str) -> None:
        """Raise the failure of the reader `name` again if it was caused by credentials or this machine's network."""
        with self._lock:
            answer = self._answers.get(name)
        if isinstance(answer, CallError) and answer.local:
            raise answer

    def call(self, make: Callable[[], Any], *, pacer: Pacer | None = None) -> Any:
        """Return the result of `make`, which raises CallError; after a temporary fault it is retried a few times.

        `make` sends one request with its own time limit (`seconds_left`).
        """
        for attempt in range(1, MOST_ATTEMPTS + 1):
            if pacer is not None:
                self.pause(pacer.slot())
            self._check_time()
            try:
                return make()
            except CallError as failure:
                if not failure.heals or attempt == MOST_ATTEMPTS:
                    raise
                pause = max(failure.after, min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE))
                if time.monotonic() + pause >= self.deadline:
                    raise
                if pacer is not None and failure.outcome == "throttled":
                    pacer.hold(max(pause, 1.0))
                self.pause(pause * random.uniform(1.0, 1.2))  # noqa: S311 - spreads retries, protects no secret
        raise AssertionError  # the last attempt returns or raises

    def save(self, path: str, call: str, content: bytes | str | Json, **more: Json) -> None:
        """Keep one file. Text and bytes stay as they are, everything else is written as JSON.

        `more` goes to the manifest's entry: for logs region, from, to, filter, truncated; also code and message.
        """
        if isinstance(content, str):
            data = content.encode("utf-8", "surrogatepass")
        elif isinstance(content, bytes):
            data = content
        else:
            data = json.dumps(content, indent=2, default=_plain).encode()
        self.keep(path, data)
        self.record(path, call, "ok", **more)

    def keep(self, path: str, data: bytes) -> None:
        """Save a file without its own entry, in a folder that has an entry for many files."""
        with self._lock:
            if not self._closed.is_set():
                self.files[path] = data

    def record(self, path: str, call: str, outcome: Outcome, **more: Json) -> None:
        """Set the manifest's entry for a path, replacing an earlier one."""
        entry: dict[str, Json] = {"path": path, "call": call, "outcome": outcome, "at": _now()}
        entry |= {name: value for name, value in more.items() if value is not None and value != ""}
        with self._lock:
            if not self._closed.is_set():
                self.reads[path] = entry

    def fail(self, path: str, call: str, failure: CallError, grants: Sequence[Grant] = (), **more: Json) -> None:
        """Record a failed call, with the permission or API that would allow it."""
        message = printable(failure.message, _LONGEST_MESSAGE)
        hint = failure.hint or (_what_allows(grants) if failure.outcome == "denied" else "")
        message = f"{hint} ({message})" if hint and message else hint or message
        with self._lock:
            if not self._closed.is_set():
                self.failures[path] = failure
        code = printable(failure.code, 80)
        self.record(path, call, failure.outcome, code=code, message=message, local=failure.local, **more)

    def has_answer(self, path: str) -> bool:
        """Whether a file, or any file of a folder, was read or is known not to exist."""
        with self._lock:
            entries = [entry for name, entry in self.reads.items() if name.startswith(path)]
        return any(entry["outcome"] in ("ok", "not_found") for entry in entries)

    def warn(self, text: str) -> None:
        """Add a warning for stderr after the collection; it is escaped there."""
        text = text if len(text) <= _LONGEST_WARNING else text[:_LONGEST_WARNING] + "…"
        with self._lock:
            if not self._closed.is_set() and text not in self.warnings:
                self.warnings.append(text)

    def say(self, text: str) -> None:
        """Report progress: the files being read, and how far."""
        with self._voice:
            if not self._closed.is_set():
                self._narrate(text)

    def start(self, *readers: Reader) -> None:
        """Start further readers at once, whatever they need. The starting reader ends when they have ended."""
        assert self._start is not None  # noqa: S101 - collect() sets it before any reader runs
        for reader in readers:
            self._start(reader)

    def side_by_side(self, calls: Sequence[Callable[[], Any]], most: int = 16) -> list[Any]:
        """Return the result of each call, or the CallError that it raised, in order; at most `most` run at once."""
        results: list[Any] = [None] * len(calls)
        waiting = iter(enumerate(calls))
        defects: list[BaseException] = []

        def work() -> None:
            while True:
                with self._lock:
                    index, call = next(waiting, (-1, None))
                if call is None:
                    return
                try:
                    results[index] = call()
                except CallError as failure:
                    results[index] = failure
                except BaseException as error:  # noqa: BLE001 - raised again below, in the calling thread
                    defects.append(error)
                    return

        threads = [threading.Thread(target=work, daemon=True) for _ in range(min(most, len(calls)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if defects:
            raise defects[0]
        return results

    def seconds_left(self, most: float) -> float:
        """Return a time limit for one request."""
        return max(0.1, min(most, self.deadline - time.monotonic()))

    def pause(self, seconds: float) -> None:
        """Wait. Raises CallError if the collection's time ends before."""
        left = self.deadline - time.monotonic()
        if self._closed.wait(max(0.0, min(seconds, left))) or seconds > left:
            self._check_time(over=True)

    def _check_time(self, *, over: bool = False) -> None:
        if over or self._closed.is_set() or time.monotonic() >= self.deadline:
            raise CallError("timeout", "TimeIsUp", "the time given with --timeout ended before")

    def _keep(self, name: str, answer: Any) -> None:
        with self._lock:
            self._answers[name] = answer

    def _close(self) -> None:
        with self._lock:
            self._closed.set()


def collect(
    readers: Iterable[Reader],
    *,
    base: Bundle | None = None,
    given: Iterable[tuple[str, bytes | str | Json]] = (),
    timeout: float = 300.0,
    narrate: Callable[[str], None] = lambda _: None,
) -> Collected:
    """Run the readers, each as soon as its dependencies have ended; returns within `timeout` seconds.

    `given` are files that need no reading, such as a target derived from flags. `base` is a bundle that the reads are
    added to. An exception other than CallError is a defect of ours and is raised here. KeyboardInterrupt ends it at
    once: the threads are daemons, and their further results are discarded.
    """
    began = time.time()
    planned = tuple(readers)
    collector = Collector(time.monotonic() + timeout, narrate)
    for path, content in given:
        collector.save(path, "given", content)
    try:
        _Run(collector, planned).work()
    finally:
        collector._close()  # noqa: SLF001 - its other half
    collector.warnings += filter(None, [collector.clocks.warning()])
    began -= collector.clocks.ahead()
    return Collected(
        bundle_of(collector, base, began, live=bool(planned)),
        tuple(collector.warnings),
        tuple(collector.reads.values()),
        dict(collector.failures),
    )


class _Run:
    """The threads of one collection."""

    def __init__(self, collector: Collector, readers: tuple[Reader, ...]) -> None:
        self.collector = collector
        self.readers = {reader.name: reader for reader in readers}
        self.ended: queue.SimpleQueue[tuple[str, BaseException | None]] = queue.SimpleQueue()
        self.open: dict[str, Reader] = {}  # running, or waiting for readers that they started
        self.children: dict[str, int] = {}  # reader → how many still run, of itself and the readers that it started
        self.parent: dict[str, str] = {}
        self.done = 0
        self.answered: set[str] = set()  # names
        self.here = threading.local()
        self.lock = threading.Lock()
        collector._start = self.start  # noqa: SLF001 - its other half

    def work(self) -> None:
        graph = {
            reader.name: [name for name in reader.needs if name in self.readers] for reader in self.readers.values()
        }
        sorter = TopologicalSorter(graph)
        sorter.prepare()
        while sorter.is_active():
            late = time.monotonic() >= self.collector.deadline
            for name in () if late else sorter.get_ready():
                self._begin(self.readers[name])
            finished = None if late else self._wait()
            if finished is None:
                self._time_is_up([name for name in self.readers if name not in self.collector._answers])  # noqa: SLF001
                return
            for name in self._closed_by(finished):
                sorter.done(name)
        if self.readers:
            self.collector.say(self._outcome())

    def _how_far(self) -> str:
        with self.lock:
            return f"{self.done} of {len(self.parent) + len(self.readers)} done"

    def _outcome(self) -> str:
        """Return how many reads succeeded; a missing resource counts as success."""
        with self.lock:
            every = len(self.parent) + len(self.readers)
            # a reader that only starts others knows what to start if its dependencies succeeded
            silent = [reader for reader in self.readers.values() if reader.silent]
            needs = [{need for need in reader.needs if need in self.readers} for reader in silent]
            read = len(self.answered) + sum(names <= self.answered for names in needs)
        return f"{read} of {every} read" + (f", {every - read} not" if every > read else "")

    def start(self, reader: Reader) -> None:
        """Start a reader on behalf of another, and count both as one."""
        above = getattr(self.here, "name", None)
        if above is not None:
            with self.lock:
                self.parent[reader.name] = above
                self.children[above] += 1
        self._begin(reader)

    def _begin(self, reader: Reader) -> None:
        with self.lock:
            self.open[reader.name] = reader
            self.children[reader.name] = 1
        threading.Thread(target=self._read, args=(reader,), name=reader.name, daemon=True).start()

    def _read(self, reader: Reader) -> None:
        self.here.name = reader.name
        defect: BaseException | None = None
        answer: Any = None
        if not reader.silent:
            self.collector.say(f"{self._how_far()}; reading {reader.path} ({reader.call})")
        try:
            answer = reader.read(self.collector)
        except CallError as failure:
            answer = failure
            self.collector.fail(reader.path, reader.call, failure, reader.grants)
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the thread that waits for this one
            defect = error
        self.collector._keep(reader.name, answer)  # noqa: SLF001 - its other half
        with self.lock:
            if not reader.silent and self.collector.has_answer(reader.path):
                self.answered.add(reader.name)
        self.ended.put((reader.name, defect))

    def _wait(self) -> str | None:
        """Return the next reader that ended; None after the time limit."""
        while True:
            left = self.collector.deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                name, defect = self.ended.get(timeout=min(left, 0.5))  # short, so that every platform handles signals
            except queue.Empty:
                continue
            if defect is not None:
                raise defect
            return name

    def _closed_by(self, name: str) -> Iterator[str]:
        """Return the planned readers that end when `name` ends: itself, and readers that waited only for it."""
        current: str | None = name
        while current is not None:
            with self.lock:
                self.done += current == name
                self.children[current] -= 1
                if self.children[current]:
                    return
                self.open.pop(current, None)
                above = self.parent.get(current)
            if current in self.readers:
                yield current
            current = above

    def _time_is_up(self, not_begun: list[str]) -> None:
        late = CallError("timeout", "TimeIsUp", "the time given with --timeout ended before")
        with self.lock:
            running = list(self.open.values())
        for reader in [*running, *(self.readers[name] for name in not_begun)]:
            if reader.path not in self.collector.reads:
                self.collector.fail(reader.path, reader.call, late, reader.grants)


def _without_markup(text: str) -> str:
    """Replace a proxy's or load balancer's HTML page by a short note with its title."""
    markup = _MARKUP.search(text)
    if markup is None:
        return text
    title = _TITLE.search(text)
    title_text = " ".join(title[1].split()) if title else ""
    return text[: markup.start()] + "an HTML page" + (f" with the title {title_text}" if title_text else "")


def _what_allows(grants: Sequence[Grant]) -> str:
    permissions = list(dict.fromkeys(grant.permission for grant in grants))
    apis = list(dict.fromkeys(grant.api for grant in grants if grant.api))
    parts = [f"allow {', '.join(permissions)}"] if permissions else []
    parts += [f"enable {', '.join(apis)}"] if apis else []
    return " and ".join(parts)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: object) -> str:
    """Convert boto3's datetimes, which are in the zone of this machine, to text in UTC."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    raise TypeError(type(value).__name__)
