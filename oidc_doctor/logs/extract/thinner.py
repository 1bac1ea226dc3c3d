"""Thin the attempts of an archive while it is read: what `thinned_query` asks an engine for, in bounded memory.

The query numbers all attempts that are alike in a period. Here they come one by one, in any order: of a group, the
first and the last KEPT are held, and one more pushes the record in the middle out, which then is only counted. A record
that was pushed out has KEPT before it and KEPT after it, and further ones only add to them, so nothing that the query
would keep is lost. tests/logs/extract/test_thinner.py holds both against each other on DuckDB.

The periods are ten minutes, whatever the window of the report, so that what was thinned can be kept for another one.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from array import array
from bisect import bisect_left, insort
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.logs.attempts.columns import ROUNDING
from oidc_doctor.logs.extract.file import COUNT, line_of
from oidc_doctor.logs.extract.thinning import KEPT, MOST_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.logs.extract.of_record import Part

PERIOD = 600.0  # seconds
_MOST_MEMORY = 96 << 20  # bytes
_EACH = 600  # bytes that a record takes beside its packed line
_DICTIONARY_SIZE = 4096  # bytes: records are packed in a window of 12 bits, which takes a quarter of the time of 15
_WINDOW_BITS, _MEMORY_LEVEL = 12, 5
_LAST = "\U0010ffff"  # of an event without an id, which a query orders last
_MOST_UNKNOWN = 10_000  # records whose outcome another copy may show

# The members of the caller, which the records that were pushed out need not share.
_CALLER = (
    ("sourceIPAddress",),
    ("userAgent",),
    ("requestParameters", "roleSessionName"),
    ("protoPayload", "requestMetadata", "callerIp"),
    ("protoPayload", "requestMetadata", "callerSuppliedUserAgent"),
)


class _Entry(NamedTuple):
    """One record. The order of entries is that of `thinned_query`: by time, then by id."""

    time: float
    event_id: str
    number: int  # of its arrival, so that no two entries are compared further
    packed: bytes  # its line


class _Group:
    """The attempts alike of one period."""

    __slots__ = ("kept", "pushed_out")

    def __init__(self) -> None:
        self.kept: list[_Entry] = []  # in order, at most 2 * KEPT
        self.pushed_out = 0


class _Period:
    """The records of one period."""

    def __init__(self) -> None:
        self.groups: dict[bytes, _Group] = {}
        self.alone: list[_Entry] = []  # writes, which are never thinned
        self.ids = array("Q")  # in order, of all events that had one
        self.size = self.records = 0


class Thinner:
    """Parts of records. Of more than `most`, or of more than the memory holds, the newest periods are kept."""

    def __init__(self, most: int = MOST_RECORDS) -> None:
        self.left_out = 0  # records beyond the bounds
        self.is_thinned = False
        self._most = most
        self._dictionary = b""  # the line of the first attempt, which the others resemble
        self._periods: dict[int, _Period] = {}
        self._oldest: int | None = None  # the oldest period that is kept, after older ones were left out
        self._unknown: list[Part] = []
        self._number = self._size = self._records = 0

    def add(self, part: Part) -> bool:
        """Add a part; return whether it is the first copy of its event."""
        period = int(part.time // PERIOD)
        if self._oldest is not None and period < self._oldest:
            self.left_out += 1
            return True
        if not part.known:  # a copy with its outcome may follow
            self._unknown.append(part)
            if len(self._unknown) > _MOST_UNKNOWN:
                self._settle_unknown()
            return True
        box = self._periods.get(period) or _Period()
        if part.event_id is not None and not _is_new(box.ids, part):
            return False
        if len(self._periods) <= 1 and (self._records >= self._most or self._size >= _MOST_MEMORY):
            self.left_out += 1  # there is nothing older that could give way
            return True
        self._periods[period] = box
        self._number += 1
        packed = self._packed(line_of(part.record), is_alone=part.alike is None)
        entry = _Entry(part.time, part.event_id or _LAST, self._number, packed)
        self._count(box, 1, len(packed) + _EACH)
        if part.alike is None:
            box.alone.append(entry)
        else:
            group = box.groups.get(part.alike)
            if group is None:
                group = box.groups[part.alike] = _Group()
            self._insert(box, group, entry)
        if self._records > self._most or self._size > _MOST_MEMORY:
            self._drop_the_oldest()
        return True

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the records that are kept, the newest first. Nothing is added after this."""
        self._settle_unknown()
        for period in sorted(self._periods, reverse=True):
            box = self._periods[period]
            entries: list[tuple[_Entry, _Group | None, int]] = [(entry, None, 1) for entry in box.alone]
            for group in box.groups.values():
                entries += [(entry, group, place) for place, entry in enumerate(group.kept, 1)]
            entries.sort(key=itemgetter(0), reverse=True)
            for entry, its_group, place in entries:
                line = self._line(entry, is_alone=its_group is None)
                if its_group is not None and its_group.pushed_out and place == KEPT:
                    line = _counted(line, its_group)
                yield line

    def _packed(self, line: bytes, *, is_alone: bool) -> bytes:
        if is_alone:
            return zlib.compress(line, 1)
        self._dictionary = self._dictionary or line[:_DICTIONARY_SIZE]
        packer = zlib.compressobj(1, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zdict=self._dictionary)
        return packer.compress(line) + packer.flush()

    def _line(self, entry: _Entry, *, is_alone: bool) -> bytes:
        if is_alone:
            return zlib.decompress(entry.packed)
        return zlib.decompressobj(wbits=_WINDOW_BITS, zdict=self._dictionary).decompress(entry.packed)

    def _settle_unknown(self) -> None:
        unknown, self._unknown = self._unknown, []
        for part in unknown:
            self.add(part._replace(known=True))

    def _insert(self, box: _Period, group: _Group, entry: _Entry) -> None:
        insort(group.kept, entry)
        if len(group.kept) > 2 * KEPT:
            self._count(box, -1, -len(group.kept.pop(KEPT).packed) - _EACH)
            group.pushed_out += 1
            self.is_thinned = True

    def _count(self, box: _Period, records: int, size: int) -> None:
        box.records += records
        box.size += size
        self._records += records
        self._size += size

    def _drop_the_oldest(self) -> None:
        """Leave the oldest periods out, until three quarters of the bounds are in use; the newest one stays."""
        for period in sorted(self._periods)[:-1]:
            if self._records <= self._most * 3 // 4 and self._size <= _MOST_MEMORY * 3 // 4:
                return
            box = self._periods.pop(period)
            self._oldest = period + 1
            self._count(box, -box.records, -box.size)
            self.left_out += len(box.alone)
            self.left_out += sum(len(group.kept) + group.pushed_out for group in box.groups.values())


def _is_new(ids: array[int], part: Part) -> bool:
    """Add an event to the ids of its period, eight bytes each; return whether it was not there yet.

    Times are compared as those of rows are (attempts/columns.py): copies of an event differ below a millisecond.
    """
    text = f"{part.event_id}\n{math.floor(part.time * 1000 + ROUNDING)}".encode("utf-8", "surrogatepass")
    number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
    place = bisect_left(ids, number)
    if place < len(ids) and ids[place] == number:
        return False
    ids.insert(place, number)
    return True


def _counted(line: bytes, group: _Group) -> bytes:
    """Return the line of a record that stands for others as well, without its caller."""
    record: dict[str, Any] = json.loads(line)
    record[COUNT] = 1 + group.pushed_out
    for path in _CALLER:
        inside: Any = record
        for name in path[:-1]:
            inside = inside.get(name) if isinstance(inside, dict) else None
        if isinstance(inside, dict):
            inside.pop(path[-1], None)
    return line_of(record)
