"""Order writes with the same time by earlier and later values.

CloudTrail times have a resolution of one second, so the writes of one `terraform apply` often share a time.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from oidc_doctor.history.writes import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.history.writes import FieldWrite
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change

    Write = tuple[Change, list[FieldWrite]]

_MOST_ORDERED = 4  # maximum simultaneous writes for which every order is tried


def in_shown_order(writes: Sequence[Write], present: dict[str, Json]) -> list[Write]:
    """Return the writes, with simultaneous ones in the order that contradicts earlier and later values least.

    `present` are the fields as they were read after all writes.
    """
    ordered: list[Write] = []
    at = 0
    while at < len(writes):
        end = at
        while end < len(writes) and writes[end][0].time == writes[at][0].time:
            end += 1
        group = list(writes[at:end])
        if 1 < len(group) <= _MOST_ORDERED:
            later = writes[end:]
            orders = itertools.permutations(group)
            group = list(min(orders, key=lambda order: _contradictions(ordered, list(order), later, present)))
        ordered += group
        at = end
    return ordered


def _contradictions(
    earlier: Sequence[Write], order: Sequence[Write], later: Sequence[Write], present: dict[str, Json]
) -> int:
    names = dict.fromkeys(write.field for _, writes in order for write in writes)
    return sum(_contradicted(name, earlier, order, later, present) for name in names)


def _contradicted(
    name: str, earlier: Sequence[Write], order: Sequence[Write], later: Sequence[Write], present: dict[str, Json]
) -> int:
    """Count the writes of a field whose value before or after them differs from this order's."""
    count = 0
    value: Any = UNSEEN
    for _, writes in (*earlier, *order):
        for write in writes:
            if write.field != name:
                continue
            if write.before is not UNSEEN and value is not UNSEEN and write.before != value:
                count += 1
            value = write.onto(value)
    following = next((write for _, writes in later for write in writes if write.field == name), None)
    expected: Any = present.get(name, UNSEEN) if following is None else following.before
    return count + (value is not UNSEEN and expected is not UNSEEN and value != expected)
