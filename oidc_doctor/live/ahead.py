"""Calls that are made ahead of the one who waits for their results, in order and within a bound."""

from __future__ import annotations

import queue
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def ahead(calls: Iterable[tuple[int, Callable[[], T]]], *, threads: int, most: int) -> Iterator[Future[T]]:
    """Yield a future for each call, in order, while threads make the following ones.

    A call comes with the bytes that its result takes. Results that nobody is done with take `most` at a time, or are
    one alone. The caller is done with a result when it asks for the next. The threads are daemons, so that a run can
    end at once.
    """
    tasks: queue.SimpleQueue[tuple[Callable[[], T], Future[T]] | None] = queue.SimpleQueue()
    closed = threading.Event()
    waiting: deque[tuple[int, Future[T]]] = deque()
    started = size = 0

    def work() -> None:
        while (task := tasks.get()) is not None and not closed.is_set():
            call, future = task
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits for the result
                future.set_exception(error)

    remaining = iter(calls)
    following = next(remaining, None)
    try:
        while following is not None or waiting:
            while following is not None and len(waiting) < 2 * threads and (not size or size + following[0] <= most):
                future: Future[T] = Future()
                waiting.append((following[0], future))
                size += following[0]
                tasks.put((following[1], future))
                if started < min(threads, len(waiting)):
                    started += 1
                    threading.Thread(target=work, daemon=True).start()
                following = next(remaining, None)
            taken, future = waiting.popleft()
            yield future
            size -= taken
    finally:
        closed.set()
        for _ in range(started):
            tasks.put(None)
