"""Files are written here alone: a new one exclusively, an old one by another in its place, and none through a link.

The working folder may be a stranger's unpacked bundle, in which a link with the name of a report leads elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_OF_THE_SYSTEM = ("/dev", "/proc")  # where the shell's own links are: /dev/stdout, /dev/fd/63
_MOST_NUMBERED = 100  # files with the same stem in a folder


def create(path: str, data: bytes, mode: int = 0o666, *, lasting: bool = False) -> None:
    """Write a new file. Raises OSError; FileExistsError also for a link, wherever it leads. No half file stays.

    One that is `lasting` is on the disk when this returns: an old file may then give way to it.
    """
    with os.fdopen(os.open(path, _NEW, mode), "wb") as stream:
        try:
            stream.write(data)
            stream.flush()
            if lasting:
                os.fsync(stream.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise


def create_numbered(folder: str, name: str, data: bytes) -> str:
    """Write a new file of this name, or with a number, in `folder`; return its path. Raises OSError."""
    stem, dot, ending = name.rpartition(".")
    for number in range(1, _MOST_NUMBERED):
        path = os.path.join(folder, f"{stem}{'' if number == 1 else f'-{number}'}{dot}{ending}")
        try:
            create(path, data)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{folder} already holds {_MOST_NUMBERED - 1} files of that name")


def append(path: str, data: bytes, most: int) -> bool:
    """Add to the end of a file, or make it; return False, and write nothing, where it would be larger than `most`.

    Raises OSError, also for a link and for what is no file.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666), "ab") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if status.st_size + len(data) > most:
            return False
        stream.write(data)
    return True


def replace(path: str, data: bytes, mode: int | None = None) -> None:
    """Write a file in the place of another, which stays until the new one is complete. Raises OSError.

    A link is replaced itself; the file that it leads to stays as it is. `mode` is else that of the old file.
    """
    if mode is None:
        with contextlib.suppress(OSError):
            old = os.lstat(path)
            mode = stat.S_IMODE(old.st_mode) if stat.S_ISREG(old.st_mode) else None
    beside = os.path.join(os.path.dirname(path), f".oidc-doctor-{secrets.token_hex(8)}")
    create(beside, data, 0o666 if mode is None else mode, lasting=True)
    try:
        if mode is not None:
            os.chmod(beside, mode)  # whatever the umask takes away
        take_place(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def take_place(beside: str, path: str) -> None:
    """Put a file that was created in the same folder in the place of another, or of a link. Raises OSError."""
    os.replace(beside, path)


def check_new(path: str) -> None:
    """Raise FileExistsError for a file with a content: evidence, an edited report, or anything else of the user's.

    What is no file is left to `write`.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISREG(found.st_mode) and found.st_size:
        raise FileExistsError(errno.EEXIST, "already exists; --force replaces it", path)


def write(path: str, data: bytes, *, replaces: bool = True) -> None:
    """Write a file that the user named. Raises OSError, also for a link.

    Unless it `replaces`, FileExistsError for a file with a content. Devices and pipes are written to, and the links of
    the system that lead to them.
    """
    try:
        found = os.lstat(path).st_mode
    except FileNotFoundError:
        create(path, data)
        return
    if stat.S_ISREG(found):
        if not replaces:
            check_new(path)
        replace(path, data)
        return
    if stat.S_ISLNK(found) and not os.path.abspath(path).startswith(tuple(f"{place}/" for place in _OF_THE_SYSTEM)):
        raise OSError(errno.ELOOP, "a link, which is not written through; name the file itself")
    with open(path, "wb") as stream:
        stream.write(data)
