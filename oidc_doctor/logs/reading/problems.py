"""Problems of log files in words, bounded however many files share one."""

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

    A problem's words never quote the file, so there are few different ones whatever the files hold.
    """

    def __init__(self) -> None:
        self._files: dict[str, dict[str, list[Any]]] = {}  # problem → file → [first place, times]
        self._further: dict[str, int] = {}  # problem → files beyond those
        self._last: dict[str, str] = {}  # problem → the file that was counted last

    def copy(self) -> Problems:
        """An independent copy."""
        other = Problems()
        other._files = {what: {file: [*entry] for file, entry in files.items()} for what, files in self._files.items()}
        other._further, other._last = dict(self._further), dict(self._last)
        return other

    def __call__(self, origin: Origin, what: str) -> None:
        """Add one problem: where, and what in words."""
        self._add(origin, what, 1)

    def _add(self, origin: Origin, what: str, times: int) -> None:
        files = self._files.setdefault(what, {})
        if origin.file in files:
            files[origin.file][1] += times
        elif len(files) < _FILES_NAMED:
            files[origin.file] = [origin, times]
        elif self._last.get(what) != origin.file:
            self._further[what] = self._further.get(what, 0) + 1
        self._last[what] = origin.file

    def merge(self, other: Problems) -> None:
        """Add the problems of other files."""
        for what, files in other._files.items():
            for origin, times in files.values():
                self._add(origin, what, times)
        for what, number in other._further.items():
            self._further[what] = self._further.get(what, 0) + number

    def lines(self, *, notes: bool = False) -> tuple[str, ...]:
        """`file: place: what`, in the order met: losses, or (`notes`) remarks on files that were used."""
        lines = []
        for what, files in self._files.items():
            if (what in _NOTES) != notes:
                continue
            for file, (origin, times) in files.items():
                line = f"line {origin.line}" if origin.line else ""
                place = " ".join(part for part in (line, origin.pointer) if part)
                words = f"{what} ({times} times)" if times > 1 else what
                lines.append(": ".join(part for part in (file, place, words) if part))
            if more := self._further.get(what):
                lines.append(f"{more} more files: {what}")
        return tuple(lines)
