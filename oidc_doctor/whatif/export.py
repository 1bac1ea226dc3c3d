"""Writing an edited text to a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.checkkit import command
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.findings.fixes.documents import changes

if TYPE_CHECKING:
    from oidc_doctor.whatif.ask import WhatIf
    from oidc_doctor.whatif.parts import PartId

_MOST_FILES = 100  # files with the same stem in a folder


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
    stem, dot, ending = file.rpartition(".")
    for number in range(1, _MOST_FILES):
        path = os.path.join(folder, f"{stem}{'' if number == 1 else f'-{number}'}{dot}{ending}")
        try:
            with open(path, "x", encoding="utf-8") as stream:
                stream.write(text if text.endswith("\n") else text + "\n")
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{folder} already holds {_MOST_FILES - 1} files of that name")
