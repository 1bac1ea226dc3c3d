"""Writing an edited text to a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.whatif.commands import commands_of

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
    for problem in what_if.ask({part: text}).problems:
        if problem.kind == "unreadable":
            raise Unreadable(file, problem.line, problem.column, problem.message)
    stem, dot, ending = file.rpartition(".")
    for number in range(1, _MOST_FILES):
        name = f"{stem}{'' if number == 1 else f'-{number}'}{dot}{ending}"
        path = os.path.join(folder, name)
        try:
            with open(path, "x", encoding="utf-8") as stream:
                stream.write(text if text.endswith("\n") else text + "\n")
        except FileExistsError:
            continue
        return Export(path, tuple(commands_of(what_if.case.evidence, part, text, name)))
    raise FileExistsError(f"{folder} already holds {_MOST_FILES - 1} files of that name")
