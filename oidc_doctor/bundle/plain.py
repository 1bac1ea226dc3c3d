"""A plain folder or archive: files without the contract's folders. The content of each file decides its place."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.file_alone import BEGINNING, log_folder, log_name, log_of
from oidc_doctor.bundle.files import LARGEST_EVIDENCE, BundleError
from oidc_doctor.documents.json_text import Unreadable, decode, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.bundle.file_alone import Tell
    from oidc_doctor.bundle.files import Bundle

_LOG_ENDINGS = (".json", ".jsonl", ".ndjson", ".gz", ".log")
_TRAIL_FILE = re.compile(r"\d{12}_CloudTrail_[a-z0-9-]+_\d{8}T\d{4}Z_\w+\.json(?:\.gz)?")
MOST_TOLD = 200  # files of a plain folder that are read to recognise them: a folder of downloads is no evidence
# names of files in which words are an error text: notes and a README may quote one, and are none
_PROSE = re.compile(r"(?i).*\.(log|err|out)|(.*(err|fail|denied|message|output).*|(.*[\W_])?logs?([\W_].*)?)\.txt")


def place_by_content(bundle: Bundle, tell: Tell) -> None:
    """Move the files of a plain folder to their places in a bundle. Raises BundleError for two of one exclusive kind.

    A folder with the contract's layout keeps it: files outside the layout are no part of the bundle. Folders below a
    plain one may contain logs: a trail's, and others if every file there is a log.
    """
    names = bundle.names()
    if any(contract.is_known(name) and ("/" in name or name == contract.MANIFEST) for name in names):
        return
    unknown = [name for name in names if "/" not in name and not contract.is_known(name)]
    if len(unknown) > MOST_TOLD:
        bundle.move(_places_of_logs(bundle, names))
        return
    moved = _places_of_logs(bundle, [name for name in names if "/" in name])
    for name in unknown:
        place = _place_of(bundle, name, tell)
        if place is None:
            continue
        place = free_place(place, name, {*names, *moved.values()})
        other = next((old for old, new in moved.items() if new == place), place if place in names else None)
        if other is not None:
            raise BundleError(
                f"{printable(bundle.label)}: {printable(other)} and {printable(name)} are both {place} by their "
                "content, and a report covers one; name the files to examine"
            )
        moved[name] = place
    bundle.move(moved)


def _places_of_logs(bundle: Bundle, names: Sequence[str]) -> dict[str, str]:
    """Return the places of the logs among these files, below their own folders.

    CloudTrail's file names are unique. Other logs are recognised by their first bytes, and only if every file with such
    a name is a log: otherwise the folder may contain anything.
    """
    trail = [name for name in names if _TRAIL_FILE.fullmatch(os.path.basename(name))]
    logs = {name: contract.CLOUDTRAIL + name for name in trail}
    others: dict[str, str] = {}
    taken = set(logs.values())
    for name in names:
        as_log = log_name(name, zipped=False)
        if name in logs or not name.lower().endswith(_LOG_ENDINGS) or not contract.is_log(contract.CLOUDTRAIL + as_log):
            continue  # also the digests next to a trail's events
        try:
            with bundle.open(name) as stream:
                head = stream.read(BEGINNING)
        except OSError:
            continue  # the report names it
        folder = log_folder(head)
        if folder is None:
            others = {}
            break
        if folder:
            as_log = log_name(name, zipped=head[:2] == b"\x1f\x8b")
            others[name] = free_place(folder + as_log, as_log, taken)
            taken.add(others[name])
    return logs | others


def free_place(place: str, name: str, taken: set[str]) -> str:
    """Return the free place for a file: a bundle may have any number of logs and tokens."""
    if contract.is_log(place):
        folder, ending = place.rpartition("/")[0], ".gz" if place.endswith(".gz") else ""
        stem = os.path.basename(name).removesuffix(".gz")
        stem, dot, kind = stem.rpartition(".")
        kind = kind.lower() if dot and kind.lower() in ("json", "jsonl", "ndjson") else "json"
        places = (f"{folder}/{stem or 'events'}{number}.{kind}{ending}" for number in _numbers())
    elif place in contract.TOKEN_FILES and (place in taken or taken & set(contract.TOKEN_FILES)):
        stem = os.path.basename(name).partition(".")[0] or "token"
        places = (f"tokens/{stem}{number}{os.path.splitext(place)[1]}" for number in _numbers())
    else:
        return place
    return next(place for place in places if place not in taken)


def _numbers() -> Iterator[str]:
    yield ""
    yield from (f"-{number}" for number in itertools.count(2))


def _place_of(bundle: Bundle, name: str, tell: Tell) -> str | None:
    """Return the place of a file by its content; None if it is unreadable or no file of a bundle."""
    try:
        size = bundle.size(name)
        with bundle.open(name) as stream:
            log = log_of(name, stream.read(BEGINNING), size)
        if log is not None or size > LARGEST_EVIDENCE:
            return log
        place = tell(decode(bundle.read(name), name), name)
    except (OSError, Unreadable):
        return None  # it keeps its place, and is listed as no part of the bundle
    if place == contract.ERROR and not _PROSE.fullmatch(name):
        return None
    return place
