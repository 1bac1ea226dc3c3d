"""A cache of day folders: what was read of their objects, so that a second look reads none of them again.

Each file is an extract, with the list of the objects that it was made of. It is used as far as the bucket still has
these objects, each with its size and its tag; so a file may be deleted, be of a day that is still delivered to, or be
written by a run that was killed later. It has no credential: a response's session token is not part of an extract.

The folder is the user's alone (mode 0700). A file is written under another name and renamed, so two runs at once leave
one whole file of either; one that is damaged, of another version or another user's is not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
import zlib
from typing import TYPE_CHECKING, Any

from oidc_doctor import __version__, files
from oidc_doctor.logs.archive.day import DayExtract, LogObject
from oidc_doctor.logs.extract.file import ENDING, header_line, header_of
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from oidc_doctor.model.events import Source

_FORMAT = f"1/{__version__}"  # what is read of a record may be more in the next version
_DAY = "oidcDoctorDay"
_LARGEST = 2 * limits.EXTRACT_BYTES.most
_LARGEST_HEAD = limits.EVIDENCE_FILE.most  # unpacked
_STALE = 86_400.0  # seconds, of a file that a killed run left half written
_HALF_WRITTEN = ".oidc-doctor-"  # how their names begin (files.py)
_GZIP = 31  # zlib's window bits


class DayCache:
    """The cache in a folder; without a folder it has nothing and keeps nothing."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._is_ready = False

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None

    def load(self, key: str, source: Source) -> DayExtract | None:
        """Return what was kept of a day; None where there is nothing, or nothing that can be used."""
        if self._folder is None:
            return None
        try:
            data = _read(self._path(key))
            head = zlib.decompressobj(wbits=_GZIP)
            line = head.decompress(data, _LARGEST_HEAD)
            return _day_of(json.loads(line), key, source, head.unused_data) if head.eof else None
        except (OSError, zlib.error, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None  # it is read again

    def save(self, key: str, day: DayExtract) -> None:
        """Keep a day in the place of what was kept before. Raises OSError."""
        if self._folder is None:
            return
        self._make_ready(self._folder)
        about = {
            "format": _FORMAT,
            "key": key,
            "objects": sorted(day.objects),
            "problems": day.problems,
            "records": day.records,
            "thinned": day.is_thinned,
            "left_out": day.left_out,
            "sha256": hashlib.sha256(day.packed).hexdigest(),
        }
        packer = zlib.compressobj(wbits=_GZIP)
        head = packer.compress(header_line(day.header, **{_DAY: about})) + packer.flush()
        files.replace(self._path(key), head + day.packed, 0o600)

    def _path(self, key: str) -> str:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return os.path.join(self._folder or "", name + ENDING)

    def _make_ready(self, folder: str) -> None:
        """Make the folder, for the user alone, and remove what killed runs left there. Raises OSError."""
        if self._is_ready:
            return
        os.makedirs(folder, mode=0o700, exist_ok=True)
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or not _is_own(found):
            raise NotADirectoryError(f"{folder} is a link, or another user's")
        os.chmod(folder, 0o700)
        for entry in os.scandir(folder):
            if entry.name.startswith(_HALF_WRITTEN):
                with contextlib.suppress(OSError):  # another run may rename or remove it meanwhile
                    if entry.stat(follow_symlinks=False).st_mtime < time.time() - _STALE:
                        os.unlink(entry.path)
        self._is_ready = True


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def _read(path: str) -> bytes:
    """Return a file of the user's own, which is no link. Raises OSError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode) or not _is_own(found) or found.st_size > _LARGEST:
            raise OSError(f"{path} is not a file of the cache")
        return stream.read()


def _day_of(line: Any, key: str, source: Source, packed: bytes) -> DayExtract | None:
    """Return the day in a file's first line. Raises KeyError, TypeError and ValueError for another content."""
    header = header_of(line, source)
    about = line[_DAY]
    if header is None or about["format"] != _FORMAT or about["key"] != key:
        return None
    if about["sha256"] != hashlib.sha256(packed).hexdigest():
        return None
    objects = frozenset(LogObject(str(name), int(size), str(tag)) for name, size, tag in about["objects"])
    problems = tuple(str(problem) for problem in about["problems"])
    numbers = (int(about["records"]), bool(about["thinned"]), int(about["left_out"]))
    return DayExtract(header, objects, problems, *numbers, packed)
