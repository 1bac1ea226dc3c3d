"""JSON and YAML text to documents whose values know the line that they stand on.

Nothing here quotes the text that it could not read: it may hold a token or a key.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from oidc_doctor.model.evidence import Document, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

YamlNode = Any  # of a library that is imported late

DEEPEST = 200  # levels of nesting: what reads the value later may walk it by recursion
_DIGITS = 4300  # Python refuses to read a longer whole number (sys.int_info.default_max_str_digits)
_LARGEST_YAML = 256 * 1024  # characters; the YAML reader is slow, and a longer file is no configuration
_MOST_YAML_VALUES = 20_000  # aliases can make a small YAML file grow without end

_MOST_DUPLICATES = 1000  # that are noted
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"\d+")
_YAML_LINE = re.compile(r"(?:---)?\s*[A-Za-z_][\w.]*:(?:\s|$)")
_AWS_ERROR = re.compile(r"\s*An error occurred \((\w{1,64})\)")
_GCLOUD_ERROR = re.compile(r"\s*ERROR: \(gcloud\.")

# What json says, and what we say. The place stands beside it.
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


class Unreadable(Exception):  # noqa: N818 - it is raised for evidence, which is a finding and no fault of ours
    """A piece of evidence that cannot be read: one line that names the file, the place and what is wrong there."""

    def __init__(self, file: str, line: int | None, column: int | None, message: str) -> None:
        message = printable(message)
        super().__init__(file, line, column, message)
        self.file = file
        self.line = line
        self.column = column
        self.message = message

    def __str__(self) -> str:
        """`aws/role.json: line 3 column 7: expected ','`."""
        return f"{printable(self.file)}: {self.reason}"

    @property
    def reason(self) -> str:
        """The place and the message, without the file."""
        if self.line is None:
            return self.message
        column = "" if self.column is None else f" column {self.column}"
        return f"line {self.line}{column}: {self.message}"


def printable(text: str, limit: int = 400) -> str:
    """`text` on one line, at most `limit` characters, with escapes for all that a terminal would act on."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return short if short.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)


def decode(data: bytes, file: str) -> str:
    """The text of `data`: UTF-8, or UTF-16 with its mark, as PowerShell's `>` writes it. Raises Unreadable."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1 if encoding == "utf-8-sig" else None
        raise Unreadable(file, line, error.start - before.rfind(b"\n"), "not UTF-8 text") from None


def load(text: str, file: str) -> Document:
    """A JSON text as a Document. Raises Unreadable, and nothing else, whatever the text."""
    text = text.removeprefix("\ufeff")
    repeated: dict[int, tuple[dict[str, Json], set[str]]] = {}  # keeps the objects alive, so that no id comes twice

    def pairs(members: list[tuple[str, Json]]) -> dict[str, Json]:
        value = dict(members)
        if len(value) != len(members):
            unseen, again = set(value), set()
            for name, _ in members:
                again |= {name} - unseen
                unseen.discard(name)
            repeated[id(value)] = (value, again)
        return value

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        _not_json(text, file, error)
    except RecursionError:
        raise Unreadable(file, None, None, f"nested more than {DEEPEST} levels deep") from None
    except ValueError:
        found = next((number for number in _NUMBER.finditer(text) if len(number[0]) > _DIGITS), None)
        line = text.count("\n", 0, found.start()) + 1 if found else None
        raise Unreadable(file, line, None, f"a number of more than {_DIGITS} digits") from None
    if _levels(value) > DEEPEST:
        raise Unreadable(file, None, None, f"nested more than {DEEPEST} levels deep")
    duplicates = tuple(islice(_pointers(value, repeated), _MOST_DUPLICATES)) if repeated else ()
    return Document(file, text, value, duplicates=duplicates)


def load_yaml(text: str, file: str) -> Document:
    """A YAML text as a Document of JSON values. Raises Unreadable, and nothing else, whatever the text."""
    text = text.removeprefix("\ufeff")
    return Document(file, text, _Yaml(file).value(_compose(text, file)))


def load_inner(document: Document, pointer: str, text: str) -> Document:
    """The document that stands as the string `text` at `pointer` of `document`, URL-encoded or not.

    Its lines are not the file's, so its facts carry the file and a JSON pointer.
    """
    place = document.pointer + pointer
    if text.lstrip()[:1] == "%":
        from urllib.parse import unquote  # late: 9 ms, and only what comes straight from the API is encoded

        text = unquote(text)
    try:
        inner = load(text, document.file)
    except Unreadable as error:
        line = document.at(pointer).line
        where = place or "the top"
        raise Unreadable(document.file, line, None, f"the policy text at {where}: {error.reason}") from None
    return Document(document.file, inner.text, inner.value, place, inner.duplicates, inner=True)


def part(document: Document, pointer: str, value: Json) -> Document:
    """The value at `pointer` of `document` as a document of its own, which keeps the file's lines."""
    duplicates = tuple(name.removeprefix(pointer) for name in document.duplicates if name.startswith(pointer + "/"))
    return Document(document.file, document.text, value, document.pointer + pointer, duplicates, document.inner)


