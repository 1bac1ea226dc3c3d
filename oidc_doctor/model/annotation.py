"""A finding as a CI platform shows it beside a line of a file or above a job's log."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["error", "warning", "notice"]


class Annotation(NamedTuple):
    """One annotation. Title and message may hold values from tokens and policies; a renderer escapes them."""

    level: Level
    title: str  # one line: the code and name of a cause, or the expectation
    message: str  # what to do, in one or two sentences
    file: str = ""  # path in the repository; "" where no file is at fault
    line: int | None = None  # from 1
