"""Reconstruct the effective configuration at any time: undo and apply the logged writes on the evidence.

Each field of the configuration (a trust policy, a ClientIDList, a condition, …) is tracked separately, because a write
sets some fields and leaves all others unchanged. Between two writes a field keeps its value; if neither a write nor the
evidence shows the value, it is unknown. A refused write changes nothing; it is kept for the timeline.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.history.aws_writes import aws_field_writes
from oidc_doctor.history.config_fields import aws_fields, gcp_fields, with_aws, with_gcp
from oidc_doctor.history.gcp_writes import gcp_field_writes, joined_operations
from oidc_doctor.history.outages import index_at
from oidc_doctor.history.write_order import in_shown_order
from oidc_doctor.history.writes import UNSEEN, FieldWrite
from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.history.config_fields import SourcedFields
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.steps import Cloud

    Write = tuple[Change, list[FieldWrite]]  # a successful write, and the fields that it set


class Basis(enum.StrEnum):
    """The source of a revision's configuration."""

    READ = "read"  # the evidence itself
    LOGGED = "logged"  # every relevant field was written by a logged event, or read later and not written since
    PARTLY = "partly unknown"  # some field is shown by neither a write nor the evidence


class FieldValue(NamedTuple):
    """A field's value in a revision, and the event that shows it (None: the evidence)."""

    value: Json
    by: Change | None = None
    before: bool = False  # it is the value before the event
    read: bool = False  # the evidence shows it too


class Revision(NamedTuple):
    """The configuration from `start` (epoch seconds) on, until the next revision."""

    start: float
    change: Change | None  # None for the first revision, and if no logged write explains the revision
    evidence: TargetEvidence
    basis: Basis
    fields: dict[str, FieldValue]  # the known fields; every other field is unknown
    writes: tuple[FieldWrite, ...] = ()  # whose change created it


class History(NamedTuple):
    """Revisions in order of time, the last of which is effective now; and refused writes."""

    revisions: tuple[Revision, ...]
    refused: tuple[Change, ...]
    other: tuple[Change, ...]  # writes to the target's resources that affect no step of the exchange
    stand_ins: tuple[str, ...] = ()  # present fields shown only by the last logged writes
    build: Callable[[dict[str, FieldValue]], TargetEvidence] | None = None  # the evidence with other fields

    def index_at(self, time: float) -> int:
        """Return the revision effective at `time`."""
        return index_at([revision.start for revision in self.revisions], time)


def history_of(
    cloud: Cloud, evidence: TargetEvidence, changes: Sequence[Change], issuers: frozenset[str], read_at: float
) -> History:
    """Return the history of one target's configuration.

    `issuers` are the addresses, without scheme, of the OIDC providers for the target's tokens. `read_at`
    is when the evidence was collected, epoch seconds.
    """
    effects: Effects
    if cloud == "aws":
        effects = lambda change: aws_field_writes(change, evidence, issuers)  # noqa: E731 - one of two
    else:
        effects = lambda change: gcp_field_writes(change, evidence)  # noqa: E731
    present = aws_fields(evidence) if cloud == "aws" else gcp_fields(evidence)
    build = with_aws if cloud == "aws" else with_gcp
    return rebuilt(cloud, evidence, changes, effects, lambda _: present, build, read_at=read_at)


Effects = Callable[["Change"], "list[FieldWrite] | None"]
Build = Callable[["TargetEvidence", "SourcedFields", "dict[str, Json]"], "TargetEvidence"]


def rebuilt(
    cloud: Cloud,
    evidence: TargetEvidence,
    changes: Sequence[Change],
    effects: Effects,
    read: Callable[[frozenset[str]], dict[str, Json]],
    build: Build,
    *,
    read_at: float,
) -> History:
    """Return the history of the fields that `effects` finds in the logged writes.

    `read` returns the fields that the evidence shows, given the written fields; `build` returns the evidence as it
    would have been read with other field values.
    """
    of_cloud = [change for change in changes if change.cloud == cloud and change.time != NO_TIME]
    of_cloud = joined_operations(of_cloud) if cloud == "gcp" else of_cloud
    of_cloud.sort(key=lambda change: (change.time, change.event_id))
    writes: list[Write] = []
    refused: list[Change] = []
    unrelated: list[Change] = []
    for change in of_cloud:
        field_writes = effects(change)
        if field_writes is None:
            continue
        if change.error_code is not None:
            refused.append(change)
        elif field_writes:
            writes.append((change, field_writes))
        else:
            unrelated.append(change)
    present = read(frozenset(write.field for _, field_writes in writes for write in field_writes))
    writes = in_shown_order(writes, present)
    values, is_drifted = _values_of_fields(writes, present)
    fields_of_all = {write.field for _, field_writes in writes for write in field_writes} | set(present)
    revisions = []
    for index, fields in enumerate(values):
        change_at = writes[index - 1][0] if index else None
        is_last = index == len(writes)
        is_as_read = all(name in fields and fields[name].value == value for name, value in present.items())
        # fields shown only by the logs replace missing files
        is_evidence = is_last and is_as_read and fields.keys() == present.keys()
        then = evidence if is_evidence else build(evidence, _sources(fields), present)
        basis = Basis.READ if is_last and is_as_read and present else Basis.LOGGED
        basis = basis if fields_of_all <= fields.keys() else Basis.PARTLY
        made_by = tuple(writes[index - 1][1]) if index else ()
        revisions.append(Revision(change_at.time if change_at else 0.0, change_at, then, basis, fields, made_by))
    if is_drifted:
        fields = {**revisions[-1].fields, **{name: FieldValue(value) for name, value in present.items()}}
        start = max(read_at, revisions[-1].start)
        then = build(evidence, _sources(fields), present)
        revisions.append(Revision(start, None, then, Basis.READ, fields))
    return History(
        tuple(revisions),
        tuple(refused),
        tuple(unrelated),
        _stand_ins(revisions[-1], present),
        lambda fields: build(evidence, _sources(fields), present),
    )


