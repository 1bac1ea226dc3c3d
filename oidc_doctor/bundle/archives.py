"""Zip and tar archives as bundles, read in memory and within bounds; a damaged file does not affect the others."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

from oidc_doctor.bundle.files import (
    Bundle,
    BundleError,
    BundleMember,
    Closable,
    FileCount,
    is_junk,
    without_outer_folder,
    words,
)
from oidc_doctor.model.limits import ARCHIVE, HEADERS, MIB

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from zipfile import ZipFile, ZipInfo

LARGEST_ARCHIVE = ARCHIVE.most  # unpacked
_KEPT = 64 * MIB  # bytes of small files, kept while a tar is listed: seeking back means unpacking it again
_KEPT_FILE = 4 * MIB
_IN_MEMORY = 64 * MIB  # larger files of a tar are streamed

_TAR_BLOCK = 512
_DRIVE = re.compile(r"[A-Za-z]:")
_LOG_FOLDER = re.compile(r"(?:^|/)(?:cloudtrail|logs)/")

_MODE_SHIFT = 16  # the position of the Unix mode in a zip entry
_ENCRYPTED = 1
_UNIX = 3


class _Collector:
    """The members of an archive as they are listed: names checked, sizes counted."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.members: dict[str, BundleMember] = {}
        self.repeated: set[str] = set()
        self.refused: list[tuple[str, str]] = []
        self.total = 0
        self.count = FileCount(label)

    def place(self, name: str) -> str | None:
        """Return the name inside the bundle; None if it is junk, or refused because it points outside the bundle."""
        if not name:
            self.refused.append(("(a file without a name)", "an archive names each of its files"))
            return None
        path = name.replace("\\", "/")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or _DRIVE.match(path) or ".." in parts:
            self.refused.append((name, "its path leads out of the bundle"))
            return None
        if not parts or any(is_junk(part) for part in parts):
            return None
        return "/".join(parts)

    def keep(self, name: str, member: BundleMember) -> None:
        """Keep a member under its name. Of two with the same name neither is kept: the intended one is unknown."""
        if name in self.members or name in self.repeated:
            self.repeated.add(name)
            self.members.pop(name, None)
        else:
            self.members[name] = member

    def add(self, name: str, size: int) -> None:
        """Count an entry. Raises ValueError if a damaged header contains a negative size."""
        if size < 0:
            raise ValueError
        self.count.add(name, size)
        self.total += size
        if self.total > LARGEST_ARCHIVE:
            raise BundleError(f"{self.label}: more than {LARGEST_ARCHIVE // MIB} MiB when unpacked")

    def bundle(self, archive: Closable) -> Bundle:
        self.refused += [(name, "the archive has several files of this name") for name in sorted(self.repeated)]
        if not self.members and not self.refused:
            archive.close()
            raise BundleError(f"{self.label}: the archive is empty")
        return Bundle(self.label, without_outer_folder(self.members), self.refused, archive)


def open_zip(place: str, label: str) -> Bundle:
    """Open a zip archive. Raises BundleError."""
    import struct  # late, as zipfile: 18 ms
    import zipfile

    try:
        archive = zipfile.ZipFile(place)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        detail = f": {words(error)}" if isinstance(error, OSError) else ", or one that is cut off"
        raise BundleError(f"{label}: not a zip archive{detail}") from None
    try:
        collected = _Collector(label)
        for info in archive.infolist():
            collected.add(info.filename, info.file_size)
            directory = info.filename.endswith("/")  # is_dir() raises IndexError where a damaged name is empty
            name = None if directory else collected.place(info.filename)
            if name is None:
                continue
            why = _why_not_unzipped(info)
            if why:
                collected.refused.append((name, why))
                continue
            collected.keep(name, BundleMember(info.file_size, _zip_opener(archive, info)))
        return collected.bundle(archive)
    except BundleError:
        archive.close()
        raise


def _why_not_unzipped(info: ZipInfo) -> str | None:
    from zipfile import ZIP_DEFLATED, ZIP_STORED

    mode = info.external_attr >> _MODE_SHIFT
    if info.create_system == _UNIX and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a link, which is not followed" if stat.S_ISLNK(mode) else "not a regular file"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "compressed in a way that is not supported"
    return None


def _zip_opener(archive: ZipFile, info: ZipInfo) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        with _as_os_error():
            stream = archive.open(info)
        return _stream(stream.read, info.file_size, stream.close)

    return opened


