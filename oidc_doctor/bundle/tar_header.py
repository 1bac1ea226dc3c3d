"""The headers of tar archives, of which a bundle needs the name, the kind and the size."""

from __future__ import annotations

from tarfile import BLOCKSIZE, DIRTYPE, REGTYPE, TarInfo
from typing import Self

_NAME, _SIZE, _CHECKSUM, _KIND, _FOLDER = slice(100), slice(124, 136), slice(148, 156), slice(156, 157), slice(345, 500)
_SPACES = 8 * ord(" ")  # the checksum is that of a header whose checksum is eight spaces


class TarHeader(TarInfo):
    """A member of a tar archive. Its owner, mode and time are not parsed: tarfile takes three times as long."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return the member of a header's block.

        A file or a folder in the plain form is read here; every other header, a damaged one too, by tarfile, which
        raises HeaderError.
        """
        kind = bytes(buf[_KIND])
        if len(buf) != BLOCKSIZE or kind not in (REGTYPE, DIRTYPE):
            return super().frombuf(buf, encoding, errors)
        try:
            size = int(buf[_SIZE].rstrip(b" \0"), 8)
            is_whole = int(buf[_CHECKSUM].rstrip(b" \0"), 8) == sum(buf) - sum(buf[_CHECKSUM]) + _SPACES
        except ValueError:
            is_whole = False
        if not is_whole:
            return super().frombuf(buf, encoding, errors)
        name, folder = (_text(buf[field], encoding, errors) for field in (_NAME, _FOLDER))
        header = cls(f"{folder}/{name}" if folder else name)
        header.size, header.type = size, kind
        if kind == DIRTYPE:
            header.name = header.name.rstrip("/")
        return header


def _text(field: bytes | bytearray, encoding: str, errors: str) -> str:
    return field.partition(b"\0")[0].decode(encoding, errors)
