"""Read the objects of one day folder into its part of an extract.

The scanner of log files reads each object, so every record counts for the coverage; the wanted ones are cut down and
thinned while they are found. Nothing of an object is kept but these, so an archive of any size takes little memory.
"""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from oidc_doctor.logs.archive.cut import lines_of
from oidc_doctor.logs.extract.file import Header
from oidc_doctor.logs.extract.of_record import part_of
from oidc_doctor.logs.extract.thinner import Thinner
from oidc_doctor.logs.reading.file import family_of, read_file
from oidc_doctor.logs.reading.scan_state import ScanState
from oidc_doctor.logs.reading.scope import WriteScope

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.events import Source

_MOST_PROBLEMS = 20  # lines of a day


class LogObject(NamedTuple):
    """An object of a bucket. The tag is another one for another content: S3's ETag, Google's generation."""

    name: str
    size: int  # bytes as stored
    tag: str


class DayExtract(NamedTuple):
    """What was read of a day folder."""

    header: Header  # of the objects that were read
    objects: frozenset[LogObject]  # that were read to their end
    problems: tuple[str, ...]  # of these, in words
    records: int
    is_thinned: bool  # some records stand for others, so no further object can be added
    left_out: int  # records beyond the bounds, older than the others
    packed: bytes  # the lines of the records, the newest first, as one member of a gzip file


class ObjectScan(ScanState):
    """The counts of one object. Its wanted records go to the day's thinner instead of into rows."""

    def __init__(self, source: Source, thinner: Thinner, added: list[int]) -> None:
        super().__init__(source, WriteScope(), family_of)
        self.thinner = thinner
        self.new = 0  # wanted records of this reading, first copies alone
        self.added = added  # one number: likewise, of all readings of the object, failed ones too

    def empty(self, _: WriteScope | None = None) -> ObjectScan:
        """Return an empty state for another reading of the object."""
        return ObjectScan(self.source, self.thinner, self.added)

    def keep(self, record: dict[str, Any], origin: Origin, place: int, size: int, count: int = 1) -> None:  # noqa: ARG002 - as the base class has it
        """Hand the wanted part of a record to the thinner."""
        part = part_of(record, self.source)
        if part is None:
            return
        if self.thinner.add(part):
            self.new += 1
            self.added[0] += 1
        else:
            self.duplicates += 1

    def merge(self, other: ScanState) -> None:
        """Add the counts of another state."""
        super().merge(other)
        if isinstance(other, ObjectScan):
            self.new += other.new


class DayReading:
    """A day folder that is being read."""

    def __init__(self, source: Source) -> None:
        self.thinner = Thinner()
        self._counts = ObjectScan(source, self.thinner, [0])
        self._objects: list[LogObject] = []
        self._problems: list[str] = []
        self._is_clean = True
        self._added = [0]  # by the object that is being scanned

    @property
    def is_clean(self) -> bool:
        """Whether every record is of an object that was read to its end."""
        return self._is_clean and not self._added[0]

    @property
    def files(self) -> int:
        """The number of objects that were read to their end."""
        return len(self._objects)

    def add_earlier(self, day: DayExtract) -> None:
        """Begin with what was read before. It must not be thinned: its records are added one by one."""
        for line in lines_of(day.packed):
            part = part_of(line, self._counts.source)
            if part is not None:
                self.thinner.add(part)
        self._objects += day.objects
        self._problems += day.problems
        self._counts.add_header(day.header)
        self.thinner.left_out += day.left_out

    def scan(self, name: str, open_file: Callable[[str], BinaryIO]) -> ObjectScan:
        """Scan one object. Where reading it raises OSError, the records before it are in the day already."""
        self._added = [0]
        scan = ObjectScan(self._counts.source, self.thinner, self._added)
        scan.services |= self._counts.services  # these are not searched for again
        read_file(open_file, name, scan)
        scan.duplicates -= scan.added[0] - scan.new  # records that an earlier reading of the same object had added
        return scan

    def accept(self, log: LogObject, scan: ObjectScan) -> None:
        """Count an object that was read to its end."""
        self._counts.merge(scan)
        self._objects.append(log)
        self._added = [0]

    def reject(self) -> None:
        """Leave an object out that was not read to its end; its records stay."""
        self._is_clean &= not self._added[0]

    def extract(self) -> DayExtract:
        """Return what was read. Nothing is read after this."""
        out = io.BytesIO()
        records = 0
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as zipped:
            for line in self.thinner.lines():
                zipped.write(line)
                records += 1
        counts = self._counts
        header = Header(
            counts.source,
            selective=False,
            files=counts.files,
            events=counts.events,
            duplicates=counts.duplicates,
            services=tuple(sorted(counts.services)),
            regions=tuple(sorted(counts.regions)),
        )
        return DayExtract(
            header,
            frozenset(self._objects),
            tuple(dict.fromkeys((*self._problems, *counts.problems.lines())))[:_MOST_PROBLEMS],
            records,
            self.thinner.is_thinned,
            self.thinner.left_out,
            out.getvalue(),
        )
