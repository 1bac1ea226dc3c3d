"""The `capture` command: write the evidence of one run as a redacted bundle, and check that the diagnosis is kept."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import secrets
import tarfile
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.capture.given import with_given
from oidc_doctor.capture.redact_bundle import Redacted, redact_bundle
from oidc_doctor.documents.json_text import printable
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.capture.pseudonyms import Mode
    from oidc_doctor.model.report import Report

_KEY_BYTES = 32
_KEYS_TRIED = 3
_ARCHIVES = (".tar.gz", ".tgz")


class CaptureError(Exception):
    """No capture was written; the message is one line that says why."""


class Captured(NamedTuple):
    """The bundle that was written. `same`: its report equals the original's; `differs` names the parts that do not."""

    place: str
    map: str | None
    redacted: Redacted
    mode: Mode
    same: bool
    differs: tuple[str, ...]


def capture(
    found: Bundle | None,
    question: Question,
    place: str,
    *,
    redact: bool = True,
    map_file: str | None = None,
) -> Captured:
    """Write `found`, and what `question` gives, to a folder or .tar.gz that is not there yet. Raises CaptureError.

    `map_file` keeps the key and the originals, with mode 600; where it is there already its key is used again, so that
    two captures can be compared.
    """
    check_place(place)
    kept = map_file or place.rstrip("/") + ".map.json"
    if redact and os.path.abspath(kept).startswith(os.path.abspath(place) + os.sep):
        raise CaptureError(f"{printable(kept)}: the map must not lie in the bundle, which goes to others")
    known = _key_of(kept) if redact and os.path.exists(kept) else None
    bundle = with_given(found, question)
    expected = _answer(run(found, question))
    window = Question(since=question.since, since_back=question.since_back, until=question.until)
    parent = os.path.dirname(os.path.abspath(place))
    try:
        with tempfile.TemporaryDirectory(prefix=".oidc-doctor-", dir=parent) as work:
            folder, key, captured = _made(bundle, work, known, expected, window, redact=redact)
            if place.endswith(_ARCHIVES):
                _pack(folder, os.path.join(work, "packed"), _name_in_archive(place))
                os.replace(os.path.join(work, "packed"), place)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.rmdir(place)
                os.replace(folder, place)
                os.chmod(place, 0o777 & ~_umask())
        if redact:
            _write_map(kept, key, captured.redacted)
    except OSError as error:
        raise CaptureError(f"{printable(place)}: {error.strerror or error}") from None
    return captured._replace(place=place, map=kept if redact else None)


def check_place(place: str) -> None:
    """Raises CaptureError where no bundle can be written to `place`: to be known before anything is read."""
    shown = printable(place)
    if os.path.lexists(place) and not (os.path.isdir(place) and not os.listdir(place)):
        raise CaptureError(f"{shown}: it exists already")
    if place.lower().endswith((".zip", ".tar")):
        raise CaptureError(f"{shown}: a folder or a .tar.gz can be written")
    parent = os.path.dirname(os.path.abspath(place))
    if not os.path.isdir(parent):
        raise CaptureError(f"{shown}: there is no folder {printable(parent)}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise CaptureError(f"{shown}: {printable(parent)} is not yours to write to")


def _made(
    bundle: Bundle, work: str, known: bytes | None, expected: dict[str, Any], window: Question, *, redact: bool
) -> tuple[str, bytes, Captured]:
    """The first copy that gives the same answer: other keys, then the weaker mode; else the first one."""
    keys = [known] if known else [secrets.token_bytes(_KEY_BYTES) for _ in range(_KEYS_TRIED)]
    tries: list[tuple[bytes, Mode]] = [(key, "prefix") for key in keys]
    tries.append((keys[0], "letters"))
    first: tuple[str, bytes, Captured] | None = None
    for number, (key, mode) in enumerate(tries if redact else tries[:1]):
        folder = os.path.join(work, f"bundle-{number}")
        os.mkdir(folder)
        writer = functools.partial(_write, folder)
        redacted = redact_bundle(bundle, writer, key, mode=mode, names_stay=not redact)
        with open_bundle(folder) as copy:
            answer = _answer(run(copy, window))
        differs = tuple(name for name, value in expected.items() if answer[name] != value)
        captured = Captured("", None, redacted, mode, not differs, differs)
        if not differs:
            return folder, key, captured
        first = first or (folder, key, captured)
    assert first is not None  # noqa: S101 - there is always one try
    return first


def _answer(report: Report) -> dict[str, Any]:
    """What must not change: predictions, causes in their order, and what each check found."""
    return {
        "predictions": [(one.cloud, one.prediction, one.step) for one in report.exchanges],
        "causes": [(one.code, one.confidence, one.step, one.status) for one in report.causes],
        "findings": [(one.code, one.status) for one in report.checks],
    }


def _write(folder: str, name: str, pieces: Iterator[bytes]) -> None:
    place = os.path.join(folder, *name.split("/"))
    if os.path.commonpath([folder, os.path.abspath(place)]) != folder:
        raise OSError(errno.EINVAL, "a name that leads out of the bundle", name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as stream:
        stream.writelines(pieces)


def _pack(folder: str, place: str, name: str) -> None:
    """Pack the folder as .tar.gz without the local user's name and id."""

    def nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(place, "w:gz") as archive:
        archive.add(folder, arcname=name, filter=nobody)


def _name_in_archive(place: str) -> str:
    name = os.path.basename(place)
    for ending in _ARCHIVES:
        name = name.removesuffix(ending)
    return name or "bundle"


def _key_of(place: str) -> bytes:
    try:
        with open(place, encoding="utf-8") as stream:
            return bytes.fromhex(json.load(stream)["key"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CaptureError(f"{printable(place)}: no map of an earlier capture") from None


def _write_map(place: str, key: bytes, redacted: Redacted) -> None:
    """Write the key and each original with its pseudonym, readable by the user alone."""
    box = {"key": key.hex(), "originals": {image: word for word, image in sorted(redacted.images.items())}}
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(box, stream, indent=1, ensure_ascii=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
