"""The proven edit of a cause: its rows in the report, and the lines that show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.report.parts.commands import command_lines, is_shown, visible_command
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.model.report import Cause, Exchange, FixRow, Report
    from oidc_doctor.report.parts.lines import Sheet

_LONG = 600  # characters of a text
_LONGEST_UNDO = 240  # characters of a command that undoes an edit, in a report that is not verbose
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}")
_EXAMPLES = 2  # workloads that are named of those that an edit opens or closes to


def edit_of(report: Report, cause: Cause) -> list[FixRow]:
    """Return the rows of the edit that fixes a cause, in the order in which they are to be done.

    An edit belongs to an exchange: another one may have a cause with the same code.
    """
    rows = [row for row in report.fixes if row.exchange in ("", cause.exchange)]
    return [row for row in rows if row.for_ == cause.code] or [row for row in rows if cause.code in row.also_for]


def commands(cause: Cause, rows: Iterable[FixRow]) -> list[str]:
    """Return the commands of the proven edit, or those of the cause."""
    return [command for row in rows for command in row.commands] or list(cause.named.commands)


def sentence(cause: Cause, rows: Sequence[FixRow]) -> str:
    """Return the fix in words: those of the edit, else those of the cause, which may ask for another one."""
    if not rows:
        return cause.named.fix
    edit = rows[0]
    if edit.summary:
        return " ".join(filter(None, (edit.summary, edit.also)))
    if edit.headline and (edit.kind != "correct" or edit.for_ != cause.code):
        return edit.headline
    return cause.named.fix or edit.headline or "Make this edit."


def fix(
    sheet: Sheet, report: Report, cause: Cause, *, verbose: bool = False, above: bool = False, beside: bool = False
) -> None:
    """Write one next step: the fix in words, the edit, the commands, and the proof.

    `above`: the edit of the main cause is shown already. `beside`: on a screen next to other facts, where a document
    in a command is left out. `verbose` adds Terraform and every command that undoes it.
    """
    rows = edit_of(report, cause)
    text, commands_of_fix = sentence(cause, rows), commands(cause, rows)
    if not text and not commands_of_fix:
        return
    label = "if so" if cause.confidence == "suspected" else "fix"
    if above and rows and rows[0].for_ != cause.code:
        sheet.row(label, f"the edit for {visible(rows[0].for_)} fixes this as well")
        return
    sheet.row(label, _text(text))
    # The change above has the lines of an edit that takes it back; the command has the whole document.
    takes_back = not (verbose or beside or above) and _takes_back(cause, rows)
    for index, row in enumerate(rows):
        if index:
            sheet.row("then", _text(row.headline))
        if not row.commands and row.file:
            sheet.row("edit", _text(row.file))
        has_document = takes_back or (not (verbose or beside) and _is_new(row))
        if not (has_document and row.commands and all(map(is_shown, row.commands))):
            changed(sheet, (visible(line) for line in row.diff.split("\n") if verbose or _says_something(line)))
        _commands(sheet, row.commands, beside=beside)
    if not any(row.commands for row in rows):
        _commands(sheet, commands_of_fix)
    if any(not visible_command(command) for command in commands_of_fix):
        sheet.row("", "(a command contains invisible characters: --format json has it)")
    for label, text in notes(rows, _EXAMPLES if verbose else 1 if beside else 0):
        sheet.row(label, _text(text))
    for label, listed in after(rows, verbose=verbose) if not beside else ():
        sheet.row(label, listed) if isinstance(listed, str) else _commands(sheet, listed, label)
    if verbose:
        for row in rows:
            _block(sheet, "terraform", row.terraform)


# The next logged call that shows a fix at work, and what a refused one has that it has not.
_NEXT_EVENT = {
    "aws": "the next AssumeRoleWithWebIdentity event has no errorCode",
    "gcp": "the next ExchangeToken log entry has no error status",
}


def expect(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause) -> None:
    """Write what shows that the fix works, once the workload runs again."""
    rows = edit_of(report, cause)
    if rows or cause.named.commands:
        sheet.row("expect", expected(exchange, cause))


def expected(exchange: Exchange, cause: Cause) -> str:
    """Return the sign of success in words."""
    is_planned = any(file.planned_by for files in exchange.decided_by.values() for file in files)
    return ("after apply, " if is_planned else "") + _expected(exchange, cause)


def _expected(exchange: Exchange, cause: Cause) -> str:
    if cause.step == "permission":
        return "the next call of the workload succeeds"
    if cause.step == "impersonate":
        return "the next GenerateAccessToken log entry has no error status"
    return _NEXT_EVENT[exchange.cloud]


def _takes_back(cause: Cause, rows: Sequence[FixRow]) -> bool:
    """Whether the edit is the write of the cause, undone, and the write's own lines are known."""
    lines = str((cause.timing.change or {}).get("diff") or "").split("\n")
    signs = {line[:1] for line in lines}
    return len(rows) == 1 and rows[0].kind == "restore" and bool(signs & {"-", "+"})


