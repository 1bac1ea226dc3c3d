"""The dialog that writes the report to a file, as --report does, and next to it the documents of its fixes."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor import files
from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.report.parts.escape import forbid_tokens, visible
from oidc_doctor.report.parts.fixes import document_name

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Report

_EXISTS = "exists: Enter again writes over it"
_STEM = "oidc-doctor-report"
_WIDTH = 80  # columns of a report in a file, as --report writes it


def _free(name: str) -> str:
    """Return the name, with a number if a file or a link in the working folder has it."""
    stem, ending = os.path.splitext(name)
    numbers = itertools.count(2)
    while os.path.lexists(name):
        name = f"{stem}-{next(numbers)}{ending}"
    return name


class ExportScreen(ModalScreen[None]):
    """Asks for a format and a file. It proposes a name that no file has, and asks again before it overwrites one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "app.pop_screen", "Cancel", id="export.cancel")]

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report
        self._proposed = ""  # the name that no file has
        self._overwrite = ""  # the existing file that the user was asked about

    def compose(self) -> ComposeResult:
        """Format, file, and a line for problems."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Export the report"
            dialog.border_subtitle = "↑ ↓ format · Enter write · Esc cancel"
            yield OptionList(
                *(Option(f"{name}  (--format {name})", id=name) for name in FORMATS), markup=False, id="formats"
            )
            yield Input(value=_free(f"{_STEM}.txt"), placeholder="file", id="file")
            yield Static("", markup=False, id="said")

    def on_mount(self) -> None:
        """Select text, the most common format."""
        self._proposed = self.query_one("#file", Input).value
        self.query_one("#formats", OptionList).highlighted = 0
        self.query_one("#formats").focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Set the extension of the file name to that of the format, unless the user chose another extension."""
        file = self.query_one("#file", Input)
        stem, ending = os.path.splitext(file.value)
        if file.value == self._proposed and event.option_id:
            file.value = self._proposed = _free(f"{_STEM}.{FORMATS[event.option_id]}")
        elif ending.removeprefix(".") in FORMATS.values() and event.option_id:
            file.value = f"{stem}.{FORMATS[event.option_id]}"

    def on_option_list_option_selected(self) -> None:
        """Write on Enter in the list of formats."""
        self._write()

    def on_input_submitted(self) -> None:
        """Write on Enter in the file's name."""
        self._write()

    def _write(self) -> None:
        formats, path = self.query_one("#formats", OptionList), os.path.expanduser(self.query_one("#file", Input).value)
        name = list(FORMATS)[formats.highlighted or 0]
        exists = os.path.lexists(path)
        if exists and self._overwrite != path:
            self._overwrite = path
            what = "is a link: Enter again replaces the link with the report" if os.path.islink(path) else _EXISTS
            self.query_one("#said", Static).update(f"{visible(path)} {what}")
            return
        data = render(self._report, name, width=_WIDTH, color=False).encode("utf-8", "backslashreplace")
        try:
            (files.replace if exists else files.create)(path, data)
            documents = self._write_documents(os.path.dirname(path))
        except OSError as error:
            self.query_one("#said", Static).update(f"{visible(path)}: {error.strerror or error}")
            return
        path = os.path.abspath(path)
        self.app.pop_screen()
        beside = (
            f"; the edited {'documents' if len(documents) > 1 else 'document'}: {', '.join(map(visible, documents))}"
        )
        self.app.notify(f"Written to {visible(path)}{beside if documents else ''}", markup=False)

    def _write_documents(self, folder: str) -> list[str]:
        """Write the document of each proposed edit to a new file in `folder`; return their paths. Raises OSError."""
        from oidc_doctor.whatif.export import write_new  # late: few reports are exported

        return [
            write_new(folder, document_name(row), forbid_tokens(row.document))
            for row in self._report.fixes
            if row.document.startswith("{")  # not a line of a file that was not kept
        ]
