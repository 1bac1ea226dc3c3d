"""A document as it was read, and the place of each of its values. A value is known, absent or unknown.

Absent is proven not to be there; unknown means that it was not read. Documents are written by other people,
possibly attackers, and are carried as they are.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from oidc_doctor.model import json_pointer

Json = Any  # a value as json.loads gives it


class Gap(enum.Enum):
    """Why there is no value: it is absent, or unknown."""

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
    claim: str = ""  # the name of the token's claim that stands there
    of_token: bool = False  # a token, its header or a claim stands there

    def __str__(self) -> str:
        """`aws/role.json:14`, or the file and the JSON pointer where no line is known."""
        if self.event_id:
            return f"{self.file} event {self.event_id}"
        if self.line is not None:
            return f"{self.file}:{self.line}"
        if self.claim and not self.pointer:
            return f"{self.file} claim {self.claim}"
        return f"{self.file}#{self.pointer}" if self.pointer else self.file


class Missing(NamedTuple):
    """Evidence that is not there. `outcome` not_found is proof of absence; everything else leaves it unknown."""

    what: str
    reason: str
    outcome: Literal["not-asked", "not_found", "denied", "throttled", "timeout", "failed", "unreadable"] = "not-asked"

    @property
    def proves_absence(self) -> bool:
        """True only where the service itself answered that there is no such resource."""
        return self.outcome == "not_found"


class Document(NamedTuple):
    """A JSON file as read. `at` gives the origin of a value inside it, line included."""

    file: str
    text: str
    value: Json
    pointer: str = ""  # the place of `value` in the file; "" is the whole file
    duplicates: tuple[str, ...] = ()  # JSON pointers of members that appear more than once; the last one counts
    inner: bool = False  # `text` is a document that was a string inside the file: its lines are not the file's
    find_line: Callable[[str, str], int | None] = json_pointer.line_of  # of the text's own syntax

    def at(self, pointer: str = "") -> Origin:
        """The origin of the value at `pointer` (relative to this document's value)."""
        if self.inner:
            return Origin(self.file, self.pointer + pointer)
        return Origin(self.file, self.pointer + pointer, self.find_line(self.text, self.pointer + pointer))
