"""Read many files in several processes: each reads batches of files into a state, and the parent merges the states.

The parent reads the batch of a process that dies. Ctrl-C, and each signal that ends the parent, ends all processes.
"""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections import deque
from contextlib import contextmanager, redirect_stderr
from importlib import import_module
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.logs.attempts.columns import MOST_ROWS
from oidc_doctor.logs.reading.file import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from oidc_doctor.logs.reading.scan_state import ScanState

    Progress = Callable[[int, int, int, int], None]  # files done, files, bytes on the disk done, bytes

EXACT = 1 << 20  # bytes on the disk in all: of less, each record is decoded, which shows its service and Region
POOLED = 8 << 20  # likewise: as much is worth starting processes
MOST_PROCESSES = 4  # each uses up to 60 MiB

_BATCH_BYTES = 1 << 20
_BATCH_FILES = 64
_SAFE_PATH = "PYTHONSAFEPATH"
_ENDING = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}
_STAMP = re.compile(r"_(\d{8}T\d{4}Z)_")


class _LogFile(NamedTuple):
    name: str
    path: str | None
    size: int  # on the disk; 0 where that is not known


def read_all(
    state: ScanState,
    names: list[str],
    open_file: Callable[[str], BinaryIO],
    on_disk: Callable[[str], str | None],
    *,
    progress: Progress | None,
    processes: int | None,
) -> None:
    """Read the files into the state."""
    files = [_file(name, on_disk(name)) for name in names]
    total = sum(file.size for file in files)
    is_known = all(file.path for file in files)  # not so for the members of an archive
    count = min(processes or len(_cores()), MOST_PROCESSES)
    if is_known and total >= POOLED and count > 1:
        _Pool(state, files, progress, count).run()
        return
    _keep_freed_memory()
    done = 0
    for number, file in enumerate(files):
        if progress:
            progress(number, len(files), done, total)
        read_file(open_file, file.name, state, exact=is_known and total < EXACT)
        done += file.size
        _trim(state)
    if progress:
        progress(len(files), len(files), done, total)


def _file(name: str, path: str | None) -> _LogFile:
    try:
        return _LogFile(name, path, os.stat(path).st_size if path else 0)
    except (OSError, ValueError):
        return _LogFile(name, path, 0)  # opening it will fail, and name the file as a problem


