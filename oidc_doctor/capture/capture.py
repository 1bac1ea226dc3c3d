"""The `capture` command: write the evidence of one run as a redacted bundle, and check that the diagnosis is kept."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import secrets
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.capture.given import with_given
from oidc_doctor.capture.map_file import MapError, NewMap, read_map
from oidc_doctor.capture.redact_bundle import Redacted, redact_bundle
from oidc_doctor.capture.work_places import work_folder
from oidc_doctor.documents.json_text import Unreadable, printable
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.kinds import Kind

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.capture.pseudonyms import Mode
    from oidc_doctor.model.report import Cause, CheckRow, Report

_KEY_BYTES = 32
_ARCHIVES = (".tar.gz", ".tgz")
_OF_KEYS = frozenset(str(kind) for kind in Kind if any(step == "keys" for _, step in kind.steps))


class CaptureError(Exception):
    """No capture was written; the message is a one-line reason."""


class Captured(NamedTuple):
    """The written bundle. `differs` lists, by part, the differences between its report and the original one."""

    place: str
    map: str | None
    redacted: Redacted
    mode: Mode
    differs: dict[str, str]


def capture(
    original: Bundle | None,
    question: Question,
    place: str,
    *,
    redact: bool = True,
    redact_addresses: bool = False,
    map_file: str | None = None,
) -> Captured:
    """Write `original`, with the evidence of `question`, to a new folder or .tar.gz. Raises CaptureError.

    `redact` replaces names; IP addresses are kept unless `redact_addresses`: a replaced address no longer shows the
    network of a call, and is no longer in the networks that the vendors publish.

    `map_file` keeps the key and the originals, with mode 600; if it exists, its key is reused, so that two captures can
    be compared, and its originals are kept.
    """
    check_place(place, map_file, redact=redact)
    map_path = _map_path(place, map_file)
    try:
        earlier = read_map(map_path) if redact and os.path.lexists(map_path) else None
    except MapError as error:
        raise CaptureError(str(error)) from None
    key = earlier.key if earlier else secrets.token_bytes(_KEY_BYTES)
    try:
        bundle = with_given(original, question)
    except (OSError, Unreadable) as error:
        raise CaptureError(f"the evidence cannot be captured: {printable(str(error))}") from None
    expected = run(original, question._replace(edits=False))
    window = Question(since=question.since, since_back=question.since_back, until=question.until, edits=False)
    parent = os.path.dirname(os.path.abspath(place))
    try:
        with contextlib.ExitStack() as undo, work_folder(parent) as work:
            folder, captured = _first_faithful_copy(
                bundle, work, key, expected, window, redact=redact, redact_addresses=redact_addresses
            )
            images = captured.redacted.images
            new_map = NewMap(map_path, key, images, earlier.originals if earlier else {}) if redact else None
            if new_map is not None:
                undo.callback(new_map.drop)
            if place.endswith(_ARCHIVES):
                _pack(folder, os.path.join(work, "packed"), _name_in_archive(place))
                os.replace(os.path.join(work, "packed"), place)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.rmdir(place)
                os.replace(folder, place)
                os.chmod(place, 0o777 & ~_umask())
            if new_map is not None:
                new_map.place_it()
    except MapError as error:
        raise CaptureError(str(error)) from None
    except OSError as error:
        raise CaptureError(f"{printable(place)}: {error.strerror or error}") from None
    return captured._replace(place=place, map=map_path if redact else None)


def check_place(place: str, map_file: str | None = None, *, redact: bool = True) -> None:
    """Raise CaptureError if no bundle or map can be written: call this before reading anything.

    A map that the user did not name is never used: an attacker who planted it would know the key.
    """
    shown = printable(place)
    try:
        os.getcwd()
    except OSError:
        if not os.path.isabs(place) or not os.path.isabs(map_file or place):
            raise CaptureError(f"{shown}: the current folder was deleted; change to another one") from None
    if os.path.lexists(place) and not (os.path.isdir(place) and not os.listdir(place)):
        raise CaptureError(f"{shown}: already exists")
    if place.lower().endswith((".zip", ".tar")):
        raise CaptureError(f"{shown}: capture writes a folder or a .tar.gz")
    parent = os.path.dirname(os.path.abspath(place))
    if not os.path.isdir(parent):
        raise CaptureError(f"{shown}: no such folder: {printable(parent)}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise CaptureError(f"{shown}: no write permission for {printable(parent)}")
    if not redact:
        return
    map_path = _map_path(place, map_file)
    shown = printable(map_path)
    if os.path.abspath(map_path).startswith(os.path.abspath(place) + os.sep):
        raise CaptureError(f"{shown}: the map must not be inside the bundle, which you send to others")
    if map_file is None and os.path.lexists(map_path):
        raise CaptureError(f"{shown}: already exists; name it with --map to reuse its key, or remove it")
    if os.path.islink(map_path):
        raise CaptureError(f"{shown}: a link; capture reads and writes no map through a link")
    if not os.path.isdir(os.path.dirname(os.path.abspath(map_path))):
        raise CaptureError(f"{shown}: its folder does not exist")


def _map_path(place: str, map_file: str | None) -> str:
    return map_file or place.rstrip("/") + ".map.json"


def _first_faithful_copy(
    bundle: Bundle,
    work: str,
    key: bytes,
    expected: Report,
    window: Question,
    *,
    redact: bool,
    redact_addresses: bool,
) -> tuple[str, Captured]:
    """Return the first copy with the same diagnosis, using the weaker mode only if necessary; else the first copy."""
    modes: tuple[Mode, ...] = ("prefix", "letters") if redact else ("prefix",)
    copies = []
    for mode in modes:
        folder = os.path.join(work, mode)
        os.mkdir(folder)
        redacted = redact_bundle(
            bundle,
            functools.partial(_write, folder),
            key,
            mode=mode,
            names_stay=not redact,
            addresses_stay=not redact_addresses,
        )
        with open_bundle(folder) as copy:
            differs = _differences(expected, run(copy, window), redacted)
        copies.append((folder, Captured("", None, redacted, mode, differs)))
        if not differs:
            return copies[-1]
    return copies[0]


def _differences(original: Report, copy: Report, redacted: Redacted) -> dict[str, str]:
    """Return the parts of the copy's report that differ (`causes` and so on), with missing and added items."""
    before, after = _answer(original, redacted.stand_in), _answer(copy, str)
    differs = {}
    for name, rows in before.items():
        if rows == after[name]:
            continue
        was, now = (Counter(text for row in side for text in row.texts) for side in (rows, after[name]))
        differences = [
            f"{word} {', '.join(texts)}" for word, texts in (("without", was - now), ("with", now - was)) if texts
        ]
        differs[name] = " and ".join(differences) or "in another order"
    return differs


