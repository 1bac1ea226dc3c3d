"""Progress of a long read: on a terminal one line that is overwritten, elsewhere a line every ten seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_QUIET = 2.0  # seconds before anything is shown
_OFTEN = 0.1
_SELDOM = 10.0
_WIDTH = 24
_MIB = 1 << 20


class Screen(Protocol):
    """The stream of the messages."""

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""

    def write(self, text: str, /) -> object:
        """Write a part of a line."""

    def flush(self) -> None:
        """Show what was written."""


class ProgressBar:
    """Call it with files done, files, bytes done, bytes. As a context, it leaves the terminal's line empty."""

    def __init__(self, stream: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._terminal = stream.isatty()
        self._begin = clock()
        self._shown = self._begin + _QUIET - (_OFTEN if self._terminal else _SELDOM)
        self._length = 0

    def __call__(self, files: int, of_files: int, size: int, of_size: int) -> None:
        """Show the progress, if the interval is over."""
        now = self._clock()
        if now - self._begin < _QUIET or now - self._shown < (_OFTEN if self._terminal else _SELDOM):
            return
        self._shown = now
        part = size / of_size if of_size else files / max(1, of_files)
        progress = f"reading logs: {files:,} of {of_files:,} files"
        if of_size:
            progress += f", {size / _MIB:,.0f} of {of_size / _MIB:,.0f} MiB"
        if not self._terminal:
            self._stream.write(f"{progress}\n")
        else:
            full = round(_WIDTH * part)
            line = f"[{'#' * full}{'-' * (_WIDTH - full)}] {progress}"
            self._stream.write(f"\r{line:<{self._length}}")
            self._length = len(line)
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._length:
            self._stream.write("\r" + " " * self._length + "\r")
            self._stream.flush()
            self._length = 0
