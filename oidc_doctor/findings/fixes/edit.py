"""A candidate edit of the configuration, and what the report says of a proven one.

A maker returns the evidence as it would be after the edit, and nothing else: `documents.py` derives the documents, the
commands and their opposites from the difference, and `propose.py` proves the edit with the evaluators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixKind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence

# own: the edit is to accept this workload only. declared: it makes the configuration's own patterns work, which other
# workloads of the same tenant and team meet too; the report lists them.
Scope = Literal["own", "declared"]
# The steps of the exchange that a narrower trust changes.
NARROWED_STEPS = {"aws": ("authorise",), "gcp": ("condition", "mapping")}


class Candidate(NamedTuple):
    """The evidence after an edit. `pins` is what the edit names although the next deployment changes it.

    `words` is the edit as a sentence, `also` a further sentence. Where `words` is empty, the check's own fix says it.
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
    """One document before and after an edit, and how a user applies, checks and undoes it.

    `commands` run as copied where `gaps` is empty; a gap is a placeholder in them, such as ROLE_NAME.
    """

    file: str  # where the document was read, or the bundle's path of a new one
    before: str
    after: str
    commands: list[str]
    terraform: str
    verify: list[str]
    undo: list[str]
    gaps: list[str]
    what: str = ""  # the document in words, such as the trust policy of NAME; empty: its file
