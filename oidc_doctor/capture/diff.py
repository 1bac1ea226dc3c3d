"""Differences between two bundles: by file, and within JSON files by JSON pointer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.report.parts.escape import as_lines, visible

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle

_ABSENT: Final = object()
_LONGEST = 200  # characters of one value
_MOST = 40  # lines of one file


def difference(left: Bundle, right: Bundle) -> Iterator[str]:
    """Yield lines for people: `- file` and `+ file` for a file of one bundle alone, `~ file` and its changed values."""
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
        if contract.split_target(name)[1] == contract.TOKEN_FILES[0]:
            yield "another token"
        else:
            yield from _lines(str(before), str(after))
        return
    for pointer, left, right in _values(before[0], after[0], ""):
        at = visible(pointer or "(whole)")
        if left is _ABSENT:
            yield f"{at}: + {_shown(right)}"
        elif right is _ABSENT:
            yield f"{at}: - {_shown(left)}"
        else:
            yield f"{at}: {_shown(left)} → {_shown(right)}"


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
    """Return a JSON file's value in a list of one, so that no text equals a JSON string; any other file's text."""
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


def _values(before: Any, after: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _values(before.get(name, _ABSENT), after.get(name, _ABSENT), pointer + pointer_segment(name))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            left = before[index] if index < len(before) else _ABSENT
            right = after[index] if index < len(after) else _ABSENT
            yield from _values(left, right, pointer + pointer_segment(index))
    else:
        yield pointer, before, after


def _lines(before: str, after: str) -> Iterator[str]:
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    for line in list(lines)[2:]:
        if not line.startswith("@@"):
            yield f"{line[0]} {visible(line[1:])[:_LONGEST]}"


def _shown(value: Any) -> str:
    text = as_lines(json.dumps(value, ensure_ascii=False))  # JSON, whose backslashes are doubled already
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
