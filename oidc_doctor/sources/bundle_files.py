"""The files of an evidence bundle: a folder, a zip or tar.gz archive, or one file alone.

An archive is read in memory, within bounds, and nothing of it is ever written to the disk. What would lead out of the
bundle is refused and named.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, cast

from oidc_doctor.parse.located import Unreadable, decode, printable
from oidc_doctor.sources import bundle_contract

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from zipfile import ZipFile, ZipInfo

MIB = 1024 * 1024
MOST_FILES = 200_000
LARGEST_EVIDENCE = 32 * MIB  # of a file that is read as a whole
LARGEST_FILE = 1024 * MIB  # unpacked
LARGEST_ARCHIVE = 8 * 1024 * MIB  # unpacked
_KEPT = 64 * MIB  # of a tar's small files, kept while it is listed: going back in it means unpacking it again
_KEPT_FILE = 4 * MIB
_IN_MEMORY = 64 * MIB  # a larger file of a tar is streamed

_JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
_MODE_SHIFT = 16  # where a zip entry keeps the Unix mode
_ENCRYPTED = 1
_MAGIC = 512
_UNIX = 3


class BundleError(Exception):
    """There is no bundle to read: one line that says why."""


class Member(NamedTuple):
    """One file: its unpacked size, how to open it, and where it lies if it is a file of its own."""

    size: int
    open: Callable[[], BinaryIO]
    path: str | None = None


class _Closable(Protocol):
    def close(self) -> None: ...


class Bundle:
    """The files of a bundle by their contract names. Close it, or use it as a context, when it is an archive."""

    def __init__(
        self,
        label: str,
        members: dict[str, Member],
        refused: list[tuple[str, str]] | None = None,
        archive: _Closable | None = None,
        shown: dict[str, str] | None = None,
    ) -> None:
        self.label = label
        self.refused = tuple(refused or ())  # name and reason of what is in the bundle and is not read
        self._members = members
        self._archive = archive
        self._shown = shown or {}

    def names(self) -> tuple[str, ...]:
        """All names: sorted for a folder, in the archive's order for an archive, which is the fastest to read in."""
        return tuple(self._members)

    def __contains__(self, path: object) -> bool:
        return path in self._members

    def shown(self, path: str) -> str:
        """The name to show: the file's own, where one file alone is the bundle."""
        return self._shown.get(path, path)

    def size(self, path: str) -> int:
        """Unpacked bytes."""
        return self._member(path).size

    def local(self, path: str) -> str | None:
        """Where the file lies on the disk; None inside an archive."""
        return self._member(path).path

    def open(self, path: str) -> BinaryIO:
        """A stream of the file's bytes, .gz as it is. Raises Unreadable; reading from it raises nothing but OSError."""
        member = self._member(path)
        if member.size > LARGEST_FILE and member.path is None:
            raise Unreadable(self.shown(path), None, None, f"larger than {LARGEST_FILE // MIB} MiB")
        try:
            return member.open()
        except OSError as error:
            raise Unreadable(self.shown(path), None, None, _words(error)) from None

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises Unreadable, also for what is larger than a piece of evidence ever is."""
        if self._member(path).size <= LARGEST_EVIDENCE:
            with self.open(path) as stream:
                try:
                    data = stream.read(LARGEST_EVIDENCE + 1)
                except OSError as error:
                    raise Unreadable(self.shown(path), None, None, _words(error)) from None
            if len(data) <= LARGEST_EVIDENCE:
                return data
        raise Unreadable(self.shown(path), None, None, f"larger than {LARGEST_EVIDENCE // MIB} MiB")

    def close(self) -> None:
        """Close the archive; a folder needs none of it."""
        if self._archive:
            self._archive.close()

    def __enter__(self) -> Bundle:  # noqa: PYI034 - Self needs typing_extensions nowhere else
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _member(self, path: str) -> Member:
        member = self._members.get(path)
        if member is None:
            raise Unreadable(path, None, None, "not in the bundle")
        return member


def open_bundle(path: str | os.PathLike[str]) -> Bundle:
    """The bundle at `path`. Raises BundleError."""
    place = os.fspath(path)
    label = printable(place)
    try:
        mode = os.stat(place).st_mode
        if stat.S_ISDIR(mode):
            bundle = _folder(place, label)
        elif stat.S_ISREG(mode):
            bundle = _file(place, label)
        else:
            raise BundleError(f"{label}: neither a folder nor a file")
    except (OSError, ValueError) as error:
        raise BundleError(f"{label}: {_words(error)}") from None
    if not any(bundle_contract.is_known(name) for name in bundle.names()):
        bundle.close()
        why = "" if not bundle.refused else f" ({printable(bundle.refused[0][0])}: {bundle.refused[0][1]})"
        raise BundleError(f"{label}: no evidence in it, such as aws/role.json, gcp/provider.json or claims.json{why}")
    return bundle


def _folder(root: str, label: str) -> Bundle:
    members: dict[str, Member] = {}
    refused: list[tuple[str, str]] = []
    real = os.path.realpath(root)
    waiting = [("", real)]
    while waiting:
        prefix, folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            refused.append((prefix, _words(error)))
            continue
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith(".") or entry.name in _JUNK:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((name + "/", entry.path))
                continue
            why = _why_refused(entry, real)
            if why:
                refused.append((name, why))
            elif len(members) >= MOST_FILES:
                raise BundleError(f"{label}: more than {MOST_FILES} files")
            else:
                members[name] = Member(entry.stat().st_size, _opener(entry.path), entry.path)
    if not members and not refused:
        raise BundleError(f"{label}: the folder is empty")
    return Bundle(label, _without_outer_folder(dict(sorted(members.items()))), refused)


def _opener(path: str) -> Callable[[], BinaryIO]:
    return lambda: open(path, "rb")


def _why_refused(entry: os.DirEntry[str], root: str) -> str | None:
    """Why an entry that is no folder is not read."""
    try:
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if os.path.commonpath([root, target]) != root:
                return "a link that leads out of the bundle"
            if entry.is_dir():
                return "a link to a folder"
        return None if stat.S_ISREG(entry.stat().st_mode) else "not a regular file"
    except FileNotFoundError:
        return "a link to nothing"
    except (OSError, ValueError) as error:
        return _words(error)


def _file(place: str, label: str) -> Bundle:
    with open(place, "rb") as stream:
        head = stream.read(_MAGIC)
    name = place.lower()
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or name.endswith(".zip"):
        return _zip(place, label)
    if head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar" or name.endswith((".tar.gz", ".tgz", ".tar")):
        return _tar(place, label)
    return _single(place, label)


def _single(place: str, label: str) -> Bundle:
    """One file, taken for the file of the contract that its content is."""
    with open(place, "rb") as stream:
        data = stream.read(LARGEST_EVIDENCE + 1)
    if len(data) > LARGEST_EVIDENCE:
        raise BundleError(f"{label}: no folder, no archive, and larger than {LARGEST_EVIDENCE // MIB} MiB")
    try:
        path = bundle_contract.path_of(decode(data, label), label)
    except Unreadable as error:
        raise BundleError(str(error)) from None
    if path is None:
        raise BundleError(f"{label}: no folder, no .zip or .tar.gz archive, and no file that a bundle could hold")
    return Bundle(label, {path: Member(len(data), _opener(place), place)}, shown={path: os.path.basename(place)})


class _Collector:
    """The members of an archive as they are listed: names checked, sizes counted."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.members: dict[str, Member] = {}
        self.refused: list[tuple[str, str]] = []
        self.total = 0
        self.count = 0

    def place(self, name: str) -> str | None:
        """The member's name inside the bundle; None where it is junk, or leads out and is refused."""
        path = name.replace("\\", "/")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts:
            self.refused.append((name, "its name leads out of the bundle"))
            return None
        if not parts or any(part.startswith(".") or part in _JUNK for part in parts):
            return None
        return "/".join(parts)

    def add(self, size: int) -> None:
        """Count an entry. ValueError where a damaged header states a negative size."""
        self.count += 1
        if self.count > MOST_FILES:
            raise BundleError(f"{self.label}: more than {MOST_FILES} files")
        if size < 0:
            raise ValueError
        self.total += size
        if self.total > LARGEST_ARCHIVE:
            raise BundleError(f"{self.label}: more than {LARGEST_ARCHIVE // MIB} MiB when unpacked")

    def bundle(self, archive: _Closable) -> Bundle:
        if not self.members and not self.refused:
            archive.close()
            raise BundleError(f"{self.label}: the archive is empty")
        return Bundle(self.label, _without_outer_folder(self.members), self.refused, archive)


