"""Read the logged events of a row of the report again from their files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.attempts.columns import NO_PLACE
from oidc_doctor.logs.reading.file import records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from oidc_doctor.logs.attempts.columns import Rows
    from oidc_doctor.logs.attempts.signatures import Attempts
    from oidc_doctor.model.events import Change, Source

    Raw = tuple[str, str]  # the event's place, and its JSON text as logged

_GONE = "this event is no longer where it was read"


class RawEvents:
    """The events of the report's attempts (by their index in `report.attempts`) and changes (by event id).

    The events contain text that the caller of the cloud wrote, and are not escaped.
    """

    def __init__(self, attempts: Attempts | None, keys: Sequence[int], changes: Sequence[Change]) -> None:
        self._attempts = attempts
        self._keys = keys
        self._changes = {change.event_id: change for change in changes}

    def of_change(self, event_id: str) -> list[Raw]:
        """Return the event of a change; none where the event is not known."""
        change = self._changes.get(event_id)
        return [] if change is None else [(str(change.origin), json.dumps(change.record, ensure_ascii=False))]

    def of_attempt(self, index: int, offset: int, limit: int, open_file: Callable[[str], BinaryIO]) -> list[Raw]:
        """Return the events of an attempts row, newest first, `limit` of them after `offset`. Raises OSError."""
        if self._attempts is None or not 0 <= index < len(self._keys):
            return []
        rows = self._attempts.rows
        page = self._attempts.rows_of(self._keys[index])[offset : offset + limit]
        source: Source = "cloudtrail" if rows.key_of(self._keys[index]).cloud == "aws" else "gcp-logs"
        names = [str(rows.files.values[rows.file[row]]) for row in page]
        unplaced = {name for row, name in zip(page, names, strict=True) if rows.place[row] == NO_PLACE}
        texts = {name: _by_id(open_file, name, source, _ids(rows, page, names, name)) for name in unplaced}
        return [_raw_event(rows, row, name, texts.get(name), open_file) for row, name in zip(page, names, strict=True)]


def _ids(rows: Rows, page: list[int], names: list[str], name: str) -> set[str]:
    return {rows.event_id(row) for row, row_name in zip(page, names, strict=True) if row_name == name}


def _raw_event(
    rows: Rows, row: int, name: str, texts: dict[str, str] | None, open_file: Callable[[str], BinaryIO]
) -> Raw:
    event_id, place = rows.event_id(row), rows.place[row]
    if place == NO_PLACE:
        text = (texts or {}).get(event_id)
        return f"{name} event {event_id}", text or _GONE
    from oidc_doctor.logs.reading.unpacked import text_at

    with open_file(name) as stream:
        text = text_at(stream, place)
    # the file may have been rewritten since: the text at the offset is shown only if it is the same event
    return f"{name} event {event_id}", text if text is not None and event_id in text else _GONE


def _by_id(open_file: Callable[[str], BinaryIO], name: str, source: Source, event_ids: set[str]) -> dict[str, str]:
    """Return the records with these ids from a file that is small enough to be read in full."""
    texts: dict[str, str] = {}
    with open_file(name) as stream:
        for record, _ in records(stream, name, source, _ignore):
            event_id = record.get("eventID" if source == "cloudtrail" else "insertId")
            if isinstance(event_id, str) and event_id in event_ids:
                texts[event_id] = json.dumps(record, ensure_ascii=False)
    return texts


def _ignore(origin: Any, text: str) -> None:
    """Ignore the file's problems: they were reported when it was first read."""
