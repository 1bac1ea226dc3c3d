"""Scans of the log files that several targets share: each file is read once, whatever the number of targets."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, BinaryIO

from oidc_doctor.logs.reading.scan_state import ScanState
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.logs.reading.workers import read_all

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class _EveryWrite(WriteScope):
    """The scope of all targets: each target's own is applied when its state receives the writes."""

    __slots__ = ()

    def includes(self, change: object) -> bool:  # noqa: ARG002 - of any resource
        return True


class SharedScans:
    """The states of files by their content: a key is the same for files with the same bytes.

    The key "" is for files that each target has, under the same name. A state in which more than its rows has the name
    of its file is not used for another name, and one that had to leave writes or rows out is not used at all.
    """

    def __init__(self) -> None:
        self._states: dict[tuple[Hashable, str], tuple[list[str], ScanState]] = {}

    def merge(
        self,
        state: ScanState,
        names: list[str],
        key_of: Callable[[str], Hashable | None],
        open_file: Callable[[str], BinaryIO],
        on_disk: Callable[[str], str | None],
    ) -> list[str]:
        """Add the records of shared files to the state. Return the files that are to be read, as without this."""
        groups: dict[Hashable, list[str]] = {}
        left = []
        for name in names:
            key = key_of(name)
            if key is None:
                left.append(name)
            else:
                groups.setdefault(key, []).append(name)
        for key, group in groups.items():
            place = (tuple(group) if key == "" else key, state.source)
            if place not in self._states:
                found = state.empty(_EveryWrite())
                read_all(found, group, open_file, on_disk, progress=None, processes=None)
                self._states[place] = group, found
            read, found = self._states[place]
            if found.left_out or found.rows.width or (read != group and not found.is_only_rows):
                left += group
            elif read == group:
                state.merge(found)
            else:
                state.merge(_renamed(found, dict(zip(read, group, strict=True))))
        return left


def _renamed(state: ScanState, names: dict[str, str]) -> ScanState:
    """Return the state with other files' names; the columns are shared."""
    renamed = copy.copy(state)
    renamed.rows = copy.copy(state.rows)
    renamed.rows.files = copy.copy(state.rows.files)
    renamed.rows.files.values = [names.get(name, name) for name in state.rows.files.values]
    return renamed
