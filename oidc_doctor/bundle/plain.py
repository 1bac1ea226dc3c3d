"""A plain folder or archive: files without the contract's folders. The content of each file decides its place."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.file_alone import BEGINNING, log_of
from oidc_doctor.bundle.files import LARGEST_EVIDENCE, BundleError
from oidc_doctor.documents.json_text import Unreadable, decode, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.bundle.file_alone import Tell
    from oidc_doctor.bundle.files import Bundle

MOST_TOLD = 200  # files of a plain folder that are read to recognise them: a folder of downloads is no evidence
# names of files in which words are an error text: notes and a README may quote one, and are none
_PROSE = re.compile(r"(?i).*\.(log|err|out)|.*(err|fail|denied|message|output).*\.txt")


def place_by_content(bundle: Bundle, tell: Tell) -> None:
    """Move the files of a plain folder to their places in a bundle. Raises BundleError for two of one exclusive kind.

    A folder that has the contract's layout keeps it: a file beside that layout is no part of the bundle.
    """
    names = bundle.names()
    if any(contract.is_known(name) and ("/" in name or name == contract.MANIFEST) for name in names):
        return
    unknown = [name for name in names if "/" not in name and not contract.is_known(name)]
    if len(unknown) > MOST_TOLD:
        return
    moved: dict[str, str] = {}
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


def free_place(place: str, name: str, taken: set[str]) -> str:
    """Return the place of a file, another one for a further log or token: a bundle has any number of them."""
    if contract.is_log(place):
        folder, ending = place.rpartition("/")[0], ".gz" if place.endswith(".gz") else ""
        stem = os.path.basename(name).removesuffix(".gz")
        stem, found, kind = stem.rpartition(".")
        kind = kind.lower() if found and kind.lower() in ("json", "jsonl", "ndjson") else "json"
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
    """Return the place of a file by its content; None for one that cannot be read, or that no bundle holds."""
    try:
        size = bundle.size(name)
        with bundle.open(name) as stream:
            log = log_of(name, stream.read(BEGINNING), size)
        if log is not None or size > LARGEST_EVIDENCE:
            return log
        place = tell(decode(bundle.read(name), name), name)
    except (OSError, Unreadable):
        return None  # it stays where it is, and is listed as no part of the bundle
    if place == contract.ERROR and not _PROSE.fullmatch(name):
        return None
    return place
