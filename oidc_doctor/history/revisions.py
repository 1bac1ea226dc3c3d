"""Configuration in force at any moment: the one that was read, rolled back and forth over the logged writes.

Each field of the configuration (a trust policy, a ClientIDList, a condition, …) is followed on its own, because a write
tells some fields and leaves the others. Between two writes a field keeps its value; where no write and no reading tells
it, it is unknown. A refused write changes nothing, and is kept as a clue.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.history.config_fields import aws_fields, gcp_fields, with_aws, with_gcp
from oidc_doctor.history.outages import index_at
from oidc_doctor.history.writes import UNSEEN, Edit, aws_edits, gcp_edits, joined_operations
from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.steps import Cloud


class Basis(enum.StrEnum):
    """How the configuration of a revision is known."""

    READ = "read"  # the evidence itself
    LOGGED = "logged"  # every field that matters was written by a logged event, or read later and never written since
    PARTLY = "partly unknown"  # some field is not told by any write or reading


class Value(NamedTuple):
    """A field's value in one revision, and what told it: the event that wrote it, or none for the evidence."""

    value: Json
    by: Change | None = None
    before: bool = False  # the event tells what held before it
    read: bool = False  # the evidence has it too


class Revision(NamedTuple):
    """The configuration from `start` (epoch seconds) on, until the next revision."""

    start: float
    change: Change | None  # None: the first one, and one that no logged write explains
    evidence: TargetEvidence
    basis: Basis
    fields: dict[str, Value]  # what is known; a field that is not in it is unknown


class History(NamedTuple):
    """Revisions in order of time, the last of which is in force now; and writes that were refused."""

    revisions: tuple[Revision, ...]
    refused: tuple[Change, ...]
    other: tuple[Change, ...]  # writes of the target's resources that no step of the exchange depends on
    stand_ins: tuple[str, ...] = ()  # what no file tells of the present, and the last logged writes do

    def index_at(self, time: float) -> int:
        """The revision in force at `time`."""
        return index_at([one.start for one in self.revisions], time)


Kind = Literal["aws", "gcp"]


def history_of(
    cloud: Cloud, evidence: TargetEvidence, changes: Sequence[Change], issuers: frozenset[str], read_at: float
) -> History:
    """The history of one target's configuration.

    `issuers` are the addresses, without scheme, of the OIDC providers that the target's tokens come through. `read_at`
    is when the evidence was collected, epoch seconds.
    """
    own = [one for one in changes if one.cloud == cloud and one.time != NO_TIME]
    own = joined_operations(own) if cloud == "gcp" else own
    own.sort(key=lambda one: (one.time, one.event_id))
    found: list[tuple[Change, list[Edit]]] = []
    refused: list[Change] = []
    other: list[Change] = []
    for change in own:
        edits = aws_edits(change, evidence, issuers) if cloud == "aws" else gcp_edits(change, evidence)
        if edits is None:
            continue
        if change.error_code is not None:
            refused.append(change)
        elif edits:
            found.append((change, edits))
        else:
            other.append(change)
    present = aws_fields(evidence) if cloud == "aws" else gcp_fields(evidence)
    values, drifted = _settle(found, present)
    build = with_aws if cloud == "aws" else with_gcp
    revisions = []
    for index, known in enumerate(values):
        change_at = found[index - 1][0] if index else None
        told = {name: (one.value, _told(one)) for name, one in known.items()}
        last = index == len(found)
        # what the logs tell beside the reading stands for the files that are not there
        same = known.keys() == present.keys() and all(known[name].value == value for name, value in present.items())
        own_evidence = evidence if last and same else build(evidence, told, present)
        touched = {edit.field for _, edits in found for edit in edits} | set(present)
        read = all(name in known and known[name].value == value for name, value in present.items())
        basis = Basis.READ if last and read and present else Basis.LOGGED
        basis = basis if touched <= known.keys() else Basis.PARTLY
        revisions.append(Revision(change_at.time if change_at else 0.0, change_at, own_evidence, basis, known))
    if drifted:
        fields = {**revisions[-1].fields, **{name: Value(value) for name, value in present.items()}}
        start = max(read_at, revisions[-1].start)
        told = {name: (one.value, _told(one)) for name, one in fields.items()}
        revisions.append(Revision(start, None, build(evidence, told, present), Basis.READ, fields))
    return History(tuple(revisions), tuple(refused), tuple(other), _stand_ins(revisions[-1], present))


