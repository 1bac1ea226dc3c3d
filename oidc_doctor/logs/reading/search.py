"""Search log files that are written as the cloud writes them, and decode only the records that may be wanted.

A file is unpacked in pieces and cut into units of whole records. One search finds each record's begin and time in a
unit, and all names of wanted events. A unit without such a name is only counted. Where a name is found, the parser cuts
the unit into records, and those with a name are decoded. At any doubt all records of the unit are decoded: the numbers
of begins, times and records differ, a name may be written with escapes, a record is of another version.

Why a cut may be trusted: the text with which a record begins cannot stand inside a JSON string without escapes. Callers
can write it into nested lists, but a unit that is decoded must be a list of whole values. If one of its ends were
nested and the other not, its brackets would not match, and the file is read again without cuts; both ends can only be
in the same nested list if that is longer than a block, and no record is. JSON lines have no line end inside an entry.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from oidc_doctor.logs.attempts.columns import NO_PLACE
from oidc_doctor.logs.reading.unpacked import NotSearchableError
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_audit, gcp_writes
from oidc_doctor.model import limits
from oidc_doctor.model.document import Origin

try:
    from ahocorasick_rs import BytesAhoCorasick, MatchKind
except ImportError:  # there is no wheel for musl: every record is decoded, which is slower and finds the same
    _CAN_SEARCH = False
else:
    _CAN_SEARCH = True

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oidc_doctor.logs.reading.scan_state import ScanState

    Hit = tuple[int, int, int]  # number of the pattern, begin, end

LARGEST = limits.LOG_BLOCK.most  # bytes of a unit
BLOCK = 320 * 1024  # bytes that the parser cuts around a wanted record: a CloudTrail record has at most 256 KB
HEAD = 4096  # bytes that show how the file is written

# The kinds of patterns. The clouds do not write names with escapes (\u0041ssumeRole…), but others may.
_START, _TIME, _REGION, _ODD, _FEDERATED, _ERROR, _NAME = range(7)
_ESCAPES = (b"\\u004", b"\\u005", b"\\u006", b"\\u007")
_TRAIL_NAMES = [f'"{name}"' for name in sorted({cloudtrail.EVENT_NAME, *cloudtrail_writes.WRITES})]
_ENTRY_NAMES = [
    f'{name}"'
    for name in (
        *("ExchangeToken", "GenerateAccessToken", "GenerateIdToken", "etIAMPolicy", "etIamPolicy", "etIamPermissions"),
        *sorted(gcp_writes.WRITES - {gcp_writes.SET_POLICY}),
    )
]

_TRAIL_OPENING = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*(\{\s*"eventVersion"\s*:\s*"1\.)')
_TRAIL_CLOSING = re.compile(rb"\s*\]\s*\}\s*\Z")
_LINES_OPENING = re.compile(rb'\{(?=\s?")')
_LINES_CLOSING = re.compile(rb"\s*\Z")
_AROUND = 128  # bytes searched for the gap between two records, and for the end of the file
_INSTANT = re.compile(rb':\s?"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')
_WORD = re.compile(rb'\s*:\s*"([\w-]{1,30})"')
_TO_THE_SECOND = len(b': "2026-11-22T13:05:00')
_VALUE = 64  # bytes of a member's value

_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_raws_of_lines = msgspec.json.Decoder(msgspec.Raw).decode_lines
_FAULTS = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class _Patterns(NamedTuple):
    find: Callable[[bytes], list[Hit]]
    kinds: tuple[int, ...]  # by the pattern's number, which is the kind for _START and _TIME


class _Unit(NamedTuple):
    """Whole records: `data` from `begin` to `end`, as written in the file. Only a file of one unit has text around."""

    data: bytes
    begin: int
    end: int
    offset: int  # of `data` in the unpacked file


class _TrailFile:
    """CloudTrail's own layout, with any whitespace: `{"Records":[{"eventVersion":…},{"eventVersion":…}]}`."""

    closing = _TRAIL_CLOSING
    services = frozenset({"sts.amazonaws.com", "iam.amazonaws.com"})  # by whose absence a missing event is judged

    def __init__(self, head: bytes, state: ScanState) -> None:
        opening = _TRAIL_OPENING.match(head)
        if opening is None:
            raise NotSearchableError
        self.begin = opening.start(1)
        self.start = opening[1]  # as this file writes it
        self.member = b'"eventSource":%b"%%b"' % (b" " if b": " in self.start else b"")
        self._is_region_known = bool(state.regions)

    @property
    def patterns(self) -> _Patterns:
        """The texts that are searched for."""
        return _trail_patterns(self.start, is_region_known=self._is_region_known)

    def cut(self, data: bytes) -> tuple[int, int] | None:
        """Return the end of the last whole record, and the begin of the next."""
        begin = data.rfind(self.start)
        before = data[max(0, begin - _AROUND) : max(0, begin)]
        between = before.rstrip()
        return (begin - len(before) + len(between) - 1, begin) if between.endswith(b",") else None

    def begins(self, _: _Unit, starts: list[int]) -> list[int]:
        """Return where the unit's records begin, of which the starts were found."""
        return starts

    def raws(self, records: bytes) -> list[msgspec.Raw]:
        """Cut the text into records; a comma may follow the last."""
        return _raws(b"[%b]" % records.rstrip().removesuffix(b","))


