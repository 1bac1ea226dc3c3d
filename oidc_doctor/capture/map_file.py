"""The map of a capture: its key, and the original of each pseudonym. It is private and never in the bundle."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from typing import Final, NamedTuple

from oidc_doctor import files
from oidc_doctor.capture.work_places import work_file
from oidc_doctor.documents.json_text import printable
from oidc_doctor.model.secret_texts import contains_secret

_LEAST_KEY: Final = 16  # bytes
_LARGEST: Final = 512 * 1024 * 1024  # bytes of a map
_RANDOM = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\w+/=-]{24,}")
_SHORT_WORD = re.compile(r"[\w-]{1,11}")  # every single-word secret is longer
_LONGEST: Final = 1024  # characters of an original


class MapError(Exception):
    """The map cannot be read or written; the message is a one-line reason."""


class MapFile(NamedTuple):
    """The content of a map: the key, and the originals by their pseudonyms."""

    key: bytes
    originals: dict[str, str]


def read_map(place: str) -> MapFile:
    """Read the map of an earlier capture. Raises MapError."""
    shown = printable(place)
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        reason = "it is a link" if os.path.islink(place) else error.strerror or "it cannot be read"
        raise MapError(f"{shown}: {reason}") from None
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise MapError(f"{shown}: not a map of an earlier capture")
        try:
            document = json.loads(stream.read())
            key = bytes.fromhex(document["key"])
            listed = document.get("originals", {})
            originals = {image: word for image, word in listed.items() if isinstance(word, str)}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise MapError(f"{shown}: not a map of an earlier capture") from None
    if len(key) < _LEAST_KEY:
        raise MapError(f"{shown}: not a map of an earlier capture: its key is shorter than {_LEAST_KEY} bytes")
    return MapFile(key, originals)


class NewMap:
    """A map written to a temporary file and renamed at the end, so that an old map stays intact until then."""

    def __init__(self, place: str, key: bytes, images: dict[str, str], earlier: dict[str, str]) -> None:
        """Write the new content. Raises OSError. Originals of earlier captures under the same key are kept."""
        self.place = place
        if os.path.islink(place):
            raise MapError(f"{printable(place)}: it is a link")
        originals = earlier | {image: word for word, image in sorted(images.items()) if not _is_secret(word)}
        text = json.dumps({"key": key.hex(), "originals": originals}, indent=1, ensure_ascii=True)
        self._undo = contextlib.ExitStack()
        self._work = self._undo.enter_context(work_file(os.path.dirname(place) or ".", text.encode()))

    def place_it(self) -> None:
        """Move the map to its final place."""
        files.take_place(self._work, self.place)

    def drop(self) -> None:
        """Remove the new content, unless it is in its final place."""
        self._undo.close()


def _is_secret(word: str) -> bool:
    if _SHORT_WORD.fullmatch(word):
        return False
    return len(word) > _LONGEST or bool(_RANDOM.fullmatch(word)) or contains_secret(word)
