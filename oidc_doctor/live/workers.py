"""The threads of a collection, bounded however many targets it has, and the time that each target's reads take."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST = 32  # threads; as many connections are kept for each service
_MOST_PACED = 4  # threads that read logs of one Region: more would only wait for the same limit
_AT_THE_END = 0.1  # seconds for idle threads to end, before a scan of logs forks

T = TypeVar("T")


class _Lane(Generic[T]):
    """The tasks that share threads, the first rank first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.tasks: queue.PriorityQueue[tuple[int, int, T | None]] = queue.PriorityQueue()
        self.unfinished = 0
        self.threads: list[threading.Thread] = []


class Workers(Generic[T]):
    """Threads that do `work`. A lane other than "" is for tasks that wait for one rate limit: others have their own."""

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._lanes: dict[str, _Lane[T]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def add(self, task: T, lane_name: str, rank: int) -> None:
        """Do a task as soon as a thread of its lane is free; tasks of a lower rank come first."""
        with self._lock:
            lane = self._lanes.setdefault(lane_name, _Lane(_MOST_PACED if lane_name else _MOST))
            lane.unfinished += 1
            lane.tasks.put((rank, next(self._numbers), task))
            if len(lane.threads) < min(lane.most, lane.unfinished):
                thread = threading.Thread(target=self._serve, args=(lane,), daemon=True)
                lane.threads.append(thread)
                thread.start()

    def close(self) -> None:
        """End idle threads, and drop the tasks that none has begun. Threads that are still at work are daemons."""
        with self._lock:
            threads = [thread for lane in self._lanes.values() for thread in lane.threads]
            for lane in self._lanes.values():
                for _ in lane.threads:
                    lane.tasks.put((-1, next(self._numbers), None))
        end = time.monotonic() + _AT_THE_END
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _serve(self, lane: _Lane[T]) -> None:
        while True:
            task = lane.tasks.get()[2]
            if task is None:
                return
            self._work(task)
            with self._lock:
                lane.unfinished -= 1


class Stopwatches:
    """Seconds by target: the time during which at least one of its reads was at work.

    A read that waits for a rate limit, or for a read that targets share, is not at work.
    """

    def __init__(self) -> None:
        self._here = threading.local()
        self._at_work: Counter[str] = Counter()
        self._since: dict[str, float] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def running(self, target: str) -> Iterator[None]:
        """Count the time of this thread as the target's."""
        self._here.target = target
        self._add(target, 1)
        try:
            yield
        finally:
            self._add(target, -1)
            self._here.target = None

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Do not count the time of this thread."""
        target = getattr(self._here, "target", None)
        if target is None:
            yield
            return
        self._here.target = None
        self._add(target, -1)
        try:
            yield
        finally:
            self._add(target, 1)
            self._here.target = target

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each target."""
        now = time.monotonic()
        with self._lock:
            running = {target: now - self._since[target] for target, number in self._at_work.items() if number}
            return {target: self._seconds[target] + running.get(target, 0.0) for target in self._at_work}

    def _add(self, target: str, number: int) -> None:
        now = time.monotonic()
        with self._lock:
            before = self._at_work[target]
            self._at_work[target] = before + number
            if not before:
                self._since[target] = now
            elif not before + number:
                self._seconds[target] += now - self._since[target]
