"""Pages that come in front: a finding in full, its fix, the explanation of its cause, and the export."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.report.parts import facts, sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import wrap
from oidc_doctor.report.rows import listing
from oidc_doctor.tui.widgets.page_view import PaperView, StyledSheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report
    from oidc_doctor.report.rows.listing import Entry
    from oidc_doctor.tui.app import Doctor

_WIDTH = 80  # columns of a report in a file, as --report writes it


class PageScreen(Screen[None]):
    """A page that fills the terminal. `take` is what `y` copies, and what that is; `document` what `d` copies."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "app.pop_screen", "Back", id="page.back", key_display="esc"),
        Binding("y", "copy", "Copy", id="page.copy"),
        Binding("d", "copy_document", "Copy document", id="page.document"),
    ]

    def __init__(
        self, title: str, write: Callable[[StyledSheet], None], take: tuple[str, str] = ("", ""), document: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._write = write
        self._take = take
        self._document = document

    def compose(self) -> ComposeResult:
        """A title and the page."""
        yield Static(self._title, markup=False, classes="page-title")
        yield PaperView()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Write the page."""
        self.query_one(PaperView).show(self._write)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to copy, no key for it."""
        del parameters
        return {"copy": bool(self._take[0]), "copy_document": bool(self._document)}.get(action, True)

    def action_copy(self) -> None:
        """Copy the command."""
        cast("Doctor", self.app).take(*self._take)

    def action_copy_document(self) -> None:
        """Copy the whole document after the edit."""
        cast("Doctor", self.app).take(self._document, "edited document")


def detail_page(report: Report, entry: Entry) -> PageScreen:
    """A finding in full."""

    def write(paper: StyledSheet) -> None:
        listing.detail(paper, report, entry, whole=True)

    return PageScreen(f"{entry.code} {entry.name}", write, listing.remedy(report, entry), _document(report, entry))


def fix_page(report: Report, entry: Entry) -> PageScreen:
    """What to do about a finding: the edit, the commands, what was proven of them, and the edited document."""
    document = _document(report, entry)

    def write(paper: StyledSheet) -> None:
        sign, text = listing.sentence(report, entry)
        paper.say(text, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
        paper.gap()
        before = len(paper.lines)
        if entry.cause is not None:
            facts.fix(paper, report, entry.cause)
        elif listing.remedy(report, entry)[0]:
            paper.row("fix", listing.remedy(report, entry)[0].replace("\n", " "))
        if len(paper.lines) == before:
            paper.say("There is nothing to mend here.")
        if entry.cause is not None and entry.cause.settle and entry.cause.confidence == "suspected":
            facts.settle(paper, visible(entry.cause.settle))
        if document:
            paper.gap()
            paper.lines.append(paper.paint("The document after the edit (d copies it)", "bold"))
            paper.lines += [visible(line) for line in document.split("\n")]

    return PageScreen(f"Fix · {entry.code} {entry.name}", write, listing.remedy(report, entry), document)


def _document(report: Report, entry: Entry) -> str:
    edit = listing.edit_of(report, entry)
    return edit.document if edit is not None else ""


def explain_page(entry: Entry) -> PageScreen | None:
    """What `oidc-doctor explain CODE` prints; None for a row that is about no check."""
    from oidc_doctor.findings import packs

    check = next((check for check in packs.all_checks() if check.code == entry.code), None)
    if check is None:
        return None

    def write(paper: StyledSheet) -> None:
        for line in check.page.strip().split("\n"):
            indent = len(line) - len(line.lstrip())
            style = "bold" if line and not indent else ""
            rest = [" " * indent + part for part in wrap(visible(line.strip()), max(paper.width - indent, 1))]
            paper.lines += [paper.paint(one, style) for one in rest]

    return PageScreen(f"{check.code} {check.name}", write)


class ExportScreen(ModalScreen[None]):
    """The report to a file, as --report writes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "app.pop_screen", "Cancel", id="export.cancel")]

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report
        self._sure = ""

    def compose(self) -> ComposeResult:
        """Format, file, and what happened."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Export the report"
            dialog.border_subtitle = "↑ ↓ format · Enter write · Esc cancel"
            yield OptionList(
                *(Option(f"{name}  (--format {name})", id=name) for name in FORMATS), markup=False, id="formats"
            )
            yield Input(value="oidc-doctor-report.txt", placeholder="file", id="file")
            yield Static("", markup=False, id="said")

    def on_mount(self) -> None:
        """Text is what most want."""
        self.query_one("#formats", OptionList).highlighted = 0
        self.query_one("#formats").focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The file's ending follows the format, unless the person has named it otherwise."""
        file = self.query_one("#file", Input)
        stem, ending = os.path.splitext(file.value)
        if ending.removeprefix(".") in FORMATS.values() and event.option_id:
            file.value = f"{stem}.{FORMATS[event.option_id]}"

    def on_option_list_option_selected(self) -> None:
        """Enter on a format writes."""
        self._write()

    def on_input_submitted(self) -> None:
        """Enter on the file writes."""
        self._write()

    def _write(self) -> None:
        formats, path = self.query_one("#formats", OptionList), os.path.expanduser(self.query_one("#file", Input).value)
        form = list(FORMATS)[formats.highlighted or 0]
        if os.path.exists(path) and self._sure != path:
            self._sure = path
            self.query_one("#said", Static).update(f"{visible(path)} exists: Enter again writes over it")
            return
        try:
            text = render(self._report, form, width=_WIDTH, color=False)
            with open(path, "wb") as stream:
                stream.write(text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self.query_one("#said", Static).update(f"{visible(path)}: {error.strerror or error}")
            return
        self.app.pop_screen()
        self.notify(f"written to {visible(path)}", markup=False)