def _stand_ins(last: Revision, present: dict[str, Json]) -> tuple[str, ...]:
    """The last revision's fields that the evidence does not have, in the vendors' words."""
    return tuple(dict.fromkeys(_WORDS[name] for name in last.fields if name in _WORDS and name not in present))


_WORDS = {
    "role": "the role", "trust": "its trust policy", "provider": "the OIDC provider", "clients": "its ClientIDList",
    "state": "the provider", "condition": "its attribute condition", "mapping": "its attribute mapping",
    "audiences": "its allowed audiences", "issuer": "its issuer", "pool": "the pool", "account": "the service account",
    "account-bindings": "its allow policy", "project-bindings": "the project's allow policy",
}  # fmt: skip


def _told(value: Value) -> str | None:
    """What told the value, in words; None for the evidence."""
    if value.by is None or value.read:
        return None
    return f"{'before ' if value.before else ''}event {value.by.event_id}"


def _settle(found: list[tuple[Change, list[Edit]]], present: dict[str, Json]) -> tuple[list[dict[str, Value]], bool]:
    """The fields of each revision, and whether the last logged write and the reading differ."""
    count = len(found)
    out: list[dict[str, Value]] = [{} for _ in range(count + 1)]
    drifted = False
    names = dict.fromkeys([*present, *(edit.field for _, edits in found for edit in edits)])
    for name in names:
        edits = [next((edit for edit in edits if edit.field == name), None) for _, edits in found]
        line: list[Value | None] = [None] * (count + 1)
        for index, edit in enumerate(edits):
            change = found[index][0]
            if edit is None:
                continue
            if edit.before is not UNSEEN and line[index] is None:
                line[index] = Value(edit.before, change, before=True)
            if edit.value is not UNSEEN:
                line[index + 1] = Value(edit.value, change)
        _forward(line, edits, found)
        if name in present:
            last = line[count]
            if last is None or last.value == present[name]:
                line[count] = Value(present[name], last.by if last else None, read=True)
            else:
                drifted = True
        _backward(line, edits, found)
        _forward(line, edits, found)
        for index, value in enumerate(line):
            if value is not None:
                out[index][name] = value
    return out, drifted


def _forward(line: list[Value | None], edits: list[Edit | None], found: list[tuple[Change, list[Edit]]]) -> None:
    for index, edit in enumerate(edits):
        known = line[index]
        if line[index + 1] is not None or known is None:
            continue
        if edit is None:
            line[index + 1] = known
        elif edit.forward is not None:
            line[index + 1] = Value(edit.forward(known.value), found[index][0])


def _backward(line: list[Value | None], edits: list[Edit | None], found: list[tuple[Change, list[Edit]]]) -> None:
    for index in range(len(edits) - 1, -1, -1):
        known, edit = line[index + 1], edits[index]
        if line[index] is not None or known is None:
            continue
        if edit is None:
            line[index] = known
        elif edit.backward is not None:
            line[index] = Value(edit.backward(known.value), found[index][0], before=True)


def changed_fields(history: History, index: int) -> dict[str, tuple[Any, Any]]:
    """What the revision's write changed: field → (value before, value after); UNSEEN where it is unknown."""
    if not index:
        return {}
    before, after = history.revisions[index - 1].fields, history.revisions[index].fields
    out = {}
    for name in dict.fromkeys([*before, *after]):
        pair: tuple[Any, Any] = (
            before[name].value if name in before else UNSEEN,
            after[name].value if name in after else UNSEEN,
        )
        if pair[0] is UNSEEN or pair[1] is UNSEEN or pair[0] != pair[1]:
            out[name] = pair
    touched = history.revisions[index].change
    return {
        name: pair
        for name, pair in out.items()
        if touched is None or after.get(name, Value(None)).by is touched or before.get(name, Value(None)).by is touched
    }
