"""Parse JSON text into documents whose values have line numbers.

No message quotes unreadable text, which may contain a token or a key.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import chain, islice
from typing import TYPE_CHECKING, NoReturn

from oidc_doctor.model.document import Document, Json
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.limits import JSON_DEPTH, JSON_DIGITS, JSON_STRING

if TYPE_CHECKING:
    from collections.abc import Iterator


DEEPEST = JSON_DEPTH.most  # later readers may walk the value by recursion
_DIGITS = JSON_DIGITS.most

_MOST_DUPLICATES = 1000  # maximum notes
_NUMBER = re.compile(r"\d+")
_YAML_LINE = re.compile(r"(?:---)?\s*[A-Za-z_][\w.]*:(?:\s|$)")
_AWS_ERROR = re.compile(r"\s*An error occurred \((\w{1,64})\)")
_GCLOUD_ERROR = re.compile(r"\s*ERROR: \(gcloud\.")

# The json module's messages, and ours. The place is reported separately.
_WORDS = {
    "Expecting value": "expected a value",
    "Expecting property name enclosed in double quotes": "expected a name in double quotes",
    "Expecting ':' delimiter": "expected ':'",
    "Expecting ',' delimiter": "expected ','",
    "Illegal trailing comma before end of object": "a comma before the closing bracket",
    "Illegal trailing comma before end of array": "a comma before the closing bracket",
    "Extra data": "text after the end of the JSON value",
    "Unterminated string starting at": "a string that is never closed",
    "Invalid control character at": "a line break or control character inside a string",
    "Invalid \\escape": "a backslash sequence that JSON does not have",
    "Invalid \\uXXXX escape": "a \\u sequence without four hexadecimal digits",
}

_decode = json.JSONDecoder().raw_decode

# By identity, objects with a repeated member, and all of their members. The objects are kept, so that no id is reused.
Repeated = dict[int, tuple[dict[str, Json], list[tuple[str, Json]]]]


class Unreadable(Exception):  # noqa: N818 - it is raised for evidence, which is a finding and no fault of ours
    """Unreadable evidence: one line with the file, the place and the fault."""

    def __init__(self, file: str, line: int | None, column: int | None, message: str) -> None:
        message = printable(message)
        super().__init__(file, line, column, message)
        self.file = file
        self.line = line
        self.column = column
        self.message = message

    def __str__(self) -> str:
        """Format as `aws/role.json: line 3 column 7: expected ','`."""
        return f"{printable(self.file)}: {self.reason}"

    @property
    def reason(self) -> str:
        """Place and message, without the file."""
        if self.line is None:
            return self.message
        column = "" if self.column is None else f" column {self.column}"
        return f"line {self.line}{column}: {self.message}"


def printable(text: str, limit: int = 400) -> str:
    """Return `text` on one line, at most `limit` characters, with `<U+001B>` for unprintable characters.

    Line breaks become spaces. The result is part of a message that a renderer escapes, which would double a backslash.
    """
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    if short.isprintable():
        return short
    return "".join(c if c.isprintable() else " " if c in "\n\r\t" else f"<U+{ord(c):04X}>" for c in short)


def decode(data: bytes, file: str) -> str:
    """Decode UTF-8, or UTF-16 with a byte order mark, as PowerShell's `>` writes it. Raises Unreadable."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1 if encoding == "utf-8-sig" else None
        raise Unreadable(file, line, error.start - before.rfind(b"\n"), "not UTF-8 text") from None


def load(text: str, file: str) -> Document:
    """Parse JSON text as a Document. Raises only Unreadable, whatever the text."""
    text = text.removeprefix("\ufeff")
    repeated: Repeated = {}

    def pairs(members: list[tuple[str, Json]]) -> dict[str, Json]:
        value = dict(members)
        if len(value) != len(members):
            repeated[id(value)] = value, members
        return value

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        _not_json(text, file, error)
    except RecursionError:
        raise Unreadable(file, None, None, f"nested more than {DEEPEST} levels deep") from None
    except ValueError:
        long_number = next((number for number in _NUMBER.finditer(text) if len(number[0]) > _DIGITS), None)
        line = text.count("\n", 0, long_number.start()) + 1 if long_number else None
        raise Unreadable(file, line, None, f"a number of more than {_DIGITS} digits") from None
    if len(text) > JSON_STRING.most and (longest := _longest(value)) > JSON_STRING.most:
        raise Unreadable(file, None, None, JSON_STRING.exceeded_by(longest))
    if levels(value) > DEEPEST:
        raise Unreadable(file, None, None, f"nested more than {DEEPEST} levels deep")
    duplicates = tuple(islice(_pointers(value, repeated), _MOST_DUPLICATES)) if repeated else ()
    return Document(file, text, value, duplicates=duplicates)


