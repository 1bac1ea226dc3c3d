"""stdin, stdout and stderr, whatever the caller made of them: closed, full, a pipe without a reader, any encoding.

stdout is data, UTF-8 in every locale. Data that cannot be written is a usage error, as with --report FILE; a reader
that closes the pipe wants no more, which changes nothing. stderr is messages: a message that cannot be written is
lost, and changes neither the exit code nor stdout. The rest of the command line uses no stream itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from typing import Any

from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.documents.regular_file import open_regular

Filter = Callable[[str], str]


class _Filters:
    """What every text goes through on its way to stdout and to stderr."""

    data: Filter | None = None
    messages: Filter | None = None


def filter_output(data: Filter | None, messages: Filter | None) -> None:
    """Pass all data and all messages of this run through functions, also those about an error that ends it."""
    _Filters.data, _Filters.messages = data, messages


def filtered(text: str) -> str:
    """Return data as it is written: for a file that is written beside stdout."""
    return _Filters.data(text) if _Filters.data is not None else text


def open_streams() -> None:
    """Replace each stream that the caller closed by one that refuses what it is for; nothing is filtered at first.

    Python has None in its place, and its descriptor would go to the next file that is opened.
    """
    filter_output(None, None)
    for name, mode, refusing in (
        ("stdin", "r", os.O_WRONLY),
        ("stdout", "w", os.O_RDONLY),
        ("stderr", "w", os.O_RDONLY),
    ):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, refusing)  # the lowest that is free: the stream's own
            stream = open(descriptor, mode, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115 - it stays
            setattr(sys, name, stream)


def show(text: str) -> bool:
    """Write data to stdout; return whether it has a reader. Raises UsageError where it cannot be written."""
    stream: Any = sys.stdout
    text = filtered(text)
    try:
        stream.flush()
        _wait_for_readers(stream)
        if hasattr(stream, "buffer"):
            stream.buffer.write(text.encode("utf-8", "backslashreplace"))
        else:
            stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _give_up(stream)
        return False
    except OSError as error:
        _give_up(stream)
        message = f"stdout: {_reason(error)}"
        raise UsageError(message) from None
    return True


def tell(text: str) -> None:
    """Write a message to stderr, if that is possible."""
    text = _Filters.messages(text) if _Filters.messages is not None else text
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        _give_up(sys.stderr)


def read_file(path: str, name: str, most: int, *, regular: bool = False) -> bytes:
    """Return the bytes of a file that the option or variable `name` names; - is stdin. Raises UsageError.

    `regular`: the user did not name the file, so a FIFO of a stranger's folder must not keep the run waiting.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read(most + 1)
        else:
            with open_regular(path) if regular else open(path, "rb") as stream:
                data = stream.read(most + 1)
    except OSError as error:
        message = f"{name} {path}: {_reason(error)}"
        raise UsageError(message) from None
    if len(data) > most:
        message = f"{name} {path}: larger than {most // 1024} KiB"
        raise UsageError(message)
    return data


def has_terminal() -> bool:
    """Return whether a person can be asked: stdin and stderr are terminals."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def read_line() -> str:
    """Return the next line of stdin with its line break; "" at its end."""
    return sys.stdin.readline()


def has_input(seconds: float) -> bool:
    """Return whether stdin is a pipe or file with something to read, after waiting that long at most."""
    import select  # late, as stat: few runs ask
    import stat

    try:
        number = sys.stdin.fileno()
        mode = os.fstat(number).st_mode
        if stat.S_ISREG(mode):
            return os.fstat(number).st_size > os.lseek(number, 0, os.SEEK_CUR)
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) or not select.select([number], [], [], seconds)[0]:
            return False
        return _waiting_bytes(number) > 0
    except (OSError, ValueError):  # closed, a stream of a test, or a system without select on pipes
        return False


def _waiting_bytes(number: int) -> int:
    """Return the number of bytes in a pipe: one whose writer has gone is readable, and empty."""
    try:
        import fcntl
        import struct
        import termios
    except ImportError:  # Windows, whose select does not take pipes
        return 0
    answer = fcntl.ioctl(number, termios.FIONREAD, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])


class Messages:
    """stderr as a stream that never fails, for those that write a part of a line."""

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return sys.stderr.isatty()

    def write(self, text: str) -> None:
        """Write a part of a message."""
        tell(text)

    def flush(self) -> None:
        """Do nothing: every part is written at once."""


def _reason(error: OSError) -> str:
    return "it is closed" if error.errno == errno.EBADF else str(error.strerror or error)


def _wait_for_readers(stream: Any) -> None:
    """Make a pipe that was set to fail when it is full wait instead."""
    with contextlib.suppress(OSError, AttributeError):
        if not os.get_blocking(stream.fileno()):
            os.set_blocking(stream.fileno(), True)


def _give_up(stream: Any) -> None:
    """Send what is left, and all that follows, nowhere: at its exit Python would try again, and exit with 120."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()
