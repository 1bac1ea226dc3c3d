"""A proposed edit of a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence


Maker = Callable[["Case", Refusal], "Edit | None"]


class Edit(NamedTuple):
    """A proposed edit: the evidence after it, and the document's text before and after."""

    evidence: TargetEvidence
    before: str
    after: str
    commands: list[str]
