"""Differences between two bundles: by file, and within JSON files by JSON pointer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.secret_texts import without_secrets, without_secrets_in
from oidc_doctor.report.parts.escape import as_lines, visible

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle

_ABSENT: Final = object()
_LONGEST = 200  # characters of one value
_MOST = 40  # lines of one file
_MOST_COMPARED, _LONGEST_TEXT = 2_000, 1024 * 1024  # maximum lines and characters of texts compared line by line


def difference(left: Bundle, right: Bundle) -> Iterator[str]:
    """Yield lines for users: `- file` and `+ file` for a file in only one bundle, `~ file` and its changed values."""
    names = dict.fromkeys([*left.names(), *right.names()])
    for name in sorted(name for name in names if contract.is_known(name)):
        if name not in right:
            yield f"- {visible(name)}"
        elif name not in left:
            yield f"+ {visible(name)}"
        else:
            lines = list(_of_file(left, right, name))
            if lines:
                yield f"~ {visible(name)}"
                yield from (f"    {line}" for line in lines[:_MOST])
                if len(lines) > _MOST:
                    yield f"    and {len(lines) - _MOST} more"


def _of_file(left_bundle: Bundle, right_bundle: Bundle, name: str) -> Iterator[str]:
    if contract.is_log(contract.split_target(name)[1]):
        if _bytes(left_bundle, name) != _bytes(right_bundle, name):
            yield f"logs differ: {left_bundle.size(name)} and {right_bundle.size(name)} bytes"
        return
    before, after = _read(left_bundle, name), _read(right_bundle, name)
    if before == after:
        return
    if isinstance(before, str) or isinstance(after, str):
        if contract.is_token(contract.split_target(name)[1]) and name.endswith(".jwt"):
            yield "another token"
        else:
            yield from _lines(_clean_text(before), _clean_text(after))
        return
    sides = before[0], after[0]
    for pointer, left, right in _values(sides, tuple(map(without_secrets_in, sides)), ""):
        at = visible(pointer or "(whole)")
        if left is _ABSENT:
            yield f"{at}: + {_shown(right)}"
        elif right is _ABSENT:
            yield f"{at}: - {_shown(left)}"
        elif left == right:
            yield f"{at}: another secret"
        else:
            yield f"{at}: {_shown(left)} → {_shown(right)}"


def _clean_text(content: Any) -> str:
    """Return a file's text, or its JSON, without secrets."""
    if isinstance(content, str):
        return without_secrets(content)
    return json.dumps(without_secrets_in(content[0]), indent=2, ensure_ascii=False)


def _bytes(bundle: Bundle, name: str) -> object:
    import hashlib

    digest = hashlib.sha256()
    try:
        with bundle.open(name) as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        return str(error)
    return digest.digest()


def _read(bundle: Bundle, name: str) -> Any:
    """Return a JSON file's value in a one-element list, so that no text equals a JSON string; else the file's text."""
    try:
        text = decode(bundle.read(name), name)
    except Unreadable as error:
        return f"cannot be read: {error.reason}"
    if name.endswith(".json"):
        try:
            return [load(text, name).value]
        except Unreadable:
            return text
    return text


def _values(sides: tuple[Any, Any], clean: tuple[Any, ...], pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield each differing place with both values, without secrets."""
    before, after = sides
    if before == after and type(before) is type(after):
        return
    if all(isinstance(value, dict) for value in (*sides, *clean)):
        for name in dict.fromkeys([*before, *after]):
            inner = pointer + pointer_segment(without_secrets(name))
            yield from _values(_members(sides, name), _members(clean, name), inner)
    elif all(isinstance(value, list) for value in (*sides, *clean)):
        for index in range(max(len(before), len(after))):
            inner = pointer + pointer_segment(index)
            yield from _values(_elements(sides, index), _elements(clean, index), inner)
    else:
        yield pointer, clean[0], clean[1]


def _members(sides: tuple[Any, ...], name: str) -> tuple[Any, Any]:
    left, right = (side.get(name, side.get(without_secrets(name), _ABSENT)) for side in sides)
    return left, right


def _elements(sides: tuple[Any, ...], index: int) -> tuple[Any, Any]:
    left, right = (side[index] if index < len(side) else _ABSENT for side in sides)
    return left, right


def _lines(before: str, after: str) -> Iterator[str]:
    import difflib

    sides = before.splitlines(), after.splitlines()
    if before == after:
        yield "another secret, or another layout"
        return
    if max(map(len, sides)) > _MOST_COMPARED or max(len(before), len(after)) > _LONGEST_TEXT:
        yield f"texts differ: {len(sides[0])} and {len(sides[1])} lines"
        return
    for line in list(difflib.unified_diff(*sides, lineterm="", n=0))[2:]:
        if not line.startswith("@@"):
            yield f"{line[0]} {visible(line[1:])[:_LONGEST]}"


def _shown(value: Any) -> str:
    text = as_lines(json.dumps(value, ensure_ascii=False))  # JSON, whose backslashes are doubled already
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
