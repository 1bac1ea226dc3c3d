"""A changed document laid over a bundle: what `--with FILE` does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.things.changed import open_changed

if TYPE_CHECKING:
    from pathlib import Path

    from evidence.bundle import Bundle
    from oidc_doctor.model.proposed import Proposed
    from oidc_doctor.model.report import Report


def laid_over(bundle: Bundle, *changes: Path, **question: Any) -> Report:
    """Return the report on a bundle with these changes."""
    return bundle.report(proposed=tuple((str(path), open_changed(str(path))) for path in changes), **question)


def proposed_of(bundle: Bundle, *changes: Path, **question: Any) -> Proposed:
    """Return the answer to these changes."""
    answer = laid_over(bundle, *changes, **question).proposed
    assert answer is not None
    return answer


def saved(folder: Path, name: str, value: Any) -> Path:
    """Write a changed document, and return its path."""
    path = folder / name
    path.write_text(json.dumps(value, indent=2))
    return path


def effects(answer: Proposed) -> dict[str, str]:
    """Return the effect on each subject of the answer."""
    return {row.subject: row.effect for row in answer.workloads}
