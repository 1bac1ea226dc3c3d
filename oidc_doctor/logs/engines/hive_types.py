"""Types of columns as the AWS Glue Data Catalog writes them: struct<type:string,sessioncontext:struct<…>>."""

from __future__ import annotations

import re
from typing import NamedTuple

_LONGEST = 131_072  # characters [AWS Glue, Column: Type]
_DEEPEST = 32  # levels; CloudTrail's tables have five
_TOKEN = re.compile(r"\s*(?:([A-Za-z_][\w-]*(?:\(\s*\d+\s*(?:,\s*\d+\s*)?\))?|`[^`]*`)|([<>:,]))\s*")


class HiveType(NamedTuple):
    """A type. `fields` are those of a struct, in order, with names in lower case; `of` the types of an array or map."""

    name: str  # in lower case: string, bigint, struct, array, map, …
    fields: tuple[tuple[str, HiveType], ...] = ()
    of: tuple[HiveType, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether values are texts."""
        return self.name == "string" or self.name.startswith(("varchar", "char"))

    def field(self, name: str) -> HiveType | None:
        """Return the type of a struct's field."""
        return dict(self.fields).get(name)

    def __str__(self) -> str:
        """Return the type as the catalog writes it."""
        if self.name == "struct":
            return f"struct<{','.join(f'{name}:{kind}' for name, kind in self.fields)}>"
        return f"{self.name}<{','.join(map(str, self.of))}>" if self.of else self.name


def hive_type(text: str) -> HiveType | None:
    """Return the type that a text names; None where it names none."""
    if len(text) > _LONGEST:
        return None
    tokens: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        tokens.append((match[1] or match[2]).strip("`").casefold())
        position = match.end()
    parser = _Parser(tokens)
    parsed = parser.type(0)
    return parsed if parser.position == len(tokens) else None


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0

    def next(self) -> str:
        token = self.tokens[self.position] if self.position < len(self.tokens) else ""
        self.position += 1
        return token

    def type(self, depth: int) -> HiveType | None:
        name = self.next()
        if depth > _DEEPEST or not name or name in "<>:,":
            return None
        if name not in ("struct", "array", "map"):
            return HiveType(name)
        if self.next() != "<":
            return None
        fields: list[tuple[str, HiveType]] = []
        while True:
            label = ""
            if name == "struct":
                label = self.next()
                if not label or label in "<>:," or self.next() != ":":
                    return None
            inner = self.type(depth + 1)
            if inner is None:
                return None
            fields.append((label, inner))
            end = self.next()
            if end == ">":
                break
            if end != ",":
                return None
        if name == "struct":
            return HiveType(name, tuple(fields))
        return HiveType(name, (), tuple(kind for _, kind in fields)) if len(fields) == 1 + (name == "map") else None
