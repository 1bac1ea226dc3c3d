"""The rows of coverage for what a plan leaves open: the value, the document that lacks it, and what settles it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import printable
from oidc_doctor.documents.planned import parse_planned
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import NOT_GIVEN, Coverage
from oidc_doctor.model.planned import FILE as PLANNED
from oidc_doctor.model.planned import Planned

if TYPE_CHECKING:
    from oidc_doctor.bundle.reader import BundleReader

_LONGEST = 1000  # characters of a reason


def planned_of(reader: BundleReader, prefix: str) -> Planned:
    """Return what a plan says of a target's folder, and write a row for each value that it leaves open."""
    path = prefix + PLANNED
    if path not in reader.bundle:
        return Planned()
    planned = reader.parsed(path, parse_planned)
    if isinstance(planned, Missing):
        return Planned()
    reader.coverage.pop(path, None)
    for value in planned.unknown_values:
        what = value.name
        reason = f"{value.why}. {value.settled_by}"
        key = f"{prefix}{value.place} {what}"
        row = Coverage(printable(what), "missing", printable(reason, _LONGEST), path=value.place)
        reader.coverage.setdefault(key, row)
    for note in planned.notes:
        row = Coverage(printable(note.what), "partial", printable(note.reason, _LONGEST), named=note.named)
        reader.coverage.setdefault(f"{prefix}{note.what}: {note.reason}", row)
    return planned


def cover_plan(reader: BundleReader) -> None:
    """Write the rows of the plan as a whole, and leave out those of files that no plan has.

    A file that an open value leaves out as a whole has the row of that value alone.
    """
    if not any(name.startswith(contract.TARGETS) for name in reader.bundle.names()):
        return
    planned_of(reader, "")
    if not reader.bundle.is_plan:
        return
    shown: set[str] = set()  # a resource that several files or targets have is one row
    for path, row in list(reader.coverage.items()):
        if _is_of_no_plan(reader, path, row) or (row.status == "read" and row.what in shown):
            del reader.coverage[path]
        elif row.status == "read":
            shown.add(row.what)


def _is_of_no_plan(reader: BundleReader, path: str, row: Coverage) -> bool:
    """Whether a row is of a file that we write, of one that a row of an open value names, or of one outside plans."""
    below = contract.split_target(path)[1]
    is_named = path in reader.reads and reader.reads[path].outcome == "failed"
    is_absent = row.status == "missing" and row.reason == NOT_GIVEN and not below.startswith(contract.ISSUER)
    return below in (contract.TARGET_FILE, contract.MANIFEST) or is_named or is_absent
