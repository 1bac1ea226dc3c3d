"""The result of a query that somebody ran by hand: Athena's CSV file, as the file of an extract.

Athena writes a header and quotes each value; a value that is NULL is empty and has no quotes [Athena user guide, "Work
with query results"]. An empty text says as little as NULL in a record, so both are left out.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, TextIO

from oidc_doctor.logs.engines.athena_query import COLUMNS
from oidc_doctor.logs.engines.security_lake_query import record_of
from oidc_doctor.logs.extract.file import Header, write_extract
from oidc_doctor.logs.extract.thinning import MOST_RECORDS
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = (*COLUMNS, "attempts")
_MOST = limits.LOG_FILE.most  # characters


class RowsError(Exception):
    """The file is no result of the query."""


def extract_of_rows(stream: TextIO) -> tuple[bytes, int]:
    """Return the file of an extract, and the number of its records. Raises RowsError and OSError."""
    records = list(_records(stream))
    if len(records) > MOST_RECORDS:
        raise RowsError(f"more than {MOST_RECORDS:,} rows, so the oldest events are not in it: ask for a later --since")
    return write_extract(Header("cloudtrail", selective=True), records), len(records)


def _records(stream: TextIO) -> Iterator[dict[str, Any]]:
    before = csv.field_size_limit(limits.LOG_VALUE.most)
    try:
        reader = csv.reader(_bounded(stream), strict=True)
        names = tuple(next(reader, ()))
        if names != _NAMES:
            raise RowsError("not a result of this version's query: its first line has not the names of the columns")
        for number, values in enumerate(reader):
            if number > MOST_RECORDS:
                return
            if len(values) != len(names):
                raise RowsError(f"row {number + 1:,} has {len(values)} values instead of {len(names)}")
            yield record_of({name: value or None for name, value in zip(names, values, strict=True)})
            if number == MOST_RECORDS:
                return
    except csv.Error as error:
        raise RowsError(f"not a CSV file ({error})") from None
    finally:
        csv.field_size_limit(before)


def _bounded(stream: TextIO) -> Iterator[str]:
    size = 0
    while line := stream.readline(limits.LOG_VALUE.most):
        size += len(line)
        if size > _MOST:
            raise RowsError(limits.LOG_FILE.exceeded_by())
        yield line
