"""The proven edit of a trust that a check found open, or about to refuse, below the check's findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts.commands import command_lines, visible_command
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.fixes import changed
from oidc_doctor.report.parts.lines import Sheet, shortened

if TYPE_CHECKING:
    from oidc_doctor.model.report import CheckRow, FixRow, Report

_LONG = 600  # characters of a proof
_FEW_LINES = 8  # of commands that are printed without being asked for


def edit(sheet: Sheet, report: Report, row: CheckRow, indent: int, *, verbose: bool, whole: bool) -> None:
    """Write the edit of what the check found: `whole` with diff and proof, else a line."""
    edits = [fix for fix in report.fixes if row.code in (fix.for_, *fix.also_for)]
    if row.effect == "blocks" or not edits:
        return
    inner = Sheet(sheet.width, color=sheet.color, indent=indent)
    if row.code not in [fix.for_ for fix in edits]:
        inner.row("edit", f"the one for {visible(edits[0].for_)} closes this too")
    elif not whole:
        inner.row("edit", f"a proven one {_verb(edits[0])} it: -v shows it")
    else:
        own = [fix for fix in edits if fix.for_ == row.code]
        for place, fix in enumerate(own):
            inner.row("edit" if not place else "and", f"{_verb(fix)} {visible(fix.file) or 'it'}")
            changed(inner, (visible(line) for line in fix.diff.split("\n") if line.strip()))
            lines = [line for command in fix.commands for line in command_lines(command, inner.room - 2)]
            if verbose or len(lines) <= _FEW_LINES:
                inner.lines += [" " * (inner.hang + 2) + line for line in lines]
            else:
                inner.row("", "-v prints the command, --format json the whole document")
            if any(not visible_command(command) for command in fix.commands):
                inner.row("", "(a command contains invisible characters: --format json has it)")
            if fix.proof and fix.proof not in [other.proof for other in own[place + 1 :]]:
                inner.row("checked", shortened(visible(fix.proof), _LONG))
    sheet.lines += inner.lines


def _verb(fix: FixRow) -> str:
    return "extends" if fix.kind == "add" else "narrows"
