"""Refused calls of federated sessions as columns, grouped by what was refused to whom."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.attempts.columns import Ids, Table, first_of_each, without_digits

if TYPE_CHECKING:
    from oidc_doctor.model.events import SessionUse

MOST_GROUPS = 5_000
MOST_USES = 1_000_000
IDS_KEPT = 20  # of a group


class Uses:
    """One row a call. Group 0 stands for what did not fit any more."""

    def __init__(self) -> None:
        self.groups = Table(None, MOST_GROUPS)  # the keys
        self.samples: list[SessionUse | None] = [None]  # the newest call of each group
        self.ids = Ids()
        self.group = array("i")
        self.time = array("d")
        self.session = array("q")  # kept for what sessions did
        self.dropped = 0

    def __len__(self) -> int:
        return len(self.time)

    def add(self, use: SessionUse, place: int) -> None:
        """Take one call."""
        del place
        if len(self) >= MOST_USES:
            self.dropped += 1
            return
        group = self._group(_key(use), use)
        self.group.append(group)
        self.time.append(use.time)
        self.ids.append(use.event_ids[0])

    def _group(self, key: tuple[Any, ...], use: SessionUse) -> int:
        group = self.groups.number(key)
        if group == len(self.samples):
            self.samples.append(use)
        else:
            known = self.samples[group]
            if known is not None and use.time > known.time:
                self.samples[group] = use
        return group

    def cut(self, length: int) -> None:
        """Forget the rows from there on."""
        del self.group[length:]
        del self.time[length:]
        self.ids.cut(length)

    def extend(self, other: Uses) -> None:
        """Take over the rows of another table."""
        numbers = [0]
        for key, sample in zip(other.groups.values[1:], other.samples[1:], strict=True):
            numbers.append(0 if sample is None else self._group(key, sample))
        room = max(0, MOST_USES - len(self))
        self.dropped += other.dropped + max(0, len(other) - room)
        self.group.extend(array("i", [numbers[group] for group in other.group[:room]]))
        self.time.extend(other.time[:room])
        self.ids.extend(other.ids, room)

    def grouped(self) -> tuple[list[SessionUse], int]:
        """The groups, newest first, and how many calls were there twice."""
        keep = first_of_each(self.ids, self.time)
        rows: dict[int, list[int]] = {}
        for row in keep:
            if self.group[row]:
                rows.setdefault(self.group[row], []).append(row)
        found = []
        for group, members in rows.items():
            sample = self.samples[group]
            if sample is None:
                continue
            members.sort(key=self.time.__getitem__, reverse=True)
            found.append(
                replace(
                    sample,
                    time=self.time[members[0]],
                    first_seen=self.time[members[-1]],
                    count=len(members),
                    event_ids=tuple(self.ids.text(row) for row in members[:IDS_KEPT]),
                )
            )
        return sorted(found, key=lambda use: (-use.time, use.event_ids)), len(self) - len(keep)


def _key(use: SessionUse) -> tuple[Any, ...]:
    return (
        use.cloud, use.service, use.action, use.target, use.provider, use.error_code,
        without_digits(use.error_message), use.resource,
    )  # fmt: skip
