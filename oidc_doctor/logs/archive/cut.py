"""The lines of a day's records, which are one member of a gzip file."""

from __future__ import annotations

import gzip
import io
import itertools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines_of(packed: bytes) -> Iterator[dict[str, Any]]:
    """Yield the records, the newest first."""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as zipped:
        for line in zipped:
            yield json.loads(line)


def first_lines(packed: bytes, number: int) -> bytes:
    """Return the member with its first lines alone."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as zipped, gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as kept:
        for line in itertools.islice(zipped, number):
            kept.write(line)
    return out.getvalue()
