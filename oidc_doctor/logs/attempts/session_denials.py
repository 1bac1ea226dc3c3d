"""Denied calls of federated sessions as columns, grouped by action, resource, role of the session, error, workload.

CloudTrail delivers a call on another account's resource to both accounts, with an eventID of its own in each, and one
sharedEventID [CloudTrail user guide, record contents].
"""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.attempts.columns import EventIds, InternTable, first_of_each, without_digits
from oidc_doctor.logs.records.cloudtrail import MADE_UP, digest_of
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.events import SessionDenial

MOST_GROUPS = limits.DENIED_CALL_KINDS.most
MOST_DENIALS = limits.DENIED_CALLS.most
IDS_KEPT = 20  # of a group


def _any(_: str | None) -> None:
    return None


class SessionDenials:
    """A row for each call. Group 0 contains the calls of groups beyond the bound."""

    def __init__(self) -> None:
        self.groups = InternTable(None, MOST_GROUPS)  # the keys
        self.newest: list[SessionDenial | None] = [None]  # the newest call of each group
        self.ids = EventIds()
        self.same = EventIds()  # equal for all copies of an event
        self.group = array("i")
        self.time = array("d")
        self.count = array("q")  # calls that the row represents
        self.sessions = InternTable(None, limits.IDENTITIES.most)
        self.session = array("i")  # None is that of sessions beyond the bound
        self.dropped = 0

    def __len__(self) -> int:
        return len(self.time)

    def add(self, denial: SessionDenial, count: int = 1) -> None:
        """Add a call that represents `count` calls alike."""
        if len(self) >= MOST_DENIALS:
            self.dropped += count
            return
        key = _key(denial)
        event_id = denial.event_ids[0] or digest_of((*key, denial.time, denial.session))
        self.group.append(self._group(key, denial))
        self.time.append(denial.time)
        self.count.append(count)
        self.ids.append(event_id)
        self.same.append(denial.shared_id or event_id)
        self.session.append(self.sessions.number(denial.session))

    def _group(self, key: tuple[Any, ...], denial: SessionDenial) -> int:
        group = self.groups.number(key)
        if group == len(self.newest):
            self.newest.append(denial)
        else:
            newest = self.newest[group]
            if newest is not None and denial.time > newest.time:
                self.newest[group] = denial
        return group

    def extend(self, other: SessionDenials) -> None:
        """Add the rows of another table."""
        numbers = [0]
        for key, newest in zip(other.groups.values[1:], other.newest[1:], strict=True):
            numbers.append(0 if newest is None else self._group(key, newest))
        free_rows = max(0, MOST_DENIALS - len(self))
        self.dropped += other.dropped + sum(other.count[free_rows:])
        self.group.extend(array("i", [numbers[group] for group in other.group[:free_rows]]))
        self.time.extend(other.time[:free_rows])
        self.count.extend(other.count[:free_rows])
        sessions = [self.sessions.number(session) for session in other.sessions.values]
        self.session.extend(array("i", [sessions[number] for number in other.session[:free_rows]]))
        self.ids.extend(other.ids, free_rows)
        self.same.extend(other.same, free_rows)

    def grouped(self, workload_of: Callable[[str | None], str | None] = _any) -> tuple[list[SessionDenial], int]:
        """Return the groups, newest first, and how many calls were logged twice.

        `workload_of` returns a session's workload: calls of two workloads are in two groups.
        """
        rows = self._once()
        workloads: dict[int, str | None] = {}
        rows_of: dict[tuple[int, str | None], list[int]] = {}
        for row in rows:
            if self.group[row]:
                session = self.session[row]
                if session not in workloads:
                    workloads[session] = workload_of(self.sessions.values[session])
                rows_of.setdefault((self.group[row], workloads[session]), []).append(row)
        denials = []
        for (group, _), members in rows_of.items():
            newest = self.newest[group]
            if newest is None:
                continue
            members.sort(key=self.time.__getitem__, reverse=True)
            ids = tuple(self.ids.text(row) for row in members[:IDS_KEPT])
            denials.append(
                replace(
                    newest,
                    session=self.sessions.values[self.session[members[0]]],
                    time=self.time[members[0]],
                    first_seen=self.time[members[-1]],
                    count=sum(self.count[row] for row in members),
                    event_ids=ids,
                    origin=newest.origin._replace(event_id=ids[0] or None),
                )
            )
        return sorted(denials, key=lambda denial: (-denial.time, denial.event_ids)), len(self) - len(rows)

    def _once(self) -> list[int]:
        """Return the rows, one for each event; of an event that one file has without its id, the copy with the id."""
        rows = first_of_each(self.same, self.time, self.count)
        unnamed = (
            {row for row in rows if self.ids.text(row).startswith(MADE_UP)} if len(self.ids.texts.values) > 1 else {}
        )
        if not unnamed:
            return rows
        named = {(self.group[row], self.time[row], self.session[row]) for row in rows if row not in unnamed}
        return [
            row
            for row in rows
            if row not in unnamed or (self.group[row], self.time[row], self.session[row]) not in named
        ]


def _key(denial: SessionDenial) -> tuple[Any, ...]:
    return (
        denial.cloud, denial.service, denial.action, denial.target, denial.provider, denial.error_code,
        without_digits(denial.error_message), denial.resource,
    )  # fmt: skip
