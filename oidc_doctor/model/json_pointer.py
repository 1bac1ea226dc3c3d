"""JSON pointers (RFC 6901), and the line of the value at a pointer."""

from __future__ import annotations

import functools
import json
import re
from bisect import bisect_left
from collections.abc import Iterator

INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_SPACE = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


def pointer_segment(name: str | int) -> str:
    """Return a reference token of a JSON pointer (RFC 6901), with its slash: `/oidc.example~1path:sub`."""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


def line_of(text: str, pointer: str) -> int | None:
    """Return the line, from 1, of the member or element at `pointer`, the last one if a name is repeated.

    Return None where the pointer matches no value, or `text` is not JSON.
    """
    if pointer and not pointer.startswith("/"):
        return None
    try:
        return _places(text).line(pointer)
    except (RecursionError, ValueError):
        return None


def element_lines(text: str, pointer: str) -> list[int]:
    """Return the lines of all elements of the array at `pointer`."""
    places = _places(text)
    place = places.of(segments(pointer))
    return [] if place is None else [places.line_at(start) for start in places.elements(place[1])]


def segments(pointer: str) -> list[str]:
    """Return the reference tokens of a JSON pointer, unescaped."""
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


class _Places:
    """The positions in a text. Each object and array on a requested path is scanned once and cached."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = _after_space(text, 1 if text[:1] == "\ufeff" else 0)
        self.line_ends = [match.start() for match in re.finditer("\n", text)]
        self._members: dict[int, dict[str, tuple[int, int]]] = {}  # by the position of the object
        self._elements: dict[int, list[int]] = {}
        self._lines: dict[str, int | None] = {}  # by pointer: synthetic tokens ask for the same few again and again

    def line(self, pointer: str) -> int | None:
        """Return the line of the value at `pointer`."""
        if pointer not in self._lines:
            place = self.of(segments(pointer))
            self._lines[pointer] = None if place is None else self.line_at(place[0])
        return self._lines[pointer]

    def line_at(self, position: int) -> int:
        """Return the line of a position, from 1."""
        return bisect_left(self.line_ends, position) + 1

    def of(self, steps: list[str]) -> tuple[int, int] | None:
        """Return the positions of the name and the value of the member at `steps`; an element has the same for both.

        Raises ValueError when the text is not JSON. Values off the path are skipped.
        """
        name_start = start = self.start
        for depth, name in enumerate(steps):
            kind = self.text[start : start + 1]
            if kind == "{":
                place = self.members(start).get(name)
                if place is None:
                    return None
                name_start, start = place
            elif kind == "[":
                elements = self.elements(start)
                index = int(name) if INDEX.fullmatch(name) else len(elements)
                if index >= len(elements):
                    return None
                name_start = start = elements[index]
            elif depth == 0:
                raise ValueError  # a scalar: no pointer has a value in it, but the text may be YAML
            else:
                return None
        return name_start, start

    def members(self, start: int) -> dict[str, tuple[int, int]]:
        """Return the positions of name and value of each member of the object at `start`, the last of each name."""
        if start not in self._members:
            self._members[start] = {name: (at, value) for name, at, value in _members(self.text, start)}
        return self._members[start]

    def elements(self, start: int) -> list[int]:
        """Return the positions of the elements of the array at `start`."""
        if start not in self._elements:
            self._elements[start] = list(_elements(self.text, start))
        return self._elements[start]


@functools.lru_cache(maxsize=8)  # cached texts: strangers and edits are judged on the same documents many times
def _places(text: str) -> _Places:
    return _Places(text)


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


def _elements(text: str, start: int) -> Iterator[int]:
    """Yield the position of each element of the array at `start`."""
    at = _after_space(text, start + 1)
    while text[at : at + 1] != "]":
        yield at
        at = _next(text, at, "]")


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
