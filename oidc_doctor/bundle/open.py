"""Opens an evidence bundle: a folder, a zip or tar.gz archive, or one file alone.

An archive is read in memory, within bounds, and nothing of it is ever written to the disk. A name or link that points
outside the bundle is refused and reported.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable, decode, printable

if TYPE_CHECKING:
    from collections.abc import Callable
from oidc_doctor.bundle.file_alone import path_of
from oidc_doctor.bundle.files import (
    LARGEST_EVIDENCE,
    MOST_FILES,
    Bundle,
    BundleError,
    BundleMember,
    is_junk,
    without_outer_folder,
    words,
)
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.model.limits import MIB

_MAGIC = 512


def open_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Open the bundle at `path`. Raises BundleError."""
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
    if not any(contract.is_known(name) for name in bundle.names()):
        bundle.close()
        why = "" if not bundle.refused else f" ({printable(bundle.refused[0][0])}: {bundle.refused[0][1]})"
        raise BundleError(f"{label}: no evidence in it, such as aws/role.json, gcp/provider.json or claims.json{why}")
    return bundle


def _folder(root: str, label: str) -> Bundle:
    members: dict[str, BundleMember] = {}
    refused: list[tuple[str, str]] = []
    real = os.path.realpath(root)
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
            if entry.is_dir(follow_symlinks=False):
                waiting.append((name + "/", entry.path))
                continue
            why = _why_refused(entry, real)
            if why:
                refused.append((name, why))
            elif len(members) >= MOST_FILES:
                raise BundleError(f"{label}: more than {MOST_FILES} files")
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


def _file(place: str, label: str) -> Bundle:
    from oidc_doctor.bundle import archives  # late: a folder needs no archive reader

    with open(place, "rb") as stream:
        head = stream.read(_MAGIC)
    name = place.lower()
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or name.endswith(".zip"):
        return archives.open_zip(place, label)
    if head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar" or name.endswith((".tar.gz", ".tgz", ".tar")):
        return archives.open_tar(place, label)
    return _single(place, label)


def _single(place: str, label: str) -> Bundle:
    """A bundle of one file, which is recognised by its content."""
    with open(place, "rb") as stream:
        data = stream.read(LARGEST_EVIDENCE + 1)
    if len(data) > LARGEST_EVIDENCE:
        raise BundleError(f"{label}: no folder, no archive, and larger than {LARGEST_EVIDENCE // MIB} MiB")
    try:
        path = path_of(decode(data, label), label)
    except Unreadable as error:
        raise BundleError(str(error)) from None
    if path is None:
        raise BundleError(f"{label}: no folder, no .zip or .tar.gz archive, and no file that a bundle could hold")
    return Bundle(label, {path: BundleMember(len(data), _opener(place), place)}, shown={path: os.path.basename(place)})
