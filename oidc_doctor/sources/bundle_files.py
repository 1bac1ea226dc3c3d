"""The files of an evidence bundle: a folder, a zip or tar.gz archive, or one file alone.

An archive is read in memory, within bounds, and nothing of it is ever written to the disk. What would lead out of the
bundle is refused and named.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, Self

from oidc_doctor.parse.located import Unreadable, decode, printable
from oidc_doctor.sources import bundle_contract

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024
MOST_FILES = 200_000
LARGEST_EVIDENCE = 32 * MIB  # of a file that is read as a whole
LARGEST_FILE = 1024 * MIB  # unpacked

_JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
_MAGIC = 512


class BundleError(Exception):
    """There is no bundle to read: one line that says why."""


class Member(NamedTuple):
    """One file: its unpacked size, how to open it, and where it lies if it is a file of its own."""

    size: int
    open: Callable[[], BinaryIO]
    path: str | None = None


class Closable(Protocol):
    """What stays open behind a bundle."""

    def close(self) -> None:
        """Let go of it."""


class Bundle:
    """The files of a bundle by their contract names. Close it, or use it as a context, when it is an archive."""

    def __init__(
        self,
        label: str,
        members: dict[str, Member],
        refused: list[tuple[str, str]] | None = None,
        archive: Closable | None = None,
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
        return self.member(path).size

    def local(self, path: str) -> str | None:
        """Where the file lies on the disk; None inside an archive."""
        return self.member(path).path

    def open(self, path: str) -> BinaryIO:
        """A stream of the file's bytes, .gz as it is. Opening it and reading from it raise nothing but OSError."""
        member = self.member(path)
        if member.size > LARGEST_FILE and member.path is None:
            raise OSError(errno.EFBIG, f"larger than {LARGEST_FILE // MIB} MiB")
        return member.open()

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises Unreadable, also for what is larger than a piece of evidence ever is."""
        try:
            if self.member(path).size <= LARGEST_EVIDENCE:
                with self.open(path) as stream:
                    data = stream.read(LARGEST_EVIDENCE + 1)
                if len(data) <= LARGEST_EVIDENCE:
                    return data
        except OSError as error:
            raise Unreadable(self.shown(path), None, None, words(error)) from None
        raise Unreadable(self.shown(path), None, None, f"larger than {LARGEST_EVIDENCE // MIB} MiB")

    def close(self) -> None:
        """Close the archive; a folder needs none of it."""
        if self._archive:
            self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def member(self, path: str) -> Member:
        """One file. Raises OSError where there is none of that name."""
        member = self._members.get(path)
        if member is None:
            raise OSError(errno.ENOENT, "not in the bundle", path)
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
        raise BundleError(f"{label}: {words(error)}") from None
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
            if not prefix:
                raise
            refused.append((prefix, words(error)))
            continue
        for entry in entries:
            name = prefix + entry.name
            if is_junk(entry.name):
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
    return Bundle(label, without_outer_folder(dict(sorted(members.items()))), refused)


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
        return words(error)


def _file(place: str, label: str) -> Bundle:
    from oidc_doctor.sources import bundle_archives  # late: it builds on this module, and a folder needs none of it

    with open(place, "rb") as stream:
        head = stream.read(_MAGIC)
    name = place.lower()
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or name.endswith(".zip"):
        return bundle_archives.open_zip(place, label)
    if head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar" or name.endswith((".tar.gz", ".tgz", ".tar")):
        return bundle_archives.open_tar(place, label)
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


def without_outer_folder(members: dict[str, Member]) -> dict[str, Member]:
    """The members without the one folder that holds them all, as archives of a folder have it."""
    outer = {name.partition("/")[0] for name in members}
    if len(outer) != 1 or not all("/" in name for name in members) or outer & bundle_contract.TOP_FOLDERS:
        return members
    return {name.partition("/")[2]: member for name, member in members.items()}


def words(error: Exception) -> str:
    """What went wrong, in words, without the paths that an OSError repeats."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return "cannot be read"


def is_junk(name: str) -> bool:
    """Whether a file or folder is the system's own, or hidden."""
    return name.startswith(".") or name in _JUNK
