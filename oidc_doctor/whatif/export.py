"""Write an edited text to a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.commands import command
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.files import create_numbered
from oidc_doctor.findings.fixes.documents import changes

if TYPE_CHECKING:
    from oidc_doctor.whatif.ask import WhatIf
    from oidc_doctor.whatif.parts import PartId


class Export(NamedTuple):
    """A written file, and the commands that store its text."""

    path: str
    commands: tuple[str, ...]


def export(what_if: WhatIf, folder: str, part: PartId, text: str) -> Export:
    """Write an edited text to a new file in `folder`. Raises OSError, and Unreadable for an unreadable text."""
    file = what_if.part(part).file
    answer = what_if.ask({part: text})
    for problem in answer.problems:
        if problem.kind == "unreadable":
            raise Unreadable(file, problem.line, problem.column, problem.message)
    path = write_new(folder, file, text)
    if part == "claims":
        return Export(path, (command("oidc-doctor", "--report", "--claims", os.path.basename(path)),))
    if answer.diagnosis is None:
        return Export(path, ())
    documents = changes(what_if.case.evidence, answer.diagnosis.case.evidence)
    return Export(path, tuple(line for document in documents for line in document.commands))


def write_new(folder: str, file: str, text: str) -> str:
    """Write `text` to a new file of this name, or with a number, in `folder`; return its path. Raises OSError."""
    return create_numbered(folder, file, (text if text.endswith("\n") else text + "\n").encode())
