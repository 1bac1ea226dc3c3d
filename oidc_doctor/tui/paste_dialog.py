"""The dialog that asks for another token."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Paste


class Hidden(Input):
    """An input that does not show the token. A pasted text never becomes its value."""

    HELP = "Paste a token (a JWT, or its decoded claims as JSON). It is not shown and not kept; Esc goes back."

    class Given(Message):
        """The user has pasted a text, or typed and submitted one."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(password=True, placeholder="paste here, or type and press Enter", id="hidden")

    def on_paste(self, event: Paste) -> None:
        """Accept a text of several lines: a terminal may have wrapped the token."""
        event.stop()
        event.prevent_default()
        self.post_message(self.Given(event.text))

    def action_submit_text(self) -> None:
        """Submit the typed text."""
        text, self.value = self.value, ""
        self.post_message(self.Given(text))


class PasteScreen(ModalScreen[str]):
    """Asks for a token. Returns its text, or an empty text if the user cancels; the caller does not keep it."""

    DEFAULT_CSS = "PasteScreen { align: center middle; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "none", "Back", id="paste.back", key_display="esc"),
        Binding("enter", "submit", "Take it", id="paste.take", priority=True, show=False),
    ]

    def compose(self) -> ComposeResult:
        """A box with a hidden line."""
        with Vertical(classes="dialog"):
            yield Static("Another token", markup=False, classes="page-title")
            yield Static(
                "A JWT, or its decoded claims as JSON. It stays on this machine: its claims are read, a signature is "
                "checked where the issuer's keys are here, and then the token itself is forgotten.",
                markup=False,
            )
            yield Hidden()

    def action_submit(self) -> None:
        """Submit the typed text."""
        self.query_one(Hidden).action_submit_text()

    def on_hidden_given(self, message: Hidden.Given) -> None:
        """Return the text."""
        self.dismiss(message.text)

    def action_none(self) -> None:
        """Go back without a token."""
        self.query_one(Hidden).value = ""
        self.dismiss("")
