"""Derive an edit's changes to client files: truss/config.yaml, gcp/credentials.json, oidc-doctor.toml.

A value is replaced on the line where it was read, which keeps comments and layout. If the file was not kept, only the
line is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.model.document import Document
from oidc_doctor.model.json_pointer import segments

if TYPE_CHECKING:
    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.evidence import TargetEvidence

_LINES_OF_VALUE = 3  # a value may begin on the line after its key


def client_files(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    """Yield a change for each file with different request values."""
    edits: dict[str, list[tuple[Origin, str, str]]] = {}
    places: set[tuple[str, str]] = set()
    for name, old, new in _values(before, after):
        origin = before.target.origins.get(name)
        if origin is not None and (origin.file, origin.pointer) not in places:
            places.add((origin.file, origin.pointer))
            edits.setdefault(origin.file, []).append((origin, old, new))
    documents = {document.file: document for document in _documents(before)}
    for file, values in edits.items():
        yield _edited(file, documents.get(file), values)
    credentials = _credentials(before), _credentials(after)
    if credentials[0] is not None and credentials[1] is not None and credentials[0].value != credentials[1].value:
        texts = [json.dumps(document.value, indent=2) for document in credentials if document is not None]
        yield DocumentChange(credentials[0].file, texts[0], texts[1], [], "", [], [], [])


def _values(before: TargetEvidence, after: TargetEvidence) -> Iterator[tuple[str, str, str]]:
    """Return the names of differing request values, with both values."""
    for cloud in ("aws", "gcp"):
        old, new = getattr(before.target, cloud), getattr(after.target, cloud)
        for name in new._fields if new is not None and old is not None else ():
            values = getattr(old, name), getattr(new, name)
            if values[0] != values[1] and values[0] is not None and values[1] is not None:
                yield f"{cloud}.{name}", _text(values[0]), _text(values[1])


def _text(value: object) -> str:
    return json.dumps(list(value)) if isinstance(value, tuple) else str(value)


def _documents(evidence: TargetEvidence) -> list[Document]:
    documents = [evidence.truss, _credentials(evidence)]
    return [document for document in documents if isinstance(document, Document)]


def _credentials(evidence: TargetEvidence) -> Document | None:
    credentials = evidence.gcp.credentials if evidence.gcp is not None else None
    return credentials if isinstance(credentials, Document) else None


def _edited(file: str, document: Document | None, values: list[tuple[Origin, str, str]]) -> DocumentChange:
    lines = document.text.splitlines(keepends=True) if document is not None and not document.inner else None
    edited = list(lines or ())
    for origin, old, new in values:
        if lines is None or not _replace(edited, origin.line, old, new):
            before = "\n".join(_line(origin, old) for origin, old, _ in values)
            after = "\n".join(_line(origin, new) for origin, _, new in values)
            return DocumentChange(file, before, after, [], "", [], [], [])
    return DocumentChange(file, "".join(lines or ()), "".join(edited), [], "", [], [], [])


def _replace(lines: list[str], line: int | None, old: str, new: str) -> bool:
    """Replace `old` by `new` on its line; False if the line does not contain `old`."""
    for number in range((line or 0) - 1, min((line or 0) - 1 + _LINES_OF_VALUE, len(lines))):
        if number >= 0 and old in lines[number]:
            lines[number] = lines[number].replace(old, new, 1)
            return True
    return False


def _line(origin: Origin, value: str) -> str:
    """Return the value as on its line, `role_arn = "…"`; the bare value if it came from no file."""
    names = list(segments(origin.pointer)) if origin.pointer else []
    if not names:
        return f"{origin.file} {value}" if origin.file.startswith("-") else value
    plain = value if value.startswith("[") or value.isdecimal() else json.dumps(value)
    return f"{names[-1]} = {plain}" if origin.file.endswith(".toml") else f"{names[-1]}: {value}"
