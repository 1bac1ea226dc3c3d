"""Read CloudTrail files in CloudTrail's own layout: `{"Records":[{"eventVersion":…},{"eventVersion":…}]}`.

`search` cuts the file into blocks of whole records, and parses a block only where a pattern of a wanted record is found
in it, or where the numbers of records and of times disagree (then something nested looks like a record). `parse`
parses the whole file, with any whitespace.

Why a cut may be trusted: a block is cut at text that stands between two records, and callers can write the same text
into nested lists. A block that is parsed must be a list of whole objects. If one of its ends were nested and the other
not, its brackets would not match; both ends can only be in the same nested list if that list is longer than a block,
and CloudTrail's largest record is half of one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.logs.reading import prefilter
from oidc_doctor.logs.reading.decode import is_object, raw_records, record_headers, records_at, to_dict
from oidc_doctor.logs.reading.unpacked import FastPathUnavailable
from oidc_doctor.logs.records import cloudtrail
from oidc_doctor.model import limits
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.logs.reading.scan_state import ScanState

LARGEST = limits.LOG_BLOCK.most  # of a block without a cut, and of a file that is parsed whole

_HEAD = b'{"Records":['
_FIRST = b'{"Records":[{"eventVersion":"1.'
_LAST_RECORD = b'{"eventVersion":"'
_OPENING = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*')
_CLOSING = re.compile(rb"\s*\]\s*\}\s*\Z")
_EVENT_TIME = re.compile(rb'"eventTime":"(\d{4}-\d\d-\d\dT)\d\d:\d\d:\d\dZ"')
_EVENT_SOURCE = re.compile(rb'"eventSource":"([\w.-]{1,100})"')
_AWS_REGION = re.compile(rb'"awsRegion":"([\w-]{1,30})"')
_STS = "sts.amazonaws.com"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_EVE = b"eve"  # of eventTime and eventVersion, before their patterns
_TIME_AT = len(b'ntTime":"')
_TIME_LENGTH = len("2026-11-22T13:05:00Z")
_ENOUGH = 16 * 1024  # bytes searched for the first record's time, service and Region
_AROUND = 64  # bytes searched for the end of the list


def search(name: str, pieces: Iterator[bytes], state: ScanState) -> None:
    """Count the records of the file, keep the wanted ones. Raises FastPathUnavailable."""
    file = _TrailSearch(name, state)
    for block, offset in _blocks(pieces):
        file.read(block, offset)


def parse(name: str, pieces: Iterator[bytes], state: ScanState) -> None:
    """Read a file with any whitespace, inspecting each record. Raises FastPathUnavailable."""
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > LARGEST:
            raise FastPathUnavailable
    opening = _OPENING.match(data)
    closing = _CLOSING.search(data, max(0, len(data) - _AROUND))
    if opening is None or closing is None:
        raise FastPathUnavailable
    _read_each(bytes(data[opening.end() : closing.start()]), opening.end(), Origin(name), state)


def _blocks(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield blocks of whole records with commas between them, as written in the file, with their offsets."""
    head = b""
    while len(head) < _ENOUGH and (more := next(pieces, None)) is not None:
        head += more  # the first member of a gzip file may be short
    if not head.startswith(_FIRST):
        raise FastPathUnavailable
    unfinished, offset = b"", len(_HEAD)
    piece: bytes | None = head[len(_HEAD) :]
    del head
    while piece is not None:
        cut = piece.rfind(prefilter.RECORD) + 1
        if cut:
            yield b"".join((unfinished, memoryview(piece)[:cut])), offset
            offset += len(unfinished) + cut + 1  # after the comma
            unfinished = piece[cut + 1 :]
        else:
            unfinished += piece
            if len(unfinished) > LARGEST:
                raise FastPathUnavailable
        piece = next(pieces, None)
    closing = _CLOSING.search(unfinished, max(0, len(unfinished) - _AROUND))
    if closing is None or not is_object(unfinished[max(0, unfinished.rfind(_LAST_RECORD)) : closing.start()]):
        raise FastPathUnavailable  # the file may be cut off
    yield unfinished[: closing.start()], offset


