"""Read Cloud Logging entries as sinks write them: JSON lines, one entry a line.

Blocks of whole lines are searched. A line is parsed only if it contains a pattern that a wanted entry has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.logs.reading import prefilter
from oidc_doctor.logs.reading.decode import to_dict
from oidc_doctor.logs.reading.unpacked import FastPathUnavailable
from oidc_doctor.logs.records import cloudtrail, gcp_audit
from oidc_doctor.logs.records.gcp_audit import IAM_CREDENTIALS, STS
from oidc_doctor.model import limits
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.logs.reading.scan_state import ScanState

LARGEST = limits.LOG_BLOCK.most  # bytes of one line

_TIMESTAMP = re.compile(rb'"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d')
_CENTURY = "2"  # the prefix that the times of all entries share
_TIME_AT = len(b'"timestamp":"')
_TIME_LENGTH = len("2026-11-22T13:05:00")


def search(name: str, pieces: Iterator[bytes], state: ScanState) -> None:
    """Count the entries of the file, keep the wanted ones. Raises FastPathUnavailable."""
    file = _EntrySearch(name, state)
    for block, offset in _blocks(pieces):
        file.read(block, offset)


def _blocks(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield blocks of whole lines, with their offsets."""
    unfinished, offset = b"", 0
    for piece in pieces:
        block = unfinished + piece
        cut = block.rfind(b"\n") + 1
        if len(block) - cut > LARGEST:
            raise FastPathUnavailable
        unfinished = block[cut:]
        if cut:
            yield block[:cut], offset
            offset += cut
    if unfinished.strip():
        yield unfinished + b"\n", offset
    elif not offset:
        raise FastPathUnavailable  # an empty file: the next reader names it as a problem


class _EntrySearch:
    """The search of one file's blocks."""

    def __init__(self, name: str, state: ScanState) -> None:
        self.origin = Origin(name)
        self.state = state
        self.patterns = prefilter.entry_patterns(_CENTURY)

    def read(self, block: bytes, offset: int) -> None:
        """Count the lines of one block, each of which must be an object; keep the wanted ones.

        Two objects side by side, with a line end between them, cannot occur inside a JSON value.
        """
        ends = prefilter.line_ends(block)
        if block[:2] != b'{"' or block[-2:] != b"}\n" or sum(hit[0] for hit in ends) != 1:
            raise FastPathUnavailable
        if not offset:
            self._first(block[: block.index(b"\n")])
        hits = self.patterns.find(block)
        self.state.events += len(ends)
        self._times([hit for hit in hits if hit[0] < self.patterns.rare], block)
        read_to = 0  # the end of the last line that was kept
        for hit in hits:
            if hit[0] >= self.patterns.rare and hit[1] >= read_to:
                read_to = self._parse_line(hit, block, offset) or read_to
        for service in (STS, IAM_CREDENTIALS):
            if service not in self.state.services and prefilter.search(b'"%b"' % service.encode())(block):
                self.state.note_service(service, None)

    def _first(self, line: bytes) -> None:
        """Check the first entry, which shows whether these are audit logs."""
        entry = to_dict(line)
        if "protoPayload" not in entry or not _TIMESTAMP.search(line):
            raise FastPathUnavailable
        self.state.note_service(gcp_audit.service_name(entry), None)

    def _parse_line(self, hit: prefilter.Hit, block: bytes, offset: int) -> int | None:
        """Parse the line of a match, if it may be wanted. Return the line's end where the entry was kept."""
        kind = self.patterns.kinds[hit[0]]
        if kind == prefilter.ODD:
            raise FastPathUnavailable
        if kind == prefilter.NAME and not prefilter.names_wanted_method(block, hit[1]):
            return None
        begin, end = _line(block, hit[1])
        line = block[begin:end]
        if kind == prefilter.FEDERATED and b'"code":' not in line and b'"severity":"ERR' not in line:
            return None
        entry = to_dict(line)
        if kind == prefilter.OTHER_TIME:
            self.state.note_time(gcp_audit.moment(entry), self.origin)
            return None
        self.state.note_service(gcp_audit.service_name(entry), None)
        self.state.keep(entry, self.origin, offset + begin, len(line))
        return end

    def _times(self, hits: list[prefilter.Hit], block: bytes) -> None:
        """Record the earliest and the latest time. Their lines are parsed, since nested objects may hold a time too."""
        while hits:
            times = [(block[hit[1] + _TIME_AT : hit[1] + _TIME_AT + _TIME_LENGTH], hit[1]) for hit in hits]
            nested = set()
            for text, start in {min(times), max(times)}:
                begin, end = _line(block, start)
                time = gcp_audit.moment(to_dict(block[begin:end]))
                entry_time = cloudtrail.epoch(text.decode("ascii", "replace") + "Z")
                if time is None or entry_time is None or abs(time - entry_time) > 1:
                    nested.add(start)
                self.state.note_time(time, self.origin)
            if not nested:
                return
            hits = [hit for hit in hits if hit[1] not in nested]


def _line(block: bytes, place: int) -> tuple[int, int]:
    """Return the begin and end of the line around this offset."""
    return block.rfind(b"\n", 0, place) + 1, block.index(b"\n", place)
