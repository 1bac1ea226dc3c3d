"""Read and write planned.json: what a plan of Terraform or OpenTofu changes, and what it leaves open.

oidc-doctor writes it when it reads a plan as a bundle, so that a saved bundle says the same as the plan.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import load
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.limits import PLAN_RESOURCES
from oidc_doctor.model.planned import Planned, PlannedChange, PlanNote
from oidc_doctor.model.unknown_value import UnknownValue

if TYPE_CHECKING:
    from oidc_doctor.model.document import Document

_CHANGE = ("address", "type", "place", "why", "before", "after")


def parse_planned(text: str, file: str) -> Planned:
    """Return the file's content. Raises Unreadable."""
    document = load(text, file)
    box = fields.members(document, "", document.value)
    return Planned(
        tuple(_change(document, *entry) for entry in _entries(document, box, "changes")),
        tuple(
            UnknownValue(**{name: _text(document, *entry, name) for name in UnknownValue._fields})
            for entry in _entries(document, box, "unknown_values")
        ),
        fields.texts(document, "", box, "assumed") or (),
        tuple(
            PlanNote(
                _text(document, *entry, "what"),
                _text(document, *entry, "reason"),
                fields.flag(document, *entry, "named"),
            )
            for entry in _entries(document, box, "notes")
        ),
    )


def to_json(planned: Planned) -> str:
    """Return the text that `parse_planned` reads."""
    value = {
        "changes": [change._asdict() for change in planned.changes],
        "unknown_values": [value._asdict() for value in planned.unknown_values],
        "assumed": list(planned.assumed),
        "notes": [note._asdict() for note in planned.notes],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _entries(document: Document, box: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    place = pointer_segment(name)
    listed = fields.elements(document, place, box.get(name, []))
    fields.within(document, place, len(listed), PLAN_RESOURCES)
    return [
        (place + pointer_segment(index), fields.members(document, place + pointer_segment(index), entry))
        for index, entry in enumerate(listed)
    ]


def _change(document: Document, pointer: str, box: dict[str, Any]) -> PlannedChange:
    texts = {name: _text(document, pointer, box, name) for name in _CHANGE}
    return PlannedChange(**texts, actions=fields.texts(document, pointer, box, "actions") or ())


def _text(document: Document, pointer: str, box: dict[str, Any], name: str) -> str:
    return fields.text(document, pointer, box, name) or ""
