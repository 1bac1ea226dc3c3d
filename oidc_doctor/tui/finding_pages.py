"""The pages of a finding: all details, the fix, and the explanation of the cause."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from oidc_doctor.report.parts import facts, fixes, narrowed, sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.rows import listing
from oidc_doctor.tui.page import PageScreen

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report
    from oidc_doctor.report.rows.listing import Entry
    from oidc_doctor.tui.widgets.page_view import StyledSheet


def detail_page(report: Report, entry: Entry) -> PageScreen:
    """Return the page of a finding, with all its details."""

    def write(sheet: StyledSheet) -> None:
        listing.detail(sheet, report, entry, verbose=True)

    return PageScreen(
        f"{entry.code} {entry.name}", write, listing.text_to_copy(report, entry), _document(report, entry)
    )


def fix_page(report: Report, entry: Entry) -> PageScreen:
    """Return the page of a fix: the edit, its commands, its proof, how to undo it, and its Terraform."""
    entry = listing.to_fix(report, entry)
    document = _document(report, entry)

    def write(sheet: StyledSheet) -> None:
        sign, text = listing.sentence(report, entry)
        sheet.say(text, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
        sheet.gap()
        before = len(sheet.lines)
        if entry.cause is not None:
            fixes.fix(sheet, report, entry.cause, verbose=True)
        elif entry.check is not None and entry.check.early:
            for finding in entry.check.findings:
                listing.write_fix(sheet, finding)
            narrowed.edit(sheet, report, entry.check, 0, verbose=True, whole=True)
        elif listing.text_to_copy(report, entry)[0]:
            sheet.row("fix", listing.text_to_copy(report, entry)[0].replace("\n", " "))
        if len(sheet.lines) == before:
            sheet.say("Nothing to fix.")
        if entry.cause is not None and entry.cause.settle and entry.cause.confidence == "suspected":
            facts.settle(sheet, visible(entry.cause.settle))
        if document:
            sheet.gap()
            sheet.say("d copies the whole document after the edit; e writes it to a file next to the report.")

    return PageScreen(f"Fix · {entry.code} {entry.name}", write, listing.text_to_copy(report, entry), document)


def _document(report: Report, entry: Entry) -> str:
    return next((row.document for row in listing.edit_of(report, entry)), "")


def explain_page(entry: Entry) -> PageScreen | None:
    """Return the page that `oidc-doctor explain CODE` prints; None for a row without a check."""
    from oidc_doctor.findings import packs

    check = next((check for check in packs.all_checks() if entry.code in check.codes), None)
    if check is None:
        return None

    def write(sheet: StyledSheet) -> None:
        for indent, group in groupby(check.page.strip().split("\n"), lambda line: len(line) - len(line.lstrip())):
            lines = [line.strip() for line in group]
            for text in [" ".join(lines)] if indent else lines:  # the page was folded for its file
                sheet.say(visible(text), indent=indent, bold=not indent)

    return PageScreen(f"{check.code} {check.name}", write)