def step(name: str | int) -> str:
    """One step of a JSON pointer, with its slash: `/oidc.example~1path:sub`."""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


def line_of(text: str, pointer: str) -> int | None:
    """The line, from 1, of the member or element at `pointer`, of the last one where a name is repeated.

    None where there is no such place. `text` is JSON, or the YAML that `load_yaml` took.
    """
    if pointer and not pointer.startswith("/"):
        return None
    try:
        place = _place(text, _steps(pointer))
    except RecursionError:
        return None
    except ValueError:
        return _yaml_line(text, _steps(pointer))
    return None if place is None else text.count("\n", 0, place[0]) + 1


def element_lines(text: str, pointer: str) -> list[int]:
    """The lines of all elements of the array at `pointer`, in one walk: asking for each alone is quadratic."""
    place = _place(text, _steps(pointer))
    if place is None:
        return []
    at = before = _after_space(text, place[1] + 1)
    line = text.count("\n", 0, at) + 1
    lines = []
    while text[at : at + 1] != "]":
        line += text.count("\n", before, at)
        lines.append(line)
        before, at = at, _next(text, at, "]")
    return lines


def _not_json(text: str, file: str, error: json.JSONDecodeError) -> NoReturn:
    """Say what stands there instead of JSON, where that can be told."""
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
        # Python 3.13 gives the comma's place, 3.11 and 3.12 that of the bracket behind it: say the same everywhere
        bracket = len(text) - len(text[error.pos + 1 :].lstrip())
        error = json.JSONDecodeError(error.msg, text, bracket)
    if message == "expected a name in double quotes" and text[error.pos : error.pos + 1] == "}":
        message = "a comma before the closing bracket"
    if error.pos >= len(text.rstrip()):
        message = f"the text ends too early ({message})"
    raise Unreadable(file, error.lineno, error.colno, message) from None


def _levels(value: Json) -> int:
    """How deep arrays and objects nest; DEEPEST + 1 stands for all that is deeper."""
    level = [value]
    for depth in range(DEEPEST + 1):
        level = [
            child
            for box in level
            if isinstance(box, dict | list)
            for child in (box.values() if isinstance(box, dict) else box)
        ]
        if not level:
            return depth
    return DEEPEST + 1


def _pointers(value: Json, repeated: dict[int, tuple[dict[str, Json], set[str]]]) -> Iterator[str]:
    """The JSON pointers of the repeated members that are part of `value`, in document order."""
    waiting = [("", value)]
    while waiting:
        pointer, box = waiting.pop()
        if isinstance(box, dict):
            if id(box) in repeated:
                yield from sorted(pointer + step(name) for name in repeated[id(box)][1])
            waiting += [(pointer + step(name), child) for name, child in reversed(box.items())]
        elif isinstance(box, list):
            waiting += [(pointer + step(index), box[index]) for index in reversed(range(len(box)))]


def _steps(pointer: str) -> list[str]:
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


