"""Read JSON values from a log file: gzip or not, one value or thousands, whole or cut off.

Memory stays flat: the text is decoded in pieces, and a list of records is read record by record instead of being
loaded whole. Values that can be read are yielded; each fault is passed to `note`, with its place.
"""

from __future__ import annotations

import codecs
import itertools
import json
import re
import zlib
from typing import TYPE_CHECKING, BinaryIO

from oidc_doctor.model import limits
from oidc_doctor.model.document import Json, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Note = Callable[[Origin, str], None]

CHUNK = 256 * 1024  # bytes read, and at most four times as many inflated, in one go
LONGEST = limits.LOG_VALUE.most  # a CloudTrail event has at most 256 KB, an audit entry 512 KiB

BARREN = limits.LOG_BARREN.most

_BLANK = " \t\r\n\ufeff\x1e"  # with the byte order mark, and the separator of RFC 7464
_SPACE = re.compile(f"[{_BLANK}]+")
_MEMBER = re.compile(r'\{[ \t\r\n]*"(\w{1,32})"[ \t\r\n]*:[ \t\r\n]*\[')
_LINE = re.compile(r"\n(?=\{)")
_PEEK = 256  # enough for _MEMBER in any file that a tool wrote
_MARK = 3  # bytes of the longest byte order mark
_GZIP = 31  # zlib's window bits for gzip with its header and checksum
EMPTY = "the file is empty"
_TAIL = 16  # a literal, number or escape that is cut off fails at most this far before the end of the text

_decode = json.JSONDecoder().raw_decode


class _FaultError(Exception):
    """The text is not JSON from here on. The message never quotes the file."""


def values(stream: BinaryIO, file: str, lists: tuple[str, ...], note: Note) -> Iterator[tuple[Json, Origin]]:
    """Yield each JSON value of the file in order, with its JSON pointer and line; several may follow each other.

    The elements of a top-level list are yielded one by one, and so are those of a top-level object's first member
    where `lists` has its name. After a fault, reading continues at the next line that begins with `{`: another record
    of a JSON lines file, or another page.
    """
    text = _Text(_characters(stream, file, note))
    empty, damaged = True, False
    while char := text.peek():
        empty = False
        if damaged and char in ",]}":  # the remainder of the list or object in which the fault was
            text.pos += 1
            continue
        line = text.line()
        try:
            if char == "[":
                yield from _elements(text, Origin(file, "", line))
            elif (first := text.first_member()) and first in lists:
                yield from _members(text, Origin(file, "", line), lists)
            else:
                yield text.take(), Origin(file, "", line)
        except _FaultError as fault:
            damaged = True
            origin = Origin(file, "", text.line())
            if text.skip_to_object():
                note(origin, f"{fault}; reading went on at the next line that begins with {{")
            elif not text.has_ended_early:
                note(origin, f"{fault}; the rest of the file was not read")
    if text.has_ended_early:
        barren = f"no record in {BARREN >> 20} Mi characters; the rest of the file was not read"
        note(Origin(file, "", text.line()), barren)
    elif empty:
        note(Origin(file), EMPTY)


def _elements(text: _Text, origin: Origin) -> Iterator[tuple[Json, Origin]]:
    """Yield the elements of the list that begins here."""
    text.pos += 1
    index = 0
    while (char := text.peek()) != "]":
        if not char:
            raise _FaultError("the file ends in the middle of a list")
        place = Origin(origin.file, f"{origin.pointer}/{index}", text.line())
        yield text.take(), place
        index += 1
        char = text.peek()
        if char == ",":
            text.pos += 1
        elif char != "]":
            raise _FaultError("not JSON (expected ',' or ']')" if char else "the file ends in the middle of a list")
    text.pos += 1


def _members(text: _Text, origin: Origin, lists: tuple[str, ...]) -> Iterator[tuple[Json, Origin]]:
    """Yield the elements of each list that is a member with one of the names; skip other members (a page's token)."""
    text.pos += 1
    while text.peek() == '"':
        name = text.take()
        if text.peek() != ":":
            raise _FaultError("not JSON (expected ':')")
        text.pos += 1
        if text.peek() == "[" and name in lists:
            yield from _elements(text, Origin(origin.file, f"{origin.pointer}/{name}", origin.line))
        else:
            text.take()
        if text.peek() != ",":
            break
        text.pos += 1
    if text.peek() != "}":
        raise _FaultError("not JSON (expected ',' or '}')" if text.peek() else "the file ends in the middle of a page")
    text.pos += 1


