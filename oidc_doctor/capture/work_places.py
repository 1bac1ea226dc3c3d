"""Temporary places next to a capture, and the removal of those that a killed capture left behind.

A killed process (SIGKILL) removes nothing. So each place has an exclusive lock (flock) while its process lives, which
the system drops with the process, and the next capture into the same folder removes each place of this user that it
can lock. If the file system does not support locks, nothing is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from typing import Final

from oidc_doctor import files

_PREFIX: Final = ".oidc-doctor-capture-"
_OURS: Final = re.compile(re.escape(_PREFIX) + "[0-9a-f]{16}")
_UNFOLLOWED: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextlib.contextmanager
def work_folder(parent: str) -> Iterator[str]:
    """Create a private folder in `parent` (mode 700), locked until it is removed at the end. Raises OSError."""
    remove_left_behind(parent)
    with contextlib.ExitStack() as stack:
        yield _new_place(
            parent, stack, lambda path: os.mkdir(path, 0o700), lambda path: shutil.rmtree(path, ignore_errors=True)
        )


@contextlib.contextmanager
def work_file(parent: str, data: bytes = b"") -> Iterator[str]:
    """Create a file in `parent` (mode 600), locked until it is moved away, or removed at the end. Raises OSError."""
    remove_left_behind(parent)
    with contextlib.ExitStack() as stack:
        yield _new_place(parent, stack, lambda path: files.create(path, data, 0o600, lasting=True), _unlink)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def remove_left_behind(parent: str) -> None:
    """Remove the places of dead processes of this user in a folder. A link is not followed, and not removed."""
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = [name for name in os.listdir(parent) if _OURS.fullmatch(name)]
    for name in names:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            _remove_unless_held(os.path.join(parent, name), stack)


def _remove_unless_held(path: str, stack: contextlib.ExitStack) -> None:
    descriptor = _opened(path, stack)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: its process lives
    if stat.S_ISDIR(status.st_mode):
        shutil.rmtree(path, ignore_errors=True)
    elif stat.S_ISREG(status.st_mode):
        os.unlink(path)


def _is_held(path: str, stack: contextlib.ExitStack) -> bool:
    """Lock a new place until `stack` closes; False if another capture removed it before it was locked."""
    try:
        descriptor = _opened(path, stack)
    except FileNotFoundError:
        return False
    with contextlib.suppress(OSError):  # without locks no one removes it either
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return os.path.lexists(path)


def _opened(path: str, stack: contextlib.ExitStack) -> int:
    descriptor = os.open(path, _UNFOLLOWED)
    stack.callback(os.close, descriptor)
    return descriptor


def _new_place(
    parent: str, stack: contextlib.ExitStack, make: Callable[[str], None], remove: Callable[[str], None]
) -> str:
    """Create a place with an unused name, and lock it; when `stack` closes it is removed.

    The removal is arranged first: a signal may end the program as soon as the place is there.
    """
    while True:
        path = os.path.join(parent, _PREFIX + secrets.token_hex(8))
        stack.callback(remove, path)
        make(path)
        if _is_held(path, stack):
            return path