class _EntryFile:
    """Cloud Logging entries as sinks write them: JSON lines, one entry a line."""

    closing = _LINES_CLOSING
    begin = 0
    services = frozenset(
        f"{name}.googleapis.com" for name in ("sts", "iamcredentials", "iam", "storage", "artifactregistry")
    )

    def __init__(self, head: bytes, _: ScanState) -> None:
        opening = _LINES_OPENING.match(head)
        if opening is None or b'"protoPayload"' not in head.partition(b"\n")[0]:
            raise NotSearchableError
        self.start = b"\n" + opening[0]
        self.member = b'"serviceName":%b"%%b"' % (b" " if b'": ' in head else b"")

    @property
    def patterns(self) -> _Patterns:
        """The texts that are searched for."""
        return _entry_patterns(self.start)

    def cut(self, data: bytes) -> tuple[int, int] | None:
        """Return the end of the last whole entry, and the begin of the next."""
        end = data.rfind(self.start)
        return None if end < 0 else (end, end + 1)

    def begins(self, unit: _Unit, starts: list[int]) -> list[int]:
        """Return where the unit's entries begin, of which the starts were found; none where a line is no entry."""
        is_one_each = unit.data.count(b"\n", unit.begin, unit.end) == len(starts)
        return [unit.begin, *(start + 1 for start in starts)] if is_one_each else []

    def raws(self, records: bytes) -> list[msgspec.Raw]:
        """Cut the text into entries."""
        return _raws_of_lines(records)


_Layout = _TrailFile | _EntryFile


class _Found(NamedTuple):
    """The result of a unit's search."""

    begins: list[int]  # of the records
    times: list[float | None]  # the earliest and the latest, epoch seconds
    regions: set[str]  # where the file's name has none
    wanted: list[int]  # records that may be wanted, by their index


def search(
    name: str, pieces: Iterator[bytes], state: ScanState, known_services: set[str], *, exact: bool, whole: bool
) -> None:
    """Count the records of the file, keep the wanted ones. Raises NotSearchableError, with some records in the state.

    `exact`: decode every record, which shows all services and Regions. `whole`: do not cut the file into units.
    `known_services` were seen in other files, and are not searched for.
    """
    head = b""
    while len(head) < HEAD and (piece := next(pieces, None)) is not None:
        head = head + piece if head else piece  # the first member of a gzip file may be short
    origin = Origin(name)
    layout = (_TrailFile if state.source == "cloudtrail" else _EntryFile)(head, state)
    for unit in _units(layout, head, pieces, whole=whole):
        result = _search(unit, layout) if _CAN_SEARCH and not exact else None
        if result is None or (result.wanted and not _add_wanted(unit, layout, result, origin, state)):
            _add_all(unit, layout, origin, state)
            continue
        state.events += len(result.begins) - len(result.wanted)
        for time in result.times:
            state.note_time(time, origin)
        for service in layout.services - known_services - state.services:
            if layout.member % service.encode() in unit.data:
                state.note_service(service, None)
        for region in result.regions:
            state.note_service(None, region)


def _units(layout: _Layout, data: bytes, pieces: Iterator[bytes], *, whole: bool) -> Iterator[_Unit]:
    """Yield the file's records in units; `data` is the file's first piece."""
    begin, offset = layout.begin, 0
    for piece in pieces:
        if len(data) + len(piece) > LARGEST:
            raise NotSearchableError
        data += piece
        if not whole and (cut := layout.cut(data)):
            yield _Unit(data[begin : cut[0]], 0, cut[0] - begin, offset + begin)
            data, begin, offset = data[cut[1] :], 0, offset + cut[1]
    closing = layout.closing.search(data, max(0, len(data) - _AROUND))
    unit = _Unit(data, begin, closing.start() if closing else begin, offset)
    last = max(begin, data.rfind(layout.start))
    if unit.end <= begin or not (_cut(data[last : unit.end], layout) or _cut(data[begin : unit.end], layout)):
        raise NotSearchableError  # the file may be cut off, also where it ends like a whole one
    yield unit