class _Text:
    """A window on the file's text: it grows where a value needs it, and drops text that was consumed.

    The text ends where `BARREN` characters have no value: a gibibyte of zeros is a mebibyte of gzip.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self.text = ""
        self.pos = 0
        self.has_ended_early = False
        self._barren = 0  # characters consumed since the last value
        self._pieces = pieces
        self._line = 1
        self._counted = 0  # newlines before this position are in _line

    def line(self) -> int:
        """Return the line of the current position, from 1."""
        self._line += self.text.count("\n", self._counted, self.pos)
        self._counted = self.pos
        return self._line

    def more(self) -> bool:
        """Drop consumed text and at least double the remainder, so that a value of many pieces is decoded few times.

        Return False at the end of the file, without a change.
        """
        enough = max(len(self.text) - self.pos, 1)
        added: list[str] = []
        size = 0
        while size < enough and (piece := next(self._pieces, None)) is not None:
            added.append(piece)
            size += len(piece)
        if not size:
            return False
        self.line()
        self.text = self.text[self.pos :] + "".join(added)
        self.pos = self._counted = 0
        return True

    def peek(self) -> str:
        """Return the next character that is not space; empty at the end of the file."""
        while True:
            char = self.text[self.pos : self.pos + 1]
            if char and char not in _BLANK:
                return char
            if space := _SPACE.match(self.text, self.pos):
                self._pass_over(space.end())
            if self.pos == len(self.text) and not self.more():
                return ""

    def first_member(self) -> str | None:
        """Return the name of the first member, where an object begins here and that member is a list."""
        while len(self.text) - self.pos < _PEEK and self.more():
            pass
        match = _MEMBER.match(self.text, self.pos)
        return match[1] if match else None

    def take(self) -> Json:
        """Return the value that begins here; `peek` has found its first character."""
        while True:
            try:
                value, end = _decode(self.text, self.pos)
            except json.JSONDecodeError as error:
                unclosed = error.msg.startswith("Unterminated string")
                if unclosed or error.pos >= len(self.text) - _TAIL:  # the value may continue in the next piece
                    if len(self.text) - self.pos > LONGEST:
                        raise _FaultError(f"a value of more than {LONGEST >> 20} Mi characters") from None
                    if self.more():
                        continue
                    if unclosed or error.pos >= len(self.text.rstrip()):
                        raise _FaultError("the file ends in the middle of a value") from None
                raise _FaultError(f"not JSON ({error.msg.lower()})") from None
            except RecursionError:
                raise _FaultError("nested too deeply") from None
            except ValueError:  # an integer of thousands of digits
                raise _FaultError("a number that is too long") from None
            if end > len(self.text) - _TAIL and self.text[self.pos] not in '{["' and self.more():
                continue  # a number may continue in the next piece: 12 may be the beginning of 12.5e3
            self.pos = end
            self._barren = 0
            return value

    def skip_to_object(self) -> bool:
        """Go to the next line that begins with `{`; return False where there is none."""
        while True:
            match = _LINE.search(self.text, self.pos)
            if match:
                self._pass_over(match.end())
                return True
            self._pass_over(max(self.pos, len(self.text) - 1))  # the newline may be the last character held
            if not self.more():
                self.pos = len(self.text)
                return False

    def _pass_over(self, end: int) -> None:
        """Go on at `end`; the text has no value before it."""
        self._barren += end - self.pos
        self.pos = end
        if self._barren > BARREN:
            self.has_ended_early = True
            self._pieces = iter(())


def _characters(stream: BinaryIO, file: str, note: Note) -> Iterator[str]:
    """Yield the file's text in pieces: UTF-8, or UTF-16 by its byte order mark (what PowerShell's `>` writes)."""
    pieces = _inflated(stream, file, note)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _MARK:
            break
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")("replace")
    is_noted = False
    for piece, final in itertools.chain([(head, False)], ((piece, False) for piece in pieces), [(b"", True)]):
        characters = decoder.decode(piece, final)
        if "\ufffd" in characters and not is_noted:
            is_noted = True
            note(Origin(file), "some bytes are not text in UTF-8; they were read as U+FFFD")
        yield characters


def _inflated(stream: BinaryIO, file: str, note: Note) -> Iterator[bytes]:
    """Yield the file's bytes in pieces, inflated where the file begins as gzip does, whatever its name.

    A gzip file may have several members, one after the other. Bytes inflated before a fault are kept.
    """
    head = stream.read(CHUNK)
    while len(head) == 1 and (second := stream.read(CHUNK)):
        head += second
    pieces = itertools.chain((head,), iter(lambda: stream.read(CHUNK), b""))
    if not head.startswith(b"\x1f\x8b"):
        yield from pieces
        return
    member = before = zlib.decompressobj(wbits=_GZIP)
    data = b""
    try:
        for piece in pieces:
            data = piece
            while data:
                if member.eof:
                    data = data.lstrip(b"\0")  # gzip allows padding with zeros between members
                    if not data:
                        break
                    member = zlib.decompressobj(wbits=_GZIP)
                before = member.copy()
                yield member.decompress(data, 4 * CHUNK)  # bounded: a decompression bomb takes time, not memory
                data = member.unused_data if member.eof else member.unconsumed_tail
        if not member.eof:
            yield member.flush()
    except zlib.error:
        yield from _salvaged(before, data)
        note(Origin(file), "damaged gzip data, or bytes after its end; what was inflated before was used")
        return
    if not member.eof:
        note(Origin(file), "the gzip data ends early; what could be inflated was used")


def _salvaged(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Return the data before the fault. For a piece with a fault, even in its checksum, zlib itself returns nothing."""
    try:
        for index in range(len(data)):
            yield member.decompress(data[index : index + 1])
    except zlib.error:
        return
