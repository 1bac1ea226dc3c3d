"""Documents as read, with the origin of each value. A value is known, absent or unknown.

An absent value is proven not to exist; an unknown value was not read. Documents are written by other people,
possibly attackers, and are kept unchanged.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from oidc_doctor.model import json_pointer
from oidc_doctor.model.obstacle import Local

Json = Any  # a value as returned by json.loads


class Gap(enum.Enum):
    """The reason why there is no value: the value is absent or unknown."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


ABSENT = Gap.ABSENT
UNKNOWN = Gap.UNKNOWN


class Origin(NamedTuple):
    """Where a fact was read: a file of the bundle with JSON pointer and line, a call, or a log event."""

    file: str
    pointer: str = ""
    line: int | None = None
    event_id: str | None = None
    claim: str = ""  # the name of the token's claim at this place
    of_token: bool = False  # the file contains a token, its header or a claim

    def __str__(self) -> str:
        """Format as `aws/role.json:14`, or as file and JSON pointer if the line is unknown."""
        if self.event_id:
            return f"{self.file} event {self.event_id}"
        if self.line is not None:
            return f"{self.file}:{self.line}"
        if self.claim and not self.pointer:
            return f"{self.file} claim {self.claim}"
        return f"{self.file}#{self.pointer}" if self.pointer else self.file


class Missing(NamedTuple):
    """Missing evidence. The `outcome` not_found proves absence; with any other outcome the evidence is unknown."""

    what: str
    reason: str
    outcome: Literal["not-asked", "not_found", "denied", "throttled", "timeout", "failed", "unreadable"] = "not-asked"
    local: Local = ""  # a fault of this machine or its credentials, which proves nothing about the other side

    @property
    def proves_absence(self) -> bool:
        """Whether the service itself reported that the resource does not exist."""
        return self.outcome == "not_found"


def texts_in(value: Json) -> list[str]:
    """Return every string of a JSON value except member names, with repeats."""
    texts, waiting = [], [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            texts.append(inner)
        elif isinstance(inner, dict | list):
            waiting.extend(inner.values() if isinstance(inner, dict) else inner)
    return texts


class Document(NamedTuple):
    """A JSON file as read. `at` returns the origin of a value inside it, including the line."""

    file: str
    text: str
    value: Json
    pointer: str = ""  # the JSON pointer of `value` in the file; "" is the whole file
    duplicates: tuple[str, ...] = ()  # JSON pointers of members that appear more than once; the last one counts
    inner: bool = False  # `text` is a document that was a string inside the file: its lines are not the file's
    find_line: Callable[[str, str], int | None] = json_pointer.line_of  # lines of the text's own syntax
    answer: Json = None  # the service's response that contains `value`, if any

    def in_answer(self, name: str) -> str | None:
        """Return a string next to the value in the response that contains it, such as RoleName next to a policy."""
        value = self.answer.get(name) if isinstance(self.answer, dict) else None
        return value if isinstance(value, str) else None

    def at(self, pointer: str = "") -> Origin:
        """Return the origin of the value at `pointer` (relative to this document's value)."""
        if self.inner:
            return Origin(self.file, self.pointer + pointer)
        return Origin(self.file, self.pointer + pointer, self.find_line(self.text, self.pointer + pointer))
