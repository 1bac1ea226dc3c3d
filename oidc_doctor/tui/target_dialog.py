"""The dialog that asks for a live target."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from oidc_doctor.model.secret_texts import without_secrets
from oidc_doctor.report.parts.asks import where_named
from oidc_doctor.report.parts.escape import as_lines
from oidc_doctor.tui.examination import EvidenceSource
from oidc_doctor.tui.widgets.masked import MaskedInput, may_be_token

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Paste

# Options of the command line -> the evidence. Raises ValueError, with a message of one line.
ParseOptions = Callable[[list[str]], EvidenceSource]


class Field(NamedTuple):
    """A line of the form, and the option of the command line that it is."""

    id: str
    option: str
    label: str
    example: str


FIELDS = (
    Field("role", "--role", "AWS role", "arn:aws:iam::123456789012:role/NAME"),
    Field("profile", "--profile", "AWS profile", "as the AWS CLI chooses"),
    Field("region", "--region", "AWS Region", "of STS, as the AWS CLI chooses"),
    Field("provider", "--gcp-provider", "Google provider", "projects/NUMBER/locations/global/…/providers/ID"),
    Field("account", "--service-account", "Service account", "NAME@PROJECT.iam.gserviceaccount.com"),
    Field("token", "--token", "Token", "a file, or paste it: hidden, and not stored"),
    Field("error", "--error", "Error text", "the error that the caller received"),
)


class Line(MaskedInput):
    """One line of the form. A text of several lines that is pasted stays whole."""

    HELP = "Tab and Shift+Tab go from line to line, Enter examines, Esc goes back. A role or a provider is needed."

    def on_paste(self, event: Paste) -> None:
        """Join the lines of a pasted text: the terminal may have wrapped a token, and an error text has spaces."""
        event.prevent_default()
        event.stop()
        words = event.text.split()
        self.insert_text_at_cursor(("" if may_be_token(event.text) else " ").join(words))


class TargetScreen(ModalScreen[EvidenceSource | None]):
    """Asks for a role or a provider. `parse_options` is None if the screens do not read live targets."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", id="target.cancel")]

    def __init__(self, parse_options: ParseOptions | None) -> None:
        super().__init__()
        self._parse_options = parse_options

    def compose(self) -> ComposeResult:
        """Yield an input line for each value. Either a role or a provider is required."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Live target"
            dialog.border_subtitle = "Tab next · Enter examine · Esc cancel"
            for field in FIELDS:
                with Horizontal(classes="field"):
                    yield Label(field.label, markup=False)
                    yield Line(placeholder=field.example, id=field.id)
            yield Static("", markup=False, id="said")

    def on_input_submitted(self) -> None:
        """Return the target on Enter on any line."""
        values = {field.id: self.query_one(f"#{field.id}", Line).value.strip() for field in FIELDS}
        if not values["role"] and not values["provider"]:
            self._refuse(f"A role or a provider is needed.\n{where_named('aws')}\n{where_named('gcp')}", "role")
            return
        if not may_be_token(values["token"]):
            values["token"] = os.path.expanduser(values["token"])
        if self._parse_options is None:
            self._refuse("Only the files that were given are read here.", "role")
            return
        given = [field for field in FIELDS if values[field.id]]
        try:
            source = self._parse_options([f"{field.option}={values[field.id]}" for field in given])
        except ValueError as error:
            said = without_secrets(str(error))
            wrong = next((field for field in given if said.startswith(field.option)), None)
            if wrong is not None:
                said = wrong.label + said.removeprefix(wrong.option)
            self._refuse(said, wrong.id if wrong is not None else "")
            return
        self.dismiss(source)

    def _refuse(self, why: str, line: str) -> None:
        """Say what is wrong, and go to the line that it is about."""
        self.query_one("#said", Static).update(as_lines(why))
        if line:
            self.query_one(f"#{line}", Line).focus()