def _zip(place: str, label: str) -> Bundle:
    import struct  # late, as zipfile: 18 ms
    import zipfile

    try:
        archive = zipfile.ZipFile(place)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        detail = f": {_words(error)}" if isinstance(error, OSError) else ", or one that is cut off"
        raise BundleError(f"{label}: not a zip archive{detail}") from None
    try:
        collected = _Collector(label)
        for info in archive.infolist():
            collected.add(info.file_size)
            name = None if info.is_dir() else collected.place(info.filename)
            if name is None:
                continue
            why = _why_not_unzipped(info)
            if why:
                collected.refused.append((name, why))
                continue
            collected.members[name] = Member(info.file_size, _zip_opener(archive, info))
        return collected.bundle(archive)
    except BundleError:
        archive.close()
        raise


def _why_not_unzipped(info: ZipInfo) -> str | None:
    from zipfile import ZIP_DEFLATED, ZIP_STORED

    mode = info.external_attr >> _MODE_SHIFT
    if info.create_system == _UNIX and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a link" if stat.S_ISLNK(mode) else "not a regular file"
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


def _tar(place: str, label: str) -> Bundle:
    import tarfile  # late: 10 ms
    from struct import error as struct_error

    source = _TarSource(place)
    collected = _Collector(label)
    try:
        listing = tarfile.TarFile(fileobj=cast("BinaryIO", source))
        while (info := listing.next()) is not None:
            listing.members.clear()  # type: ignore[attr-defined]  # it would keep every one
            collected.add(info.size)  # before going on: that unpacks what the member holds
            name = None if info.isdir() else collected.place(info.name)
            if name is None:
                continue
            if not info.isreg() or info.issparse():
                collected.refused.append((name, "a link" if info.issym() or info.islnk() else "not a regular file"))
                continue
            collected.members[name] = Member(info.size, source.opener(name, info.offset_data, info.size))
    except BundleError:
        source.close()
        raise
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, RecursionError, struct_error) as error:
        if not collected.members:
            source.close()
            raise BundleError(f"{label}: not a tar archive, or one that is cut off") from None
        words = _words(error) if isinstance(error, _TooLargeError) else "cut off or damaged"
        collected.refused.append((os.path.basename(place), f"{words} after {len(collected.members)} files"))
    return collected.bundle(source)


