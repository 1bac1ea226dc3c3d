"""Put the extract of a window together from its days.

A gzip file may have several members, one after the other [RFC 1952, 2.2], so the lines of a day are copied as they lie
in the cache: nothing is unpacked, parsed or packed again.

Copies of an event are known within a day, and by the scanner among the records that are kept. An event that was
delivered twice, before and after midnight, counts twice where one of the two was thinned out.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from oidc_doctor.logs.archive.cut import first_lines
from oidc_doctor.logs.extract.file import Header, header_line
from oidc_doctor.logs.extract.thinning import MOST_RECORDS
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from oidc_doctor.logs.archive.day import DayExtract
    from oidc_doctor.model.events import Source

MOST_BYTES = limits.EXTRACT_BYTES.most


class WindowExtract:
    """The days of a window, the newest of which are added first."""

    def __init__(self, source: Source, most: int = MOST_RECORDS, most_bytes: int = MOST_BYTES) -> None:
        self.files = self.events = self.duplicates = self.left_out = 0
        self._source: Source = source
        self._most, self._most_bytes = most, most_bytes
        self._services: set[str] = set()
        self._regions: set[str] = set()
        self._members: list[bytes] = []
        self._records = self._size = 0

    def add(self, day: DayExtract) -> None:
        """Add a day; its oldest records, or all, are left out where there are more than an extract has."""
        header = day.header
        self.files += header.files
        self.events += header.events
        self.duplicates += header.duplicates
        self._services |= set(header.services)
        self._regions |= set(header.regions)
        self.left_out += day.left_out
        free = self._most - self._records if self._size + len(day.packed) <= self._most_bytes else 0
        kept = min(day.records, free)
        self.left_out += day.records - kept
        if kept:
            packed = day.packed if kept == day.records else first_lines(day.packed, kept)
            self._members.append(packed)
            self._records += kept
            self._size += len(packed)

    def file(self, window: tuple[float, float] | None) -> bytes:
        """Return the file. `window` is the period that was read in full, None where there is none."""
        header = Header(
            self._source,
            selective=False,
            since=window[0] if window else None,
            until=window[1] if window else None,
            files=self.files,
            events=self.events,
            duplicates=self.duplicates,
            services=tuple(sorted(self._services)),
            regions=tuple(sorted(self._regions)),
        )
        return b"".join((gzip.compress(header_line(header), mtime=0), *self._members))
