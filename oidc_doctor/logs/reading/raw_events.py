"""Back from a row of the report to the events behind it, as the log has them: by file and place, not kept."""

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
    from oidc_doctor.logs.reading.scan_state import Source
    from oidc_doctor.model.events import Change

    Raw = tuple[str, str]  # where it lies, and its JSON text as logged

_GONE = "this event is no longer where it was read"


class RawEvents:
    """The events of the report's attempts (by their index in `report.attempts`) and changes (by event id).

    What comes back was written by whoever called the cloud, and is not escaped.
    """

    def __init__(self, attempts: Attempts | None, keys: Sequence[int], changes: Sequence[Change]) -> None:
        self._attempts = attempts
        self._keys = keys
        self._changes = {change.event_id: change for change in changes}

    def of_change(self, event_id: str) -> list[Raw]:
        """The event of a change; none where it is not known."""
        found = self._changes.get(event_id)
        return [] if found is None else [(str(found.origin), json.dumps(found.record, ensure_ascii=False))]

    def of_attempt(self, index: int, offset: int, limit: int, open_file: Callable[[str], BinaryIO]) -> list[Raw]:
        """The events of an attempts row, newest first, `limit` of them after `offset`. Raises OSError."""
        if self._attempts is None or not 0 <= index < len(self._keys):
            return []
        rows = self._attempts.rows
        wanted = self._attempts.rows_of(self._keys[index])[offset : offset + limit]
        source: Source = "cloudtrail" if rows.key_of(self._keys[index]).cloud == "aws" else "gcp-logs"
        names = [str(rows.files.values[rows.file[row]]) for row in wanted]
        unplaced = {name for row, name in zip(wanted, names, strict=True) if rows.place[row] == NO_PLACE}
        whole = {name: _by_id(open_file, name, source, _ids(rows, wanted, names, name)) for name in unplaced}
        return [_one(rows, row, name, whole.get(name), open_file) for row, name in zip(wanted, names, strict=True)]


def _ids(rows: Rows, wanted: list[int], names: list[str], name: str) -> set[str]:
    return {rows.event_id(row) for row, other in zip(wanted, names, strict=True) if other == name}


def _one(rows: Rows, row: int, name: str, whole: dict[str, str] | None, open_file: Callable[[str], BinaryIO]) -> Raw:
    event_id, place = rows.event_id(row), rows.place[row]
    if place == NO_PLACE:
        text = (whole or {}).get(event_id)
        return f"{name} event {event_id}", text or _GONE
    from oidc_doctor.logs.reading.unpacked import text_at

    with open_file(name) as stream:
        text = text_at(stream, place)
    # the file may have been written anew since: what stands at the place now is shown only if it is that event
    return f"{name} event {event_id}", text if text is not None and event_id in text else _GONE


def _by_id(open_file: Callable[[str], BinaryIO], name: str, source: Source, wanted: set[str]) -> dict[str, str]:
    """The records with these ids, out of a file that is small enough to be read in full."""
    found: dict[str, str] = {}
    with open_file(name) as stream:
        for record, _ in records(stream, name, source, _unheard):
            event_id = record.get("eventID" if source == "cloudtrail" else "insertId")
            if isinstance(event_id, str) and event_id in wanted:
                found[event_id] = json.dumps(record, ensure_ascii=False)
    return found


def _unheard(origin: Any, text: str) -> None:
    """What is odd about the file was told when it was read."""