def _search(unit: _Unit, layout: _Layout) -> _Found | None:
    """Search the unit. Return None at any doubt."""
    data, patterns = unit.data, layout.patterns
    hits = patterns.find(data)
    times = [data[end : end + _TO_THE_SECOND] for number, _, end in hits if number == _TIME]
    begins = layout.begins(unit, [begin for number, begin, _ in hits if number == _START])
    others = [(patterns.kinds[number], begin, end) for number, begin, end in hits if number > _TIME]
    if not times or len(times) != len(begins) or any(kind == _ODD for kind, _, _ in others):
        return None
    span = [_INSTANT.match(time) for time in (min(times), max(times))]
    regions = {_WORD.match(data, end, end + _VALUE) for kind, _, end in others if kind == _REGION}
    if None in span or None in regions:
        return None
    records: dict[int, set[int]] = {_NAME: set(), _FEDERATED: set(), _ERROR: set()}
    for kind, begin, _ in others:
        if kind in records:
            records[kind].add(bisect_right(begins, begin) - 1)
    return _Found(
        begins,
        [time and cloudtrail.epoch(f"{time[1].decode()}Z") for time in span],
        {region[1].decode() for region in regions if region},
        sorted(records[_NAME] | (records[_FEDERATED] & records[_ERROR])),
    )


def _add_wanted(unit: _Unit, layout: _Layout, result: _Found, origin: Origin, state: ScanState) -> bool:
    """Decode the wanted records and add them to the state.

    Only the blocks that hold one are cut. Return False, before anything is added, where a block is not the records that
    the search found: something nested looks like a record.
    """
    begins = result.begins
    wanted: list[tuple[bytes, int]] = []
    first = 0
    while first < len(begins):
        following = bisect_left(begins, begins[first] + BLOCK)
        indexes = result.wanted[bisect_left(result.wanted, first) : bisect_left(result.wanted, following)]
        if indexes:
            end = begins[following] if following < len(begins) else unit.end
            raws = _cut(unit.data[begins[first] : end], layout)
            if raws is None or len(raws) != following - first:
                return False
            wanted += [(bytes(raws[index - first]), begins[index]) for index in indexes]
        first = following
    for raw, begin in wanted:
        _add(raw, unit.offset + begin, origin, state)
    return True


def _add_all(unit: _Unit, layout: _Layout, origin: Origin, state: ScanState) -> None:
    raws = _cut(unit.data[unit.begin : unit.end], layout)
    if raws is None:
        raise NotSearchableError
    for raw in raws:
        _add(bytes(raw), NO_PLACE, origin, state)


def _add(raw: bytes, place: int, origin: Origin, state: ScanState) -> None:
    parse = cloudtrail if state.source == "cloudtrail" else gcp_audit
    try:
        value = msgspec.json.decode(raw)
    except _FAULTS:
        raise NotSearchableError from None
    for record, at in parse.records(value, origin, state.problems):
        state.add(record, at, place, len(raw))


def _cut(records: bytes, layout: _Layout) -> list[msgspec.Raw] | None:
    """Cut the text into records; return None where it is not a list of whole ones."""
    try:
        return layout.raws(records)
    except _FAULTS:
        return None


@functools.lru_cache(maxsize=16)
def _trail_patterns(start: bytes, *, is_region_known: bool) -> _Patterns:
    return _patterns(
        (start, _START),
        (b'"eventTime"', _TIME),
        *([] if is_region_known else [(b'"awsRegion"', _REGION)]),
        *((escape, _ODD) for escape in _ESCAPES),
        (b"nsightDetails", _ODD),
        (b"federatedProvider", _FEDERATED),
        (b'errorCode"', _ERROR),
        *((name.encode(), _NAME) for name in _TRAIL_NAMES),
    )


@functools.lru_cache(maxsize=4)
def _entry_patterns(start: bytes) -> _Patterns:
    return _patterns(
        (start, _START),
        (b'"timestamp"', _TIME),
        *((escape, _ODD) for escape in _ESCAPES),
        (b"principal://", _FEDERATED),
        (b'"code"', _ERROR),
        (b'"ERROR"', _ERROR),
        *((name.encode(), _NAME) for name in _ENTRY_NAMES),
    )


def _patterns(*patterns: tuple[bytes, int]) -> _Patterns:
    matcher = BytesAhoCorasick([pattern for pattern, _ in patterns], matchkind=MatchKind.LeftmostFirst)
    return _Patterns(matcher.find_matches_as_indexes, tuple(kind for _, kind in patterns))
