"""Open files of an untrusted folder, whose FIFOs, sockets or devices may return endless bytes, or block forever."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


class NotRegularError(OSError):
    """The path is not a regular file."""


def open_regular(path: str, *, buffering: int = -1) -> BinaryIO:
    """Open a regular file, or a link to one. Raises OSError at once for anything else."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(errno.EINVAL, "not a regular file", path)
    return os.fdopen(descriptor, "rb", buffering)
