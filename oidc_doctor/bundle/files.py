"""The files of an evidence bundle by their contract names, independent of their storage."""

from __future__ import annotations

import errno
import io
import re
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, Self

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.model.limits import EVIDENCE_FILE, FILES, LOG_FILE, MIB, OTHER_BYTES, OTHER_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oidc_doctor.model.evidence import Target

LARGEST_EVIDENCE = EVIDENCE_FILE.most  # of a file that is read at once
LARGEST_FILE = LOG_FILE.most
_OF_LOGS = re.compile(r"(?:^|/)(?:cloudtrail|logs|awslogs)/", re.IGNORECASE)
_LOG_ENDINGS = (".json", ".jsonl", ".ndjson", ".gz", ".log")
_JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


class BundleError(Exception):
    """The bundle cannot be read; the message is the reason, in one line."""


class BundleMember(NamedTuple):
    """A file: its unpacked size, its opener, and its path on disk, if any."""

    size: int
    open: Callable[[], BinaryIO]
    path: str | None = None


class FileCount:
    """The number of a bundle's files and folders as they are listed, and the bytes of those that are no logs."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.files = self.others = self.bytes = 0

    def add(self, name: str, size: int = 0) -> None:
        """Count a file, or a folder, whose name ends with a slash. Raises BundleError beyond a bound."""
        self.files += 1
        if not may_be_of_logs(name):
            self.others += 1
            self.bytes += size
        for found, limit in ((self.files, FILES), (self.others, OTHER_FILES), (self.bytes, OTHER_BYTES)):
            if found > limit.most:
                raise BundleError(f"{self.label}: {limit.exceeded_by()}")


def may_be_of_logs(name: str) -> bool:
    """Return whether a file may be a log by its name, and a folder one of logs.

    A plain folder may have logs anywhere, but not in a folder that the contract has for other files.
    """
    if _OF_LOGS.search(name):
        return True
    return name.lower().endswith(_LOG_ENDINGS) and contract.FOLDER_NAMES.isdisjoint(name.split("/"))


class Closable(Protocol):
    """An archive that is open while its bundle is used."""

    def close(self) -> None:
        """Close the archive."""


class Bundle:
    """The files of a bundle by their contract names. Close it, or use it as a context, when it is an archive.

    `saved`: the user saved it as files. `own_manifest`: this run has made the manifest. `loose`: it is files that the
    user named one by one. `paths`: the folders, archives and files, as the user named them; empty for other evidence.
    `is_plan`: it was made of a Terraform plan. `divided`: its parts by target. `tables` and `parts`: of a part, its
    tables of oidc-doctor.toml, and all parts.
    """

    def __init__(
        self,
        label: str,
        members: dict[str, BundleMember],
        refused: list[tuple[str, str]] | None = None,
        archive: Closable | None = None,
        shown: dict[str, str] | None = None,
        *,
        saved: bool = True,
        own_manifest: bool = False,
        loose: bool = False,
    ) -> None:
        self.label = label
        self.loose = loose
        self.paths: tuple[str, ...] = ()
        self.named: frozenset[str] = frozenset()  # paths of reads that the user named
        self.is_plan = False
        self.tables: tuple[Target, ...] | None = None
        self.parts: Any = None
        self.divided: Any = None
        self.saved = saved
        self.own_manifest = own_manifest
        self.refused = tuple(refused or ())  # name and reason of each member that is not read
        self._members = members
        self._archive = archive
        self._shown = shown or {}

    def names(self) -> tuple[str, ...]:
        """All names: sorted for a folder, in the archive's order for an archive, which is the fastest to read in."""
        return tuple(self._members)

    def __contains__(self, path: object) -> bool:
        return path in self._members

    def add(self, path: str, data: bytes) -> None:
        """Add a file, or replace it."""
        self._members[path] = BundleMember(len(data), lambda: io.BytesIO(data))

    def move(self, places: Mapping[str, str]) -> None:
        """Move files to other contract names. They are shown by the names that they have."""
        for name, place in places.items():
            self._members[place] = self._members.pop(name)
            self._shown[place] = name

    def name(self, shown: Mapping[str, str]) -> None:
        """Show files by other names than their places."""
        self._shown.update(shown)

    def shown(self, path: str) -> str:
        """Return the name to show: that of the file itself, where it has another place in the bundle."""
        return self._shown.get(path, path)

    def size(self, path: str) -> int:
        """Unpacked bytes."""
        return self.member(path).size

    def local(self, path: str) -> str | None:
        """Return the path of the file on disk; None inside an archive."""
        return self.member(path).path

    def open(self, path: str) -> BinaryIO:
        """A stream of the file's bytes, .gz as it is. Opening and reading raise only OSError."""
        member = self.member(path)
        if member.size > LARGEST_FILE and member.path is None:
            raise OSError(errno.EFBIG, f"larger than {LARGEST_FILE // MIB} MiB")
        return member.open()

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises Unreadable, also for a file that exceeds the limit."""
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
        """Close the archive; a no-op for a folder."""
        if self._archive:
            self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def member(self, path: str) -> BundleMember:
        """Return a file. Raises OSError if there is no such file."""
        member = self._members.get(path)
        if member is None:
            raise OSError(errno.ENOENT, "not in the bundle", path)
        return member


def without_outer_folder(members: dict[str, BundleMember]) -> dict[str, BundleMember]:
    """Return the members without a common outer folder, which archives of a folder have."""
    outer = {name.partition("/")[0] for name in members}
    if len(outer) != 1 or not all("/" in name for name in members) or outer & contract.TOP_FOLDERS:
        return members
    return {name.partition("/")[2]: member for name, member in members.items()}


def words(error: Exception) -> str:
    """Return the message of an error, without the paths that an OSError repeats."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return "cannot be read"


def is_junk(name: str) -> bool:
    """Return whether a file or folder is hidden or belongs to the operating system."""
    return name.startswith(".") or name in _JUNK
