"""The file of an extract: JSON Lines in gzip, one header, then one record a line, as the cloud's own log has it.

A record that stands for several attempts has their number in `oidcDoctorCount`. The records are those of one source,
so any reader of CloudTrail's or Google's JSON reads them. In a stranger's bundle, the stranger wrote all of it.
"""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.logs.records.cloudtrail import epoch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Source

ENDING = ".extract.jsonl.gz"  # of the name of such a file
HEADER = "oidcDoctorExtract"
COUNT = "oidcDoctorCount"
_VERSION = 1
_MOST = 1_000_000_000  # of a count: more attempts than a cloud logs of one kind in an hour


class Header(NamedTuple):
    """The source of the records. Times are epoch seconds.

    `selective`: the source was asked for the events that a report reads, so nothing is known of any others. Else
    `events`, `services` and `regions` are of all records that were read.
    """

    source: Source
    selective: bool
    since: float | None = None  # the period that was read in full; None where records were left out
    until: float | None = None
    files: int = 1  # log files, or queries
    events: int = 0
    duplicates: int = 0
    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


def write_extract(header: Header, records: Iterable[dict[str, Any]]) -> bytes:
    """Return the file of an extract: the same bytes for the same records."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped:
        zipped.write(header_line(header))
        for record in records:
            zipped.write(line_of(record))
    return out.getvalue()


def header_line(header: Header, **more: Any) -> bytes:
    """Return the first line of the file. `more` are further members, which readers of an extract ignore."""
    return line_of(
        {HEADER: _VERSION} | {name: value for name, value in header._asdict().items() if value is not None} | more
    )


def line_of(record: dict[str, Any]) -> bytes:
    """Return a record's line."""
    try:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a surrogate without its other half, which a log may have as an escape
        text = json.dumps(record, separators=(",", ":")).encode()
    return text + b"\n"


def header_of(value: Json, source: Source) -> Header | None:
    """Return the header that the first line of a file is; None where it is none, or of another source."""
    if not isinstance(value, dict) or value.get(HEADER) != _VERSION or value.get("source") != source:
        return None
    return Header(
        source=source,
        selective=value.get("selective") is not False,
        since=epoch(value.get("since")),
        until=epoch(value.get("until")),
        files=_number(value.get("files"), 1),
        events=_number(value.get("events"), 0),
        duplicates=_number(value.get("duplicates"), 0),
        services=_names(value.get("services")),
        regions=_names(value.get("regions")),
    )


def count_of(record: dict[str, Any]) -> int:
    """Return the number of attempts that a record stands for."""
    return max(1, _number(record.get(COUNT), 1))


def _number(value: Json, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else otherwise


def _names(value: Json) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str) and name) if isinstance(value, list) else ()
