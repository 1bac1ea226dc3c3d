"""One event read again from its file, by the index that the scan kept: (file, place) of each row."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from oidc_doctor.logs.rows import NO_PLACE
from oidc_doctor.logs.scan import records
from oidc_doctor.model.evidence import Origin
from oidc_doctor.parse import cloudtrail, gcp_audit

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.logs.tally import Source


def read_at(
    open_file: Callable[[str], BinaryIO], file: str, place: int, event_id: str, source: Source
) -> tuple[dict[str, Any], str] | None:
    """The record and its JSON text, as it stands in the file where its place is known; None where it is not there.

    Raises nothing for a file that is gone or damaged. The text is the logged one: whoever called wrote parts of it.
    """
    try:
        if place != NO_PLACE:
            from oidc_doctor.logs.archive import text_at

            with open_file(file) as stream:
                text = text_at(stream, place)
            record = json.loads(text) if text else {}
            if text and _is(record, event_id, source):
                return record, text
        with open_file(file) as stream:
            for record, _ in records(stream, file, source, _nobody):
                if _is(record, event_id, source):
                    return record, json.dumps(record, indent=2, ensure_ascii=False)
    except (OSError, EOFError, zlib.error):
        return None
    return None


def _is(record: dict[str, Any], event_id: str, source: Source) -> bool:
    if record.get("eventID" if source == "cloudtrail" else "insertId") == event_id:
        return True
    found = (cloudtrail if source == "cloudtrail" else gcp_audit).attempt(record, Origin(""))
    return found is not None and found.event_id == event_id  # an id that was made from the event


def _nobody(_: Origin, __: str) -> None:
    return