def value_of(answer: bytes | str) -> Json:
    """Return the value of a service's JSON text; None for null and for unreadable text."""
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def load_inner(document: Document, pointer: str, text: str) -> Document:
    """Parse the document in the string `text` at `pointer` of `document`, URL-encoded or not.

    Its lines are not the file's, so its facts carry the file and a JSON pointer.
    """
    place = document.pointer + pointer
    if text.lstrip()[:1] == "%":
        from urllib.parse import unquote  # late: 9 ms, and only documents straight from the API are encoded

        text = unquote(text)
    try:
        inner = load(text, document.file)
    except Unreadable as error:
        line = document.at(pointer).line
        where = place or "the top"
        raise Unreadable(document.file, line, None, f"the policy text at {where}: {error.reason}") from None
    answer = document.value if document.answer is None else document.answer
    return Document(document.file, inner.text, inner.value, place, inner.duplicates, inner=True, answer=answer)


def part(document: Document, pointer: str, value: Json) -> Document:
    """Return the value at `pointer` of `document` as a document, which keeps the file's lines.

    If the value itself occurs twice in the file, the part's duplicates have the empty pointer.
    """
    duplicates = tuple(
        name.removeprefix(pointer) for name in document.duplicates if f"{name}/".startswith(pointer + "/")
    )
    answer = document.value if document.answer is None else document.answer
    return document._replace(value=value, pointer=document.pointer + pointer, duplicates=duplicates, answer=answer)


def _not_json(text: str, file: str, error: json.JSONDecodeError) -> NoReturn:
    """Describe the text found instead of JSON, if recognisable."""
    message = _WORDS.get(error.msg, error.msg)
    refused = _AWS_ERROR.match(text)
    if not text.strip():
        raise Unreadable(file, None, None, "the file is empty")
    if refused:
        raise Unreadable(file, None, None, f"not JSON: the AWS CLI's error {refused[1]} was saved instead")
    if _GCLOUD_ERROR.match(text):
        raise Unreadable(file, None, None, "not JSON: an error of gcloud was saved instead")
    if not text[: error.pos].strip() and _YAML_LINE.match(text.lstrip()):
        raise Unreadable(file, None, None, "YAML instead of JSON (ask for it with --format=json or --output json)")
    if error.msg.startswith("Illegal trailing comma"):
        # Python 3.13 reports the comma's place, 3.11 and 3.12 that of the bracket behind it: say the same everywhere
        bracket = len(text) - len(text[error.pos + 1 :].lstrip())
        error = json.JSONDecodeError(error.msg, text, bracket)
    if message == "expected a name in double quotes" and text[error.pos : error.pos + 1] == "}":
        message = "a comma before the closing bracket"
    if error.pos >= len(text.rstrip()):
        message = f"the text ends too early ({message})"
    raise Unreadable(file, error.lineno, error.colno, message) from None


def _longest(value: Json) -> int:
    """Return the length of the longest text or name within `value`."""
    longest, level = 0, [value]
    while level:
        longest = max(longest, max((len(box) for box in level if isinstance(box, str)), default=0))
        level = [
            child
            for box in level
            if isinstance(box, dict | list)
            for child in ((*box, *box.values()) if isinstance(box, dict) else box)
        ]
    return longest


def levels(value: Json) -> int:
    """Return the nesting depth of arrays and objects; DEEPEST + 1 means any greater depth."""
    boxes = [value] if isinstance(value, dict | list) else []
    for depth in range(DEEPEST + 1):
        children = chain.from_iterable([box.values() if isinstance(box, dict) else box for box in boxes])
        deeper = [child for child in children if isinstance(child, dict | list)]
        if not deeper:
            return depth + 1 if any(boxes) else depth
        boxes = deeper
    return DEEPEST + 1


def _pointers(value: Json, repeated: Repeated) -> Iterator[str]:
    """Yield the JSON pointers of repeated members within `value`, in document order, each when it is asked for."""
    waiting: list[Iterator[tuple[str, Json]]] = [iter([("", value)])]
    while waiting:
        pointer, box = next(waiting[-1], ("", None))
        if box is None:
            waiting.pop()
            continue
        if id(box) in repeated:
            counted = Counter(name for name, _ in repeated[id(box)][1])
            yield from sorted(pointer + pointer_segment(name) for name, count in counted.items() if count > 1)
        waiting.append(_boxes_in(pointer, box))


def _boxes_in(pointer: str, box: Json) -> Iterator[tuple[str, Json]]:
    """Yield the objects and arrays that `box` has as members or elements, with their JSON pointers."""
    for name, child in box.items() if isinstance(box, dict) else enumerate(box):
        if isinstance(child, dict | list):
            yield pointer + pointer_segment(name), child
