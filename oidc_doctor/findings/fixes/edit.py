"""A candidate edit of the configuration, and the report's data on a proven edit.

A maker returns only the evidence after the edit: `documents.py` derives documents, commands and undo commands from the
difference, and `propose.py` proves the edit with the evaluators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixKind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence

# own: the edit must accept only this workload. declared: it makes the configuration's own patterns work, which other
# workloads of the same tenant and team may match too; the report lists them.
Scope = Literal["own", "declared"]
# The steps of the exchange that a narrower trust changes.
NARROWED_STEPS = {"aws": ("authorise",), "gcp": ("condition", "mapping")}


class Candidate(NamedTuple):
    """The evidence after an edit. `pins` are named values that the next deployment changes.

    `words` describes the edit in a sentence, `also` adds another. If `words` is empty, the check's own fix is used.
    """

    evidence: TargetEvidence
    kind: FixKind
    scope: Scope = "own"
    pins: str = ""
    words: str = ""
    also: str = ""


# Yields candidates for one refusal, the best first; each is proven or dropped.
Maker = Callable[["Case", Refusal], Iterable[Candidate]]


class DocumentChange(NamedTuple):
    """A document before and after an edit, and how to apply, verify and undo it.

    `commands` run as copied if `gaps` is empty; a gap is a placeholder in them, such as ROLE_NAME.
    """

    file: str  # where the document was read, or the bundle path of a new document
    before: str
    after: str
    commands: list[str]
    terraform: str
    verify: list[str]
    undo: list[str]
    gaps: list[str]
    what: str = ""  # the document in words, such as the trust policy of NAME; empty: its file
