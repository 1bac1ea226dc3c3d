"""One log file, read at the pace of its decompression: bytes that cannot hold a wanted record are never parsed.

Only two layouts are read so, the ones that the clouds themselves write: CloudTrail's `{"Records":[{"eventVersion":…`
without spaces, and JSON lines of Cloud Logging. At any doubt (another layout, an escape in a name, damage, a record
that is not where it is expected) `FastPathUnavailable` is raised, and the caller reads the file in full with `values`.

Where a record is cut out of the bytes, it is proven to be an element of Records: what lies between two cuts must be
whole JSON values, so nothing that is nested in a record can be taken for one.
"""

from __future__ import annotations

import functools
import json
import re
from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO

from oidc_doctor.logs.reading import prefilter
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_audit
from oidc_doctor.logs.records.gcp_audit import IAM_CREDENTIALS, STS
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oidc_doctor.logs.reading.counters import ScanState, Window

PIECE = 524288
HELD = 8 << 20  # bytes of one file that are held until it is known whether they are needed
READ = 1 << 20

_HEAD = b'{"Records":['
_FIRST = b'{"Records":[{"eventVersion":"1.'
_NEXT = prefilter.RECORD
_NUMBER = itemgetter(0)
_RECORD = b'{"eventVersion":"'
_END = re.compile(rb"\]\}\s*\Z")
_EMPTY = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*\]\s*\}\s*\Z')
_EVENT_TIME = re.compile(rb'"eventTime":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')
_EVENT_SOURCE = re.compile(rb'"eventSource":"([\w.-]{1,100})"')
_AWS_REGION = re.compile(rb'"awsRegion":"([\w-]{1,30})"')
_TIMESTAMP = re.compile(rb'"timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')
_OPENING = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*\Z')
_CLOSING = re.compile(rb"\s*\]\s*\}\s*\Z")
_BETWEEN = re.compile(rb"\s*,\s*\Z")
_EVE = b'"eve'  # of "eventTime", before the needle
_LARGEST = 256 * 1024  # CloudTrail's largest record
_STAMP = len("2026-11-22T13:05:00Z")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_AROUND = 64  # bytes in which a name's beginning and end are looked for
_LONGEST_RECORD = 2 << 20  # bytes read again of one record
_LOOK = 16 * 1024  # bytes at a file's beginning in which its first record is looked for
_TAIL = 32 * 1024  # of a piece: enough for nearly any record
_WANTED = frozenset((cloudtrail.EVENT_NAME, *cloudtrail_writes.WRITES))


class FastPathUnavailable(Exception):  # noqa: N818 - it is no error: the file is read another way
    """The file has to be read in full."""


class _Again(Exception):  # noqa: N818 - likewise
    """There may be a wanted record, and the bytes before it were not held."""


class _LookError(Exception):
    """Each record has to be looked at."""


def read(
    stream: Callable[[], BinaryIO], name: str, tally: ScanState, *, exact: bool, window: Window | None = None
) -> None:
    """Count the records of one file into `tally`, and keep the wanted ones.

    `exact` looks at each record for its service and Region; otherwise only STS is looked for, and the first record of
    each file. `window` are times that other files reach (epoch seconds). Raises FastPathUnavailable, and what reading
    raises; the caller then restores the state before the file.
    """
    mark = tally.mark()
    reader = _Trail if tally.source == "cloudtrail" else _Lines
    exact = exact or tally.nested  # other files by the same writers are alike
    hold = exact or tally.dense
    while True:
        with stream() as opened:
            try:
                reader(name, tally, window, exact=exact, hold=hold).read(_pieces(opened))
            except _Again:
                hold = True
            except _LookError:
                exact = tally.nested = True
            else:
                return
        tally.back(mark)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The file's bytes, unpacked where it is gzip. Raises FastPathUnavailable where the gzip data is cut off."""
    data = stream.read(READ)
    if not data.startswith(b"\x1f\x8b"):
        while data:
            for start in range(0, len(data), PIECE):
                yield data[start : start + PIECE]
            data = stream.read(READ)
        return
    from isal import igzip_lib

    fault: Any = igzip_lib.IsalError  # its stub makes it a value
    member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    try:
        while True:
            yield member.decompress(data, PIECE)
            data = b""
            if member.eof:
                data = (member.unused_data or stream.read(READ)).lstrip(b"\0")
                if not data:
                    return
                member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            elif member.needs_input:
                data = stream.read(READ)
                if not data:
                    raise FastPathUnavailable
    except fault:
        raise FastPathUnavailable from None