def _is_new(row: FixRow) -> bool:
    """Whether the edit adds a whole document, which its command shows as well."""
    lines = row.diff.split("\n")
    return bool(row.diff) and all(line.startswith("+") for line in lines) and lines[0].strip("+ ") in ("{", "[")


def _says_something(line: str) -> bool:
    """Whether a line of a diff changes something, or is more than a bracket around what changes."""
    return bool(line.strip(" {}[],"))


def notes(rows: Sequence[FixRow], examples: int = _EXAMPLES) -> list[tuple[str, str]]:
    """Return what the reader has to know of an edit before it is made: label and text, not escaped.

    `examples` workloads are named of those that it opens or closes to; 0 leaves only their number.
    """
    if not rows:
        return []
    edit = rows[0]
    gaps = list(dict.fromkeys(gap for row in rows for gap in row.gaps))
    found = [("fill in", f"{', '.join(gaps)}: the evidence has no value")] if gaps else []
    if edit.proof:
        found.append(("checked", edit.proof))
    if edit.opens_to:
        found.append(("opens to", _workloads(edit.opens_to, "that its patterns cover", examples)))
    if edit.closes_to:
        found.append(("closes to", _workloads(edit.closes_to, "that the present configuration accepts", examples)))
    return found


def _workloads(values: Sequence[str], which: str, examples: int) -> str:
    shown = "; ".join(shortened(value, _LONG // 2 // _EXAMPLES) for value in values[:examples])
    one = len(values) == 1
    if not examples:
        return f"{len(values):,} synthetic {'workload' if one else 'workloads'} {which} (-v)"
    return (
        f"{len(values):,} synthetic {'workload' if one else 'workloads'} {which}{':' if one else ', such as'} {shown}"
    )


def after(rows: Sequence[FixRow], *, verbose: bool) -> list[tuple[str, list[str] | str]]:
    """Return the commands that check an edit afterwards and undo it, or where they are."""
    verify = [command for row in rows for command in row.verify]
    undo = [command for row in reversed(rows) for command in row.undo]
    found: list[tuple[str, list[str] | str]] = [("verify", verify)] if verify else []
    if undo and (verbose or all("\n" not in command and len(command) <= _LONGEST_UNDO for command in undo)):
        found.append(("undo", undo))
    elif undo:
        found.append(("undo", "-v shows the command that stores the present document again"))
    return found


def document_name(row: FixRow) -> str:
    """Return the name of a file for the document of an edit: that of its kind, such as trust-policy.json."""
    stem = row.file.rpartition("/")[2].partition(".")[0]
    if stem == "role" and '"Statement"' in row.document:
        stem = "trust-policy"
    return f"{stem if _PLAIN_NAME.fullmatch(stem) else 'document'}.json"


def _commands(sheet: Sheet, listed: Iterable[str], label: str = "", *, beside: bool = False) -> None:
    """Write commands: under a label two columns in, so that the reader sees them; next to a label at its text."""
    indent = 0 if label else 2
    for command in listed:
        lines = command_lines(command, sheet.room - indent)
        document = command.count("\n") if beside else 0
        if document:
            lines = [*lines[:-document], f"… {document} more lines"]
        for line in lines:
            sheet.put(label, " " * indent + line)
            label = ""


def _block(sheet: Sheet, label: str, text: str) -> None:
    for line in text.split("\n") if text else ():
        sheet.put(label, visible(line))
        label = ""


def changed(sheet: Sheet, lines: Iterable[str]) -> None:
    """Write the lines of a diff, which are visible text."""
    for line in lines:
        sheet.changed(shortened(line, _LONG))


def _text(text: str) -> str:
    return shortened(visible(text), _LONG)