def _cores() -> Any:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _trim(state: ScanState) -> None:
    """Keep within the bound while reading: half of it may be rows that are not compact yet."""
    if len(state.rows) > MOST_ROWS:
        state.duplicates += state.rows.remove_repeats()
        state.rows.compact(MOST_ROWS // 2)


def _keep_freed_memory() -> None:
    """Make the C library reuse the memory of one piece of a file for the next: a scan takes a quarter less time.

    glibc raises its threshold to the size of the largest block that was freed [mallopt(3), M_MMAP_THRESHOLD]. The block
    is never written to, so it takes no memory; elsewhere this does nothing.
    """
    block = bytearray(30 << 20)
    del block


@contextmanager
def _ending_deferred() -> Iterator[None]:
    """Defer Ctrl-C and the like until the end of the block, where the system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _nothing_of_the_working_folder() -> Iterator[None]:
    """Keep new processes from importing modules of the working folder, which may be a stranger's bundle.

    multiprocessing starts them by `python -c`, whose path of imports begins there [using/cmdline, -P].
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


def _start_tracker() -> None:
    """Start the process that spawned processes need. It inherits stderr, which the screens have replaced meanwhile."""
    from multiprocessing.resource_tracker import ensure_running

    with redirect_stderr(sys.__stderr__), _nothing_of_the_working_folder():
        ensure_running()


class _Worker(NamedTuple):
    process: Any
    pipe: Connection


class _Pool:
    """The processes, and the batches that they read."""

    def __init__(self, state: ScanState, files: list[_LogFile], progress: Progress | None, count: int) -> None:
        self.state = state
        self.progress = progress
        self.files = len(files)
        self.bytes = sum(file.size for file in files)
        self.done_files = self.done_bytes = 0
        self.batches = _batches(sorted(files, key=lambda file: (_delivery(file.name), file.name)))
        self.waiting = deque(range(len(self.batches)))
        self.busy: dict[Connection, int] = {}
        self.workers: dict[Connection, _Worker] = {}
        self.count = min(count, len(self.batches))

    def run(self) -> None:
        """Read everything."""
        import_module("oidc_doctor.logs.reading.search")  # once, before the processes are forked
        try:
            with _ending_deferred():  # a process is registered from its start, so that it is always ended
                for _ in range(self.count):
                    self._start()
            self._assign()
            while self.busy or self.waiting:
                if not self.workers:
                    self._read_here(self.waiting.popleft())
                for pipe in wait(list(self.busy), timeout=1.0) if self.busy else ():
                    self._receive(pipe)  # type: ignore[arg-type]
                self._assign()
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
        parent_end, child_end = context.Pipe()
        inherited = [*(worker.pipe for worker in self.workers.values()), parent_end] if forks else []
        process = context.Process(target=_work, args=(child_end, inherited, self.state.empty()), daemon=True)
        with _nothing_of_the_working_folder():
            process.start()
        child_end.close()
        self.workers[parent_end] = _Worker(process, parent_end)

    def _assign(self) -> None:
        for pipe in list(self.workers):
            if pipe not in self.busy and self.waiting:
                number = self.waiting.popleft()
                try:
                    pipe.send(self.batches[number])
                except OSError:
                    self.waiting.appendleft(number)
                    self._remove(pipe)
                else:
                    self.busy[pipe] = number

    def _receive(self, pipe: Connection) -> None:
        number = self.busy.pop(pipe)
        try:
            state = pipe.recv()
        except (EOFError, OSError):
            self._remove(pipe)
            self._read_here(number)
            return
        self._merge(number, state)

    def _remove(self, pipe: Connection) -> None:
        worker = self.workers.pop(pipe)
        worker.pipe.close()
        worker.process.terminate()
        worker.process.join()

    def _read_here(self, number: int) -> None:
        self._merge(number, _read_batch(self.batches[number], self.state.empty()))

    def _merge(self, number: int, state: ScanState) -> None:
        self.state.merge(state)
        _trim(self.state)
        self.done_files += len(self.batches[number])
        self.done_bytes += sum(file.size for file in self.batches[number])
        if self.progress:
            self.progress(self.done_files, self.files, self.done_bytes, self.bytes)


def _delivery(name: str) -> str:
    """Return the time of delivery in a trail file's name; "" where there is none."""
    match = _STAMP.search(name)
    return match[1] if match else ""


def _batches(files: list[_LogFile]) -> list[list[_LogFile]]:
    batches: list[list[_LogFile]] = []
    size = 0
    for file in files:
        if not batches or size + file.size > _BATCH_BYTES or len(batches[-1]) >= _BATCH_FILES:
            batches.append([])
            size = 0
        batches[-1].append(file)
        size += file.size
    return batches


def _work(pipe: Connection, inherited: list[Connection], template: ScanState) -> None:
    """Read batches in a process until there are no more. Only the parent handles Ctrl-C; it ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _ENDING - {signal.SIGINT}:
        signal.signal(number, signal.SIG_DFL)  # a forked process has the parent's handlers
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)  # and its mask
    _keep_freed_memory()
    gc.disable()  # a scan makes no cycles, and the collector would visit every place that a search finds
    for end in inherited:
        end.close()  # so that this process reads an end of file when the parent has ended
    while True:
        try:
            batch = pipe.recv()
        except (EOFError, OSError):
            return
        state = _read_batch(batch, template.empty())
        try:
            pipe.send(state)
        except OSError:
            return


def _read_batch(batch: list[_LogFile], state: ScanState) -> ScanState:
    for file in batch:
        read_file(functools.partial(_open, file.path), file.name, state)
    return state


def _open(path: str | None, name: str) -> BinaryIO:
    return open_regular(path or name, buffering=0)
