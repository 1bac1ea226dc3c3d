"""The pieces of an edited text that decide against the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.model.json_pointer import line_of, pointer_segment
from oidc_doctor.whatif.edits import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.whatif.parts import KindId, Part


class TextMark(NamedTuple):
    """A piece of a line. Lines count from 1, columns from 0; `end` is None for the end of the line."""

    line: int
    start: int
    end: int | None


def deciding_marks(diagnosis: Diagnosis, part: Part, text: str) -> tuple[TextMark, ...]:
    """Return the pieces of the text of a part that refuse the exchange."""
    if part.kind == "condition":
        nodes = _failing(diagnosis.trace.detail.get("condition"))
        return tuple(mark for node in nodes for mark in _marks(text, node.start, node.end))
    lines = {line_of(text, pointer) for pointer in _pointers(diagnosis, part)}
    return tuple(TextMark(line, 0, None) for line in sorted(line for line in lines if line is not None))


def _marks(text: str, start: int, end: int) -> Iterator[TextMark]:
    """Return the pieces of lines between two offsets."""
    first, column = place(text, start)
    for number, piece in enumerate(text[start:end].split("\n")):
        begin = 0 if number else column - 1
        yield TextMark(first + number, begin, begin + len(piece))


def _failing(node: Any) -> list[Any]:
    """Return the smallest parts of a CEL trace that make it false, or fail."""
    if node is None or node.value is True or not (node.evaluated or node.error):
        return []
    parts = [part for child in node.children for part in _failing(child)] if node.op in ("and", "or") else []
    return parts or [node]


def _pointers(diagnosis: Diagnosis, part: Part) -> Iterator[str]:
    """Return the JSON pointers of the refusing values in the text of the part."""
    trace = diagnosis.trace
    steps = {refusal.step for refusal in diagnosis.refusals}
    if part.kind == "trust-policy" and "policy" in trace.detail:
        yield from _clauses(trace.detail["policy"], trace.detail.get("nearest"))
    elif part.kind == "mapping":
        for name, node in trace.detail.get("mapping", {}).items():
            if node.error is not None:
                yield pointer_segment(name)
    elif part.kind in _OF_PERMISSION:
        yield from _of_permission(diagnosis, part)
    elif part.kind == "client-ids" and "audience" in steps:
        yield "/ClientIDList"
    elif part.kind == "allowed-audiences" and "audience" in steps:
        yield "/allowedAudiences"
    elif part.kind == "claims":
        for refusal in diagnosis.refusals[:1]:
            for side in (refusal.actual, refusal.expected):
                at = side.at if side is not None else None
                if at is not None and at.claim and not at.pointer:
                    yield pointer_segment(at.claim)
                elif at is not None and at.file == diagnosis.case.token.origin.file:
                    yield at.pointer[at.pointer.rfind("/") :] if "/" in at.pointer else ""


_OF_PERMISSION: tuple[KindId, ...] = ("role-policy", "boundary", "bucket-policy", "repository-policy", "key-policy")


def _of_permission(diagnosis: Diagnosis, part: Part) -> Iterator[str]:
    """Return the statements that deny a call, or come closest to allowing it, if they are in this policy."""
    file = part.document or f"{diagnosis.case.cloud}/{part.file}"
    for refusal in diagnosis.refusals:
        at = refusal.where
        if refusal.step == "permission" and at is not None and at.file == file:
            yield at.pointer


def _clauses(policy: Any, nearest: str | None) -> Iterator[str]:
    """Return the denying statements, and the failing clauses of the closest allowing statement."""
    for statement in policy.children:
        if statement.expected == "Deny" and statement.result is not False:
            yield statement.pointer
        elif statement.pointer == nearest:
            for child in statement.children:
                for clause in (child, *child.children):
                    if clause.level != "operator" and clause.result is not True:
                        yield clause.pointer