class _AnswerPart(NamedTuple):
    """A part of a diagnosis: its cloud, resource and wording."""

    of: tuple[str, ...]
    texts: tuple[str, ...]


def _answer(report: Report, stand_in: Callable[[str], str]) -> dict[str, list[_AnswerPart]]:
    """Return the diagnosis that a copy must keep: each exchange's prediction and causes, and each check's findings.

    Exchanges are matched by their resource, which `stand_in` names as the copy does: the copy's folders below targets/
    and its tokens have other names, so both come in another order. For the same reason an outage shared by several
    targets may be listed under a different target: past causes are compared as a whole.
    """
    predictions, causes = [], []
    for exchange in report.exchanges:
        of = (exchange.cloud, stand_in(exchange.resource or ""))
        active = [cause for cause in report.causes if cause.exchange == exchange.id and cause.status == "active"]
        prediction = f"{exchange.prediction} at {exchange.step}" if exchange.step else exchange.prediction
        predictions.append(_AnswerPart(of, (prediction,)))
        causes.append(_AnswerPart((*of, prediction), tuple(map(_of_cause, active))))
    past = sorted(_of_cause(cause) for cause in report.causes if cause.status == "past")
    return {
        "predictions": sorted(predictions),
        "causes": [*sorted(causes), _AnswerPart((), tuple(past))],
        "findings": [_AnswerPart((), (f"{row.code} {_status(row)}",)) for row in report.checks],
    }


def _status(row: CheckRow) -> str:
    """Return a check's status; signature checks without findings count the same whether passed or skipped.

    A copy has no signature: it states that the signature was valid, which a report assumes rather than passes.
    """
    is_of_keys = row.name in _OF_KEYS and row.status in ("passed", "skipped")
    return "no finding" if is_of_keys else row.status


def _of_cause(cause: Cause) -> str:
    return f"{cause.code} {cause.confidence} at {cause.step}" + (", past" if cause.status == "past" else "")


def _write(folder: str, name: str, pieces: Iterator[bytes]) -> None:
    place = os.path.join(folder, *name.split("/"))
    if os.path.commonpath([folder, os.path.abspath(place)]) != folder:
        raise OSError(errno.EINVAL, "a name that leads out of the bundle", name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as stream:
        stream.writelines(pieces)


def _pack(folder: str, place: str, name: str) -> None:
    """Pack the folder as .tar.gz without the local user's name and id."""

    def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(place, "w:gz") as archive:
        archive.add(folder, arcname=name, filter=without_owner)


def _name_in_archive(place: str) -> str:
    name = os.path.basename(place)
    for ending in _ARCHIVES:
        name = name.removesuffix(ending)
    return name or "bundle"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
