"""Read the bytes of a log file in pieces, unpacked by isal where the file is gzip, or one record of the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO

from isal import igzip_lib

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 4 << 20  # bytes: a piece stays in the cache until it is searched
READ = 1 << 20
LONGEST_RECORD = 2 << 20  # bytes read again of one record

_ISAL_FAULT: Any = igzip_lib.IsalError  # the type stub declares it as a value


class NotSearchableError(Exception):
    """The file is damaged, or not written as the cloud writes it: the tolerant reader has to read it."""


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the file's bytes in pieces of at most PIECE. Raises NotSearchableError for damaged or truncated gzip."""
    data = stream.read(READ)
    if not data.startswith(b"\x1f\x8b"):
        while data:
            for start in range(0, len(data), PIECE):
                yield data[start : start + PIECE]
            data = stream.read(READ)
        return
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
                    raise NotSearchableError
    except _ISAL_FAULT:
        raise NotSearchableError from None


def text_at(stream: BinaryIO, place: int) -> str | None:
    """Return the JSON text of the object at an offset of the unpacked file, or None. Raises OSError."""
    offset = 0
    following = b""  # the bytes from `place` on
    try:
        for piece in pieces(stream):
            following += piece[max(0, place - offset) :]
            offset += len(piece)
            if len(following) > LONGEST_RECORD:
                break
    except NotSearchableError:
        return None
    text = following[:LONGEST_RECORD].decode("utf-8", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return text[:end] if isinstance(value, dict) else None
