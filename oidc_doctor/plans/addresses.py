"""Addresses of resources and modules, as Terraform prints them: module.ci["a"].aws_iam_role.deploy[0].

The configuration of a plan has neither module prefixes nor keys, so an address is taken apart here.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

Key = str | int | None  # of for_each, of count, of neither

_NAME = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\[(0|[1-9][0-9]{0,8})\]")
_TEXT = re.compile(r'\[("(?:[^"\\]|\\.)*")\]', re.DOTALL)


class Step(NamedTuple):
    """A module call, with the key of its instance."""

    name: str
    key: Key = None

    def __str__(self) -> str:
        """Format as `module.ci["a"]`."""
        return f"module.{self.name}{key_text(self.key)}"


Module = tuple[Step, ...]  # the path of a module's instance; () is the root module


class Reference(NamedTuple):
    """A reference of an expression: to a resource, an output of a module, an input, or something else.

    `kind` is resource, module, var, each, count, or other. `name` is type and name of a resource, with `data.` before
    it, or the name of a module or input. `rest` are the attributes after it.
    """

    kind: str
    name: str
    key: Key = None
    rest: tuple[str, ...] = ()


def key_text(key: Key) -> str:
    """Return the key of an instance in its brackets; "" without one."""
    if key is None:
        return ""
    return f"[{json.dumps(key, ensure_ascii=False)}]"


def module_text(module: Module) -> str:
    """Return the address of a module's instance; "" for the root module."""
    return ".".join(map(str, module))


def read_module(address: str) -> Module | None:
    """Return the path of the module's instance that an address names; None for any other text."""
    parts = _parts(address)
    if parts is None:
        return None
    steps: list[Step] = []
    while parts:
        (word, key), *parts = parts
        if word != "module" or key is not None or not parts:
            return None
        (name, key), *parts = parts
        steps.append(Step(name, key))
    return tuple(steps)


def read_reference(text: str) -> Reference | None:
    """Return what a reference of `configuration` names; None for a text that is none."""
    parts = _parts(text)
    if not parts:
        return None
    words = [word for word, _ in parts]
    keys = [key for _, key in parts]
    if words[0] in ("var", "module", "each", "count"):
        if len(parts) == 1 or keys[0] is not None:
            return None
        return Reference(words[0], words[1], keys[1], _attributes(parts[2:]))
    if words[0] in ("local", "path", "terraform", "self"):
        return Reference("other", text)
    size = 3 if words[0] == "data" else 2
    if len(parts) < size or any(key is not None for key in keys[: size - 1]):
        return None
    return Reference("resource", ".".join(words[:size]), keys[size - 1], _attributes(parts[size:]))


def _attributes(parts: list[tuple[str, Key]]) -> tuple[str, ...]:
    return tuple(word + key_text(key) for word, key in parts)


def _parts(text: str) -> list[tuple[str, Key]] | None:
    """Return the names between the dots, each with the key behind it; None for a text of another form."""
    parts: list[tuple[str, Key]] = []
    position = 0
    while position < len(text):
        if parts:
            if text[position] != ".":
                return None
            position += 1
        name = _NAME.match(text, position)
        if name is None:
            return None
        position = name.end()
        key, position = _key_at(text, position)
        parts.append((name[0], key))
        if position < len(text) and text[position] == "[":
            return None
    return parts


def _key_at(text: str, position: int) -> tuple[Key, int]:
    number = _NUMBER.match(text, position)
    if number:
        return int(number[1]), number.end()
    quoted = _TEXT.match(text, position)
    if quoted:
        try:
            value = json.loads(quoted[1], strict=False)
        except ValueError:
            return None, position
        return value, quoted.end()
    return None, position