def text_at(stream: BinaryIO, place: int) -> str | None:
    """The JSON text of the object at this offset of the unpacked file; None where there is none. Raises OSError."""
    offset = 0
    held = b""
    try:
        for piece in _pieces(stream):
            held += piece[max(0, place - offset) :]
            offset += len(piece)
            if len(held) > _LONGEST_RECORD:
                break
    except FastPathUnavailable:
        return None
    text = held[:_LONGEST_RECORD].decode("utf-8", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return text[:end] if isinstance(value, dict) else None


def load_libraries() -> None:
    """Import what reading needs."""
    import isal.igzip_lib  # noqa: F401
    import msgspec.json  # noqa: F401

    prefilter.needles("cloudtrail")


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next piece, in place of giving it back and faulting it in again.

    glibc raises its threshold to the size of the largest block that was freed [mallopt(3), M_MMAP_THRESHOLD]. The block
    is never written to, so it takes no memory; elsewhere this does nothing.
    """
    block = bytearray(30 << 20)
    del block


class _Trail:
    """A CloudTrail file. Unless told to `hold`, it is only searched, since that keeps the same memory in the cache."""

    def __init__(self, name: str, tally: ScanState, window: Window | None, *, exact: bool, hold: bool) -> None:
        self.origin = Origin(name)
        self.tally = tally
        self.narrow = tally.inside(window)  # then the times of the records need not be looked at
        self.exact = exact
        self.hold = hold
        self.needles = prefilter.needles("cloudtrail")
        self.held: list[bytes] = []
        self.size = 0  # of what was searched and is held
        self.base = 0  # the offset of what is held
        self.wanted: list[int] = []  # offsets in or near wanted records
        self.any_wanted = False
        self.records = 1  # by what stands between them
        self.events_before = tally.events
        self.federated = 0  # the offset of the last federated caller
        self.earliest, self.latest = b"~", b""

    def read(self, pieces: Iterator[bytes]) -> None:
        """The whole file. Raises FastPathUnavailable."""
        head = b""
        while len(head) < _LOOK and (more := next(pieces, None)) is not None:
            head += more  # the first member of a gzip file may be short
        if self.exact or not head.startswith(_FIRST):
            self._whole(head, pieces)
            return
        self._begin(head[:_LOOK])
        piece: bytes | None = head
        del head
        before = b""  # the end of the piece before
        while piece is not None:
            self._search_seam(before, piece)
            self._search(piece)
            if self.wanted and not self.hold:
                raise _Again
            before = self._keep(before, piece)
            del piece  # its memory, which is in the cache, is for the next
            piece = next(pieces, None)
        self._search_seam(before, b"")
        if self.wanted and not self.hold:
            raise _Again
        if self.records != self.tally.events - self.events_before:
            raise _LookError  # something else has a time, or looks like a record
        self._finish(before)
        self.tally.dense = self.any_wanted
        for text in (self.earliest, self.latest):
            if len(text) == _STAMP:
                self.tally.saw(cloudtrail.epoch(text.decode("ascii", "replace")), self.origin)

    def _keep(self, before: bytes, piece: bytes) -> bytes:
        """Hold the piece, or only its end."""
        self.size += len(piece)
        end = piece[-_TAIL:] if len(piece) > _TAIL else (before + piece)[-_TAIL:]
        self.held = [*self.held, piece] if self.hold else [end]
        if self.hold and self.size > HELD:
            self._let_go()
        return end

    def _begin(self, head: bytes) -> None:
        """What the first record tells."""
        time, service, region = (one.search(head) for one in (_EVENT_TIME, _EVENT_SOURCE, _AWS_REGION))
        if time is None:
            raise FastPathUnavailable
        self.tally.saw(cloudtrail.epoch(time[1].decode()), self.origin)
        self.tally.of(service[1].decode() if service else None, region[1].decode() if region else None)
        self.needles = prefilter.needles("cloudtrail", *(self.tally.hours() or (time[1][:11].decode(),)))

    def _search(self, piece: bytes) -> None:
        """Count the records, and take down where something wanted may be."""
        hits = self.needles.find(piece)
        times = self.needles.times
        numbers = [*map(_NUMBER, hits)]
        records = numbers.count(0)
        timed = sum(map(numbers.count, range(1, times)))
        self.records += records
        self.tally.events += timed
        if not self.narrow:
            self._times([hit for hit in hits if 0 < hit[0] < times], piece)
        others = [hit for hit in hits if hit[0] >= times] if records + timed < len(hits) else []
        if others:
            edge = len(piece) - prefilter.LONGEST
            self._look([hit for hit in others if hit[1] < edge or hit[0] != times], piece, self.base + self.size)
        if not self.tally.has_sts and prefilter.only(b'"sts.amazonaws.com"')(piece):
            self.tally.of("sts.amazonaws.com", None)
            self.tally.has_sts = True

    def _times(self, hits: list[prefilter.Hit], piece: bytes) -> None:
        """The earliest and latest of the times, which are in text: 2026-11-22T13:05:00Z."""
        begin, end = len(b'ntTime":"'), len(b'ntTime":"') + _STAMP
        found = [piece[hit[1] + begin : hit[1] + end] for hit in hits]
        while found and len(found[-1]) < _STAMP:
            found.pop()  # across the end of the piece: the seam has it
        if found:
            for text in (min(found), max(found)):
                start = hits[found.index(text)][1]
                if start < len(_EVE) or piece.startswith(_EVE, start - len(_EVE)):
                    self.earliest, self.latest = min(self.earliest, text), max(self.latest, text)

    def _search_seam(self, before: bytes, piece: bytes) -> None:
        """The needles that lie across the end of a piece. A time's other needle is its beginning: see `_search`."""
        tail = before[-prefilter.LONGEST :]
        if not tail:
            return
        seam = tail + piece[: prefilter.LONGEST]
        hits = self.needles.find(seam)
        times, size = self.needles.times, len(tail)
        if not self.narrow:
            reach = len(b'ntTime":"') + _STAMP
            self._times([hit for hit in hits if 0 < hit[0] < times and hit[1] < size < hit[1] + reach], seam)
        across = [hit for hit in hits if hit[1] < size and (hit[2] > size or hit[0] == times)]
        self.records += sum(hit[0] == 0 for hit in across)
        self.tally.events += sum(0 < hit[0] < times for hit in across)
        others = [hit for hit in across if hit[0] >= times]
        if others:
            self._look(others, tail + piece[:_AROUND], self.base + self.size - size)

    def _look(self, hits: list[prefilter.Hit], piece: bytes, offset: int) -> None:
        """Look again at what was hit. The member errorCode comes after the caller, federated or not."""
        federated, error = self.needles.federated, self.needles.error
        callers = [hit[1] for hit in hits if hit[0] == federated]
        if callers or self.federated:
            self._refusals([hit[1] for hit in hits if hit[0] == error], callers, piece, offset)
        kinds = self.needles.kinds
        for needle, start, end in [hit for hit in hits if hit[0] not in {federated, error}]:
            if kinds[needle] == prefilter.NAME:
                seen = min(_AROUND, offset) <= start and end <= len(piece) - _AROUND
                if not seen or prefilter.names_wanted_call(piece, start):
                    self.wanted.append(offset + start)
            elif kinds[needle] == prefilter.DOUBT:
                raise FastPathUnavailable
            elif start >= len(_EVE) and piece[start - len(_EVE) : start] != _EVE:
                continue  # agentVersion, currentTime, …
            elif kinds[needle] == prefilter.VERSION:
                raise FastPathUnavailable
            else:
                self.tally.events += 1
                text = piece[end : end + _STAMP].decode("ascii", "replace")
                self.tally.saw(cloudtrail.epoch(text.partition('"')[0]), self.origin)

    def _refusals(self, errors: list[int], callers: list[int], piece: bytes, offset: int) -> None:
        """Where an error and a federated caller stand in one record, as far as no other begins between them."""
        for place in errors:
            index = bisect_left(callers, place)
            if index:
                begin = callers[index - 1]
            elif self.federated and offset + place - self.federated < _LARGEST:
                begin = 0
            else:
                continue
            if piece.find(_NEXT, begin, place) < 0:
                self.wanted.append(offset + place)
        if callers:
            self.federated = offset + callers[-1]

    def _let_go(self) -> None:
        """Take apart what is held up to its last record, and hold on to the rest."""
        data = bytearray().join(self.held)
        cut = data.rfind(_NEXT) + 1
        if not cut:
            raise FastPathUnavailable
        start = len(_HEAD) if self.base == 0 else 1  # after a comma
        rest = bytes(data[cut:])
        self._take_apart(data, start, cut, last=False)
        self.wanted = [one for one in self.wanted if one >= self.base + cut]
        self.held = [rest]
        self.base += cut
        self.size -= cut

    def _finish(self, before: bytes) -> None:
        tail = before
        end = _END.search(tail, max(0, len(tail) - _AROUND))
        last = tail.rfind(_RECORD)
        if end is None or last < 0 or not _is_list(b"[" + tail[last : end.start()] + b"]"):
            raise FastPathUnavailable  # the file may be half of one
        if self.wanted or self.base:
            data = bytearray().join(self.held)
            start = len(_HEAD) if self.base == 0 else 1
            self._take_apart(data, start, len(data) - len(tail) + end.start(), last=True)

    def _take_apart(self, data: bytearray, start: int, end: int, *, last: bool) -> None:
        """The wanted records between start and end, where records stand with commas between them.

        What lies between two of them must be whole records, so that none is taken that is nested in another.
        """
        view = memoryview(data)
        at = start
        for place in sorted(one - self.base for one in self.wanted if one < self.base + end):
            if place < at:
                continue  # in the record before
            self.any_wanted = True
            begin = max(data.rfind(_NEXT, at, place) + 2, at)
            after = data.find(_NEXT, place, end)
            stop = end if after < 0 else after + 1
            if begin > at:
                _prove(view, at, begin - 1)
            self._take(bytes(view[begin:stop]), self.base + begin)
            at = stop + 1
        if at < end and not last:
            _prove(view, at, end)

    def _take(self, raw: bytes, place: int) -> None:
        record = _object(raw)
        if not isinstance(record.get("eventName"), str):
            raise FastPathUnavailable
        self.tally.of(cloudtrail.text(record.get("eventSource")), cloudtrail.text(record.get("awsRegion")))
        self.tally.keep(record, self.origin, place, len(raw))

    def _whole(self, head: bytes, pieces: Iterator[bytes]) -> None:
        """A file that is parsed as a whole, in any layout, each record looked at."""
        held = [head]
        size = len(head)
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size > HELD:
                raise FastPathUnavailable
        data = b"".join(held)
        if _EMPTY.match(data) or self._counted(data):
            return
        at = 0
        for raw, begin in _elements(data):
            look = _slim(raw)
            if not isinstance(look.eventName, str) or "Insight" in (look.eventCategory or look.eventType or ""):
                raise FastPathUnavailable
            at = begin
            wanted = look.eventName in _WANTED or (look.errorCode is not None and b"ederatedProvider" in raw)
            if wanted or b"\\u00" in raw or (look.eventVersion or "")[:2] != "1.":
                self.tally.add(_object(raw), self.origin, at, len(raw))
            else:
                self.tally.events += 1
                self.tally.of(cloudtrail.text(look.eventSource), cloudtrail.text(look.awsRegion))
                self.tally.saw(cloudtrail.epoch(look.eventTime), self.origin)

    def _counted(self, data: bytes) -> bool:
        """Count the records of a file that holds none to keep, in one go; False where one may have to be kept."""
        looks = _slim_page(data)
        if looks is None:
            return False
        times = [one.eventTime for one in looks]
        kinds = {
            (one.eventVersion, one.eventName, one.eventSource, one.awsRegion, one.eventCategory, one.eventType)
            for one in looks
        }
        plain = all(name and name not in _WANTED and (version or "")[:2] == "1." for version, name, *_ in kinds)
        insight = any("Insight" in (category or kind or "") for *_, category, kind in kinds)
        if not plain or insight or None in times or not all(map(_INSTANT.fullmatch, times)):
            return False
        refused = any(one.errorCode is not None for one in looks)
        if refused and prefilter.may_be_federated(data):
            return False
        first, last = cloudtrail.epoch(min(times)), cloudtrail.epoch(max(times))
        if first is None or last is None:
            return False
        self.tally.events += len(looks)
        for time in (first, last):
            self.tally.saw(time, self.origin)
        for _, _, service, region, *_ in kinds:
            self.tally.of(cloudtrail.text(service), cloudtrail.text(region))
        return True


class _Lines:
    """JSON lines of Cloud Logging: one entry a line, as a sink writes them."""

    def __init__(self, name: str, tally: ScanState, window: Window | None, *, exact: bool, hold: bool) -> None:  # noqa: ARG002 - as _Trail
        self.origin = Origin(name)
        self.tally = tally
        self.needles = prefilter.needles("gcp-logs")
        self.base = 0

    def read(self, pieces: Iterator[bytes]) -> None:
        """The whole file. Raises FastPathUnavailable."""
        rest = b""
        for piece in pieces:
            block = rest + piece
            cut = block.rfind(b"\n") + 1
            if len(block) - cut > HELD:
                raise FastPathUnavailable
            rest = block[cut:]
            if cut:
                self._block(block[:cut])
        if rest.strip():
            self._block(rest + b"\n")
        elif not self.base:
            raise FastPathUnavailable  # an empty file: it is named

    def _block(self, block: bytes) -> None:
        """Whole lines: each must be an object. Two objects side by side stand nowhere inside a JSON value."""
        ends = prefilter.lines(block)  # in one pass: bytes.count is slower than all the rest
        if block[:2] != b'{"' or block[-2:] != b"}\n" or sum(hit[0] for hit in ends) != 1:
            raise FastPathUnavailable
        lines = len(ends)
        if not self.base:
            self._begin(block[: block.index(b"\n")])
        found = self.needles.find(block)
        self.tally.events += lines
        self._times([hit for hit in found if not hit[0]], block)
        done = 0
        for hit in found:
            if hit[0] and hit[1] >= done:
                done = self._look(hit, block, done)
        for service in (STS, IAM_CREDENTIALS):
            if service not in self.tally.services and prefilter.only(b'"%s"' % service.encode())(block):
                self.tally.of(service, None)
        self.base += len(block)

    def _look(self, hit: prefilter.Hit, block: bytes, done: int) -> int:
        """Look again at what was hit; the end of the line where that was taken, else what was done before."""
        kind = self.needles.kinds[hit[0]]
        if kind == prefilter.DOUBT:
            raise FastPathUnavailable
        if kind == prefilter.NAME and not prefilter.names_wanted_method(block, hit[1]):
            return done
        begin, end = block.rfind(b"\n", 0, hit[1]) + 1, block.index(b"\n", hit[1])
        line = block[begin:end]
        if kind == prefilter.FEDERATED and b'"code":' not in line and b'"severity":"ERR' not in line:
            return done
        entry = _object(line)
        if kind == prefilter.OTHER_TIME:
            self.tally.saw(gcp_audit.moment(entry), self.origin)
            return done
        self.tally.of(gcp_audit.service_name(entry), None)
        self.tally.keep(entry, self.origin, self.base + begin, len(line))
        return end

    def _times(self, hits: list[prefilter.Hit], block: bytes) -> None:
        """The earliest and latest time, of which the entry itself is asked: others may hold a member of that name."""
        begin = len(b'"timestamp":"')
        while hits:
            found = [(block[hit[1] + begin : hit[1] + begin + _STAMP - 1], hit[1]) for hit in hits]
            odd = set()
            for text, start in {min(found), max(found)}:
                time = gcp_audit.moment(_object(_line(block, start)))
                told = cloudtrail.epoch(text.decode("ascii", "replace") + "Z")
                if time is None or told is None or abs(time - told) > 1:
                    odd.add(start)
                self.tally.saw(time, self.origin)
            if not odd:
                return
            hits = [hit for hit in hits if hit[1] not in odd]

    def _begin(self, line: bytes) -> None:
        entry = _object(line)
        time = _TIMESTAMP.search(line)
        if "protoPayload" not in entry or time is None:
            raise FastPathUnavailable
        self.tally.of(gcp_audit.service_name(entry), None)
        self.needles = prefilter.needles("gcp-logs", "2")


def _line(block: bytes, place: int) -> bytes:
    return block[block.rfind(b"\n", 0, place) + 1 : block.index(b"\n", place)]


def _elements(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The elements of Records with their offsets, where that is all that the file holds."""
    import msgspec

    try:
        found = _page()(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise FastPathUnavailable from None
    at = 0
    for number, one in enumerate(found):
        raw = bytes(one)
        begin = data.find(raw, at)
        if not (_BETWEEN if number else _OPENING).match(data[at:begin]):
            raise FastPathUnavailable
        yield raw, begin
        at = begin + len(raw)
    if not found or not _CLOSING.match(data[at:]):
        raise FastPathUnavailable


@functools.cache
def _page() -> Callable[[bytes], list[Any]]:
    import msgspec

    page: Any = msgspec.defstruct("Page", [("Records", list[msgspec.Raw])])
    decode = msgspec.json.Decoder(page).decode
    return lambda data: decode(data).Records


def _slim_page(data: bytes) -> list[Any] | None:
    """What is looked at in each record of a file; None where the file holds anything but records, or is damaged."""
    import msgspec

    try:
        found: list[Any] = _slim_pages()(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return found or None


@functools.cache
def _slim_pages() -> Callable[[bytes], list[Any]]:
    import msgspec

    page: Any = msgspec.defstruct("Looks", [("Records", list[_slim_type()])], forbid_unknown_fields=True)  # type: ignore[misc]
    decode = msgspec.json.Decoder(page).decode
    return lambda data: decode(data).Records


@functools.cache
def _slim_decoder() -> Callable[[bytes], Any]:
    import msgspec

    return msgspec.json.Decoder(_slim_type()).decode


@functools.cache
def _slim_type() -> Any:
    import msgspec

    names = ("eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "errorCode", "eventCategory",
             "eventType")  # fmt: skip
    return msgspec.defstruct("Slim", [(name, str | None, None) for name in names])


def _slim(raw: bytes) -> Any:
    import msgspec

    try:
        return _slim_decoder()(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise FastPathUnavailable from None


def _prove(view: memoryview, start: int, end: int) -> None:
    """Raise FastPathUnavailable unless the bytes are whole objects with commas between them.

    The bytes around them are overwritten.
    """
    view[start - 1], view[end] = ord("["), ord("]")
    if not _is_list(view[start - 1 : end + 1]):
        raise FastPathUnavailable


@functools.cache
def _skipper() -> Callable[[bytes | memoryview], Any]:
    import msgspec

    nothing: Any = msgspec.defstruct("Nothing", [])
    return msgspec.json.Decoder(list[nothing]).decode


def _is_list(data: bytes | memoryview) -> bool:
    """Whether the bytes are a whole list of objects; nothing is made of them."""
    import msgspec

    try:
        _skipper()(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _object(raw: bytes) -> dict[str, Any]:
    import msgspec

    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise FastPathUnavailable from None
    if not isinstance(found, dict):
        raise FastPathUnavailable
    return found