class _TooLargeError(OSError):
    """An archive asks for more than it may."""


class _TarSource:
    """The unpacked bytes of a tar archive, gzipped or not, within bounds. What it has read can be read again."""

    def __init__(self, place: str) -> None:
        import threading

        self._place = place
        self._files: list[_Closable] = []
        self._bytes = self._unpacked()
        self._lock = threading.Lock()
        self._kept = 0

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
        """How to open a member. A small file that is no log is read at once, while its bytes go by."""
        if size <= _KEPT_FILE and self._kept + size <= _KEPT and not re.search(r"(?:^|/)(?:cloudtrail|logs)/", name):
            self._kept += size
            data = self._slice(start, size)
            return lambda: io.BytesIO(data)
        if size <= _IN_MEMORY:
            return lambda: io.BytesIO(self._slice(start, size))
        return lambda: self._streamed(start, size)

    def _slice(self, start: int, size: int) -> bytes:
        with self._lock, _as_os_error():
            self._bytes.seek(start)
            data = self._bytes.read(size)
        if len(data) != size:
            raise OSError(errno.EIO, "the archive is cut off here")
        return data

    def _streamed(self, start: int, size: int) -> BinaryIO:
        """A stream of its own, for a file that is too large for the memory."""
        with _as_os_error():
            source = self._unpacked()
            source.seek(start)
        return _stream(source.read, size, source.close)

    # what tarfile asks of a file

    def tell(self) -> int:
        return self._bytes.tell()

    def seek(self, position: int, whence: int = 0) -> int:
        if position > LARGEST_ARCHIVE:
            raise _TooLargeError(errno.EFBIG, f"more than {LARGEST_ARCHIVE // MIB} MiB when unpacked")
        return self._bytes.seek(position, whence)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _IN_MEMORY:  # a header is 512 bytes; a long one states its own length
            raise _TooLargeError(errno.EFBIG, "a header of impossible length")
        return self._bytes.read(size)

    def close(self) -> None:
        while self._files:
            self._files.pop().close()


class _as_os_error:  # noqa: N801 - reads as a statement
    """Turn what damaged archives raise into OSError, which callers of a stream expect."""

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


def _without_outer_folder(members: dict[str, Member]) -> dict[str, Member]:
    """The members without the one folder that holds them all, as archives of a folder have it."""
    outer = {name.partition("/")[0] for name in members}
    if len(outer) != 1 or not all("/" in name for name in members) or outer & bundle_contract.TOP_FOLDERS:
        return members
    return {name.partition("/")[2]: member for name, member in members.items()}


def _words(error: Exception) -> str:
    """What went wrong, in words, without the paths that an OSError repeats."""
    if isinstance(error, FileNotFoundError):
        return "no such file or folder"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return "cannot be read"
