"""Places in a JSON text: JSON pointers (RFC 6901), and the line of the value that a pointer names."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator

INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_SPACE = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


def pointer_segment(name: str | int) -> str:
    """A reference token of a JSON pointer (RFC 6901), with its slash: `/oidc.example~1path:sub`."""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


@functools.lru_cache(maxsize=1024)  # cached: strangers and edits are judged on the same documents many times
def line_of(text: str, pointer: str) -> int | None:
    """Return the line, from 1, of the member or element at `pointer`, of the last one where a name is repeated.

    Return None where the pointer matches no value, or `text` is not JSON.
    """
    if pointer and not pointer.startswith("/"):
        return None
    try:
        place = _place(text, segments(pointer))
    except (RecursionError, ValueError):
        return None
    return None if place is None else text.count("\n", 0, place[0]) + 1


def element_lines(text: str, pointer: str) -> list[int]:
    """Return the lines of all elements of the array at `pointer`, in one pass: a pass for each is quadratic."""
    place = _place(text, segments(pointer))
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


def segments(pointer: str) -> list[str]:
    """Return the reference tokens of a JSON pointer, unescaped."""
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


def _place(text: str, steps: list[str]) -> tuple[int, int] | None:
    """Return the positions of the name and the value of the member at `steps`; an element has the same for both.

    Raises ValueError when `text` is not JSON. Values off the path are skipped.
    """
    name_start = start = _after_space(text, 1 if text[:1] == "\ufeff" else 0)
    for depth, name in enumerate(steps):
        kind = text[start : start + 1]
        if kind == "{":
            hits = [(at, value) for key, at, value in _members(text, start) if key == name]
            if not hits:
                return None
            name_start, start = hits[-1]
        elif kind == "[":
            element = _element(text, start, int(name)) if INDEX.fullmatch(name) else None
            if element is None:
                return None
            name_start = start = element
        elif depth == 0:
            raise ValueError  # a scalar: no pointer has a value in it, but the text may be YAML
        else:
            return None
    return name_start, start


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Yield name, position of the name and position of the value, for each member of the object at `start`."""
    at = _after_space(text, start + 1)
    while text[at : at + 1] != "}":
        name, end = _decode(text, at)
        end = _after_space(text, end)
        if not isinstance(name, str) or text[end : end + 1] != ":":
            raise ValueError
        value = _after_space(text, end + 1)
        yield name, at, value
        at = _next(text, value, "}")


def _element(text: str, start: int, index: int) -> int | None:
    """Return the position of an array's element; None when the array is shorter."""
    at = _after_space(text, start + 1)
    for _ in range(index):
        if text[at : at + 1] == "]":
            return None
        at = _next(text, at, "]")
    return None if text[at : at + 1] == "]" else at


def _next(text: str, value: int, closing: str) -> int:
    """Return the position after the value at `value`: of the next item after a comma, or of the closing bracket."""
    end = _after_space(text, _decode(text, value)[1])
    if text[end : end + 1] == ",":
        return _after_space(text, end + 1)
    if text[end : end + 1] != closing:
        raise ValueError
    return end


def _after_space(text: str, start: int) -> int:
    return _SPACE.match(text, start).end()  # type: ignore[union-attr]  # it matches the empty text as well