def _place(text: str, steps: list[str]) -> tuple[int, int] | None:
    """Where the name of the member at `steps` starts, and where its value does; an element has one place for both.

    ValueError when `text` is not JSON. Values beside the path are skipped.
    """
    found = start = _after_space(text, 1 if text[:1] == "\ufeff" else 0)
    for depth, name in enumerate(steps):
        kind = text[start : start + 1]
        if kind == "{":
            hits = [(at, value) for key, at, value in _members(text, start) if key == name]
            if not hits:
                return None
            found, start = hits[-1]
        elif kind == "[":
            element = _element(text, start, int(name)) if _INDEX.fullmatch(name) else None
            if element is None:
                return None
            found = start = element
        elif depth == 0:
            raise ValueError  # a bare value: not JSON that a pointer leads into, but it may be YAML
        else:
            return None
    return found, start


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Name, position of the name and position of the value, for each member of the object at `start`."""
    at = _after_space(text, start + 1)
    while text[at : at + 1] != "}":
        name, end = _decode(text, at)
        end = _after_space(text, end)
        if not isinstance(name, str) or text[end : end + 1] != ":":
            raise ValueError
        value = _after_space(text, end + 1)
        yield name, at, value
        at = _next(text, value, "}")


def _element(text: str, start: int, wanted: int) -> int | None:
    """The position of an array's element; None when it has fewer."""
    at = _after_space(text, start + 1)
    for _ in range(wanted):
        if text[at : at + 1] == "]":
            return None
        at = _next(text, at, "]")
    return None if text[at : at + 1] == "]" else at


def _next(text: str, value: int, closing: str) -> int:
    """The position after the value at `value`: of what follows the comma, or of the closing bracket."""
    end = _after_space(text, _decode(text, value)[1])
    if text[end : end + 1] == ",":
        return _after_space(text, end + 1)
    if text[end : end + 1] != closing:
        raise ValueError
    return end


def _after_space(text: str, start: int) -> int:
    return _SPACE.match(text, start).end()  # type: ignore[union-attr]  # it matches the empty text as well


def _compose(text: str, file: str) -> YamlNode:
    """The nodes of a YAML text. They carry their lines, and nothing is built from tags."""
    import yaml  # type: ignore[import-untyped,unused-ignore]  # late: 24 ms, for one file of the bundle

    if len(text) > _LARGEST_YAML:
        raise Unreadable(file, None, None, f"longer than {_LARGEST_YAML // 1024} KiB")
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise Unreadable(file, line, column, f"not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise Unreadable(file, None, None, "not YAML: a character that YAML does not allow") from None
    except RecursionError:
        raise Unreadable(file, None, None, f"nested more than {DEEPEST} levels deep") from None
    except ValueError:
        raise Unreadable(file, None, None, "not YAML") from None


class _Yaml:
    """YAML nodes to JSON values: text stays text unless it is a plain number, boolean or null."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0

    def value(self, node: YamlNode, depth: int = 0) -> Json:
        """The node's JSON value. Raises Unreadable where aliases make it endless."""
        self.count += 1
        if depth > DEEPEST or self.count > _MOST_YAML_VALUES:
            line = node.start_mark.line + 1
            raise Unreadable(self.file, line, None, f"nested more than {DEEPEST} levels deep, or aliases without end")
        if node is None:
            return None
        if node.id == "scalar":
            return _scalar(node.tag.rpartition(":")[2], node.value)
        if node.id == "sequence":
            return [self.value(child, depth + 1) for child in node.value]
        merged: dict[str, Json] = {}
        own: dict[str, Json] = {}
        for key, child in node.value:
            if key.tag.endswith(":merge"):
                found = self.value(child, depth + 1)
                for one in reversed(found if isinstance(found, list) else [found]):
                    merged |= one if isinstance(one, dict) else {}
            else:
                own[_name(key)] = self.value(child, depth + 1)
        return merged | own


def _name(key: YamlNode) -> str:
    return key.value if isinstance(key.value, str) else ""


def _scalar(tag: str, text: str) -> Json:
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in {"yes", "true", "on"}
    if tag == "int" and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text):  # an account id with a leading zero stays text
        return int(text)
    if tag == "float" and re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,15}", text):
        return float(text)
    return text


def _yaml_line(text: str, steps: list[str]) -> int | None:
    """The line of a place in YAML text; None where there is none."""
    try:
        node = _compose(text, "")
    except Unreadable:
        return None
    mark = node and node.start_mark
    for name in steps:
        kind = node.id if node else ""
        if kind == "mapping":
            hits = [(key, child) for key, child in node.value if _name(key) == name]
            if not hits:
                return None
            mark, node = hits[-1][0].start_mark, hits[-1][1]
        elif kind == "sequence" and _INDEX.fullmatch(name) and int(name) < len(node.value):
            node = node.value[int(name)]
            mark = node.start_mark
        else:
            return None
    return mark.line + 1 if mark else None