def open_tar(place: str, label: str) -> Bundle:
    """Open a tar archive or .tar.gz. A truncated archive yields the members before the cut. Raises BundleError."""
    import tarfile  # late: 10 ms
    from struct import error as struct_error

    from oidc_doctor.bundle.tar_header import TarHeader

    source = _TarSource(place)
    collected = _Collector(label)
    try:
        listing = tarfile.TarFile(fileobj=cast("BinaryIO", source), tarinfo=TarHeader)
        while (info := listing.next()) is not None:
            listing.members.clear()  # type: ignore[attr-defined]  # tarfile would keep every member
            # before the next header, which unpacks the content of this member
            collected.add(info.name + "/" * info.isdir(), info.size)
            name = None if info.isdir() else collected.place(info.name)
            if name is None:
                continue
            if not info.isreg() or info.issparse():
                collected.refused.append(
                    (name, "a link, which is not followed" if info.issym() or info.islnk() else "not a regular file")
                )
                continue
            collected.keep(name, BundleMember(info.size, source.opener(name, info.offset_data, info.size)))
    except BundleError:
        source.close()
        raise
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, RecursionError, struct_error) as error:
        if not collected.members:
            source.close()
            raise BundleError(f"{label}: not a tar archive, or one that is cut off") from None
        why = words(error) if isinstance(error, _TooLargeError) else "cut off or damaged"
        collected.refused.append((os.path.basename(place), f"{why} after {len(collected.members)} files"))
    return collected.bundle(source)


class _TooLargeError(OSError):
    """An archive exceeds a bound."""


class _TarSource:
    """The unpacked bytes of a tar archive, gzipped or not, within bounds. Bytes that were read can be read again."""

    def __init__(self, place: str) -> None:
        import threading

        self._place = place
        self._files: list[Closable] = []
        self._bytes = self._unpacked()
        self._at = 0  # where in them: gzip takes long to tell
        self._lock = threading.Lock()
        self._kept = 0
        self._headers = 0

    def _unpacked(self) -> BinaryIO:
        raw = open(self._place, "rb")  # noqa: SIM115 - closed with the archive
        self._files.append(raw)
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not zipped:
            return raw
        import gzip

        unzipped = gzip.GzipFile(fileobj=raw)
        self._files.append(unzipped)
        return cast("BinaryIO", unzipped)

    def opener(self, name: str, start: int, size: int) -> Callable[[], BinaryIO]:
        """Return the opener of a member. A small file that is not a log is read at once, with the listing."""
        if not size:
            return io.BytesIO
        if size <= _KEPT_FILE and self._kept + size <= _KEPT and not _LOG_FOLDER.search(name):
            self._kept += size
            data = self._slice(start, size)
            return lambda: io.BytesIO(data)
        if size <= _IN_MEMORY:
            return lambda: io.BytesIO(self._slice(start, size))
        return lambda: self._streamed(start, size)

    def _slice(self, start: int, size: int) -> bytes:
        with self._lock, _as_os_error():
            self._at = self._bytes.seek(start)
            data = self._bytes.read(size)
            self._at += len(data)
        if len(data) != size:
            raise OSError(errno.EIO, "the archive is cut off here")
        return data

    def _streamed(self, start: int, size: int) -> BinaryIO:
        """Return a separate stream, for a file that does not fit in memory."""
        with _as_os_error():
            source = self._unpacked()
            source.seek(start)
        return _stream(source.read, size, source.close)

    # the methods that tarfile calls

    def tell(self) -> int:
        return self._at

    def seek(self, position: int, whence: int = 0) -> int:
        if position > LARGEST_ARCHIVE:
            raise _TooLargeError(errno.EFBIG, f"more than {LARGEST_ARCHIVE // MIB} MiB when unpacked")
        self._at = self._bytes.seek(position, whence)
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _IN_MEMORY:  # a header is one block; a long one contains its length
            raise _TooLargeError(errno.EFBIG, "a header of impossible length")
        self._headers += size if size > _TAR_BLOCK else 0
        if self._headers > HEADERS.most:
            raise _TooLargeError(errno.EFBIG, f"more than {HEADERS.most // MIB} MiB of long names and attributes")
        data = self._bytes.read(size)
        self._at += len(data)
        return data

    def close(self) -> None:
        while self._files:
            self._files.pop().close()


class _as_os_error:  # noqa: N801 - reads as a statement
    """Convert the exceptions of damaged archives to OSError, which callers of a stream expect."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if error is None or isinstance(error, OSError):
            return
        from zipfile import BadZipFile

        if isinstance(error, BadZipFile | EOFError | zlib.error | NotImplementedError | RuntimeError | ValueError):
            raise OSError(errno.EIO, "damaged or cut off") from None


class _Raw(io.RawIOBase):
    """At most `left` bytes of a reader whose errors become OSError."""

    def __init__(self, read: Callable[[int], bytes], left: int, close: Callable[[], None]) -> None:
        self._read = read
        self._left = left
        self._close = close

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _as_os_error():
            data = self._read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()


def _stream(read: Callable[[int], bytes], size: int, close: Callable[[], None]) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Raw(read, size, close), MIB // 4))
