"""Problems of log files in words; the list is bounded however many files share a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_doctor.model.document import Origin

_FILES_NAMED = 5  # of the files that share a problem; the others are counted

AHEAD = "an event whose time is later than the delivery of its file: its clock or the file is wrong; it was used"
BEHIND = "an event whose time is more than a week before the delivery of its file; it was used"
FUTURE = "an event whose time lies in the future; it was used"
NO_TIME = "an event without a time that can be read"
OTHER_VERSION = "a record of an unknown eventVersion (not 1.x); it was read as if it were known"
_NOTES = frozenset({AHEAD, BEHIND, FUTURE, OTHER_VERSION})


class Problems:
    """Each problem with the first files that have it, and the number of the others.

    A problem's words never quote the file, so the number of different problems is small whatever the files contain.
    """

    def __init__(self) -> None:
        self._files: dict[str, dict[str, list[Any]]] = {}  # problem → file → [first place, times]
        self._further: dict[str, int] = {}  # problem → files beyond those
        self._last: dict[str, str] = {}  # problem → the file that was counted last

    def copy(self) -> Problems:
        """Return an independent copy."""
        copied = Problems()
        copied._files = {
            problem: {file: [*entry] for file, entry in files.items()} for problem, files in self._files.items()
        }
        copied._further, copied._last = dict(self._further), dict(self._last)
        return copied

    def __call__(self, origin: Origin, problem: str) -> None:
        """Add one problem: its place and its words."""
        self._add(origin, problem, 1)

    def _add(self, origin: Origin, problem: str, times: int) -> None:
        files = self._files.setdefault(problem, {})
        if origin.file in files:
            files[origin.file][1] += times
        elif len(files) < _FILES_NAMED:
            files[origin.file] = [origin, times]
        elif self._last.get(problem) != origin.file:
            self._further[problem] = self._further.get(problem, 0) + 1
        self._last[problem] = origin.file

    def merge(self, other: Problems) -> None:
        """Add the problems of other files."""
        for problem, files in other._files.items():
            for origin, times in files.values():
                self._add(origin, problem, times)
        for problem, number in other._further.items():
            self._further[problem] = self._further.get(problem, 0) + number

    def lines(self, *, notes: bool = False) -> tuple[str, ...]:
        """Return `file: place: problem`, in the order met: losses, or (`notes`) remarks on files that were used."""
        lines = []
        for problem, files in self._files.items():
            if (problem in _NOTES) != notes:
                continue
            for file, (origin, times) in files.items():
                line = f"line {origin.line}" if origin.line else ""
                place = " ".join(part for part in (line, origin.pointer) if part)
                description = f"{problem} ({times} times)" if times > 1 else problem
                lines.append(": ".join(part for part in (file, place, description) if part))
            if more := self._further.get(problem):
                lines.append(f"{more} more files: {problem}")
        return tuple(lines)