def _stand_ins(last: Revision, present: dict[str, Json]) -> tuple[str, ...]:
    """Return the last revision's fields that the evidence lacks, in the vendor's terms."""
    return tuple(dict.fromkeys(_WORDS[name] for name in last.fields if name in _WORDS and name not in present))


_WORDS = {
    "role": "the role", "trust": "its trust policy", "provider": "the OIDC provider", "clients": "its ClientIDList",
    "state": "the provider", "condition": "its attribute condition", "mapping": "its attribute mapping",
    "audiences": "its allowed audiences", "issuer": "its issuer", "pool": "the pool", "account": "the service account",
    "account-bindings": "its allow policy", "project-bindings": "the project's allow policy",
}  # fmt: skip


def _sources(fields: dict[str, FieldValue]) -> SourcedFields:
    """Describe the event that shows each field's value; None for the evidence."""
    return {name: (value.value, _source(value)) for name, value in fields.items()}


def with_writes(fields: dict[str, FieldValue], effects: Iterable[FieldWrite], write: Change) -> SourcedFields | None:
    """Return a revision's fields after a write; None if the event does not show what it wrote."""
    sourced = _sources(fields)
    for effect in effects:
        value = effect.onto(fields[effect.field].value if effect.field in fields else UNSEEN)
        if value is UNSEEN:
            return None
        sourced[effect.field] = (value, f"event {write.event_id}")
    return sourced


def _source(value: FieldValue) -> str | None:
    if value.by is None or value.read:
        return None
    return f"{'before ' if value.before else ''}event {value.by.event_id}"


def _values_of_fields(writes: list[Write], present: dict[str, Json]) -> tuple[list[dict[str, FieldValue]], bool]:
    """Return the fields of each revision, and whether the last logged write and the evidence differ."""
    revisions: list[dict[str, FieldValue]] = [{} for _ in range(len(writes) + 1)]
    is_drifted = False
    names = dict.fromkeys([*present, *(write.field for _, field_writes in writes for write in field_writes)])
    for name in names:
        line, differs = _values_of_field(name, writes, present)
        is_drifted |= differs
        for index, value in enumerate(line):
            if value is not None:
                revisions[index][name] = value
    return revisions, is_drifted


def _values_of_field(name: str, writes: list[Write], present: dict[str, Json]) -> tuple[list[FieldValue | None], bool]:
    """Return a field's value in each revision, and whether the last logged write and the evidence differ."""
    writes_of_field = [
        next((write for write in field_writes if write.field == name), None) for _, field_writes in writes
    ]
    line: list[FieldValue | None] = [None] * (len(writes) + 1)
    for index, write in enumerate(writes_of_field):
        if write is None:
            continue
        change = writes[index][0]
        if write.before is not UNSEEN and line[index] is None:
            line[index] = FieldValue(write.before, change, before=True)
        if write.value is not UNSEEN:
            line[index + 1] = FieldValue(write.value, change)
    _forward(line, writes_of_field, writes)
    is_drifted = False
    if name in present:
        last = line[-1]
        if last is None or last.value == present[name]:
            line[-1] = FieldValue(present[name], last.by if last else None, read=True)
        else:
            is_drifted = True
    _backward(line, writes_of_field, writes)
    _forward(line, writes_of_field, writes)
    return line, is_drifted


def _forward(line: list[FieldValue | None], writes_of_field: list[FieldWrite | None], writes: list[Write]) -> None:
    """Fill in unknown values from earlier revisions."""
    for index, write in enumerate(writes_of_field):
        value = line[index]
        if line[index + 1] is not None or value is None:
            continue
        if write is None:
            line[index + 1] = value
        elif write.forward is not None:
            line[index + 1] = FieldValue(write.forward(value.value), writes[index][0])


def _backward(line: list[FieldValue | None], writes_of_field: list[FieldWrite | None], writes: list[Write]) -> None:
    """Fill in unknown values from later revisions."""
    for index in range(len(writes_of_field) - 1, -1, -1):
        value, write = line[index + 1], writes_of_field[index]
        if line[index] is not None or value is None:
            continue
        if write is None:
            line[index] = value
        elif write.backward is not None:
            line[index] = FieldValue(write.backward(value.value), writes[index][0], before=True)


def changed_fields(history: History, index: int) -> dict[str, tuple[Any, Any]]:
    """Return the revision's changes: field → (value before, value after); UNSEEN where it is unknown."""
    if not index:
        return {}
    before, after = history.revisions[index - 1].fields, history.revisions[index].fields
    changes: dict[str, tuple[Any, Any]] = {}
    for name in dict.fromkeys([*before, *after]):
        old: Any = before[name].value if name in before else UNSEEN
        new: Any = after[name].value if name in after else UNSEEN
        if old is UNSEEN or new is UNSEEN or old != new:
            changes[name] = (old, new)
    change = history.revisions[index].change
    written = {write.field for write in history.revisions[index].writes}
    # a write that shows only a difference, while the value is unknown before and after it
    unseen = {name: (UNSEEN, UNSEEN) for name in written if name not in before and name not in after}
    return unseen | {
        name: values
        for name, values in changes.items()
        if change is None
        or after.get(name, FieldValue(None)).by is change
        or before.get(name, FieldValue(None)).by is change
    }