class _TrailSearch:
    """The search of one file's blocks."""

    def __init__(self, name: str, state: ScanState) -> None:
        self.origin = Origin(name)
        self.state = state
        self.patterns: prefilter.Patterns | None = None

    def read(self, block: bytes, offset: int) -> None:
        """Count the records of one block, keep the wanted ones."""
        patterns = self.patterns = self.patterns or self._patterns(block[:_ENOUGH])
        hits = patterns.find(block)
        numbers = [hit[0] for hit in hits]
        records = numbers.count(0) + 1
        timed = sum(map(numbers.count, range(1, patterns.rare)))
        suspects = self._suspects(hits, block) if max(numbers, default=0) >= patterns.rare else []
        if timed != records or suspects is None:
            _read_each(block, offset, self.origin, self.state)
            return
        self.state.events += records
        times = [
            block[at + _TIME_AT : at + _TIME_AT + _TIME_LENGTH] for number, at, _ in hits if 0 < number < patterns.rare
        ]
        for time in (min(times), max(times)):
            self.state.note_time(cloudtrail.epoch(time.decode("ascii", "replace")), self.origin)
        if _STS not in self.state.services and prefilter.search(b'"%b"' % _STS.encode())(block):
            self.state.note_service(_STS, None)
        for raw, begin in records_at(block, suspects, prefilter.RECORD, records):
            record = to_dict(raw)
            if not isinstance(record.get("eventName"), str):
                raise FastPathUnavailable
            self.state.note_service(
                cloudtrail.text(record.get("eventSource")), cloudtrail.text(record.get("awsRegion"))
            )
            self.state.keep(record, self.origin, offset + begin, len(raw))

    def _patterns(self, head: bytes) -> prefilter.Patterns:
        """Return the patterns for the times of this file, and record the service and Region of its first record."""
        time, service, region = (part.search(head) for part in (_EVENT_TIME, _EVENT_SOURCE, _AWS_REGION))
        if time is None:
            raise FastPathUnavailable
        self.state.note_service(service[1].decode() if service else None, region[1].decode() if region else None)
        return prefilter.trail_patterns(*(self.state.hours() or (time[1].decode(),)))

    def _suspects(self, hits: list[prefilter.Hit], block: bytes) -> list[int] | None:
        """Return offsets in records that may be wanted; None where a record is not in CloudTrail's own layout."""
        kinds = self.patterns.kinds if self.patterns else ()
        suspects = []
        is_federated = False  # the caller of the present record; the member errorCode comes after it
        for number, start, _ in hits:
            kind = kinds[number]
            if kind == prefilter.BOUNDARY:
                is_federated = False
            elif kind == prefilter.FEDERATED:
                is_federated = True
            elif kind == prefilter.ODD or (
                kind in {prefilter.OTHER_TIME, prefilter.VERSION} and block.endswith(_EVE, 0, start)
            ):
                return None
            elif (kind == prefilter.ERROR and is_federated) or (
                kind == prefilter.NAME and prefilter.names_wanted_event(block, start)
            ):
                suspects.append(start)
        return suspects


def _read_each(block: bytes, offset: int, origin: Origin, state: ScanState) -> None:
    """Parse the block, count its records, and keep the wanted ones."""
    records = record_headers(block)
    if any(
        header.eventName is None or "Insight" in (header.eventCategory or header.eventType or "") for header in records
    ):
        raise FastPathUnavailable
    is_denial_possible = prefilter.may_be_federated(block)
    wanted = {
        index
        for index, header in enumerate(records)
        if header.eventName in prefilter.WANTED_EVENTS
        or (is_denial_possible and header.errorCode is not None)
        or (header.eventVersion or "")[:2] != "1."
    }
    if wanted:
        for index, (raw, begin) in enumerate(raw_records(block)):
            if index in wanted:
                state.add(to_dict(raw), origin, offset + begin, len(raw))
    unwanted = [header for index, header in enumerate(records) if index not in wanted] if wanted else records
    state.events += len(unwanted)
    for service, region in {(header.eventSource, header.awsRegion) for header in unwanted}:
        state.note_service(service, region)
    times = [header.eventTime or "" for header in unwanted]
    if times and all(map(_INSTANT.fullmatch, times)):
        times = [min(times), max(times)]
    for text in times:
        state.note_time(cloudtrail.epoch(text), origin)
