"""Live collection: readers run in parallel and fill a bundle in memory, which is then read like any other bundle.

A reader makes the calls for one file of the bundle (or one folder of logs). It starts when the readers that it needs
have ended, whatever their outcome. A failed read has an entry in the bundle's manifest, with its outcome and the
permission that would allow it, and the other reads continue.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.files import Bundle
from oidc_doctor.live.collected_bundle import bundle_of
from oidc_doctor.live.collector import MOST_ATTEMPTS, CallError, Collector, Following, Grant, Outcome, Reader
from oidc_doctor.live.pacing import Pacer
from oidc_doctor.live.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from oidc_doctor.model.document import Json

__all__ = [
    "MOST_ATTEMPTS",
    "CallError",
    "Collected",
    "Collector",
    "Following",
    "Grant",
    "Outcome",
    "Pacer",
    "Reader",
    "collect",
]

_CANCELLING = 5.0  # seconds for the calls that end the work at clouds


class Collected(NamedTuple):
    """The outcome of a collection: the bundle, warnings for the user, and the manifest's entries.

    `failures` are the failed reads, by their paths. `seconds` are how long the reads of each target were at work,
    by name ("" for a target at the top), without the time that they waited for rate limits and shared reads.
    """

    bundle: Bundle
    warnings: tuple[str, ...]
    reads: tuple[dict[str, Json], ...]
    failures: dict[str, CallError]
    seconds: dict[str, float]


def collect(
    readers: Iterable[Reader],
    *,
    base: Bundle | None = None,
    given: Iterable[tuple[str, bytes | str | Json]] = (),
    timeout: float = 300.0,
    narrate: Callable[[str], None] = lambda _: None,
    only_logs: bool = False,
) -> Collected:
    """Run the readers, each as soon as its dependencies have ended; returns within `timeout` seconds.

    `given` are files that need no reading, such as a target derived from flags. `base` is a bundle that the reads are
    added to; with `only_logs`, the evidence is still of the time when that bundle was collected. An exception other
    than CallError is a defect of ours and is raised here. KeyboardInterrupt ends it at once: the threads are daemons,
    and their further results are discarded.
    """
    began = time.time()
    planned = tuple(readers)
    collector = Collector(time.monotonic() + timeout, narrate)
    for path, content in given:
        collector.save(path, "given", content)
    run = _Run(collector, planned)
    try:
        run.work()
    finally:
        collector._close()  # noqa: SLF001 - its other half
        collector.cancellations.run(_CANCELLING)
        run.workers.close()
    collector.warnings += [*_unread(collector, planned), *filter(None, [collector.clocks.warning()])]
    began -= collector.clocks.ahead()
    return Collected(
        bundle_of(
            collector,
            base,
            began,
            live=bool(planned) and not only_logs,
            places={reader.path: reader.named for reader in planned if reader.named},
        ),
        tuple(collector.warnings),
        tuple(collector.reads.values()),
        dict(collector.failures),
        {_name_of(target): seconds for target, seconds in collector.watches.seconds().items()},
    )


def _unread(collector: Collector, planned: tuple[Reader, ...]) -> Iterator[str]:
    """Yield a warning for each place that the user named and that was not read: its path in a bundle says little."""
    for reader in planned:
        if reader.named and reader.path in collector.failures:
            entry = collector.reads[reader.path]
            yield f"{reader.named} was not read: {entry.get('message') or entry.get('code') or entry['outcome']}"


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
        self.left = Counter(_target_of(reader) for reader in readers)  # reads of each target that have not ended
        self.ranks = {target: rank for rank, target in enumerate(self.left)}  # one target after the other
        self.targets_read = 0
        self.workers = Workers(self._read)
        collector._start = self.start  # noqa: SLF001 - its other half

    def work(self) -> None:
        """Run every reader, until the end or the time limit."""
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
            if self._targets > 1:
                return f"{self.targets_read} of {self._targets} targets read"
            return f"{self.done} of {len(self.parent) + len(self.readers)} done"

    @property
    def _targets(self) -> int:
        """The number of targets with folders of their own."""
        return len(self.left.keys() - {""})

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
                self.left[_target_of(reader)] += 1
        self._begin(reader)

    def _begin(self, reader: Reader) -> None:
        with self.lock:
            self.open[reader.name] = reader
            self.children[reader.name] = 1
        self.workers.add(reader, reader.lane, self.ranks.get(_target_of(reader), 0))

    def _read(self, reader: Reader) -> None:
        self.here.name = reader.name
        defect: BaseException | None = None
        answer: Any = None
        if not reader.silent:
            self.collector.say(f"{self._how_far()}; reading {reader.path} ({reader.call})")
        try:
            with self.collector.watches.running(_target_of(reader)):
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
        self._count(_target_of(reader))
        self.ended.put((reader.name, defect))

    def _count(self, target: str) -> None:
        """Count a read that has ended, and report a target whose last read it was."""
        with self.lock:
            self.left[target] -= 1
            is_last = target != "" and not self.left[target]
            self.targets_read += is_last
        if is_last and self._targets > 1:
            self.collector.say(self._how_far())

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


def _target_of(reader: Reader) -> str:
    """Return the folder of the reader's target; "" at the top."""
    return contract.split_target(reader.path)[0]


def _name_of(target: str) -> str:
    return target.removeprefix(contract.TARGETS).rstrip("/")
