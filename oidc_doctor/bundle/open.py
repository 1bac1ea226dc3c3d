"""Opens an evidence bundle: a folder, a zip or tar.gz archive, or one file alone.

An archive is read in memory, within bounds, and nothing of it is ever written to the disk. A name or link that points
outside the bundle is refused and reported.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.file_alone import is_archive, log_of, path_of, read_beginning
from oidc_doctor.bundle.files import (
    LARGEST_EVIDENCE,
    Bundle,
    BundleError,
    BundleMember,
    FileCount,
    is_junk,
    without_outer_folder,
    words,
)
from oidc_doctor.bundle.plain import place_by_content
from oidc_doctor.documents.json_text import Unreadable, decode, printable
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.model.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.bundle.file_alone import Tell


def open_bundle(path: str | os.PathLike[str], tell: Tell = path_of) -> Bundle:
    """Open the bundle at `path`. Raises BundleError.

    `tell` recognises a file alone, and the files of a plain folder, by their content.
    """
    place = os.fspath(path)
    label = printable(place)
    try:
        mode = os.stat(place).st_mode
        if stat.S_ISDIR(mode):
            bundle = _folder(place, label)
        elif stat.S_ISREG(mode):
            bundle = _file(place, label, tell)
        else:
            raise BundleError(f"{label}: neither a folder nor a file")
    except (OSError, ValueError) as error:
        raise BundleError(f"{label}: {words(error)}") from None
    bundle.paths = (place,)
    try:
        place_by_content(bundle, tell)
    except BundleError:
        bundle.close()
        raise
    if not any(contract.is_known(name) for name in bundle.names()):
        bundle.close()
        why = "" if not bundle.refused else f" ({printable(bundle.refused[0][0])}: {bundle.refused[0][1]})"
        raise BundleError(f"{label}: no evidence in it, such as aws/role.json, gcp/provider.json or claims.json{why}")
    return bundle


def _folder(root: str, label: str) -> Bundle:
    members: dict[str, BundleMember] = {}
    refused: list[tuple[str, str]] = []
    real = os.path.realpath(root)
    count = FileCount(label)
    waiting = [("", real)]
    while waiting:
        prefix, folder = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise
            refused.append((prefix, words(error)))
            continue
        for entry in entries:
            name = prefix + entry.name
            if is_junk(entry.name):
                continue
            count.add(name)
            if entry.is_dir(follow_symlinks=False):
                waiting.append((name + "/", entry.path))
                continue
            why = _why_refused(entry, real)
            if why:
                refused.append((name, why))
            else:
                members[name] = BundleMember(entry.stat().st_size, _opener(entry.path), entry.path)
    if not members and not refused:
        raise BundleError(f"{label}: the folder is empty")
    return Bundle(label, without_outer_folder(dict(sorted(members.items()))), refused)


def _opener(path: str) -> Callable[[], BinaryIO]:
    return lambda: open_regular(path)


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


def _file(place: str, label: str, tell: Tell) -> Bundle:
    head, size = read_beginning(place)
    if is_archive(place, head):
        from oidc_doctor.bundle import archives  # late: a folder needs no archive reader

        return archives.open_zip(place, label) if _is_zip(place, head) else archives.open_tar(place, label)
    path = log_of(place, head, size)
    if path is None:
        if size > LARGEST_EVIDENCE:
            raise BundleError(f"{label}: not a folder or an archive, and larger than {LARGEST_EVIDENCE // MIB} MiB")
        with open(place, "rb") as stream:
            data = stream.read(LARGEST_EVIDENCE + 1)
        path = _told(data, label, tell)
    members = {path: BundleMember(size, _opener(place), place)}
    return Bundle(label, members, shown={path: os.path.basename(place)}, loose=True)


def _is_zip(place: str, head: bytes) -> bool:
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or place.lower().endswith(".zip")


def _told(data: bytes, label: str, tell: Tell) -> str:
    """Return the contract path of a file alone, by its content. Raises BundleError."""
    try:
        path = tell(decode(data, label), label)
    except Unreadable as error:
        raise BundleError(str(error)) from None
    if path is None:
        raise BundleError(f"{label}: not a folder, a .zip or .tar.gz archive, or a file that a bundle can hold")
    return path
