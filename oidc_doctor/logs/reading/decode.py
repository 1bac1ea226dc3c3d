"""Decode records with msgspec: as objects, as the few members that are always needed, or as bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from oidc_doctor.logs.reading.unpacked import FastPathUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GAP = re.compile(rb"[\s,]*")
_FAULTS = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class RecordHeader(msgspec.Struct):
    """The members of a CloudTrail record that are read from every record. A member of another type is a fault."""

    eventVersion: str | None = None  # noqa: N815 - as CloudTrail writes it
    eventTime: str | None = None  # noqa: N815
    eventSource: str | None = None  # noqa: N815
    eventName: str | None = None  # noqa: N815
    awsRegion: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    eventCategory: str | None = None  # noqa: N815
    eventType: str | None = None  # noqa: N815


class _Skipped(msgspec.Struct):
    """An object whose members are skipped."""


_record_headers = msgspec.json.Decoder(list[RecordHeader]).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_skipped = msgspec.json.Decoder(list[_Skipped]).decode


def record_headers(block: bytes) -> list[RecordHeader]:
    """Return the members of each record of the block. Raises FastPathUnavailable unless the block is whole records."""
    records: list[RecordHeader] = _decoded(_record_headers, b"[%b]" % block)
    return records


def raw_records(block: bytes) -> Iterator[tuple[bytes, int]]:
    """Return the bytes and offset of each record of the block. Raises FastPathUnavailable, like `record_headers`."""
    at = 0
    for record in _decoded(_raws, b"[%b]" % block):
        raw = bytes(record)
        gap = _GAP.match(block, at)
        begin = gap.end() if gap else at
        if not block.startswith(raw, begin):
            raise FastPathUnavailable
        yield raw, begin
        at = begin + len(raw)


def records_at(block: bytes, places: list[int], boundary: bytes, count: int) -> Iterator[tuple[bytes, int]]:
    """Return the records around these offsets in order, with their offsets; `boundary` separates two records.

    The text before, between and after the records must be whole values, `count` in all including the records, so that
    no record is returned that is nested in another. Raises FastPathUnavailable.
    """
    end = -1  # of the last record
    for place in places:
        if place < end:
            continue  # in the same record
        before = block.rfind(boundary, end + 1, place)
        begin = end + 1 if before < 0 else before + 2
        if begin > end + 1:
            count -= len(_decoded(_raws, b"[%b]" % block[end + 1 : begin - 1]))
        following = block.find(boundary, place)
        end = len(block) if following < 0 else following + 1
        yield block[begin:end], begin
        count -= 1
    if places and end < len(block):
        count -= len(_decoded(_raws, b"[%b]" % block[end + 1 :]))
    if places and count:
        raise FastPathUnavailable


def is_object(raw: bytes) -> bool:
    """Whether the bytes are exactly one JSON object; the object is not built."""
    try:
        return len(_decoded(_skipped, b"[%b]" % raw)) == 1
    except FastPathUnavailable:
        return False


def to_dict(raw: bytes) -> dict[str, Any]:
    """Decode the bytes of one object. Raises FastPathUnavailable where they are none."""
    value = _decoded(msgspec.json.decode, raw)
    if not isinstance(value, dict):
        raise FastPathUnavailable
    return value


def _decoded(decode: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return decode(data)
    except _FAULTS:
        raise FastPathUnavailable from None
