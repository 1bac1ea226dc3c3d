"""Parse manifest.json: when a bundle was collected, and the outcome of each read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import Unreadable, load, printable
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.limits import MANIFEST
from oidc_doctor.model.times import epoch_of, number, on_calendar

if TYPE_CHECKING:
    from oidc_doctor.model.document import Document, Json
    from oidc_doctor.model.obstacle import Local

Outcome = Literal["ok", "not_found", "denied", "throttled", "timeout", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("ok", "not_found", "denied", "throttled", "timeout", "failed")
LOCAL: tuple[Local, ...] = ("credentials", "network")


# 2011, when IAM began: a smaller number is no collection time.
_EARLIEST = 1_293_840_000


class ManifestRead(NamedTuple):
    """A read of the collector. `since` and `until` (RFC 3339) and `truncated` are set for logs.

    `seconds` is the duration of an issuer's response, `redirects` the addresses that redirects led to.
    """

    path: str
    outcome: Outcome
    reason: str
    since: str | None = None
    until: str | None = None
    truncated: bool = False
    remark: str = ""  # for a successful read; that of a log begins with its place, if the user named one
    seconds: float | None = None
    redirects: tuple[str, ...] = ()
    tls13_only: bool = False
    stated: bool = True  # False if the entry's outcome is missing or invalid
    untrusted: str = ""  # why a client with public certificate authorities refuses the host's certificates
    local: Local = ""  # for a failed read: a fault of the reading machine or its credentials
    call: str = ""  # the call that read it, in the collector's words: iam:GetRole
    at: float | None = None  # when, epoch seconds

    @property
    def cut_off(self) -> str:
        """Why a log is incomplete; empty if it is complete."""
        if not self.truncated:
            return ""
        return "cut off when it was gathered" + (f": {self.remark}" if self.remark else "")


class Manifest(NamedTuple):
    """The collector's record of its reads. `collected_at` is epoch seconds."""

    collected_at: float | None
    reads: tuple[ManifestRead, ...]


def parse_manifest(text: str, file: str) -> Manifest:
    """Return the manifest's content; paths are as written, without a leading `./`. Raises Unreadable."""
    document = load(text, file)
    box = fields.members(document, "", document.value)
    if document.duplicates:  # which of two outcomes is right is not guessed
        raise fields.wrong(document, document.duplicates[0], "this member is in the manifest twice")
    listed = box.get("reads")
    entries = [] if listed is None else fields.elements(document, "/reads", listed)
    if len(entries) > MANIFEST.most:
        raise Unreadable(file, None, None, MANIFEST.exceeded_by(len(entries)))
    reads = tuple(_read(document, "/reads" + pointer_segment(index), entry) for index, entry in enumerate(entries))
    return Manifest(_instant(document, "/collected_at", box.get("collected_at")), reads)


def _instant(document: Document, pointer: str, value: Json) -> float | None:
    """Convert an RFC 3339 time or epoch seconds to epoch seconds; a time without a zone is UTC."""
    if value is None:
        return None
    seconds = epoch_of(value.strip()) if isinstance(value, str) else number(value)
    if seconds is not None and on_calendar(seconds) and (isinstance(value, str) or seconds >= _EARLIEST):
        return float(seconds)
    raise fields.wrong(document, pointer, "expected a time such as 2026-11-22T22:40:00Z")


def _read(document: Document, pointer: str, value: Json) -> ManifestRead:
    box = fields.members(document, pointer, value)
    path = fields.text(document, pointer, box, "path")
    if not path:
        raise fields.wrong(document, pointer, "a read without its path")
    stated = fields.text(document, pointer, box, "outcome")
    written = (stated or "").strip().lower().replace("-", "_").replace(" ", "_")
    outcome: Outcome = next((value for value in OUTCOMES if value == written), "failed")
    return ManifestRead(
        path=path.removeprefix("./"),
        outcome=outcome,
        reason=_reason(box, outcome),
        since=_text(box, "from"),
        until=_text(box, "to"),
        truncated=box.get("truncated") is True,
        remark=printable(": ".join(filter(None, (_text(box, "place"), _text(box, "message")))))
        if outcome == "ok"
        else "",
        seconds=_seconds(box.get("seconds")),
        redirects=tuple(address for address in _list(box.get("redirects")) if isinstance(address, str)),
        tls13_only=box.get("tls13_only") is True,
        stated=written == outcome,
        untrusted=printable(_text(box, "untrusted") or ""),
        local=next((value for value in LOCAL if value == _text(box, "local")), ""),
        call=printable(_text(box, "call") or ""),
        at=epoch_of(_text(box, "at") or ""),
    )


def _reason(box: dict[str, Any], outcome: Outcome) -> str:
    """Return the service's own message on one line: `aws iam get-role: NoSuchEntity: The role …`."""
    parts = [_text(box, name) for name in ("call", "code", "message")]
    return printable(": ".join(part for part in parts if part)) or outcome


def _text(box: dict[str, Any], name: str) -> str | None:
    value = box.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _seconds(value: Json) -> float | None:
    seconds = number(value)
    return float(seconds) if seconds is not None and seconds >= 0 else None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
