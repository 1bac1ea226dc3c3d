"""Write Terraform for an edited document: the arguments of its resource, in HCL."""

from __future__ import annotations

import json
import re
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP = "  "
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BASIC_PLANE = 0x10000


class Call:
    """A Terraform function with one argument, such as jsonencode."""

    def __init__(self, name: str, argument: Any) -> None:
        self.name = name
        self.argument = argument


class Block:
    """A nested block, such as `oidc { … }`."""

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments


def resource(kind: str, about: str, **arguments: Any) -> str:
    """Return a resource of this kind with these arguments. `about` describes the managed resource.

    Arguments that the edit does not change are omitted: the user's own resource has them.
    """
    lines = [
        f"# {_comment(about)}",
        f"# Set these arguments in the {kind} that manages it; its name here is an example.",
        f'resource "{kind}" "example" {{',
    ]
    return "\n".join([*lines, *_body(arguments, _STEP), "}"])


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _body(arguments: dict[str, Any], margin: str) -> list[str]:
    lines: list[str] = []
    for name, value in arguments.items():
        if isinstance(value, Block):
            lines += [f"{margin}{name} {{", *_body(value.arguments, margin + _STEP), f"{margin}}}"]
        else:
            lines.append(f"{margin}{name} = {_value(value, margin)}")
    return lines


def _value(value: Any, margin: str = "") -> str:
    inner = margin + _STEP
    if isinstance(value, Call):
        return f"{value.name}({_value(value.argument, margin)})"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        if not value:
            return "{}"
        members = "".join(f"{inner}{_key(key)} = {_value(item, inner)}\n" for key, item in value.items())
        return f"{{\n{members}{margin}}}"
    if isinstance(value, list | tuple):
        if len(value) == 1:
            return f"[{_value(value[0], margin)}]"
        items = "".join(f"{inner}{_value(item, inner)},\n" for item in value)
        return f"[\n{items}{margin}]" if items else "[]"
    return json.dumps(value)  # a number, true, false, null


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    r"""Quote a string for HCL: templates are escaped, and invisible characters are written as \uXXXX.

    In HCL `${` and `%{` start a template, and `$${` and `%%{` are the literal characters (HCL Native
    Syntax Specification, template literals).
    """
    escaped = "".join(_ESCAPES.get(character) or _visible(character) for character in text)
    return '"' + re.sub(r"([$%])(?=\{)", r"\1\1", escaped) + '"'


def _visible(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < _BASIC_PLANE else f"\\U{number:08x}"
