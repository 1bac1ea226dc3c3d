"""The dialog that asks for a live target."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from oidc_doctor.report.parts.asks import where_named
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.tui.examination import EvidenceSource

if TYPE_CHECKING:
    from textual.app import ComposeResult

# Options of the command line -> the evidence. Raises ValueError, with a message of one line.
ParseOptions = Callable[[list[str]], EvidenceSource]


class TargetScreen(ModalScreen[EvidenceSource | None]):
    """Asks for a role or a provider. `parse_options` is None if the screens do not read live targets."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", id="target.cancel")]
    FIELDS: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("role", "AWS role", "arn:aws:iam::123456789012:role/NAME"),
        ("provider", "Google provider", "projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID"),
        ("account", "Service account", "NAME@PROJECT.iam.gserviceaccount.com"),
        ("token", "Token", "file with the JWT, or with its claims as JSON"),
    )

    def __init__(self, parse_options: ParseOptions | None) -> None:
        super().__init__()
        self._parse_options = parse_options

    def compose(self) -> ComposeResult:
        """Yield an input line for each value. Either a role or a provider is required."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Live target"
            dialog.border_subtitle = "Tab next · Enter examine · Esc cancel"
            for name, label, example in self.FIELDS:
                yield Label(label, markup=False)
                yield Input(placeholder=example, id=name)
            yield Static("", markup=False, id="said")

    def on_input_submitted(self) -> None:
        """Return the target on Enter on any line."""
        options = {"role": "--role", "provider": "--gcp-provider", "account": "--service-account", "token": "--token"}
        values = {name: self.query_one(f"#{name}", Input).value.strip() for name in options}
        message = self.query_one("#said", Static)
        if not values["role"] and not values["provider"]:
            message.update(f"a role or a provider is needed\n{where_named('aws')}\n{where_named('gcp')}")
            return
        values["token"] = os.path.expanduser(values["token"])
        if self._parse_options is None:
            message.update("only the files that were given are read here")
            return
        try:
            self.dismiss(
                self._parse_options([f"{option}={values[name]}" for name, option in options.items() if values[name]])
            )
        except ValueError as error:
            message.update(visible(str(error)))
