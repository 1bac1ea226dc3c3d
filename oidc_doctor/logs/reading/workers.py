"""Many files in several processes: batches go out, tallies come back, and are put together in the files' order.

A process that dies is no loss: its batch is read here. Ctrl-C ends them all.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import threading
from collections import deque
from contextlib import redirect_stderr
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from oidc_doctor.logs.attempts.columns import MOST_ROWS
from oidc_doctor.logs.reading.counters import ScanState
from oidc_doctor.logs.reading.scan import read_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from oidc_doctor.logs.reading.counters import Family, Source, Window
    from oidc_doctor.logs.reading.scan import Progress
    from oidc_doctor.logs.reading.scope import Wanted

SMALL = 256 * 1024  # bytes on the disk in all: read in full, which needs no library
EXACT = 1 << 20  # likewise: each record is looked at for its service and Region
POOLED = 8 << 20  # likewise: as much is worth starting processes
MOST_PROCESSES = 4  # each holds up to 60 MiB

_BATCH_BYTES = 1 << 20
_BATCH_FILES = 64
_AHEAD = 3  # batches for each process that may be out or waiting for their turn
_STAMP = re.compile(r"_(\d{8}T\d{4}Z)_")


class _File(NamedTuple):
    name: str
    path: str | None
    size: int  # on the disk; 0 where that is not known


def read_all(
    tally: ScanState,
    names: list[str],
    open_file: Callable[[str], BinaryIO],
    on_disk: Callable[[str], str | None],
    *,
    progress: Progress | None,
    processes: int | None,
) -> None:
    """Read the files into the tally."""
    files = [_file(name, on_disk(name)) for name in names]
    total = sum(file.size for file in files)
    known = all(file.path for file in files)
    count = min(processes or len(_cores()), MOST_PROCESSES)
    if known and total >= POOLED and count > 1:
        _Pool(tally, files, progress, count).run()
        return
    if not known or total >= SMALL:
        from oidc_doctor.logs.reading.fast import keep_freed_memory

        keep_freed_memory()
    done = 0
    for number, file in enumerate(files):
        if progress:
            progress(number, len(files), done, total)
        exact = total < EXACT or not known
        read_file(open_file, file.name, tally, exact=exact, fast=not (known and total < SMALL))
        done += file.size
        _trim(tally)
    if progress:
        progress(len(files), len(files), done, total)


def _file(name: str, path: str | None) -> _File:
    try:
        return _File(name, path, os.stat(path).st_size if path else 0)
    except (OSError, ValueError):
        return _File(name, path, 0)  # opening it will tell


def _cores() -> Any:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _trim(tally: ScanState) -> None:
    """Stay within the bound while reading: half of it may be rows that are not compact yet."""
    if len(tally.rows) > MOST_ROWS:
        tally.duplicates += tally.rows.once()
        tally.rows.compact(MOST_ROWS // 2)


def _start_tracker() -> None:
    """Start the process that spawned processes need. It inherits stderr, which the screens have replaced meanwhile."""
    from multiprocessing.resource_tracker import ensure_running

    with redirect_stderr(sys.__stderr__):
        ensure_running()


class _Worker(NamedTuple):
    process: Any
    pipe: Connection


class _Pool:
    """The processes, what they are doing, and what came back before its turn."""

    def __init__(self, tally: ScanState, files: list[_File], progress: Progress | None, count: int) -> None:
        self.tally = tally
        self.progress = progress
        self.files = len(files)
        self.bytes = sum(file.size for file in files)
        self.done_files = self.done_bytes = 0
        ordered = sorted(files, key=lambda file: (_stamp(file.name), file.name))
        self.batches = _batches(ordered)
        self.waiting = deque(range(len(self.batches)))
        if len(self.batches) > 1:  # the last ones early: then the window is known, and most files lie inside it
            self.waiting.remove(len(self.batches) - 1)
            self.waiting.appendleft(len(self.batches) - 1)
        self.window: Window | None = None
        self.seen: set[int] = set()
        self.busy: dict[Connection, int] = {}
        self.workers: dict[Connection, _Worker] = {}
        self.count = min(count, len(self.batches))

    def run(self) -> None:
        """Read everything."""
        from oidc_doctor.logs.reading.fast import load_libraries

        load_libraries()  # once, before the processes are forked
        try:
            for _ in range(self.count):
                self._start()
            self._give()
            while self.busy or self.waiting:
                if not self.workers:
                    self._read_here(self.waiting.popleft())
                for pipe in wait(list(self.busy), timeout=1.0) if self.busy else ():
                    self._take(pipe)  # type: ignore[arg-type]
                self._give()
        finally:
            for worker in self.workers.values():
                worker.pipe.close()
                worker.process.terminate()
            for worker in self.workers.values():
                worker.process.join()

    def _start(self) -> None:
        forks = sys.platform == "linux" and threading.active_count() == 1
        if not forks:
            _start_tracker()
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        ours, theirs = context.Pipe()
        others = [*(worker.pipe for worker in self.workers.values()), ours] if forks else []
        process = context.Process(
            target=_work, args=(theirs, others, self.tally.source, *self.tally.tools()), daemon=True
        )
        process.start()
        theirs.close()
        self.workers[ours] = _Worker(process, ours)

    def _give(self) -> None:
        for pipe in list(self.workers):
            if pipe not in self.busy and self.waiting:
                number = self.waiting.popleft()
                try:
                    pipe.send((self.batches[number], self.window, self.tally.has_sts))
                except OSError:
                    self.waiting.appendleft(number)
                    self._lost(pipe)
                else:
                    self.busy[pipe] = number

    def _take(self, pipe: Connection) -> None:
        number = self.busy.pop(pipe)
        try:
            found = pipe.recv()
        except (EOFError, OSError):
            self._lost(pipe)
            self._read_here(number)
            return
        self._merge(number, found)

    def _lost(self, pipe: Connection) -> None:
        worker = self.workers.pop(pipe)
        worker.pipe.close()
        worker.process.terminate()
        worker.process.join()

    def _read_here(self, number: int) -> None:
        found = ScanState(self.tally.source, *self.tally.tools())
        for file in self.batches[number]:
            _read(file, found, self.window)
        self._merge(number, found)

    def _merge(self, number: int, found: ScanState) -> None:
        self.tally.merge(found)
        self.tally.has_sts = self.tally.has_sts or found.has_sts
        _trim(self.tally)
        self.seen.add(number)
        ends = {0, len(self.batches) - 1}
        if ends <= self.seen and self.tally.first is not None and self.tally.last is not None:
            self.window = (self.tally.first, self.tally.last)
        self.done_files += len(self.batches[number])
        self.done_bytes += sum(file.size for file in self.batches[number])
        if self.progress:
            self.progress(self.done_files, self.files, self.done_bytes, self.bytes)


def _stamp(name: str) -> str:
    match = _STAMP.search(name)
    return match[1] if match else ""


def _batches(files: list[_File]) -> list[list[_File]]:
    found: list[list[_File]] = []
    size = 0
    for file in files:
        if not found or size + file.size > _BATCH_BYTES or len(found[-1]) >= _BATCH_FILES:
            found.append([])
            size = 0
        found[-1].append(file)
        size += file.size
    return found


def _work(pipe: Connection, others: list[Connection], source: Source, wanted: Wanted, family: Family) -> None:
    """What a process does: read batches until there are no more. Ctrl-C is the parent's to answer."""
    from oidc_doctor.logs.reading.fast import keep_freed_memory

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    for other in others:
        other.close()  # so that this process sees the end when the parent is gone
    while True:
        try:
            batch, window, has_sts = pipe.recv()
        except (EOFError, OSError):
            return
        tally = ScanState(source, wanted, family)
        tally.has_sts = has_sts
        for file in batch:
            _read(file, tally, window)
        try:
            pipe.send(tally)
        except OSError:
            return


def _read(file: _File, tally: ScanState, window: Window | None) -> None:
    def opened(name: str) -> BinaryIO:
        return open(file.path or name, "rb", buffering=0)

    read_file(opened, file.name, tally, window=window, exact=False)
